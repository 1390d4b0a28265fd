// The objects that games see as rows. They hold no values: each field is an
// accessor that reads the row's cells, so that a snapshot writes nothing but
// integers into arrays, and what nobody asks for is never computed. Values that
// were stored as properties would be allocated one by one.

import * as Kind from './kinds.js';
import type { Layout, List, Plan } from './layout.js';
import { bigOf, numberOf } from './values.js';

/** The cells and objects of a row. */
export interface Cells {
  readonly cells: Int32Array;
  readonly objects: unknown[];
}

/** What a table's row reads. */
export interface RowSource extends Cells {
  readonly entity: number;
}

/** What a view's row reads: fields that move lie between two states, if to is there. */
export interface ViewSource {
  readonly entity: number;
  readonly shown: Cells;
  readonly from: Cells;
  readonly to: Cells | undefined;
  /** Which part of the way from one to the other; beyond 1 it goes on. */
  readonly part: number;
}

const source = Symbol('source');

/** Makes rows of one shape. */
export type RowMaker<S> = (of: S) => object;

/** Makes rows that show what is in a table. */
export function rowMaker(layout: Layout): RowMaker<RowSource> {
  return maker(layout, (p) => {
    const at = p.at;
    const read = reader(p);
    if (read === undefined) {
      return function (this: { [source]: RowSource }) {
        return numberOf(p, this[source].cells, at);
      };
    }
    return function (this: { [source]: RowSource }) {
      return read(this[source]);
    };
  });
}

/** Makes rows that show what is between two states of a table. */
export function viewRowMaker(layout: Layout): RowMaker<ViewSource> {
  return maker(layout, (p) => {
    const at = p.at;
    const read = reader(p);
    if (read !== undefined) {
      return function (this: { [source]: ViewSource }) {
        return read(this[source].shown);
      };
    }
    if (!p.smooth) {
      return function (this: { [source]: ViewSource }) {
        return numberOf(p, this[source].shown.cells, at);
      };
    }
    if (p.wrap !== 0) {
      return function (this: { [source]: ViewSource }) {
        const { from, to, part } = this[source];
        return to === undefined ? numberOf(p, from.cells, at) : turn(p, from.cells[at], to.cells[at], part);
      };
    }
    return function (this: { [source]: ViewSource }) {
      const { from, to, part } = this[source];
      const a = numberOf(p, from.cells, at);
      if (to === undefined) return a;
      const v = a + (numberOf(p, to.cells, at) - a) * part;
      // Between what is infinite, or not a number, there is nothing.
      return Number.isFinite(v) ? v : part < 1 ? a : numberOf(p, to.cells, at);
    };
  });
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

/** How the value of a field is read that is no number; undefined for numbers. */
function reader(p: Plan): ((s: Cells) => unknown) | undefined {
  const { at } = p;
  if (p.repeated) return (s) => (s.objects[at] as List).shown;
  switch (p.kind) {
    case Kind.String:
    case Kind.Bytes:
      return (s) => s.objects[at];
    case Kind.Bool:
      return (s) => s.cells[at] !== 0;
    case Kind.Int64:
    case Kind.Uint64:
      return (s) => bigOf(p, s.cells, at);
  }
  return undefined;
}

function maker<S extends { readonly entity: number }>(layout: Layout, getter: (p: Plan) => (this: { [source]: S }) => unknown): RowMaker<S> {
  const accessors: PropertyDescriptorMap = {
    entity: {
      enumerable: true,
      get(this: { [source]: S }) {
        return this[source].entity;
      },
    },
  };
  for (const p of layout.shown) accessors[p.key] = { enumerable: true, get: getter(p) };
  class Row {
    constructor(of: S) {
      Object.defineProperty(this, source, { value: of });
      Object.defineProperties(this, accessors);
    }

    /** What Node prints. */
    [Symbol.for('nodejs.util.inspect.custom')](): object {
      return { ...this };
    }
  }
  return (of) => new Row(of);
}
