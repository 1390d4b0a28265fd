// Compares the encoding of messages with that of the stock runtime.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test } from 'vitest';

import { createMessage, decodeMessage, encodeMessage, type MessageType } from '../src/message.js';
import * as testschema from './gen/internal/testschema/v1/testschema.tickroom.js';
import * as pb from './gen/internal/testschema/v1/testschema_pb.js';
import { Random } from './random.js';

const move: MessageType<pb.Move> = testschema.input;

/** Returns random contents for an Everything, to some depth. */
function everything(r: Random, depth: number): Parameters<typeof create<typeof pb.EverythingSchema>>[1] {
  const bits = (): number => r.bits();
  const signed = (): number => bits() | 0;
  const wide = (): bigint => BigInt.asIntN(64, (BigInt(bits()) << 32n) | BigInt(bits()));
  const text = (): string => r.pick(['', 'a', 'Grüße 漢字 🚀']);
  const bytes = (): Uint8Array => Uint8Array.from({ length: r.int(4) }, () => r.int(256));
  const list = <T>(make: () => T): T[] => Array.from({ length: r.int(4) }, make);
  const inner = (): { name: string; kind: number; all: object[] } => ({
    name: text(),
    kind: r.int(2),
    all: depth > 0 ? list(() => everything(r, depth - 1)!) : [],
  });
  const maybe = <T>(make: () => T): T | undefined => (r.chance(0.5) ? make() : undefined);
  const all = {
    flag: r.chance(0.5),
    i32: signed(),
    s32: signed(),
    sf32: signed(),
    u32: bits(),
    f32: bits(),
    i64: wide(),
    s64: wide(),
    sf64: wide(),
    u64: BigInt.asUintN(64, wide()),
    f64: BigInt.asUintN(64, wide()),
    float: r.pick([0, -0, 1.5, NaN, Infinity]),
    double: r.pick([0, 0.1, NaN, -Infinity]),
    text: text(),
    data: bytes(),
    mood: r.int(3),
    inner: maybe(inner),
    inners: depth > 0 ? list(inner) : [],
    numbers: list(wide),
    texts: list(text),
    blobs: list(bytes),
    floats: list(() => Math.fround(r.next())),
    next: depth > 0 ? maybe(() => everything(r, depth - 1)!) : undefined,
    last: bits(),
  };
  // Some fields are left out.
  return Object.fromEntries(Object.entries(all).filter(([, v]) => v !== undefined && r.chance(0.8))) as Parameters<
    typeof create<typeof pb.EverythingSchema>
  >[1];
}

describe('messages', () => {
  test.each(Array.from({ length: 100 }, (_, i) => i))('of seed %i are those of the stock runtime', (seed) => {
    const r = new Random(seed);
    const init = { to: { x: 1.5 }, path: [{ x: 1 }, {}], everything: everything(r, 2)! };
    const stock = create(pb.MoveSchema, init);
    const made = createMessage(move, init);
    expect(made).toEqual({ ...stock });
    const bytes = encodeMessage(move, init);
    expect(Buffer.from(bytes).toString('hex')).toBe(Buffer.from(toBinary(pb.MoveSchema, stock)).toString('hex'));
    expect(decodeMessage(move, bytes)).toEqual({ ...fromBinary(pb.MoveSchema, bytes) });
  });

  test('take what protobuf allows', () => {
    const type = testschema.components && move;
    const join = (...list: Uint8Array[]): Uint8Array => Uint8Array.from(list.flatMap((b) => [...b]));
    // A message in parts is merged; a list may be packed or not; unknown fields and
    // those with another wire type are skipped.
    const part = (init: Parameters<typeof create<typeof pb.MoveSchema>>[1]): Uint8Array =>
      toBinary(pb.MoveSchema, create(pb.MoveSchema, init));
    const odd = Uint8Array.of(0xf8, 0x07, 5, 0x08, 1);
    const got = decodeMessage(
      type,
      join(part({ everything: { u32: 7, numbers: [1n] } }), odd, part({ everything: { text: 'a', numbers: [2n] } })),
    );
    expect(got.everything).toMatchObject({ u32: 7, text: 'a', numbers: [1n, 2n] });
    expect(got.to).toBeUndefined();
    // numbers (19, sint64) one by one.
    const loose = Uint8Array.of(0x1a, 6, 0x98, 0x01, 2, 0x98, 0x01, 4);
    expect(decodeMessage(type, loose).everything!.numbers).toEqual([1n, 2n]);
  });

  test('say what is wrong with them', () => {
    expect(() => encodeMessage(move, { everything: { u32: -1 } })).toThrow();
    expect(() => decodeMessage(move, Uint8Array.of(0x0a, 5))).toThrow();
  });

  test('enums have names', () => {
    expect(testschema.Mood.GOOD).toBe(1);
    expect(testschema.Mood[1]).toBe('GOOD');
    expect(testschema.Scalars_Gear[-1]).toBe('REVERSE');
  });
});
