// The recent past of rows, so that a view can show them a little in the past, between
// two snapshots. A new row is shown from its tick on, a removed one until its tick, and
// a field that isn't smoothed changes in its tick.
//
// Everything lies in a few typed arrays, and what moves is computed in one pass: by the
// time of a frame the processor's caches have lost the last one's data, so the cost is
// the number of places in memory to fetch.

import type { Layout, Plan } from './layout.js';
import { type RowIn, type RowMaker, turn, type ViewSource, viewRowMaker } from './row.js';
import { numberOf } from './values.js';

/** The rows of a table, as far as views need them. */
export interface TrackedTable {
  readonly layout: Layout;
  readonly entries: readonly TrackedEntry[];
  /** The cells of all rows. */
  readonly cells: Int32Array;
  /** Returns the row of an entity, if it has one. */
  entry(entity: number): TrackedEntry | undefined;
}

/** A row of a table, as far as views need it. */
export interface TrackedEntry {
  readonly entity: number;
  /** Its first cell among those of the table. */
  readonly first: number;
  readonly objects: readonly unknown[];
  /** Its past; undefined until it is recorded. */
  track: Track | undefined;
}

/** The past of a row, from when it was added until it was removed. */
export class Track implements ViewSource {
  entity = 0;
  /** Its index among all tracks. Those that are shown come first. */
  slot = 0;
  /** The ticks from which on it is shown, and from which on no longer. */
  born = 0;
  gone = Infinity;
  /** The object that games see. */
  readonly row: RowIn<object>;

  constructor(
    readonly of: Tracks,
    make: RowMaker<ViewSource>,
  ) {
    this.row = make(this) as RowIn<object>;
  }
}

/** Tracks that wait for their ticks, the earliest first. */
class Queue {
  #items: Track[] = [];
  #head = 0;

  get first(): Track | undefined {
    return this.#items[this.#head];
  }

  push(t: Track): void {
    this.#items.push(t);
  }

  shift(): void {
    this.#head++;
    if (this.#head === this.#items.length) {
      this.#items.length = this.#head = 0;
    } else if (this.#head >= 1024) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
  }

  find(entity: number, end: number): Track | undefined {
    for (let i = this.#head; i < this.#items.length; i++) {
      const t = this.#items[i];
      if (t.entity === entity && t.slot < end) return t;
    }
    return undefined;
  }
}

const none = -1;

/** The pasts of all rows of a table. */
export class Tracks {
  /** The rows that are shown at the tick of the last advance, in the order of their slots. */
  readonly rows: RowIn<object>[] = [];
  /** Whether one of them is extrapolated beyond the newest snapshot. */
  extrapolating = false;

  // A sample is a row after a snapshot that changed it: its cells and objects, the ticks
  // of the snapshot and of the one before, until which the row was unchanged, and the
  // next sample. Free samples form a list.
  cells: Int32Array;
  readonly objects: unknown[] = [];
  #ticks = new Float64Array(2 * 64);
  #next = new Int32Array(64);
  #free = none;
  #used = 0;

  // By slot: the sample that is shown, the one before, from which the row's speed is
  // known, and the newest; and the values of fields that move.
  shown = new Int32Array(64);
  values: Float64Array;
  #before = new Int32Array(64);
  #newest = new Int32Array(64);

  readonly #table: TrackedTable;
  readonly #layout: Layout;
  readonly #moving: readonly Plan[];
  readonly #make: RowMaker<ViewSource>;
  readonly #tracks: Track[] = [];
  readonly #spare: Track[] = [];
  readonly #coming = new Queue();
  readonly #changing = new Queue(); // once per sample; not used if rows move
  readonly #going = new Queue();

  /** Starts with the rows of the table, as if they had never changed. */
  constructor(table: TrackedTable) {
    this.#table = table;
    this.#layout = table.layout;
    this.#moving = table.layout.moving;
    this.#make = viewRowMaker(table.layout);
    this.cells = new Int32Array(64 * table.layout.cells);
    this.values = new Float64Array(64 * this.#moving.length);
    for (const e of table.entries) {
      e.track = undefined;
      this.write(e, -1, -1);
    }
  }

  /** Records a row after the snapshot of a tick, which was a difference to the tick base. */
  write(e: TrackedEntry, tick: number, base: number): void {
    const s = this.#sample(e, tick, base);
    let t = e.track;
    if (t) {
      this.#next[this.#newest[t.slot]] = s;
      this.#newest[t.slot] = s;
      if (!this.#layout.moves) this.#changing.push(t);
      return;
    }
    t = this.#spare.pop() ?? new Track(this, this.#make);
    e.track = t;
    t.entity = e.entity;
    t.born = tick;
    t.gone = Infinity;
    t.slot = this.#tracks.length;
    this.#tracks.push(t);
    if (t.slot === this.shown.length) this.#moreSlots();
    this.shown[t.slot] = this.#newest[t.slot] = s;
    this.#before[t.slot] = none;
    this.#coming.push(t);
  }

  /** Records that a row was removed in a tick. */
  remove(e: TrackedEntry, tick: number): void {
    const t = e.track;
    if (!t) return;
    e.track = undefined;
    t.gone = tick;
    this.#going.push(t);
  }

  /**
   * Moves rows to a tick, which may have a fraction and never goes back. newest is the tick
   * of the newest snapshot, beyond which rows keep moving for up to cap ticks.
   */
  advance(tick: number, newest: number, cap: number): void {
    let t: Track | undefined;
    while ((t = this.#coming.first) && t.born <= tick) {
      this.#coming.shift();
      this.#swap(t.slot, this.rows.length);
      this.rows.push(t.row);
    }
    while ((t = this.#changing.first)) {
      const next = this.#next[this.shown[t.slot]];
      if (this.#ticks[2 * next] > tick) break;
      this.#changing.shift();
      this.#release(this.shown[t.slot]);
      this.shown[t.slot] = next;
    }
    while ((t = this.#going.first) && t.gone <= tick) {
      this.#going.shift();
      this.#drop(t);
    }
    this.extrapolating = false;
    if (this.#layout.moves) this.#move(tick, newest, cap);
  }

  /** Returns the row of an entity, if it is shown at the tick of the last advance. */
  get(entity: number): RowIn<object> | undefined {
    const t = this.#table.entry(entity)?.track;
    if (t && t.slot < this.rows.length) return t.row;
    return this.#going.find(entity, this.rows.length)?.row;
  }

  /** Computes the values of fields that move for all rows that are shown. */
  #move(tick: number, newest: number, cap: number): void {
    const { shown, cells, values } = this;
    const ticks = this.#ticks;
    const nexts = this.#next;
    const befores = this.#before;
    const moving = this.#moving;
    const width = this.#layout.cells;
    const n = this.rows.length;
    let at = 0;
    for (let i = 0; i < n; i++) {
      let from = shown[i];
      let next = nexts[from];
      if (next !== none && ticks[2 * next] <= tick) {
        do {
          if (befores[i] !== none) this.#release(befores[i]);
          befores[i] = from;
          from = next;
          next = nexts[from];
        } while (next !== none && ticks[2 * next] <= tick);
        shown[i] = from;
      }
      let to = none;
      let part = 0;
      if (next !== none) {
        const base = ticks[2 * next + 1];
        if (tick > base) {
          to = next;
          part = (tick - base) / (ticks[2 * next] - base);
        }
      } else if (
        tick > newest &&
        ticks[2 * from] === newest &&
        befores[i] !== none &&
        this.#tracks[i].gone === Infinity
      ) {
        part = 1 + Math.min(tick - newest, cap) / (newest - ticks[2 * from + 1]);
        to = from;
        from = befores[i];
        this.extrapolating = true;
      }
      for (let k = 0; k < moving.length; k++) {
        const p = moving[k];
        const a = from * width + p.at;
        const b = to * width + p.at;
        values[at++] =
          to === none
            ? numberOf(p, cells, a)
            : p.wrap !== 0
              ? turn(p, cells[a], cells[b], part)
              : between(numberOf(p, cells, a), numberOf(p, cells, b), part);
      }
    }
  }

  /** Drops a track whose row has been removed. */
  #drop(t: Track): void {
    if (t.slot < this.rows.length) {
      this.#swap(t.slot, this.rows.length - 1);
      this.rows.pop();
    }
    this.#swap(t.slot, this.#tracks.length - 1);
    this.#tracks.pop();
    if (this.#before[t.slot] !== none) this.#release(this.#before[t.slot]);
    for (let s = this.shown[t.slot]; s !== none; ) {
      const next = this.#next[s];
      this.#release(s);
      s = next;
    }
    if (this.#spare.length < 1024) this.#spare.push(t);
  }

  #swap(i: number, j: number): void {
    if (i === j) return;
    const a = this.#tracks[i];
    const b = this.#tracks[j];
    this.#tracks[i] = b;
    this.#tracks[j] = a;
    b.slot = i;
    a.slot = j;
    if (i < this.rows.length) this.rows[i] = b.row;
    if (j < this.rows.length) this.rows[j] = a.row;
    for (const of of [this.shown, this.#before, this.#newest]) {
      const v = of[i];
      of[i] = of[j];
      of[j] = v;
    }
  }

  /** Copies the cells and objects of a row. */
  #sample(e: TrackedEntry, tick: number, base: number): number {
    const { cells, objects } = this.#layout;
    let s = this.#free;
    if (s !== none) this.#free = this.#next[s];
    else {
      s = this.#used++;
      if (s === this.#next.length) this.#moreSamples();
    }
    this.#ticks[2 * s] = tick;
    this.#ticks[2 * s + 1] = base;
    this.#next[s] = none;
    for (let i = 0, at = s * cells; i < cells; i++) this.cells[at++] = this.#table.cells[e.first + i];
    for (let i = 0, at = s * objects; i < objects; i++) this.objects[at++] = e.objects[i];
    return s;
  }

  #release(s: number): void {
    const { objects } = this.#layout;
    for (let i = 0, at = s * objects; i < objects; i++) this.objects[at++] = undefined;
    this.#next[s] = this.#free;
    this.#free = s;
  }

  #moreSamples(): void {
    const n = 2 * this.#next.length;
    this.#next = grown(this.#next, new Int32Array(n));
    this.#ticks = grown(this.#ticks, new Float64Array(2 * n));
    this.cells = grown(this.cells, new Int32Array(n * this.#layout.cells));
  }

  #moreSlots(): void {
    const n = 2 * this.shown.length;
    this.shown = grown(this.shown, new Int32Array(n));
    this.#before = grown(this.#before, new Int32Array(n));
    this.#newest = grown(this.#newest, new Int32Array(n));
    this.values = grown(this.values, new Float64Array(n * this.#moving.length));
  }
}

function grown<A extends Int32Array | Float64Array>(from: A, to: A): A {
  to.set(from);
  return to;
}

/** Returns the value at a part of the way from a to b, which may be beyond b. */
function between(a: number, b: number, part: number): number {
  const v = a + (b - a) * part;
  // There is nothing between infinite values, or those that are not a number.
  return Number.isFinite(v) ? v : part < 1 ? a : b;
}
