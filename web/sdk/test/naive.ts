// A client written the obvious way from docs/protocol.md, with the stock runtime, to
// compare the library with. Rows are maps from the number of a field to its raw value;
// zeros are left out.

import { fromBinary } from '@bufbuild/protobuf';
import { configureTextEncoding } from '@bufbuild/protobuf/wire';

import type { Component, Field } from '../src/game.js';
import { type ServerFrame, ServerFrameSchema, type Table } from '../src/gen/tickroom/v1/frame_pb.js';

// The runtime's own decoder drops byte order marks, which count in hashes, and repairs
// what is not UTF-8.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
configureTextEncoding({
  encodeUtf8: (text) => new TextEncoder().encode(text),
  decodeUtf8: (bytes) => utf8.decode(bytes),
  checkUtf8: () => true,
});

/** Integers are bigints, floats their bits, texts strings, bytes hex; lists are lists of these. */
export type Value = bigint | string | (bigint | string)[];
export type Row = Map<number, Value>;

export const signed = (f: Field): boolean =>
  f.kind === 2 || f.kind === 4 || (f.kind === 5 && f.wrapSteps === 0 && f.max <= f.min);
const unzigzag = (u: number): bigint => BigInt.asIntN(32, BigInt(u >>> 1) ^ -BigInt(u & 1));

export function bitsOf(kind: number, v: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  if (kind === 8) {
    view.setFloat32(0, v);
    return BigInt(view.getUint32(0));
  }
  view.setFloat64(0, v);
  return view.getBigUint64(0);
}

export class Naive {
  tick = 0;
  /** The rows by "component entity". */
  rows = new Map<string, Row>();

  constructor(readonly components: readonly Component[]) {}

  apply(bytes: Uint8Array): ServerFrame {
    const f = fromBinary(ServerFrameSchema, bytes);
    if (f.tick === 0) return f;
    if (f.full) this.rows.clear();
    else if (f.skip >= f.tick || f.tick - 1 - f.skip !== this.tick) throw new Error('it does not build on our tick');
    for (const e of f.removed) for (const c of this.components) this.rows.delete(`${c.id} ${e}`);
    for (const t of f.set) {
      this.#component(t);
      for (const e of t.removed) this.rows.delete(`${t.component} ${e}`);
    }
    for (const t of f.set) this.#table(t, false);
    for (const t of f.delta) this.#table(t, true);
    this.tick = f.tick;
    return f;
  }

  #component(t: Table): Component {
    const c = this.components.find((c) => c.id === t.component);
    if (!c) throw new Error('no such component');
    return c;
  }

  #table(t: Table, delta: boolean): void {
    const c = this.#component(t);
    const take = <T>(list: T[]): T => {
      if (list.length === 0) throw new Error('a list is too short');
      return list.shift()!;
    };
    const one = (f: Field, list: number[], before: Value | undefined, delta: boolean): bigint | string => {
      const was = typeof before === 'bigint' ? before : 0n;
      switch (f.kind) {
        case 6:
        case 7:
          return BigInt.asIntN(64, take(t.wide) + (delta ? was : 0n));
        case 8:
          return bitsOf(8, take(t.floats));
        case 9:
          return bitsOf(9, take(t.doubles));
        case 10:
          return take(t.strings);
        case 11:
          return Buffer.from(take(t.blobs)).toString('hex');
      }
      const u = take(list);
      if (f.kind === 3 || (!delta && !signed(f))) return BigInt(u);
      if (!delta) return unzigzag(u);
      const sum = was + unzigzag(u);
      if (f.wrapSteps > 0) return ((sum % BigInt(f.wrapSteps)) + BigInt(f.wrapSteps)) % BigInt(f.wrapSteps);
      return signed(f) ? BigInt.asIntN(32, sum) : BigInt.asUintN(32, sum);
    };
    const row = (list: number[], mask: bigint): void => {
      const key = `${c.id} ${take(list)}`;
      let r = this.rows.get(key);
      if (!r) {
        if (delta) throw new Error('a difference for no row');
        r = new Map();
        this.rows.set(key, r);
      }
      for (let n = 1; n <= 64; n++) {
        if (((mask >> BigInt(n - 1)) & 1n) === 0n) continue;
        const f = c.fields.find((f) => f.number === n);
        if (!f) throw new Error('no such field');
        let v: Value;
        if (f.repeated) {
          v = [];
          for (let k = take(list); k > 0; k--) v.push(one(f, list, undefined, false));
        } else v = one(f, list, r.get(n), delta);
        if (v === 0n || v === '' || (v as unknown[]).length === 0) r.delete(n);
        else r.set(n, v);
      }
    };
    while (t.rows.length > 0) row(t.rows, BigInt(t.mask) | (BigInt(t.maskHigh) << 32n));
    while (t.mixed.length > 0) {
      const mask = BigInt(take(t.mixed));
      row(t.mixed, mask);
    }
    if (t.wide.length + t.floats.length + t.doubles.length + t.strings.length + t.blobs.length > 0)
      throw new Error('values are left over');
  }

  /** Returns the state hash, as docs/protocol.md defines it. */
  hash(): bigint {
    const u32 = (v: bigint): bigint => BigInt.asUintN(32, v);
    const rotl = (x: bigint, n: bigint): bigint => u32((x << n) | (x >> (32n - n)));
    const murmur = (seed: bigint, words: bigint[]): bigint => {
      let h = seed;
      for (const w of words) {
        h ^= u32(rotl(u32(w * 0xcc9e2d51n), 15n) * 0x1b873593n);
        h = u32(rotl(h, 13n) * 5n + 0xe6546b64n);
      }
      h ^= BigInt(4 * words.length);
      h = u32((h ^ (h >> 16n)) * 0x85ebca6bn);
      h = u32((h ^ (h >> 13n)) * 0xc2b2ae35n);
      return h ^ (h >> 16n);
    };
    const wordsOf = (f: Field, v: bigint | string): bigint[] => {
      if (typeof v === 'bigint')
        return f.kind === 6 || f.kind === 7 || f.kind === 9 ? [u32(v), u32(v >> 32n)] : [u32(v)];
      const b = f.kind === 10 ? Buffer.from(v, 'utf8') : Buffer.from(v, 'hex');
      const words = [BigInt(b.length)];
      for (let i = 0; i < b.length; i += 4) {
        let w = 0n;
        for (let k = 0; k < 4 && i + k < b.length; k++) w |= BigInt(b[i + k]) << BigInt(8 * k);
        words.push(w);
      }
      return words;
    };
    let low = 0n;
    let high = 0n;
    for (const [key, row] of this.rows) {
      const [component, entity] = key.split(' ');
      const words = [BigInt(component), BigInt(entity)];
      for (const f of this.components.find((c) => c.id === Number(component))!.fields) {
        const v = row.get(f.number);
        if (v === undefined) continue;
        words.push(BigInt(f.number));
        for (const item of Array.isArray(v) ? v : [v]) words.push(...wordsOf(f, item));
      }
      low += murmur(0x9747b28cn, words);
      high += murmur(0x1b873593n, words);
    }
    return (u32(high) << 32n) | u32(low);
  }
}
