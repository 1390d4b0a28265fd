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

/** A team of a match. */
export interface AssignedTeam {
  readonly seats: readonly AssignedSeat[];
  /** The predicted chance to win, from 0 to 1. */
  readonly win: number;
}

/**
 * A seat in a room, and where the room is, to be passed to `connect`. The seat is valid
 * once, for this player and a short time; afterwards ask the matchmaker for another one.
 */
export interface Assignment {
  /** The URL of the server's WebSocket. */
  readonly url: string;
  readonly kind: string;
  readonly room: string;
  /** The seat, a secret. */
  readonly seat: string;
  /** The token that the seat is bound to, or the function that fetches it; undefined for none. */
  readonly token: TokenSource | undefined;
  /** Whether the seat is a spectator's. */
  readonly spectator: boolean;
  /** When the seat expires, by the server's clock. */
  readonly expires: Date | undefined;
  /** The mode; empty in a room without one. */
  readonly mode: string;
  /** The player's team, counted from 0, and role. */
  readonly team: number;
  readonly role: string;
  /** The code by which others join a private room. */
  readonly code: string;
  /** Whether the player was in the match before. */
  readonly rejoin: boolean;
  /** The teams of the match; empty if the room is not one of a match. */
  readonly teams: readonly AssignedTeam[];
  /** The number of places for bots. */
  readonly bots: number;
  /** How good the match is, from 0 to 1. */
  readonly quality: number;
  readonly region: string;
  /**
   * Of {@link Matchmaker.quickJoin}: asks for a seat in another room, after this one had no
   * place in the end. `connect` calls it, a few times at most.
   */
  readonly again?: ((signal?: AbortSignal) => Promise<Assignment>) | undefined;
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
