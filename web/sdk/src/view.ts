import type { Game, RowOf } from './game.js';
import type { Replica } from './replica.js';
import type { RowIn } from './row.js';
import type { Rows } from './table.js';
import { Tracks } from './tracks.js';

/**
 * The rows of a component as a view shows them. Like those of a table they are reused: the
 * next view changes them.
 */
export interface ViewTable<Row> extends Iterable<RowIn<Row>> {
  readonly size: number;
  /** All rows, in no particular order. The array belongs to the view and changes with the next one. */
  readonly rows: readonly RowIn<Row>[];
  get(entity: number): RowIn<Row> | undefined;
  has(entity: number): boolean;
}

/** What to draw at one moment; see {@link Room.view}. */
export interface View<G extends Game> {
  /** The tick that is shown, with a fraction; 0 before the first snapshot. */
  readonly tick: number;
  readonly tables: { readonly [K in keyof G['components']]: ViewTable<RowOf<G['components'][K]>> };
}

class TrackedRows implements ViewTable<object> {
  readonly #table: Rows;

  constructor(table: Rows) {
    this.#table = table;
  }

  get rows(): RowIn<object>[] {
    return this.#table.tracks?.rows ?? [];
  }

  get size(): number {
    return this.rows.length;
  }

  get(entity: number): RowIn<object> | undefined {
    return this.#table.tracks?.get(entity);
  }

  has(entity: number): boolean {
    return this.get(entity) !== undefined;
  }

  [Symbol.iterator](): Iterator<RowIn<object>> {
    return this.rows[Symbol.iterator]();
  }
}

/** The view of a room; each has one. */
export class RoomView {
  tick = 0;
  readonly tables: Record<string, ViewTable<object>> = {};

  readonly #own: Rows[] = [];

  constructor(tables: Readonly<Record<string, Rows>>) {
    for (const [name, t] of Object.entries(tables)) {
      this.#own.push(t);
      this.tables[name] = new TrackedRows(t);
    }
  }

  /** Moves to a tick. Returns whether any row is extrapolated beyond the newest snapshot. */
  advance(tick: number, replica: Replica, cap: number): boolean {
    let extrapolating = false;
    this.tick = tick;
    for (const t of this.#own) {
      t.tracks ??= new Tracks(t);
      t.tracks.advance(tick, replica.tick, cap);
      extrapolating ||= t.tracks.extrapolating;
    }
    return extrapolating;
  }

  /** Drops the pasts of rows, until the view is used again. */
  release(): void {
    for (const t of this.#own) t.release();
  }
}
