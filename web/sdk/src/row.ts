// The objects that games see as rows. They hold no values: each field is an accessor
// that reads the row's cells. So a snapshot only writes integers into arrays, a value
// that nobody reads is never computed, and no number is allocated.

import * as Kind from './kinds.js';
import type { Layout, List, Plan } from './layout.js';
import { bigOf, numberOf } from './values.js';

/** A row of a table or view. */
export type RowIn<Row> = Readonly<Row> & { readonly entity: number };

/** What a row of a table reads from: its cells, which begin at first among those of all rows, and its objects. */
export interface RowSource {
  readonly entity: number;
  readonly of: { readonly cells: Int32Array };
  readonly first: number;
  readonly objects: readonly unknown[];
}

/** What a row of a view reads from: the sample that is shown, and values between two samples. */
export interface ViewSource {
  readonly entity: number;
  readonly slot: number;
  readonly of: {
    readonly cells: Int32Array;
    readonly objects: readonly unknown[];
    /** The sample that is shown and the values of fields that move, by slot. */
    readonly shown: Int32Array;
    readonly values: Float64Array;
  };
}

const source = Symbol('source');

/** Makes rows of one shape. */
export type RowMaker<S> = (of: S) => object;

/** Returns what makes the rows of a table. */
export function rowMaker(layout: Layout): RowMaker<RowSource> {
  return maker(layout, (p) => {
    const { at } = p;
    if (p.object) {
      const { repeated } = p;
      return function (this: { [source]: RowSource }) {
        const o = this[source].objects[at];
        return repeated ? (o as List).shown : o;
      };
    }
    const read = reader(p);
    return function (this: { [source]: RowSource }) {
      const { of, first } = this[source];
      return read(of.cells, first + at);
    };
  });
}

/** Returns what makes the rows of a view. */
export function viewRowMaker(layout: Layout): RowMaker<ViewSource> {
  const { cells, objects, moving } = layout;
  return maker(layout, (p) => {
    const { at } = p;
    if (p.object) {
      const { repeated } = p;
      return function (this: { [source]: ViewSource }) {
        const { of, slot } = this[source];
        const o = of.objects[of.shown[slot] * objects + at];
        return repeated ? (o as List).shown : o;
      };
    }
    if (p.smooth) {
      const width = moving.length;
      const k = moving.indexOf(p);
      return function (this: { [source]: ViewSource }) {
        const { of, slot } = this[source];
        return of.values[slot * width + k];
      };
    }
    const read = reader(p);
    return function (this: { [source]: ViewSource }) {
      const { of, slot } = this[source];
      return read(of.cells, of.shown[slot] * cells + at);
    };
  });
}

/** Returns the value at a part of the shorter way round from a to b, within one turn. */
export function turn(p: Plan, a: number, b: number, part: number): number {
  let d = (b - a) % p.wrap;
  if (2 * d > p.wrap) d -= p.wrap;
  else if (2 * d < -p.wrap) d += p.wrap;
  let v = (a + d * part) % p.wrap;
  if (v < 0) v += p.wrap;
  return p.min + v * p.step;
}

/** Returns what reads the value of a field from its cells. */
function reader(p: Plan): (cells: Int32Array, at: number) => unknown {
  switch (p.kind) {
    case Kind.Bool:
      return (cells, at) => cells[at] !== 0;
    case Kind.Int64:
    case Kind.Uint64:
      return (cells, at) => bigOf(p, cells, at);
  }
  return (cells, at) => numberOf(p, cells, at);
}

function maker<S extends { readonly entity: number }>(
  layout: Layout,
  getter: (p: Plan) => (this: { [source]: S }) => unknown,
): RowMaker<S> {
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

    /** Has Node print the values. */
    [Symbol.for('nodejs.util.inspect.custom')](): object {
      return { ...this };
    }
  }
  return (of) => new Row(of);
}
