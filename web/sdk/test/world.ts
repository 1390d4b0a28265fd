// A random world, and frames that describe it in all the forms that a server may use.

import { create, toBinary } from '@bufbuild/protobuf';

import type { Component, Field } from '../src/game.js';
import { ServerFrameSchema, type Table, TableSchema } from '../src/gen/tickroom/v1/frame_pb.js';
import { bitsOf, type Row, signed, type Value } from './naive.js';
import type { Random } from './random.js';

const zigzag = (v: bigint): number =>
  Number(BigInt.asUintN(32, (BigInt.asIntN(32, v) << 1n) ^ (BigInt.asIntN(32, v) >> 31n)));
const texts = ['', 'x', 'Grüße', '漢字', '🚀🚀', '\ufeffbom', '\0', 'a long one, longer than one word of a hash'];

export class World {
  tick = 0;
  /** The rows that the client has to hold, by "component entity". */
  rows = new Map<string, Row>();

  readonly #components: readonly Component[];
  readonly #random: Random;

  constructor(components: readonly Component[], random: Random) {
    this.#components = components;
    this.#random = random;
  }

  /** Changes the world, and returns the frame that brings the client there. */
  step(): Uint8Array {
    const r = this.#random;
    const full = this.tick === 0 || r.chance(0.05);
    const skip = !full && r.chance(0.2) ? r.int(5) : 0;
    this.tick += skip + 1;
    const frame = create(ServerFrameSchema, { tick: this.tick, skip, full });
    const before = full ? new Map<string, Row>() : this.rows;
    const after = new Map([...before].map(([key, row]) => [key, new Map(row)]));
    for (let n = r.int(4); n > 0; n--) {
      const entity = this.#entity();
      frame.removed.push(entity);
      for (const c of this.#components) after.delete(`${c.id} ${entity}`);
    }
    for (let n = r.int(6); n > 0; n--) {
      const c = r.pick(this.#components);
      const t = create(TableSchema, { component: c.id });
      if (r.chance(0.2)) {
        const entity = this.#entity();
        t.removed.push(entity);
        after.delete(`${c.id} ${entity}`);
      }
      frame.set.push(t);
    }
    // All removals precede all rows.
    for (const t of frame.set) this.#fill(t, after, undefined);
    if (skip === 0 && !full) {
      for (let n = r.int(6); n > 0; n--) {
        const t = create(TableSchema, { component: r.pick(this.#components).id });
        if (this.#fill(t, after, after)) frame.delta.push(t);
      }
    }
    this.rows = after;
    return toBinary(ServerFrameSchema, frame);
  }

  #entity(): number {
    return this.#random.chance(0.02) ? this.#random.bits() : 1 + this.#random.int(12);
  }

  /** Adds random rows to a table: for differences, of entities that have one. */
  #fill(t: Table, rows: Map<string, Row>, there: Map<string, Row> | undefined): boolean {
    const r = this.#random;
    const c = this.#components.find((c) => c.id === t.component)!;
    const entities = there
      ? [...there.keys()].filter((k) => k.startsWith(`${c.id} `)).map((k) => Number(k.split(' ')[1]))
      : [];
    if (there && entities.length === 0) return false;
    const mask = this.#mask(c, false);
    t.mask = Number(mask & 0xffffffffn);
    t.maskHigh = Number(mask >> 32n);
    for (let n = r.int(4); n > 0; n--) this.#row(t, t.rows, c, mask, rows, there && r.pick(entities));
    for (let n = r.int(4); n > 0; n--) {
      const mask = this.#mask(c, true);
      t.mixed.push(Number(mask));
      this.#row(t, t.mixed, c, mask, rows, there && r.pick(entities));
    }
    return true;
  }

  #mask(c: Component, low: boolean): bigint {
    let mask = 0n;
    for (const f of c.fields)
      if ((!low || f.number <= 32) && this.#random.chance(0.4)) mask |= 1n << BigInt(f.number - 1);
    return mask;
  }

  #row(t: Table, list: number[], c: Component, mask: bigint, rows: Map<string, Row>, known: number | undefined): void {
    const entity = known ?? this.#entity();
    const key = `${c.id} ${entity}`;
    let row = rows.get(key);
    if (!row) rows.set(key, (row = new Map()));
    list.push(entity);
    for (const f of c.fields) {
      if (((mask >> BigInt(f.number - 1)) & 1n) === 0n) continue;
      if (!f.repeated) {
        this.#put(f, t, list, row.get(f.number), known !== undefined, (v) => row.set(f.number, v));
        continue;
      }
      const items: (bigint | string)[] = [];
      const n = this.#random.int(4);
      list.push(n);
      for (let i = 0; i < n; i++) this.#put(f, t, list, undefined, false, (v) => items.push(v));
      row.set(f.number, items);
    }
    for (const [n, v] of row) if (v === 0n || v === '' || (v as unknown[]).length === 0) row.delete(n);
  }

  #put(
    f: Field,
    t: Table,
    list: number[],
    was: Value | undefined,
    delta: boolean,
    set: (v: bigint | string) => void,
  ): void {
    const r = this.#random;
    const before = typeof was === 'bigint' ? was : 0n;
    switch (f.kind) {
      case 6:
      case 7: {
        const v = BigInt.asIntN(64, (BigInt(r.bits()) << 32n) | BigInt(r.bits()));
        t.wide.push(delta ? BigInt.asIntN(64, v - before) : v);
        set(v);
        return;
      }
      case 8:
      case 9: {
        const v = r.pick([0, 1.5, -0.25, Infinity, -Infinity, NaN, Math.fround(r.next() * 1000), 1e-40]);
        (f.kind === 8 ? t.floats : t.doubles).push(v);
        set(bitsOf(f.kind, v));
        return;
      }
      case 10: {
        const v = r.pick(texts);
        t.strings.push(v);
        set(v);
        return;
      }
      case 11: {
        const v = Uint8Array.from({ length: r.int(9) }, () => r.int(256));
        t.blobs.push(v);
        set(Buffer.from(v).toString('hex'));
        return;
      }
      case 3: {
        const v = r.int(2);
        list.push(v);
        set(BigInt(v));
        return;
      }
    }
    const bits = BigInt(r.bits());
    const v = f.wrapSteps > 0 ? bits % BigInt(f.wrapSteps) : signed(f) ? BigInt.asIntN(32, bits) : bits;
    if (delta) list.push(zigzag(v - before));
    else list.push(signed(f) ? zigzag(v) : Number(v));
    set(v);
  }
}
