// Compares the decoder with a naive one that uses the stock runtime, on random frames.

import { BinaryReader } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';

import { ProtocolError } from '../src/errors.js';
import * as testschema from './gen/internal/testschema/v1/testschema.tickroom.js';
import { Naive, type Row, type Value } from './naive.js';
import { Random } from './random.js';
import { Bench, isZero, raw } from './replica.js';
import { World } from './world.js';

const components = Object.values(testschema.components);

/** Returns what a replica holds, in the form of Naive. */
function content(b: Bench): Map<string, Row> {
  const rows = new Map<string, Row>();
  for (const t of b.tables) {
    for (const e of t.entries) {
      const row: Row = new Map();
      for (const p of t.layout.plans) {
        const value = (v: unknown): bigint | string => {
          if (typeof v === 'number') return BigInt(v);
          if (p.kind === 10 || p.kind === 11) return v as string;
          if (p.kind === 8 || p.kind === 9) return BigInt(`0x${v as string}`);
          return BigInt.asIntN(64, BigInt(v as string));
        };
        const v = raw(e, p);
        if (!isZero(v)) row.set(p.number, Array.isArray(v) ? v.map(value) : (value(v) as Value));
      }
      rows.set(`${t.layout.id} ${e.entity}`, row);
    }
  }
  return rows;
}

describe('random frames', () => {
  test.each(Array.from({ length: 12 }, (_, seed) => seed))('of seed %i leave the same rows', (seed) => {
    const world = new World(components, new Random(seed));
    const naive = new Naive(components);
    const bench = new Bench(components);
    for (let i = 0; i < 40; i++) {
      const frame = world.step();
      naive.apply(frame);
      bench.apply(frame);
      expect(naive.rows).toEqual(world.rows);
      expect(content(bench)).toEqual(naive.rows);
      expect(bench.replica.hash()).toBe(naive.hash());
      expect(bench.replica.tick).toBe(world.tick);
    }
  });

  test('rows show what is held', () => {
    const world = new World(components, new Random(1000));
    const bench = new Bench(components);
    const seen = new Set<string>();
    for (let i = 0; i < 120; i++) {
      bench.apply(world.step());
      if (i % 10 !== 9) continue;
      for (const t of bench.tables) {
        const fields = components.find((c) => c.id === t.layout.id)!.fields;
        for (const row of t as Iterable<Record<string, unknown>>) {
          for (const f of fields) {
            const held =
              world.rows.get(`${t.layout.id} ${row.entity as number}`)!.get(f.number) ??
              (f.repeated ? [] : f.kind === 10 || f.kind === 11 ? '' : 0n);
            const show = (v: bigint | string): unknown => {
              const view = new DataView(new ArrayBuffer(8));
              switch (f.kind) {
                case 3:
                  return v !== 0n;
                case 5:
                  return f.min + Number(v) * f.step;
                case 6:
                  return v;
                case 7:
                  return BigInt.asUintN(64, v as bigint);
                case 8:
                  view.setUint32(0, Number(v));
                  return view.getFloat32(0);
                case 9:
                  view.setBigUint64(0, v as bigint);
                  return view.getFloat64(0);
                case 10:
                  return v;
                case 11:
                  return Uint8Array.from(Buffer.from(v as string, 'hex'));
              }
              return Number(v);
            };
            expect(row[f.key], `${t.layout.name}.${f.key}`).toEqual(Array.isArray(held) ? held.map(show) : show(held));
            seen.add(`${t.layout.name}.${f.key}`);
          }
        }
      }
    }
    expect(seen.size).toBe(components.reduce((n, c) => n + c.fields.length, 0));
  });
});

describe('broken frames', () => {
  test.each(Array.from({ length: 20 }, (_, seed) => seed))(
    'of seed %i are refused, or mean what they mean to the stock runtime',
    (seed) => {
      const random = new Random(0x1000 + seed);
      const world = new World(components, random);
      const good: Uint8Array[] = [];
      for (let i = 0; i < 15; i++) good.push(world.step());
      for (let i = 0; i < 60; i++) {
        const bench = new Bench(components);
        const naive = new Naive(components);
        const at = 1 + random.int(good.length - 1);
        for (const f of good.slice(0, at)) {
          bench.apply(f);
          naive.apply(f);
        }
        const broken = mutate(good[at], random);
        let refused: unknown;
        try {
          // Without a snapshot the tables are not read.
          if (!bench.apply(broken)) continue;
          bench.decodeRest();
        } catch (err) {
          // The small messages are read by the runtime, which has its own errors.
          if (!(err instanceof ProtocolError)) expect(() => bench.decodeRest()).toThrow();
          refused = err;
        }
        if (hasOddTypes(broken)) continue;
        try {
          naive.apply(broken);
        } catch (err) {
          expect(
            refused,
            `the stock runtime refuses ${Buffer.from(broken).toString('hex')}: ${String(err)}`,
          ).toBeDefined();
          continue;
        }
        if (refused !== undefined) continue; // stricter is allowed; see the vectors
        expect(content(bench), Buffer.from(broken).toString('hex')).toEqual(naive.rows);
      }
    },
  );
});

/**
 * Returns whether a known field has the wrong wire type. By the protocol, and by protobuf
 * in general, such fields are skipped; the stock runtime reads them as if they were
 * right.
 */
function hasOddTypes(frame: Uint8Array): boolean {
  const odd = (b: Uint8Array, types: readonly string[], table?: readonly string[]): boolean => {
    const r = new BinaryReader(b);
    while (r.pos < r.len) {
      const [n, type] = r.tag();
      if (types[n] !== undefined && !types[n].includes(String(type))) return true;
      const start = r.pos;
      r.skip(type, n);
      const isTable = n === 6 || n === 7;
      if (table && isTable) {
        const inner = new BinaryReader(b.subarray(start, r.pos)).bytes();
        if (odd(inner, table)) return true;
      }
    }
    return false;
  };
  try {
    return odd(
      frame,
      ['', '0', '0', '0', '0', '02', '2', '2', '2', '1', '2', '2', '2', '2'],
      ['', '0', '0', '0', '02', '02', '02', '52', '12', '2', '2', '02'],
    );
  } catch {
    return false; // both have to refuse it
  }
}

function mutate(frame: Uint8Array, random: Random): Uint8Array {
  const b = Array.from(frame);
  for (let n = 1 + random.int(3); n > 0; n--) {
    const at = random.int(b.length);
    switch (random.int(5)) {
      case 0:
        b[at] = random.int(256);
        break;
      case 1:
        b[at] ^= 1 << random.int(8);
        break;
      case 2:
        b.splice(at, 1 + random.int(4));
        break;
      case 3:
        b.splice(at, 0, ...Array.from({ length: 1 + random.int(4) }, () => random.int(256)));
        break;
      default:
        b.length = at;
    }
    if (b.length === 0) break;
  }
  return Uint8Array.from(b);
}
