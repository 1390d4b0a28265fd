// Messages of a game: inputs, events, commands and their replies. Their types are
// those of protoc-gen-es. They are read and written by tables of their fields, with
// the protobuf runtime's reader and writer; its own way, reflection on descriptors,
// would be larger than the rest of this library.

import type { Message, MessageInitShape } from '@bufbuild/protobuf';
import type { GenMessage } from '@bufbuild/protobuf/codegenv2';
import type { BinaryWriter } from '@bufbuild/protobuf/wire';

import { newWriter, readerOf } from './wire/text.js';

/** The methods of the runtime's reader and writer that read and write a value. */
export type Scalar =
  | 'double'
  | 'float'
  | 'int64'
  | 'uint64'
  | 'int32'
  | 'fixed64'
  | 'fixed32'
  | 'bool'
  | 'string'
  | 'bytes'
  | 'uint32'
  | 'sfixed32'
  | 'sfixed64'
  | 'sint32'
  | 'sint64';

/** A field of a message: its number, its property, its kind, and whether it is a list. */
export type MessageField = readonly [number: number, key: string, kind: Scalar | (() => MessageType), list?: boolean];

/** A type of message. */
export interface MessageType<M extends Message = Message> {
  /** The full name, with the package, as in the .proto file. */
  readonly typeName: string;
  readonly fields: readonly MessageField[];
  /** Never set: it ties the type to that of messages. */
  readonly message?: M;
}

/** A message, or some of its fields. */
export type InitOf<M extends Message> = MessageInitShape<GenMessage<M>>;

/** Describes a type of message; for generated code. */
export function message<M extends Message>(typeName: M['$typeName'], fields: readonly MessageField[]): MessageType<M> {
  return { typeName, fields };
}

type Values = Record<string, unknown>;

/** Returns a message with the fields of init; the others are zero. */
export function createMessage<M extends Message>(type: MessageType<M>, init: InitOf<M>): M {
  const m: Values = { $typeName: type.typeName };
  for (const [, key, kind, list] of type.fields) {
    const v = (init as Values)[key];
    if (typeof kind !== 'string') {
      const make = (v: unknown): Message => createMessage(kind(), v as object);
      m[key] = list ? ((v as unknown[] | undefined) ?? []).map(make) : v && make(v);
    } else m[key] = v ?? (list ? [] : zero(kind));
  }
  return m as M;
}

/** Rounds the floats of a message to 32 bits, as they are sent. */
export function roundFloats(type: MessageType, m: Message): void {
  const values = m as unknown as Values;
  for (const [, key, kind, list] of type.fields) {
    const v = values[key];
    if (kind === 'float') values[key] = list ? (v as number[]).map(Math.fround) : Math.fround(v as number);
    else if (typeof kind !== 'string')
      for (const o of list ? (v as Message[]) : v ? [v as Message] : []) roundFloats(kind(), o);
  }
}

function zero(kind: Scalar): unknown {
  switch (kind) {
    case 'string':
      return '';
    case 'bytes':
      return new Uint8Array(0);
    case 'bool':
      return false;
  }
  return kind.endsWith('64') ? 0n : 0;
}

/** Decodes a message. Unknown fields are skipped. */
export function decodeMessage<M extends Message>(type: MessageType<M>, bytes: Uint8Array): M {
  const m = createMessage(type, {} as InitOf<M>);
  merge(type, bytes, m as Values);
  return m;
}

function merge(type: MessageType, bytes: Uint8Array, m: Values): void {
  const r = readerOf(bytes);
  while (r.pos < r.len) {
    const [number, wire] = r.tag();
    const field = type.fields.find((f) => f[0] === number);
    if (!field) {
      r.skip(wire, number);
      continue;
    }
    const [, key, kind, list] = field;
    const values = m[key] as unknown[];
    const own = wireType(kind);
    if (list && wire === 2 && own !== 2) {
      const end = r.uint32() + r.pos;
      while (r.pos < end) values.push(r[kind as Scalar]());
    } else if (wire !== own) r.skip(wire, number);
    else if (typeof kind === 'string') {
      if (list) values.push(r[kind]());
      else m[key] = r[kind]();
    } else if (list) values.push(decodeMessage(kind(), r.bytes()));
    else merge(kind(), r.bytes(), (m[key] ??= createMessage(kind(), {})) as Values);
  }
}

/** Encodes a message. Fields that are zero are left out. */
export function encodeMessage<M extends Message>(type: MessageType<M>, init: InitOf<M>): Uint8Array {
  return write(newWriter(), type, init as Values).finish();
}

function write(w: BinaryWriter, type: MessageType, m: Values): BinaryWriter {
  for (const [number, key, kind, list] of type.fields) {
    const wire = wireType(kind);
    const v = m[key];
    const put = (v: unknown): void => {
      if (typeof kind === 'string') w[kind](v as never);
      else write(w.fork(), kind(), v as Values).join();
    };
    const values = (list ? (v ?? []) : isZero(v) ? [] : [v]) as readonly unknown[];
    if (list && wire !== 2 && values.length > 0) {
      w.tag(number, 2).fork();
      values.forEach(put);
      w.join();
    } else {
      for (const v of values) {
        w.tag(number, wire);
        put(v);
      }
    }
  }
  return w;
}

/** Whether a value is zero, and so is left out. Minus zero is not. */
function isZero(v: unknown): boolean {
  return v === undefined || v === false || v === 0n || Object.is(v, 0) || (v as ArrayLike<unknown>).length === 0;
}

function wireType(kind: MessageField[2]): number {
  if (typeof kind !== 'string' || kind === 'string' || kind === 'bytes') return 2;
  if (kind === 'double' || kind.endsWith('fixed64')) return 1;
  return kind === 'float' || kind.endsWith('fixed32') ? 5 : 0;
}
