// Between the bytes of a table, cells and what rows show.

import * as Kind from './kinds.js';
import { emptyList, type List, type Plan } from './layout.js';
import type { Cursor } from './wire/cursor.js';
import type { TableReader } from './wire/fields.js';
import { decodeText } from './wire/text.js';

const ints = new Int32Array(2);
const float = new Float32Array(ints.buffer, 0, 1);
const double = new Float64Array(ints.buffer);
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export function floatOf(bits: number): number {
  ints[0] = bits;
  return float[0];
}

export function doubleOf(low: number, high: number): number {
  ints[littleEndian ? 0 : 1] = low;
  ints[littleEndian ? 1 : 0] = high;
  return double[0];
}

function bigOf(low: number, high: number, unsigned: boolean): bigint {
  const v = (BigInt(high) << 32n) | BigInt(low >>> 0);
  return unsigned ? BigInt.asUintN(64, v) : v;
}

/** Reads the next value of a field into its cells. src is the list of its row. */
export function readCells(p: Plan, t: TableReader, src: Cursor, delta: boolean, cells: Int32Array, at: number): void {
  at += p.at;
  switch (p.kind) {
    case Kind.Bool:
      cells[at] = src.int32();
      return;
    case Kind.Int64:
    case Kind.Uint64: {
      const w = t.wide;
      w.sint64();
      if (!delta) {
        cells[at] = w.low;
        cells[at + 1] = w.high;
        return;
      }
      const low = (cells[at] >>> 0) + (w.low >>> 0);
      cells[at] = low;
      cells[at + 1] += w.high + (low > 0xffffffff ? 1 : 0);
      return;
    }
    case Kind.Float:
      cells[at] = t.floats.fixed32();
      return;
    case Kind.Double:
      t.doubles.fixed64();
      cells[at] = t.doubles.low;
      cells[at + 1] = t.doubles.high;
      return;
  }
  if (!delta) cells[at] = p.signed ? src.sint32() : src.int32();
  else if (p.wrap !== 0) {
    const v = ((cells[at] >>> 0) + src.sint32()) % p.wrap;
    cells[at] = v < 0 ? v + p.wrap : v;
  } else cells[at] += src.sint32();
}

const scratch = new Int32Array(2);

/** Reads the next value of a field that is an object. before is what it was. */
export function readObject(p: Plan, t: TableReader, src: Cursor): unknown {
  if (!p.repeated) return p.kind === Kind.String ? readString(t) : readBytes(t);
  const n = src.uint32();
  if (n === 0) return emptyList;
  const raw: number[] = [];
  const shown: unknown[] = [];
  for (let i = 0; i < n; i++) {
    switch (p.kind) {
      case Kind.String:
        shown.push(readString(t));
        break;
      case Kind.Bytes:
        shown.push(readBytes(t));
        break;
      default:
        readCells(p, t, src, false, scratch, -p.at);
        raw.push(scratch[0]);
        if (p.kind === Kind.Int64 || p.kind === Kind.Uint64 || p.kind === Kind.Double) raw.push(scratch[1]);
        shown.push(valueOf(p, scratch, -p.at));
    }
  }
  return { raw, shown } satisfies List;
}

function readString(t: TableReader): string {
  const i = t.nextString();
  return decodeText(t.source, t.start(9, i), t.end(9, i));
}

function readBytes(t: TableReader): Uint8Array {
  return t.part(10, t.nextBlob()).slice();
}

/** What rows show of a field's cells. */
function valueOf(p: Plan, cells: Int32Array, at: number): number | boolean | bigint {
  at += p.at;
  switch (p.kind) {
    case Kind.Bool:
      return cells[at] !== 0;
    case Kind.Int64:
    case Kind.Uint64:
      return bigOf(cells[at], cells[at + 1], p.kind === Kind.Uint64);
    default:
      return numberOf(p, cells, at - p.at);
  }
}

/** What rows show of a field that is a number. */
export function numberOf(p: Plan, cells: Int32Array, at: number): number {
  at += p.at;
  switch (p.kind) {
    case Kind.Float:
      return floatOf(cells[at]);
    case Kind.Double:
      return doubleOf(cells[at], cells[at + 1]);
  }
  const v = p.signed ? cells[at] : cells[at] >>> 0;
  return p.kind === Kind.Quantised ? p.min + v * p.step : v;
}

/** Writes what a row shows of a field from its cells and objects. */
export function show(row: Record<string, unknown>, p: Plan, cells: Int32Array, at: number, objects: readonly unknown[], objectAt: number): void {
  if (p.repeated) {
    row[p.key] = (objects[objectAt + p.at] as List).shown;
    return;
  }
  switch (p.kind) {
    case Kind.String:
    case Kind.Bytes:
      row[p.key] = objects[objectAt + p.at];
      return;
    case Kind.Bool:
    case Kind.Int64:
    case Kind.Uint64:
      row[p.key] = valueOf(p, cells, at);
      return;
    default:
      row[p.key] = numberOf(p, cells, at);
  }
}
