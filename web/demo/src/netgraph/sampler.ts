// Measures what the netgraph draws: the statistics of a room over the last half minute.

import type { Interpolation, Room, State, Stats } from '@tickroom/client';

/** The part of a room that is measured. */
export interface Measured {
  readonly state: State;
  readonly tickRate: number;
  readonly rtt: number;
  readonly interpolation: Interpolation;
  readonly stats: Stats;
  readonly on: Room['on'];
}

/** The time between two samples, and for how long they are shown. */
export const sampleMs = 250;
export const shownMs = 30_000;
const kept = shownMs / sampleMs + 1;

/** The columns of the graphs. Times are in milliseconds, rates per second. */
export interface Columns {
  /** When, in seconds. */
  at: number[];
  rtt: (number | null)[];
  /** The longest time without a snapshot. */
  gap: (number | null)[];
  delay: (number | null)[];
  bytesIn: (number | null)[];
  bytesOut: (number | null)[];
  perEntity: (number | null)[];
  decode: (number | null)[];
  /** Ticks without a snapshot of their own. */
  skipped: (number | null)[];
}

export type Column = keyof Columns;

/** An event, drawn as a line. */
export interface Mark {
  /** When, in seconds. */
  at: number;
  what: 'lost' | 'resumed' | 'rejoined';
}

export class Sampler {
  readonly columns: Columns = {
    at: [],
    rtt: [],
    gap: [],
    delay: [],
    bytesIn: [],
    bytesOut: [],
    perEntity: [],
    decode: [],
    skipped: [],
  };
  readonly marks: Mark[] = [];

  #room: Measured | undefined;
  #stop: (() => void)[] = [];
  readonly #clock: () => number;
  #before = { at: 0, bytesIn: 0, bytesOut: 0, skipped: 0 };
  #snapshotAt = 0;
  #longest = 0;

  constructor(clock: () => number = () => performance.now()) {
    this.#clock = clock;
  }

  /** Measures a room, or none. Samples of the one before are kept. */
  watch(room: Measured | undefined): void {
    for (const fn of this.#stop) fn();
    this.#stop = [];
    this.#room = room;
    if (!room) return;
    const now = this.#clock();
    const { stats } = room;
    this.#before = { at: now, bytesIn: stats.bytesIn, bytesOut: stats.bytesOut, skipped: stats.skippedTicks };
    this.#snapshotAt = now;
    this.#longest = 0;
    let state = room.state;
    this.#stop.push(
      room.on('snapshot', () => this.#saw(this.#clock())),
      room.on('state', (s) => {
        if (s.state === 'reconnecting' && state === 'live') this.#mark('lost');
        state = s.state;
      }),
      room.on('resumed', () => this.#mark('resumed')),
      room.on('rejoined', () => this.#mark('rejoined')),
    );
  }

  #saw(now: number): void {
    this.#longest = Math.max(this.#longest, now - this.#snapshotAt);
    this.#snapshotAt = now;
  }

  #mark(what: Mark['what']): void {
    this.marks.push({ at: this.#clock() / 1000, what });
  }

  /** Takes a sample. */
  sample(): void {
    const now = this.#clock();
    const { columns: c } = this;
    const room = this.#room;
    const before = this.#before;
    const over = (now - before.at) / 1000;
    if (!room || over <= 0) return;
    const { stats } = room;
    const live = room.state === 'live';
    push(c.at, now / 1000);
    push(c.rtt, live && room.rtt > 0 ? room.rtt : null);
    // A pause that is not over yet counts as a gap.
    push(c.gap, room.state === 'closed' ? null : Math.max(this.#longest, now - this.#snapshotAt));
    push(c.delay, live && room.interpolation.delayMs > 0 ? room.interpolation.delayMs : null);
    push(c.bytesIn, (stats.bytesIn - before.bytesIn) / over);
    push(c.bytesOut, (stats.bytesOut - before.bytesOut) / over);
    push(c.perEntity, live && stats.bytesPerEntity > 0 ? stats.bytesPerEntity : null);
    push(c.decode, live && stats.decodeMs > 0 ? stats.decodeMs : null);
    push(c.skipped, (stats.skippedTicks - before.skipped) / over);
    this.#before = { at: now, bytesIn: stats.bytesIn, bytesOut: stats.bytesOut, skipped: stats.skippedTicks };
    this.#longest = 0;
    while (this.marks.length > 0 && this.marks[0].at * 1000 < now - shownMs) this.marks.shift();
  }

  /** Returns the newest value of a column. Bytes are averaged over a second, as they otherwise change too much to be read. */
  latest(column: Exclude<Column, 'at'>): number | null {
    const list = this.columns[column];
    if (column !== 'bytesIn' && column !== 'bytesOut' && column !== 'skipped') return list.at(-1) ?? null;
    const last = list.slice(-4).filter((v) => v !== null);
    return last.length > 0 ? last.reduce((a, b) => a + b, 0) / last.length : null;
  }
}

function push<T>(list: T[], value: T): void {
  list.push(value);
  if (list.length > kept) list.shift();
}
