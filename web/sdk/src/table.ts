import { Callbacks } from './callbacks.js';
import { ProtocolError } from './errors.js';
import type { Component } from './game.js';
import * as Kind from './kinds.js';
import type { StateHash } from './hash.js';
import { emptyObject, Layout, type Plan } from './layout.js';
import type { Track, Tracks } from './tracks.js';
import { readCells, readObject, show } from './values.js';
import type { Cursor } from './wire/cursor.js';
import type { TableReader } from './wire/fields.js';

/** A row as tables hand it out. */
export type RowIn<Row> = Readonly<Row> & { readonly entity: number };

/**
 * The rows of one component that the client sees, as of the room's newest
 * snapshot.
 *
 * Rows are objects with plain values. They are used again: their values change
 * with each snapshot, and after its removal a row may come back as that of
 * another entity. So keep the entity, which is a number, and not the row.
 */
export interface Table<Row> extends Iterable<RowIn<Row>> {
  /** How many rows there are. */
  readonly size: number;
  /** The row of an entity. */
  get(entity: number): RowIn<Row> | undefined;
  has(entity: number): boolean;
  /**
   * Calls fn for each row that is there, now, and for each that comes. All
   * functions are called after a snapshot has been applied as a whole: first
   * those for removed rows, then for new ones, then for changed ones.
   *
   * An entity's number may be used again: then its old row is removed and another
   * one added, even within one snapshot. A full snapshot removes all rows first.
   *
   * @returns a function that ends it.
   */
  onAdd(fn: (row: RowIn<Row>, entity: number) => void): () => void;
  /**
   * Calls fn for each row that has changed. changed has bit n-1 set if the field
   * with the number n was sent; for fields above 32, changedHigh has bit n-33. See
   * {@link Table.bit}.
   */
  onChange(fn: (row: RowIn<Row>, entity: number, changed: number, changedHigh: number) => void): () => void;
  /** Calls fn for each row that is gone, with its last values. */
  onRemove(fn: (row: RowIn<Row>, entity: number) => void): () => void;
  /** The bit of a field in the masks of {@link Table.onChange}. */
  bit(field: keyof Row & string): number;
}

/** A row and what the table knows of it. */
export class Entry {
  entity = 0;
  /** Its place among the table's rows. */
  slot = 0;
  readonly row: Record<string, unknown>;
  /** Fields that the current snapshot has brought. */
  changed = 0;
  changedHigh = 0;
  /** Whether the current snapshot has brought anything. */
  touched = false;
  /** Whether onAdd has told of it. */
  told = false;
  /** Its past, if somebody looks at views. */
  track: Track | undefined;

  constructor(row: Record<string, unknown>) {
    this.row = row;
  }
}

/** The only Table there is. */
export class Rows implements Table<object> {
  layout: Layout;
  /** Values for views; there if somebody looks at them. */
  tracks: Tracks | undefined;
  readonly entries: Entry[] = [];
  cells: Int32Array = new Int32Array(64);
  objects: unknown[] = [];

  private readonly own: Component | undefined;
  private readonly rows: RowIn<object>[] = [];
  private readonly index = new Map<number, Entry>();
  private readonly touched: Entry[] = [];
  private touchedCount = 0;
  private readonly removed: Entry[] = [];
  private removedCount = 0;
  private pool: Entry[] = [];
  private RowClass: new () => Record<string, unknown>;

  private readonly added = new Callbacks<[RowIn<object>, number]>();
  private readonly changed = new Callbacks<[RowIn<object>, number, number, number]>();
  private readonly gone = new Callbacks<[RowIn<object>, number]>();

  /** own is the component as the game knows it; none, if it doesn't. */
  constructor(server: Component, own: Component | undefined) {
    this.own = own;
    this.layout = new Layout(server, own);
    this.RowClass = rowClass(this.layout);
  }

  /** Goes over to how another server describes the component. There must be no rows. */
  relayout(server: Component): void {
    this.layout = new Layout(server, this.own);
    this.RowClass = rowClass(this.layout);
    this.pool = [];
    this.objects = [];
    this.tracks = undefined;
  }

  get size(): number {
    return this.rows.length;
  }

  get(entity: number): RowIn<object> | undefined {
    return this.index.get(entity)?.row as RowIn<object> | undefined;
  }

  has(entity: number): boolean {
    return this.index.has(entity);
  }

  [Symbol.iterator](): Iterator<RowIn<object>> {
    return this.rows[Symbol.iterator]();
  }

  onAdd(fn: (row: RowIn<object>, entity: number) => void): () => void {
    for (const e of this.entries.slice()) if (e.told) fn(e.row as RowIn<object>, e.entity);
    return this.added.add(fn);
  }

  onChange(fn: (row: RowIn<object>, entity: number, changed: number, changedHigh: number) => void): () => void {
    return this.changed.add(fn);
  }

  onRemove(fn: (row: RowIn<object>, entity: number) => void): () => void {
    return this.gone.add(fn);
  }

  bit(field: string): number {
    const f = this.own?.fields.find((f) => f.key === field);
    if (!f) throw new RangeError(`there is no field ${field}`);
    return 1 << ((f.number - 1) % 32);
  }

  entry(entity: number): Entry | undefined {
    return this.index.get(entity);
  }

  newRow(): Record<string, unknown> {
    return new this.RowClass();
  }

  /** Makes a row for an entity that has none. */
  add(entity: number): Entry {
    const e = this.pool.pop() ?? new Entry(this.newRow());
    const { cells, objects, plans } = this.layout;
    e.entity = entity;
    e.row['entity'] = entity;
    e.slot = this.entries.length;
    e.told = false;
    this.entries.push(e);
    this.rows.push(e.row as RowIn<object>);
    this.index.set(entity, e);
    const at = e.slot * cells;
    if (at + cells > this.cells.length) {
      const more = new Int32Array(2 * (at + cells));
      more.set(this.cells);
      this.cells = more;
    }
    this.cells.fill(0, at, at + cells);
    if (objects > 0) {
      const o = e.slot * objects;
      for (const p of plans) if (p.repeated || p.kind >= Kind.String) this.objects[o + p.at] = emptyObject(p);
    }
    for (const p of this.layout.shown) show(e.row, p, this.cells, at, this.objects, e.slot * objects);
    return e;
  }

  /** Forgets an entity's row, and tells whether there was one. */
  remove(entity: number): boolean {
    const e = this.index.get(entity);
    if (!e) return false;
    this.index.delete(entity);
    const { cells, objects } = this.layout;
    const last = this.entries.length - 1;
    if (e.slot !== last) {
      const moved = this.entries[last];
      this.cells.copyWithin(e.slot * cells, last * cells, (last + 1) * cells);
      for (let i = 0; i < objects; i++) this.objects[e.slot * objects + i] = this.objects[last * objects + i];
      moved.slot = e.slot;
      this.entries[e.slot] = moved;
      this.rows[e.slot] = this.rows[last];
    }
    this.entries.pop();
    this.rows.pop();
    for (let i = 0; i < objects; i++) this.objects[last * objects + i] = undefined;
    this.removed[this.removedCount++] = e;
    return true;
  }

  clear(): void {
    for (let i = this.entries.length - 1; i >= 0; i--) this.remove(this.entries[i].entity);
  }

  /** Reads the rows of a table of a frame. */
  read(t: TableReader, delta: boolean): void {
    const { rows, mixed } = t;
    while (rows.more) this.readRow(t, rows, rows.uint32(), t.mask, t.maskHigh, delta);
    while (mixed.more) {
      const mask = mixed.int32();
      this.readRow(t, mixed, mixed.uint32(), mask, 0, delta);
    }
    if (!t.spent) throw new ProtocolError(`${this.layout.name}: values are left over`);
  }

  private readRow(t: TableReader, src: Cursor, entity: number, mask: number, maskHigh: number, delta: boolean): void {
    const { layout } = this;
    if ((mask & ~layout.mask) !== 0 || (maskHigh & ~layout.maskHigh) !== 0) {
      throw new ProtocolError(`${layout.name}: a row brings a field that is not in the schema`);
    }
    let e = this.index.get(entity);
    if (!e) {
      if (delta) throw new ProtocolError(`${layout.name}: a difference for entity ${entity}, which has no row`);
      e = this.add(entity);
    }
    if (!e.touched) {
      e.touched = true;
      e.changed = e.changedHigh = 0;
      this.touched[this.touchedCount++] = e;
    }
    e.changed |= mask;
    e.changedHigh |= maskHigh;
    for (let m = mask; m !== 0; m &= m - 1) this.readField(layout.byNumber[32 - Math.clz32(m & -m)]!, t, src, e, delta);
    for (let m = maskHigh; m !== 0; m &= m - 1) this.readField(layout.byNumber[64 - Math.clz32(m & -m)]!, t, src, e, delta);
  }

  private readField(p: Plan, t: TableReader, src: Cursor, e: Entry, delta: boolean): void {
    const at = e.slot * this.layout.cells;
    const o = e.slot * this.layout.objects;
    if (p.repeated || p.kind >= Kind.String) this.objects[o + p.at] = readObject(p, t, src);
    else readCells(p, t, src, delta, this.cells, at);
    if (p.key !== '') show(e.row, p, this.cells, at, this.objects, o);
  }

  /** How many rows the current snapshot has brought and removed. */
  get changes(): number {
    return this.touchedCount + this.removedCount;
  }

  /** Remembers for views what the snapshot has changed. */
  track(tick: number, base: number): void {
    const t = this.tracks;
    if (!t) return;
    for (let i = 0; i < this.removedCount; i++) t.remove(this.removed[i], tick);
    for (let i = 0; i < this.touchedCount; i++) t.write(this.touched[i], tick, base);
  }

  tellRemoved(): void {
    for (let i = 0; i < this.removedCount; i++) {
      const e = this.removed[i];
      if (e.told) this.gone.call(e.row as RowIn<object>, e.entity);
      e.told = e.touched = false;
      e.track = undefined;
      if (this.pool.length < 1024) this.pool.push(e);
    }
    this.removedCount = 0;
  }

  tellAdded(): void {
    for (let i = 0; i < this.touchedCount; i++) {
      const e = this.touched[i];
      if (!e.told) {
        e.touched = false; // it is no change
        e.told = true;
        this.added.call(e.row as RowIn<object>, e.entity);
      }
    }
  }

  tellChanged(): void {
    const n = this.touchedCount;
    this.touchedCount = 0;
    for (let i = 0; i < n; i++) {
      const e = this.touched[i];
      if (e.touched) {
        e.touched = false;
        if (this.changed.any) this.changed.call(e.row as RowIn<object>, e.entity, e.changed, e.changedHigh);
      }
    }
  }

  /** Drops what a snapshot that was refused has left half done. */
  forget(): void {
    for (let i = 0; i < this.touchedCount; i++) this.touched[i].touched = false;
    this.touchedCount = 0;
  }

  hash(h: StateHash): void {
    const { layout } = this;
    for (const e of this.entries) h.add(layout, e.entity, this.cells, e.slot * layout.cells, this.objects, e.slot * layout.objects);
  }

  hashOne(h: StateHash, entity: number): void {
    const e = this.index.get(entity);
    if (e) h.add(this.layout, entity, this.cells, e.slot * this.layout.cells, this.objects, e.slot * this.layout.objects);
  }
}

/** A class of a table's own for its rows, so that all of them have the same shape. */
function rowClass(layout: Layout): new () => Record<string, unknown> {
  return class Row {
    [key: string]: unknown;
    constructor() {
      this['entity'] = 0;
      // What may be a fraction begins as one, or the engine would have to find
      // another shape for the rows when the first fraction comes.
      for (const p of layout.shown) {
        if (isFraction(p)) this[p.key] = 0.5;
        else this[p.key] = 0;
      }
    }
  };
}

function isFraction(p: Plan): boolean {
  return !p.repeated && (p.kind === Kind.Quantised || p.kind === Kind.Float || p.kind === Kind.Double);
}
