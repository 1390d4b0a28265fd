// Where rows were in the last moments, so that a view can show them a little in
// the past, between two snapshots. What has come is shown from its tick on, what
// is gone until its tick, and a field that isn't smoothed changes in its tick.

import * as Kind from './kinds.js';
import type { Layout, Plan } from './layout.js';
import type { Entry, Rows } from './table.js';
import { numberOf, show } from './values.js';

/** A row after a snapshot that changed it. */
class Sample {
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
export class Track {
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
  /** What views hand out. */
  readonly row: Record<string, unknown>;
  /** Whether row has the values of shown. */
  settled = false;

  constructor(row: Record<string, unknown>, first: Sample) {
    this.row = row;
    this.shown = this.newest = first;
  }
}

/** The tracks of a table's rows. */
export class Tracks {
  /** Rows to be seen at the tick of the last advance. */
  readonly rows: Record<string, unknown>[] = [];
  /** Whether one of them is shown beyond the newest snapshot. */
  extrapolating = false;

  readonly #table: Rows;
  readonly #layout: Layout;
  readonly #live: Track[] = [];
  readonly #ghosts: Track[] = [];
  readonly #spareSamples: Sample[] = [];
  readonly #spareTracks: Track[] = [];
  #tick = 0;

  /** Begins with the rows that the table has, as if they had always been so. */
  constructor(table: Rows) {
    this.#table = table;
    this.#layout = table.layout;
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
    if (t) t.shown = t.newest = s;
    else t = new Track(this.#table.newRow(), s);
    e.track = t;
    t.entity = e.entity;
    t.row['entity'] = e.entity;
    t.born = tick;
    t.gone = Infinity;
    t.settled = false;
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
  get(entity: number): Record<string, unknown> | undefined {
    const t = this.#table.entry(entity)?.track;
    if (t && t.born <= this.#tick) return t.row;
    for (const g of this.#ghosts) if (g.entity === entity && g.born <= this.#tick && g.gone > this.#tick) return g.row;
    return undefined;
  }

  #place(t: Track, tick: number, newest: number, cap: number): void {
    let next = t.shown.next;
    while (next && next.tick <= tick) {
      if (t.before) this.#spare(t.before);
      t.before = t.shown;
      t.shown = next;
      next = next.next;
      t.settled = false;
    }
    if (next === undefined && t.settled && t.shown.tick !== newest) return;
    if (!t.settled) {
      const { cells, objects } = t.shown;
      for (const p of this.#layout.shown) show(t.row, p, cells, 0, objects, 0);
      t.settled = true;
    }
    if (next) {
      if (tick > next.base) this.#between(t, t.shown, next, (tick - next.base) / (next.tick - next.base));
    } else if (t.before && tick > newest && t.shown.tick === newest && t.gone === Infinity && this.#layout.smooth.length > 0) {
      const { base } = t.shown;
      this.#between(t, t.before, t.shown, 1 + Math.min(tick - newest, cap) / (newest - base));
      this.extrapolating = true;
    }
  }

  /** Shows the smoothed fields as they are a part of the way from a to b. */
  #between(t: Track, a: Sample, b: Sample, part: number): void {
    t.settled = false;
    for (const p of this.#layout.smooth) {
      t.row[p.key] = p.smooth === 2 && p.wrap !== 0 ? turn(p, a.cells[p.at], b.cells[p.at], part) : line(p, a.cells, b.cells, part);
    }
  }

  #sample(e: Entry): Sample {
    const { cells, objects } = this.#layout;
    const s = this.#spareSamples.pop() ?? new Sample(cells);
    s.next = undefined;
    const from = this.#table.cells;
    const at = e.slot * cells;
    for (let i = 0; i < cells; i++) s.cells[i] = from[at + i];
    const o = e.slot * objects;
    for (let i = 0; i < objects; i++) s.objects[i] = this.#table.objects[o + i];
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

function line(p: Plan, a: Int32Array, b: Int32Array, part: number): number {
  const from = numberOf(p, a, 0);
  const v = from + (numberOf(p, b, 0) - from) * part;
  return p.kind === Kind.Quantised || Number.isFinite(v) ? v : numberOf(p, part < 1 ? a : b, 0);
}

/** Goes the short way round, and stays within one turn. */
function turn(p: Plan, a: number, b: number, part: number): number {
  let d = (b - a) % p.wrap;
  if (2 * d > p.wrap) d -= p.wrap;
  else if (2 * d < -p.wrap) d += p.wrap;
  let v = (a + d * part) % p.wrap;
  if (v < 0) v += p.wrap;
  return p.min + v * p.step;
}
