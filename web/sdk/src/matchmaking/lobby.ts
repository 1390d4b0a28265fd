import { timestampDate } from '@bufbuild/protobuf/wkt';

import type { RoomInfo as RoomInfoMessage } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { Caller } from './caller.js';
import { MatchmakingError } from './errors.js';
import { watching } from './watch.js';

/** Which rooms to list. */
export interface RoomQuery {
  kind?: string;
  mode?: string;
  /**
   * What must be true of a room, in the query language: players, capacity, free, watching, locked, kind, mode,
   * region, age (in seconds), and the room's labels by their names.
   */
  query?: string;
  /** The largest number of rooms in a page, 1 to 200. Default 50. */
  pageSize?: number;
  /** {@link RoomList.next} of the page before; none for the first. */
  page?: string;
}

/** The value of a room's label. */
export type Label = number | string | boolean;

/** A room in the lobby. */
export interface RoomInfo {
  readonly room: string;
  readonly kind: string;
  readonly mode: string;
  readonly region: string;
  /** The number of players, without those who watch, and the largest number of them. */
  readonly players: number;
  readonly capacity: number;
  /** Whether rooms of its kind can be watched. */
  readonly spectators: boolean;
  /** The number of those who watch, and the largest number of them. */
  readonly watching: number;
  readonly maxWatching: number;
  /** Whether the game takes no new players for now. */
  readonly locked: boolean;
  readonly created: Date | undefined;
  /** What the game says of the room. */
  readonly labels: Readonly<Record<string, Label>>;
  /** What clients chose it to be like when it was made, where that is not as usual. */
  readonly options: Readonly<Record<string, string>>;
  /** The show that it is a house of; empty: none. What goes on in a show is the same in all its houses. */
  readonly show: string;
}

/** A page of the lobby. */
export interface RoomList {
  readonly rooms: readonly RoomInfo[];
  /** The {@link RoomQuery.page} of the next page; empty on the last. */
  readonly next: string;
}

/** The lobby as it is now. */
export interface Lobby {
  /** The rooms, in the order of their ids. A room that has not changed is the same object as before. */
  readonly rooms: readonly RoomInfo[];
  /** Whether there are more rooms than {@link RoomQuery.pageSize}. */
  readonly more: boolean;
  /** Why the list may be out of date, while it is: the connection or the service is lost, and will be tried again. */
  readonly away?: string;
}

/** Returns a room of an answer. */
export function roomOf(m: RoomInfoMessage): RoomInfo {
  const { room, kind, mode, region, players, capacity, spectators, watching, maxWatching, locked, created, show } = m;
  const labels: Record<string, Label> = {};
  for (const [name, { value: v }] of Object.entries(m.labels)) {
    if (v.case !== undefined && v.case !== 'set') labels[name] = v.value;
  }
  return {
    room,
    kind,
    mode,
    region,
    players,
    capacity,
    spectators,
    watching,
    maxWatching,
    locked,
    created: created && timestampDate(created),
    labels,
    options: { ...m.options },
    show,
  };
}

/** The most rooms of a list; the service sends 200. */
const maxListed = 1000;

/** Watches the list of open rooms. */
export async function* lobbyOf(
  caller: Caller,
  request: RoomQuery,
  signal: AbortSignal | undefined,
): AsyncGenerator<Lobby, void, undefined> {
  const { kind = '', mode = '', query = '', pageSize = 0 } = request;
  let list = new Map<string, RoomInfo>();
  let more = false;
  const rooms = (): RoomInfo[] => [...list.values()].sort((a, b) => (a.room < b.room ? -1 : 1));
  for await (const w of watching(caller, signal, (o) => caller.api.watchRooms({ kind, mode, query, pageSize }, o))) {
    if ('away' in w) {
      yield { rooms: rooms(), more, away: w.away };
      continue;
    }
    const m = w.message;
    if (!m.complete && m.rooms.length + m.gone.length === 0 && m.more === more) continue; // it is alive
    if (m.complete) list = new Map();
    for (const r of m.rooms) list.set(r.room, roomOf(r));
    for (const id of m.gone) list.delete(id);
    // A service that means no good could let it grow for ever.
    if (list.size > maxListed) throw new MatchmakingError('out_of_range', `a list of more than ${maxListed} rooms`);
    more = m.more;
    yield { rooms: rooms(), more };
  }
}
