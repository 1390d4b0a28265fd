// What the lobby lists: rooms, and shows, which are one entry for all of their houses.

import type { RoomInfo } from '@tickroom/client/matchmaking';

/** A room, or the houses of a show. */
export interface Entry {
  /** The same as long as it is there. */
  readonly key: string;
  readonly kind: string;
  /** The room's id; empty for a show. */
  readonly room: string;
  /** The show's name; empty for a room. */
  readonly show: string;
  readonly houses: number;
  readonly players: number;
  readonly capacity: number;
  readonly watching: number;
  /** Whether it can be watched. */
  readonly spectators: boolean;
  /** Whether nobody is let in now, as the game says. Of a show: in none of its houses. */
  readonly locked: boolean;
  readonly region: string;
  /** When it began, in milliseconds since 1970; 0 if that is not known. */
  readonly created: number;
  /** What the game says of it, as texts. */
  readonly labels: readonly string[];
}

export type Sorting = 'players' | 'free' | 'newest';

/** Returns the entries of some rooms, in no particular order. */
export function entriesOf(rooms: readonly RoomInfo[]): Entry[] {
  const all = new Map<string, Entry>();
  for (const r of rooms) {
    const key = r.show === '' ? `room ${r.room}` : `show ${r.kind} ${r.show}`;
    const created = r.created?.getTime() ?? 0;
    const before = all.get(key);
    if (!before) {
      const { kind, show, players, capacity, watching, spectators, locked, region } = r;
      const room = show === '' ? r.room : '';
      all.set(key, {
        key,
        kind,
        room,
        show,
        houses: 1,
        players,
        capacity,
        watching,
        spectators,
        locked,
        region,
        created,
        labels: labelsOf(r),
      });
      continue;
    }
    all.set(key, {
      ...before,
      houses: before.houses + 1,
      players: before.players + r.players,
      capacity: before.capacity + r.capacity,
      watching: before.watching + r.watching,
      spectators: before.spectators || r.spectators,
      locked: before.locked && r.locked,
      region: before.region === r.region ? r.region : '',
      created: Math.min(before.created, created),
    });
  }
  return [...all.values()];
}

function labelsOf(r: RoomInfo): string[] {
  return Object.entries(r.labels)
    .filter(([, value]) => value !== false && value !== '')
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => (value === true ? name : `${name} ${value}`));
}

/** Returns how many may still come in. */
export function free(e: Entry): number {
  return Math.max(0, e.capacity - e.players);
}

/** Sorts entries in place, those that are alike by their keys. */
export function sort(entries: Entry[], by: Sorting): Entry[] {
  const of: Record<Sorting, (e: Entry) => number> = {
    players: (e) => e.players,
    free: (e) => (e.locked ? -1 : free(e)),
    newest: (e) => e.created,
  };
  return entries.sort((a, b) => of[by](b) - of[by](a) || (a.key < b.key ? -1 : 1));
}

/**
 * Returns keys in the order in which they are shown while somebody is about to press something: what is there stays
 * where it is, and what is new comes at the end.
 */
export function steady(before: readonly string[], now: readonly string[]): string[] {
  const there = new Set(now);
  const kept = before.filter((key) => there.has(key));
  const known = new Set(kept);
  return [...kept, ...now.filter((key) => !known.has(key))];
}
