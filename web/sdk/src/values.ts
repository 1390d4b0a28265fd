// Reads the values of a Table message into the cells and objects of a row, and from there.

import * as Kind from './kinds.js';
import { emptyList, type List, type Plan } from './layout.js';
import type { Cursor } from './wire/cursor.js';
import type { TableReader } from './wire/fields.js';
import { decodeText } from './wire/text.js';

const ints = new Int32Array(2);
const float = new Float32Array(ints.buffer, 0, 1);
const double = new Float64Array(ints.buffer);
const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/** Reads the next value of a field into its cells. src is at the list that holds its row. */
export function readCells(p: Plan, t: TableReader, src: Cursor, delta: boolean, cells: Int32Array, at: number): void {
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

/** Reads and returns the next value of a field that is an object. */
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
        readCells(p, t, src, false, scratch, 0);
        raw.push(scratch[0]);
        if (p.wide) raw.push(scratch[1]);
        shown.push(
          p.kind === Kind.Bool
            ? scratch[0] !== 0
            : p.wide && p.kind !== Kind.Double
              ? bigOf(p, scratch, 0)
              : numberOf(p, scratch, 0),
        );
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

/** Returns the value of a 64-bit integer field. */
export function bigOf(p: Plan, cells: Int32Array, at: number): bigint {
  const v = (BigInt(cells[at + 1]) << 32n) | BigInt(cells[at] >>> 0);
  return p.kind === Kind.Uint64 ? BigInt.asUintN(64, v) : v;
}

/** Returns the value of any other field that is a number. */
export function numberOf(p: Plan, cells: Int32Array, at: number): number {
  if (p.kind === Kind.Float) {
    ints[0] = cells[at];
    return float[0];
  }
  if (p.kind === Kind.Double) {
    ints[littleEndian ? 0 : 1] = cells[at];
    ints[littleEndian ? 1 : 0] = cells[at + 1];
    return double[0];
  }
  return p.min + (p.signed ? cells[at] : cells[at] >>> 0) * p.step;
}
