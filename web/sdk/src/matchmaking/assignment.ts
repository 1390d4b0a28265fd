import { timestampDate } from '@bufbuild/protobuf/wkt';

import type { Assignment as Message } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { TokenSource } from '../token.js';

/** A place in a team. */
export interface AssignedSeat {
  /** The player's id; empty for a bot. */
  readonly player: string;
  readonly name: string;
  readonly role: string;
}

/** A side of a match. */
export interface AssignedTeam {
  readonly seats: readonly AssignedSeat[];
  /** The predicted chance to win, from 0 to 1. */
  readonly win: number;
}

/**
 * A seat in a room, and where the room is: to be passed to `connect`. It is good once,
 * for this player, and for a short time; ask the matchmaker again for another one.
 */
export interface Assignment {
  /** Of the WebSocket. */
  readonly url: string;
  readonly kind: string;
  readonly room: string;
  /** A secret. */
  readonly seat: string;
  /** The token that the seat is bound to, or where it comes from; undefined if there is none. */
  readonly token: TokenSource | undefined;
  /** Whether it is a place to watch from. */
  readonly spectator: boolean;
  /** Until when the seat is good, by the server's clock. */
  readonly expires: Date | undefined;
  /** The mode; empty in rooms without one. */
  readonly mode: string;
  /** The player's team, from 0, and role. */
  readonly team: number;
  readonly role: string;
  /** The code of a private room, for others to join it by. */
  readonly code: string;
  /** It is a match that the player was in already. */
  readonly rejoin: boolean;
  /** All who are in the match, if it is one. */
  readonly teams: readonly AssignedTeam[];
  /** Seats for bots. */
  readonly bots: number;
  /** How good the match is, from 0 to 1. */
  readonly quality: number;
  readonly region: string;
}

/** @internal */
export function assignmentOf(
  m: Message | undefined,
  here: string,
  token: TokenSource | undefined,
  spectator: boolean,
): Assignment {
  if (!m?.seat) throw new TypeError('the server answered with no seat');
  const { kind, room, seat, mode, team, role, code, rejoin, teams, bots, quality, region } = m;
  return {
    url: m.url ? new URL(m.url, here).href.replace(/^http/, 'ws') : here,
    expires: m.expires && timestampDate(m.expires),
    teams: teams.map((t) => ({ win: t.win, seats: t.seats.map(({ player, name, role }) => ({ player, name, role })) })),
    ...{ kind, room, seat, token, spectator, mode, team, role, code, rejoin, bots, quality, region },
  };
}
