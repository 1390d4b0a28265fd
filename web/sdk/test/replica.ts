// A replica without a room, for tests.

import type { Component } from '../src/game.js';
import type { Plan } from '../src/layout.js';
import { Replica } from '../src/replica.js';
import type { Entry, Rows } from '../src/table.js';
import { Fields, frameFields } from '../src/wire/fields.js';
import {
  decodeEntityHash,
  decodeEvent,
  decodePong,
  decodeReply,
  decodeSchema,
  decodeWelcome,
} from '../src/wire/messages.js';
import * as Frame from '../src/wire/serverframe.js';

export class Bench {
  readonly replica = new Replica();
  readonly frame = new Fields(frameFields);
  readonly tables: Rows[];

  constructor(components: readonly Component[]) {
    this.tables = components.map((c) => this.replica.own(c));
  }

  /** Applies a frame and calls the listeners. Returns whether it had a snapshot. */
  apply(bytes: Uint8Array): boolean {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.frame.scan(bytes, view, 0, bytes.length);
    if (this.frame.last[Frame.Tick] === 0) return false;
    this.replica.apply(this.frame, bytes, view);
    this.replica.tell();
    return true;
  }

  /** Reads the rest of the last frame, as a room does. */
  decodeRest(): void {
    for (const p of this.parts(Frame.Events)) decodeEvent(p);
    for (const p of this.parts(Frame.EntityHashes)) decodeEntityHash(p);
    if (this.frame.count[Frame.Welcome] > 0) {
      const { schema } = decodeWelcome(Buffer.concat(this.parts(Frame.Welcome)));
      if (schema) decodeSchema(schema);
    }
    for (const p of this.parts(Frame.Replies)) decodeReply(p);
    for (const p of this.parts(Frame.Pongs)) decodePong(p);
  }

  /** Returns the values of a field of the last frame. */
  parts(n: number): Uint8Array[] {
    return Array.from({ length: this.frame.count[n] }, (_, i) => this.frame.part(n, i));
  }
}

const kindNames = [
  '',
  'uint',
  'int',
  'bool',
  'enum',
  'quantised',
  'int64',
  'uint64',
  'float',
  'double',
  'string',
  'bytes',
];

/** Returns raw values of a field: numbers, 64-bit ones as decimal strings, bits of floats in hex, strings, bytes in hex. */
export function raw(e: Entry, p: Plan): unknown {
  const object = e.objects[p.at];
  if (p.repeated) {
    const { raw: words, shown } = object as { raw: number[]; shown: unknown[] };
    return shown.map((v, i) => {
      if (typeof v === 'string') return v;
      if (v instanceof Uint8Array) return Buffer.from(v).toString('hex');
      const wide = words.length === 2 * shown.length;
      return number(p, wide ? words[2 * i] : words[i], wide ? words[2 * i + 1] : 0);
    });
  }
  if (kindNames[p.kind] === 'string') return object;
  if (kindNames[p.kind] === 'bytes') return Buffer.from(object as Uint8Array).toString('hex');
  const { cells } = e.of;
  return number(p, cells[e.first + p.at], p.wide ? cells[e.first + p.at + 1] : 0);
}

function number(p: Plan, low: number, high: number): unknown {
  const hex = (n: number): string => (n >>> 0).toString(16).padStart(8, '0');
  const big = (BigInt(high) << 32n) | BigInt(low >>> 0);
  switch (kindNames[p.kind]) {
    case 'int64':
      return String(big);
    case 'uint64':
      return String(BigInt.asUintN(64, big));
    case 'float':
      return hex(low);
    case 'double':
      return hex(high) + hex(low);
  }
  return p.signed ? low : low >>> 0;
}

/** Returns whether a raw value is zero, and so left out of a dump. */
export function isZero(v: unknown): boolean {
  return (
    v === 0 ||
    v === '' ||
    v === '0' ||
    v === '00000000' ||
    v === '0000000000000000' ||
    (Array.isArray(v) && v.length === 0)
  );
}

/** Returns the fields of a row that are not zero, by name. */
export function rawRow(t: Rows, e: Entry): Record<string, unknown> {
  const row: Record<string, unknown> = {};
  for (const p of t.layout.plans) {
    const v = raw(e, p);
    if (!isZero(v)) row[p.key] = v;
  }
  return row;
}
