/**
 * Danmaku, comments over a live stream: `import { danmaku } from '@tickroom/client/games/danmaku'`.
 *
 * @module
 */
export * as danmaku from '../gen/tickroom/danmaku/v1/danmaku.tickroom.js';
