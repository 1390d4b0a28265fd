// Servers that mean no good: what they send must cost a client little more than what an honest one sends.

import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { describe, expect, test } from 'vitest';

import type { Component } from '../src/game.js';
import { checkComponents } from '../src/layout.js';
import * as testschema from './gen/internal/testschema/v1/testschema.tickroom.js';
import { Bench } from './replica.js';

const components: Component[] = Object.values(testschema.components);

/** Returns a list of so many entities, one after another. */
function entities(n: number): Uint8Array {
  const w = new BinaryWriter();
  for (let i = 1; i <= n; i++) w.uint32(i);
  return w.finish();
}

/** Returns a full ServerFrame with one more field. */
function frame(field: number, bytes: Uint8Array): Uint8Array {
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).uint32(1).tag(3, WireType.Varint).bool(true);
  return w.tag(field, WireType.LengthDelimited).bytes(bytes).finish();
}

/** Returns a Table of rows without values. */
function table(component: number, rows: Uint8Array): Uint8Array {
  const w = new BinaryWriter();
  w.tag(1, WireType.Varint).uint32(component);
  return w.tag(4, WireType.LengthDelimited).bytes(rows).finish();
}

describe('a hostile server', () => {
  test('describes no more components than there can be', () => {
    const some = (n: number): Component[] => Array.from({ length: n }, (_, i) => ({ ...components[0], id: i + 1 }));
    checkComponents(some(64));
    expect(() => checkComponents(some(65))).toThrow(/65 components/);
  });

  test('removes no more than there can be', () => {
    new Bench(components).apply(frame(5, entities(1 << 18)));
    expect(() => new Bench(components).apply(frame(5, entities((1 << 18) + 1)))).toThrow(/are removed/);
  });

  test('brings no more rows than there can be, however many tables they are in', () => {
    const bench = new Bench(components);
    expect(() => bench.apply(frame(6, table(components[0].id, entities(1 << 19))))).toThrow(/too many rows/);
    expect(bench.tables[0].size).toBeLessThanOrEqual(1 << 18);
  });
});
