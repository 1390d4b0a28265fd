import { ProtocolError } from './errors.js';
import type { Component } from './game.js';
import { StateHash } from './hash.js';
import { Rows } from './table.js';
import { Cursor } from './wire/cursor.js';
import { type Fields, TableReader } from './wire/fields.js';
import * as Frame from './wire/serverframe.js';

/** The most rows that a client holds, of all components together. */
const maxRows = 1 << 18;

/** An exact copy of what the client may see of a room. */
export class Replica {
  /** The tick of the last snapshot; 0 before the first. */
  tick = 0;
  /** The number of rows that the last snapshot has brought or removed. */
  changes = 0;
  /** The number of rows that are held. */
  rows = 0;
  /** All tables, those that the game does not know included. */
  tables: Rows[] = [];

  readonly #known: Rows[] = [];
  #byId = new Map<number, Rows>();
  readonly #reader = new TableReader();
  readonly #cursor = new Cursor();
  readonly #sum = new StateHash();

  /** Makes the table of a component of the game. It stays the same when the server's schema changes. */
  own(c: Component): Rows {
    const t = new Rows(c, c);
    this.#known.push(t);
    this.tables.push(t);
    this.#byId.set(c.id, t);
    return t;
  }

  /** Adopts a server's description of the components. There must be no rows. */
  relayout(server: readonly Component[]): void {
    this.#byId = new Map();
    this.tables = server.map((c) => {
      let t = this.#known.find((t) => t.layout.id === c.id);
      if (t) t.relayout(c);
      else t = new Rows(c, undefined);
      this.#byId.set(c.id, t);
      return t;
    });
  }

  /** Removes all rows, and calls the listeners. */
  reset(): void {
    for (const t of this.tables) {
      t.forget();
      t.clear();
    }
    this.tick = 0;
    this.tell();
  }

  /**
   * Applies the snapshot of a ServerFrame that has one. Listeners are called by
   * {@link Replica.tell}.
   *
   * @returns the number of ticks that the snapshot brings the client on.
   * @throws ProtocolError, and then the rows are not to be used until the next reset.
   */
  apply(f: Fields, bytes: Uint8Array, view: DataView): number {
    try {
      return this.#apply(f, bytes, view);
    } catch (err) {
      for (const t of this.tables) t.forget();
      throw err;
    }
  }

  #apply(f: Fields, bytes: Uint8Array, view: DataView): number {
    const tick = f.last[Frame.Tick];
    const skip = f.last[Frame.Skip];
    const full = f.truth(Frame.Full);
    if (!full && (tick - 1 - skip !== this.tick || skip >= tick)) {
      throw new ProtocolError(`tick ${tick} builds on ${tick - 1 - skip}, not ${this.tick}`);
    }
    // A later tick that was shown is no past of an earlier one.
    if (tick < this.tick) for (const t of this.tables) t.release();
    if (full) for (const t of this.tables) t.clear();
    const c = this.#cursor;
    f.open(Frame.Removed, c);
    for (let n = 0; c.more; n++) {
      if (n === maxRows) throw new ProtocolError(`more than ${maxRows} entities are removed`);
      const entity = c.uint32();
      for (const t of this.tables) t.remove(entity);
    }
    const reader = this.#reader;
    for (let i = 0; i < f.count[Frame.Absolute]; i++) {
      const t = this.#open(f, Frame.Absolute, i, bytes, view);
      while (reader.removed.more) t.remove(reader.removed.uint32());
    }
    // Counted while they come: the memory of rows is many times that of what brings them.
    let held = 0;
    for (const t of this.tables) held += t.size;
    for (let i = 0; i < f.count[Frame.Absolute]; i++) {
      const t = this.#open(f, Frame.Absolute, i, bytes, view);
      held -= t.size;
      t.read(reader, false, maxRows - held);
      held += t.size;
    }
    for (let i = 0; i < f.count[Frame.Delta]; i++)
      this.#open(f, Frame.Delta, i, bytes, view).read(reader, true, maxRows);
    this.rows = 0;
    this.changes = 0;
    for (const t of this.tables) {
      this.rows += t.size;
      this.changes += t.changes;
      t.track(tick, full ? tick : this.tick);
    }
    this.tick = tick;
    return full ? 1 : skip + 1;
  }

  /** Calls the listeners for what the last snapshot has changed. */
  tell(): void {
    for (const t of this.tables) t.tellRemoved();
    for (const t of this.tables) t.tellAdded();
    for (const t of this.tables) t.tellChanged();
  }

  /** Returns the state hash of all rows, or of those of an entity. */
  hash(entity?: number): bigint {
    this.#sum.reset();
    for (const t of this.tables) t.hash(this.#sum, entity);
    return this.#sum.value;
  }

  #open(f: Fields, field: number, i: number, bytes: Uint8Array, view: DataView): Rows {
    this.#reader.scan(bytes, view, f.start(field, i), f.end(field, i));
    const t = this.#byId.get(this.#reader.component);
    if (!t) throw new ProtocolError(`component ${this.#reader.component} is not in the schema`);
    return t;
  }
}
