/**
 * Live rooms: the comments, gifts and polls of a live stream, and the overlay that shows comments over
 * a picture: `import { Live, Overlay } from '@tickroom/client/live'`.
 *
 * @module
 */

export type { LiveComment } from './comment.js';
export { withEmotes } from './label.js';
export { type Area, type Box, Lanes, type Position } from './lanes.js';
export type { Line } from './line.js';
export {
  Badge,
  Live,
  type LiveEvents,
  type LiveGift,
  type LiveOptions,
  type SayOptions,
  type Tier,
} from './live.js';
export { Moderation, type MuteOptions } from './moderation.js';
export { type Held, Overlay, type OverlayCounts, type OverlayOptions } from './overlay.js';
export { type OverlaySettings, settings } from './settings.js';
export {
  type DropReason,
  dropReasons,
  type LiveDesk,
  type LiveDrops,
  type LiveLottery,
  type LivePin,
  type LivePoll,
  type LiveState,
  type LiveSuperChat,
} from './state.js';
