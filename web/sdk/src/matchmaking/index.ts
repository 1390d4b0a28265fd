/**
 * The matchmaking of a tickroom server: finds a room, or a fair match, and gives an
 * assignment to `connect` with. It is an entry point of its own, so that pages
 * that need no matchmaking load none.
 *
 * ```ts
 * const matchmaker = new Matchmaker({ url: 'https://play.example.com' });
 * const assignment = await matchmaker.findMatch({ mode: 'duel', name: 'Ann' });
 * const room = await connect(assignment, arena);
 * ```
 *
 * @module
 */

export type { Clock } from '../clock.js';
export type { TokenSource } from '../token.js';
export type { AssignedSeat, AssignedTeam, Assignment } from './assignment.js';
export { MatchmakingError, type MatchmakingErrorCode, NoMatchError } from './errors.js';
export type { Label, Lobby, RoomInfo, RoomList, RoomQuery } from './lobby.js';
export {
  type Attribute,
  type CallOptions,
  type EnqueueRequest,
  Matchmaker,
  type MatchmakerOptions,
  type QuickJoinRequest,
  type WatchRequest,
} from './matchmaker.js';
export type { Self } from './self.js';
export { type Explanation, type Obstacle, Ticket, type TicketEvent } from './ticket.js';
