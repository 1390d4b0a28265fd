import { Callbacks } from './callbacks.js';
import { EntityMap } from './entitymap.js';
import { ProtocolError } from './errors.js';
import type { Component } from './game.js';
import type { StateHash } from './hash.js';
import { emptyObject, Layout } from './layout.js';
import { type RowIn, type RowMaker, type RowSource, rowMaker } from './row.js';
import type { Track, TrackedEntry, TrackedTable, Tracks } from './tracks.js';
import { readCells, readObject } from './values.js';
import type { Cursor } from './wire/cursor.js';
import type { TableReader } from './wire/fields.js';

/**
 * The rows of one component that the client sees, as of the room's newest
 * snapshot.
 *
 * Rows are used again: their values change with each snapshot, and after its
 * removal a row may come back as that of another entity. So keep the entity, which
 * is a number, and not the row; `{ ...row }` is a copy of its values.
 */
export interface Table<Row> extends Iterable<RowIn<Row>> {
  /** How many rows there are. */
  readonly size: number;
  /** All rows, in no order. The array is the table's own, and changes with it. */
  readonly rows: readonly RowIn<Row>[];
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
export class Entry implements RowSource, TrackedEntry {
  entity = 0;
  /** Its place among the table's rows. */
  slot = 0;
  readonly objects: unknown[] = [];
  /** What games see of it. */
  readonly row: RowIn<object>;
  /** Fields that the current snapshot has brought. */
  changed = 0;
  changedHigh = 0;
  /** Whether the current snapshot has brought anything. */
  touched = false;
  /** Whether onAdd has told of it. */
  told = false;
  /** Its past, if somebody looks at views. */
  track: Track | undefined;

  constructor(
    readonly of: Rows,
    /** Its first cell among those of the table. */
    readonly first: number,
    make: RowMaker<RowSource>,
  ) {
    this.row = make(this) as RowIn<object>;
  }
}

/** The only Table there is. */
export class Rows implements Table<object>, TrackedTable {
  layout: Layout;
  /** Values for views; there if somebody looks at them. */
  tracks: Tracks | undefined;
  readonly entries: Entry[] = [];
  readonly rows: RowIn<object>[] = [];

  /** The cells of all rows. */
  cells: Int32Array;

  readonly #own: Component | undefined;
  readonly #index = new EntityMap<Entry>();
  readonly #touched: Entry[] = [];
  #touchedCount = 0;
  readonly #removed: Entry[] = [];
  #removedCount = 0;
  #pool: Entry[] = [];
  /** How far cells are in use, and first ones of entries that are no more. */
  #used = 0;
  #spare: number[] = [];
  #make: RowMaker<RowSource>;

  readonly #added = new Callbacks<[RowIn<object>, number]>();
  readonly #changed = new Callbacks<[RowIn<object>, number, number, number]>();
  readonly #gone = new Callbacks<[RowIn<object>, number]>();

  /** own is the component as the game knows it; none, if it doesn't. */
  constructor(server: Component, own: Component | undefined) {
    this.#own = own;
    this.layout = new Layout(server, own);
    this.#make = rowMaker(this.layout);
    this.cells = new Int32Array(16 * this.layout.cells);
  }

  /** Goes over to how another server describes the component. There must be no rows. */
  relayout(server: Component): void {
    this.layout = new Layout(server, this.#own);
    this.#make = rowMaker(this.layout);
    this.cells = new Int32Array(16 * this.layout.cells);
    this.#used = 0;
    this.#spare = [];
    this.#pool = [];
    this.release();
  }

  /** Lets go of the past that views show. */
  release(): void {
    this.tracks = undefined;
    for (const e of this.entries) e.track = undefined;
  }

  get size(): number {
    return this.rows.length;
  }

  get(entity: number): RowIn<object> | undefined {
    return this.#index.get(entity)?.row;
  }

  has(entity: number): boolean {
    return this.#index.has(entity);
  }

  [Symbol.iterator](): Iterator<RowIn<object>> {
    return this.rows[Symbol.iterator]();
  }

  onAdd(fn: (row: RowIn<object>, entity: number) => void): () => void {
    for (const e of this.entries.slice()) if (e.told) fn(e.row, e.entity);
    return this.#added.add(fn);
  }

  onChange(fn: (row: RowIn<object>, entity: number, changed: number, changedHigh: number) => void): () => void {
    return this.#changed.add(fn);
  }

  onRemove(fn: (row: RowIn<object>, entity: number) => void): () => void {
    return this.#gone.add(fn);
  }

  bit(field: string): number {
    const f = this.#own?.fields.find((f) => f.key === field);
    if (!f) throw new RangeError(`there is no field ${field}`);
    return 1 << ((f.number - 1) % 32);
  }

  entry(entity: number): Entry | undefined {
    return this.#index.get(entity);
  }

  /** Makes a row for an entity that has none. */
  add(entity: number): Entry {
    const { layout } = this;
    const e = this.#pool.pop() ?? this.#newEntry();
    e.entity = entity;
    e.slot = this.entries.length;
    this.cells.fill(0, e.first, e.first + layout.cells);
    if (layout.objects > 0) for (const p of layout.plans) if (p.object) e.objects[p.at] = emptyObject(p);
    this.entries.push(e);
    this.rows.push(e.row);
    this.#index.set(entity, e);
    return e;
  }

  #newEntry(): Entry {
    let first = this.#spare.pop();
    if (first === undefined) {
      first = this.#used;
      this.#used += this.layout.cells;
      if (this.#used > this.cells.length) {
        const more = new Int32Array(2 * this.#used);
        more.set(this.cells);
        this.cells = more;
      }
    }
    return new Entry(this, first, this.#make);
  }

  /** Forgets an entity's row, if it has one. */
  remove(entity: number): void {
    const e = this.#index.get(entity);
    if (!e) return;
    this.#index.delete(entity);
    // The last row takes its place.
    const last = this.entries.pop()!;
    this.rows.pop();
    if (last !== e) {
      last.slot = e.slot;
      this.entries[e.slot] = last;
      this.rows[e.slot] = last.row;
    }
    this.#removed[this.#removedCount++] = e;
  }

  clear(): void {
    for (let i = this.entries.length - 1; i >= 0; i--) this.remove(this.entries[i].entity);
  }

  /** Reads the rows of a table of a frame. */
  read(t: TableReader, delta: boolean): void {
    const { rows, mixed } = t;
    while (rows.more) this.#readRow(t, rows, rows.uint32(), t.mask, t.maskHigh, delta);
    while (mixed.more) {
      const mask = mixed.int32();
      this.#readRow(t, mixed, mixed.uint32(), mask, 0, delta);
    }
    if (!t.spent) throw new ProtocolError(`${this.layout.name}: values are left over`);
  }

  #readRow(t: TableReader, src: Cursor, entity: number, mask: number, maskHigh: number, delta: boolean): void {
    const { layout } = this;
    if ((mask & ~layout.mask) !== 0 || (maskHigh & ~layout.maskHigh) !== 0) {
      throw new ProtocolError(`${layout.name}: a row brings a field that is not in the schema`);
    }
    let e = this.#index.get(entity);
    if (!e) {
      if (delta) throw new ProtocolError(`${layout.name}: a difference for entity ${entity}, which has no row`);
      e = this.add(entity);
    }
    if (!e.touched) {
      e.touched = true;
      e.changed = e.changedHigh = 0;
      this.#touched[this.#touchedCount++] = e;
    }
    e.changed |= mask;
    e.changedHigh |= maskHigh;
    for (let m = mask; m !== 0; m &= m - 1) this.#readField(32 - Math.clz32(m & -m), t, src, e, delta);
    for (let m = maskHigh; m !== 0; m &= m - 1) this.#readField(64 - Math.clz32(m & -m), t, src, e, delta);
  }

  #readField(number: number, t: TableReader, src: Cursor, e: Entry, delta: boolean): void {
    const p = this.layout.byNumber[number]!;
    if (p.object) e.objects[p.at] = readObject(p, t, src);
    else readCells(p, t, src, delta, this.cells, e.first + p.at);
  }

  /** How many rows the current snapshot has brought and removed. */
  get changes(): number {
    return this.#touchedCount + this.#removedCount;
  }

  /** Remembers for views what the snapshot has changed. */
  track(tick: number, base: number): void {
    const t = this.tracks;
    if (!t) return;
    for (let i = 0; i < this.#removedCount; i++) t.remove(this.#removed[i], tick);
    for (let i = 0; i < this.#touchedCount; i++) t.write(this.#touched[i], tick, base);
  }

  tellRemoved(): void {
    for (let i = 0; i < this.#removedCount; i++) {
      const e = this.#removed[i];
      if (e.told) this.#gone.call(e.row, e.entity);
      e.told = e.touched = false;
      e.track = undefined;
      if (this.#pool.length < 1024) this.#pool.push(e);
      else this.#spare.push(e.first);
    }
    this.#removedCount = 0;
  }

  tellAdded(): void {
    for (let i = 0; i < this.#touchedCount; i++) {
      const e = this.#touched[i];
      if (!e.told) {
        e.touched = false; // it is no change
        e.told = true;
        this.#added.call(e.row, e.entity);
      }
    }
  }

  tellChanged(): void {
    const n = this.#touchedCount;
    this.#touchedCount = 0;
    for (let i = 0; i < n; i++) {
      const e = this.#touched[i];
      if (e.touched) {
        e.touched = false;
        if (this.#changed.any) this.#changed.call(e.row, e.entity, e.changed, e.changedHigh);
      }
    }
  }

  /** Drops what a snapshot that was refused has left half done. */
  forget(): void {
    for (let i = 0; i < this.#touchedCount; i++) this.#touched[i].touched = false;
    this.#touchedCount = 0;
    this.release();
  }

  /** Adds the hashes of all rows, or of an entity's. */
  hash(h: StateHash, entity?: number): void {
    if (entity === undefined)
      for (const e of this.entries) h.add(this.layout, e.entity, this.cells, e.first, e.objects);
    else {
      const e = this.#index.get(entity);
      if (e) h.add(this.layout, entity, this.cells, e.first, e.objects);
    }
  }
}
