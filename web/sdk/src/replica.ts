import { ProtocolError } from './errors.js';
import type { Component } from './game.js';
import { StateHash } from './hash.js';
import { Rows } from './table.js';
import { Cursor } from './wire/cursor.js';
import type { Frame, Spans } from './wire/frame.js';
import { TableReader } from './wire/table.js';

/** The most rows that a client holds, all components together. */
const maxRows = 1 << 18;

/** An exact copy of what the client may see of a room. */
export class Replica {
  /** The tick that the rows are of; 0: there was no snapshot yet. */
  tick = 0;
  /** Rows that the last snapshot has brought or removed. */
  changes = 0;
  /** Rows that are held. */
  rows = 0;
  /** All tables, also those that the game doesn't know. */
  tables: Rows[] = [];

  private readonly known: Rows[] = [];
  private byId = new Map<number, Rows>();
  private readonly reader = new TableReader();
  private readonly cursor = new Cursor();
  private readonly sum = new StateHash();

  /** The table of a component of the game; stays the same when the schema changes. */
  own(c: Component): Rows {
    const t = new Rows(c, c);
    this.known.push(t);
    this.tables.push(t);
    this.byId.set(c.id, t);
    return t;
  }

  /** Takes over a server's description of the components. There must be no rows. */
  relayout(server: readonly Component[]): void {
    this.byId = new Map();
    this.tables = server.map((c) => {
      let t = this.known.find((t) => t.layout.id === c.id);
      if (t) t.relayout(c);
      else t = new Rows(c, undefined);
      this.byId.set(c.id, t);
      return t;
    });
  }

  /** Drops all rows, and tells of it. */
  reset(): void {
    for (const t of this.tables) {
      t.forget();
      t.clear();
      t.tracks = undefined;
    }
    this.tick = 0;
    this.tell();
  }

  /** Applies the snapshot of a frame, of which bytes are the bytes. Nobody is told yet. */
  apply(f: Frame, bytes: Uint8Array, view: DataView): void {
    if (!f.full && (f.base !== this.tick || f.skip >= f.tick)) {
      throw new ProtocolError(`snapshot ${f.tick} builds on tick ${f.base}, and the client is at ${this.tick}`);
    }
    if (f.full) for (const t of this.tables) t.clear();
    const c = this.cursor;
    for (let i = 0; i < f.removed.count; i++) {
      c.reset(bytes, view, f.removed.start(i), f.removed.end(i));
      while (c.pos < c.end) {
        const entity = c.uint32();
        for (const t of this.tables) t.remove(entity);
      }
    }
    for (let i = 0; i < f.set.count; i++) {
      const t = this.open(f.set, i, bytes, view);
      const { removed } = this.reader;
      while (removed.pos < removed.end) t.remove(removed.uint32());
    }
    for (let i = 0; i < f.set.count; i++) this.open(f.set, i, bytes, view).read(this.reader, false);
    for (let i = 0; i < f.delta.count; i++) this.open(f.delta, i, bytes, view).read(this.reader, true);
    this.rows = 0;
    this.changes = 0;
    for (const t of this.tables) {
      this.rows += t.size;
      this.changes += t.changes;
      t.track(f.tick, f.full ? f.tick : f.base);
    }
    if (this.rows > maxRows) throw new ProtocolError(`more than ${maxRows} rows`);
    this.tick = f.tick;
  }

  /** Calls the functions that want to know of the last snapshot. */
  tell(): void {
    for (const t of this.tables) t.tellRemoved();
    for (const t of this.tables) t.tellAdded();
    for (const t of this.tables) t.tellChanged();
  }

  /** The state hash of all rows, or of an entity's. The object is used again. */
  hash(entity?: number): StateHash {
    this.sum.reset();
    for (const t of this.tables) {
      if (entity === undefined) t.hash(this.sum);
      else t.hashOne(this.sum, entity);
    }
    return this.sum;
  }

  private open(list: Spans, i: number, bytes: Uint8Array, view: DataView): Rows {
    this.reader.parse(bytes, view, list.start(i), list.end(i));
    const t = this.byId.get(this.reader.component);
    if (!t) throw new ProtocolError(`component ${this.reader.component} is not in the schema`);
    return t;
  }
}
