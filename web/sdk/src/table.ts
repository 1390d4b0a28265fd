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
 * The rows of a component that the client sees, as of the newest snapshot.
 *
 * Rows are reused: their values change with each snapshot, and a removed row may come
 * back as that of another entity. So keep the entity, which is a number, and not the
 * row; `{ ...row }` is a copy of its values.
 */
export interface Table<Row> extends Iterable<RowIn<Row>> {
  /** The number of rows. */
  readonly size: number;
  /** All rows, in no particular order. The array belongs to the table and changes with it. */
  readonly rows: readonly RowIn<Row>[];
  /** Returns the row of an entity, if it has one. */
  get(entity: number): RowIn<Row> | undefined;
  has(entity: number): boolean;
  /**
   * Calls fn at once for each row that is there, and later for each that is added.
   * Listeners are called after a snapshot has been applied as a whole: first for removed
   * rows, then for new ones, then for changed ones.
   *
   * The number of an entity may be reused: then its old row is removed and another one
   * added, even within one snapshot. A full snapshot removes all rows first.
   *
   * @returns a function that removes fn.
   */
  onAdd(fn: (row: RowIn<Row>, entity: number) => void): () => void;
  /**
   * Calls fn for each row that has changed. Bit n-1 of changed is set if field number n was
   * sent; for fields above 32, bit n-33 of changedHigh. See {@link Table.bit}.
   */
  onChange(fn: (row: RowIn<Row>, entity: number, changed: number, changedHigh: number) => void): () => void;
  /** Calls fn for each row that was removed, with its last values. */
  onRemove(fn: (row: RowIn<Row>, entity: number) => void): () => void;
  /** Returns the bit of a field in the masks of {@link Table.onChange}. */
  bit(field: keyof Row & string): number;
}

/** A row and its bookkeeping. */
export class Entry implements RowSource, TrackedEntry {
  entity = 0;
  /** Its index among the rows of the table. */
  slot = 0;
  readonly objects: unknown[] = [];
  /** The object that games see. */
  readonly row: RowIn<object>;
  /** Masks of the fields that the current snapshot has brought. */
  changed = 0;
  changedHigh = 0;
  /** Whether the current snapshot has brought any field. */
  touched = false;
  /** Whether the listeners of onAdd have been called. */
  told = false;
  /** Its past, if views are in use. */
  track: Track | undefined;

  constructor(
    readonly of: Rows,
    /** The index of its first cell among those of the table. */
    readonly first: number,
    make: RowMaker<RowSource>,
  ) {
    this.row = make(this) as RowIn<object>;
  }
}

/** The implementation of {@link Table}. */
export class Rows implements Table<object>, TrackedTable {
  layout: Layout;
  /** The pasts of rows, if views are in use. */
  tracks: Tracks | undefined;
  readonly entries: Entry[] = [];
  readonly rows: RowIn<object>[] = [];

  /** The cells of all rows. */
  cells: Int32Array;

  readonly #own: Component | undefined;
  readonly #index = new EntityMap<Entry>();
  readonly #touched: Entry[] = [];
  #touchedCount = 0;
  #most = 0;
  readonly #removed: Entry[] = [];
  #removedCount = 0;
  #pool: Entry[] = [];
  /** The number of cells that were handed out, and the first ones of entries that were dropped. */
  #used = 0;
  #spare: number[] = [];
  #make: RowMaker<RowSource>;

  readonly #added = new Callbacks<[RowIn<object>, number]>();
  readonly #changed = new Callbacks<[RowIn<object>, number, number, number]>();
  readonly #gone = new Callbacks<[RowIn<object>, number]>();

  /** own is the game's description of the component, if it knows it. */
  constructor(server: Component, own: Component | undefined) {
    this.#own = own;
    this.layout = new Layout(server, own);
    this.#make = rowMaker(this.layout);
    this.cells = new Int32Array(16 * this.layout.cells);
  }

  /** Adopts another server's description of the component. There must be no rows. */
  relayout(server: Component): void {
    this.layout = new Layout(server, this.#own);
    this.#make = rowMaker(this.layout);
    this.cells = new Int32Array(16 * this.layout.cells);
    this.#used = 0;
    this.#spare = [];
    this.#pool = [];
    this.release();
  }

  /** Drops the pasts of rows, until views are used again. */
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

  /** Adds a row for an entity that has none. */
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

  /** Removes the row of an entity, if it has one. */
  remove(entity: number): void {
    const e = this.#index.get(entity);
    if (!e) return;
    this.#index.delete(entity);
    // The last row takes the removed one's place.
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

  /** Reads the rows of a Table message, of which there must be at most so many then. */
  read(t: TableReader, delta: boolean, most: number): void {
    this.#most = most;
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
      if (this.entries.length >= this.#most) throw new ProtocolError(`${layout.name}: too many rows`);
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

  /** The number of rows that the current snapshot has brought or removed. */
  get changes(): number {
    return this.#touchedCount + this.#removedCount;
  }

  /** Records what the snapshot has changed, if views are in use. */
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
        e.touched = false; // new rows are not reported as changed
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

  /** Drops what is left of a snapshot that failed half way. */
  forget(): void {
    for (let i = 0; i < this.#touchedCount; i++) this.#touched[i].touched = false;
    this.#touchedCount = 0;
    this.release();
  }

  /** Adds the hashes of all rows, or that of the row of an entity. */
  hash(h: StateHash, entity?: number): void {
    if (entity === undefined)
      for (const e of this.entries) h.add(this.layout, e.entity, this.cells, e.first, e.objects);
    else {
      const e = this.#index.get(entity);
      if (e) h.add(this.layout, entity, this.cells, e.first, e.objects);
    }
  }
}
