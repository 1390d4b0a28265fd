// Where rows were in the last moments, so that a view can show them a little in
// the past, between two snapshots. What has come is shown from its tick on, what
// is gone until its tick, and a field that isn't smoothed changes in its tick.

import type { Layout } from './layout.js';
import type { Entry, RowIn, Rows } from './table.js';
import { type Cells, type RowMaker, type ViewSource, viewRowMaker } from './row.js';

/** A row after a snapshot that changed it. */
class Sample implements Cells {
  tick = 0;
  /** The tick that the snapshot built on: until then the row was as before. */
  base = 0;
  readonly cells: Int32Array;
  readonly objects: unknown[] = [];
  next: Sample | undefined;

  constructor(cells: number) {
    this.cells = new Int32Array(cells);
  }
}

/** The samples of a row, from the one that is shown to the newest. */
export class Track implements ViewSource {
  entity = 0;
  /** Its place among those that are not gone. */
  slot = 0;
  /** From which tick on it is to be seen, and from which on no more. */
  born = 0;
  gone = Infinity;
  /** The one before what is shown; it tells how fast the row moves. */
  before: Sample | undefined;
  shown: Sample;
  newest: Sample;
  // Where it is between samples; see ViewSource.
  from: Sample;
  to: Sample | undefined;
  part = 0.5;
  /** What views hand out. */
  readonly row: RowIn<object>;

  constructor(first: Sample, make: RowMaker<ViewSource>) {
    this.shown = this.newest = this.from = first;
    this.row = make(this) as RowIn<object>;
  }
}

/** The tracks of a table's rows. */
export class Tracks {
  /** Rows to be seen at the tick of the last advance. */
  readonly rows: RowIn<object>[] = [];
  /** Whether one of them is shown beyond the newest snapshot. */
  extrapolating = false;

  readonly #table: Rows;
  readonly #layout: Layout;
  readonly #make: RowMaker<ViewSource>;
  readonly #live: Track[] = [];
  readonly #ghosts: Track[] = [];
  readonly #spareSamples: Sample[] = [];
  readonly #spareTracks: Track[] = [];
  #tick = 0;

  /** Begins with the rows that the table has, as if they had always been so. */
  constructor(table: Rows) {
    this.#table = table;
    this.#layout = table.layout;
    this.#make = viewRowMaker(table.layout);
    for (const e of table.entries) {
      e.track = undefined;
      this.write(e, -1, -1);
    }
  }

  /** Takes down a row after the snapshot of a tick, which built on base. */
  write(e: Entry, tick: number, base: number): void {
    const s = this.#sample(e);
    s.tick = tick;
    s.base = base;
    let t = e.track;
    if (t) {
      t.newest.next = s;
      t.newest = s;
      return;
    }
    t = this.#spareTracks.pop();
    if (t) t.shown = t.newest = t.from = s;
    else t = new Track(s, this.#make);
    e.track = t;
    t.entity = e.entity;
    t.born = tick;
    t.gone = Infinity;
    t.slot = this.#live.length;
    this.#live.push(t);
  }

  /** Takes down that a row is gone as of a tick. */
  remove(e: Entry, tick: number): void {
    const t = e.track;
    if (!t) return;
    e.track = undefined;
    t.gone = tick;
    const last = this.#live.pop()!;
    if (last !== t) {
      this.#live[t.slot] = last;
      last.slot = t.slot;
    }
    this.#ghosts.push(t);
  }

  /**
   * Brings rows to a tick, which may be a fraction and never goes back. newest is
   * the tick of the newest snapshot; what moved in it goes on for up to cap ticks.
   */
  advance(tick: number, newest: number, cap: number): void {
    this.#tick = tick;
    this.extrapolating = false;
    let n = 0;
    let kept = 0;
    for (let i = 0; i < this.#ghosts.length; i++) {
      const t = this.#ghosts[i];
      if (t.gone <= tick) {
        this.#recycle(t);
        continue;
      }
      this.#ghosts[kept++] = t;
      if (t.born <= tick) {
        this.#place(t, tick, newest, cap);
        this.rows[n++] = t.row;
      }
    }
    while (this.#ghosts.length > kept) this.#ghosts.pop();
    for (let i = 0; i < this.#live.length; i++) {
      const t = this.#live[i];
      if (t.born <= tick) {
        this.#place(t, tick, newest, cap);
        this.rows[n++] = t.row;
      }
    }
    while (this.rows.length > n) this.rows.pop();
  }

  /** The row of an entity, if it is to be seen at the tick of the last advance. */
  get(entity: number): RowIn<object> | undefined {
    const t = this.#table.entry(entity)?.track;
    if (t && t.born <= this.#tick) return t.row;
    for (const g of this.#ghosts) if (g.entity === entity && g.born <= this.#tick && g.gone > this.#tick) return g.row;
    return undefined;
  }

  #place(t: Track, tick: number, newest: number, cap: number): void {
    let { shown } = t;
    let next = shown.next;
    while (next && next.tick <= tick) {
      if (t.before) this.#spare(t.before);
      t.before = shown;
      t.shown = shown = next;
      next = next.next;
    }
    t.from = shown;
    t.to = undefined;
    if (next) {
      if (tick <= next.base) return;
      t.to = next;
      t.part = (tick - next.base) / (next.tick - next.base);
    } else if (tick > newest && shown.tick === newest && t.before && t.gone === Infinity && this.#layout.moves) {
      t.from = t.before;
      t.to = shown;
      t.part = 1 + Math.min(tick - newest, cap) / (newest - shown.base);
      this.extrapolating = true;
    }
  }

  #sample(e: Entry): Sample {
    const { cells, objects } = this.#layout;
    const s = this.#spareSamples.pop() ?? new Sample(cells);
    s.next = undefined;
    for (let i = 0; i < cells; i++) s.cells[i] = e.cells[i];
    for (let i = 0; i < objects; i++) s.objects[i] = e.objects[i];
    return s;
  }

  #spare(s: Sample): void {
    if (this.#spareSamples.length < 4096) this.#spareSamples.push(s);
  }

  #recycle(t: Track): void {
    if (t.before) this.#spare(t.before);
    t.before = undefined;
    for (let s: Sample | undefined = t.shown; s; s = s.next) this.#spare(s);
    if (this.#spareTracks.length < 1024) this.#spareTracks.push(t);
  }
}
