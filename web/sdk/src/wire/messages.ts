// The small messages of the protocol, read and written by hand with the protobuf
// runtime's reader and writer: what protoc-gen-es makes of frame.proto is larger than
// all of this, and every page would have to load it.

import type { BinaryWriter } from '@bufbuild/protobuf/wire';

import { type Component, type Field, field } from '../game.js';
import { optionFields } from '../gen/tickroom/v1/fieldoptions.js';
import { newWriter, readerOf } from './text.js';

type How = 'uint32' | 'bool' | 'string' | 'bytes' | 'double' | 'fixed64' | 'uint64' | 'int64';
/** The properties of a message and what reads their values, by the numbers of the fields. */
type Spec = Readonly<Record<number, readonly [string, How]>>;

/** Reads a message into an object. A property that holds an array grows by each value. */
function decode<T extends object>(b: Uint8Array, spec: Spec, into: T): T {
  const r = readerOf(b);
  const o = into as Record<string, unknown>;
  while (r.pos < r.len) {
    const [number, type] = r.tag();
    const [name, how] = spec[number] ?? [];
    if (
      !name ||
      !how ||
      type !== (how === 'string' || how === 'bytes' ? 2 : how === 'double' || how === 'fixed64' ? 1 : 0)
    ) {
      r.skip(type, number);
      continue;
    }
    const v = r[how]();
    const list = o[name];
    if (Array.isArray(list)) list.push(v);
    else o[name] = v;
  }
  return into;
}

/** The answer to a hello. */
export interface Welcome {
  session: string;
  room: string;
  kind: string;
  player: number;
  tickRate: number;
  /** The encoded Schema, if the server sent it. */
  schema: Uint8Array | undefined;
  fingerprint: bigint;
  maxMessage: number;
  resumed: boolean;
  inputSeq: number;
  commandId: number;
  eventsMissed: boolean;
  spectator: boolean;
  playerId: string;
  /** When the token expires, in microseconds since 1970 by the server's clock; 0 for never. */
  expires: bigint;
  serverTime: bigint;
  /** In which tick in a row without an input the player's is an empty one; 0 for never. */
  neutralAfter: number;
}

export function decodeWelcome(b: Uint8Array): Welcome {
  const spec: Spec = {
    1: ['session', 'string'],
    2: ['room', 'string'],
    3: ['kind', 'string'],
    4: ['player', 'uint32'],
    5: ['tickRate', 'double'],
    7: ['serverTime', 'int64'],
    8: ['schema', 'bytes'],
    9: ['fingerprint', 'fixed64'],
    11: ['maxMessage', 'uint32'],
    12: ['resumed', 'bool'],
    14: ['inputSeq', 'uint32'],
    15: ['commandId', 'uint32'],
    16: ['eventsMissed', 'bool'],
    17: ['spectator', 'bool'],
    18: ['playerId', 'string'],
    19: ['expires', 'int64'],
    21: ['neutralAfter', 'uint32'],
  };
  return decode(b, spec, {
    session: '',
    room: '',
    kind: '',
    player: 0,
    tickRate: 0,
    schema: undefined,
    fingerprint: 0n,
    maxMessage: 0,
    resumed: false,
    inputSeq: 0,
    commandId: 0,
    eventsMissed: false,
    spectator: false,
    playerId: '',
    expires: 0n,
    serverTime: 0n,
    neutralAfter: 0,
  });
}

/** A part of a message, and how many bytes come after it. */
export interface Part {
  data: Uint8Array;
  left: number;
}

/** Decodes a message that holds a part, and nothing else. */
export function decodePart(b: Uint8Array): Part {
  const { part } = decode(b, { 15: ['part', 'bytes'] }, { part: none });
  return decode(part, { 1: ['left', 'uint32'], 2: ['data', 'bytes'] }, { data: none, left: 0 });
}

const none = new Uint8Array(0);

/** What a server reports of a token. */
export interface Auth {
  /** When the token expires, as in a welcome. */
  expires: bigint;
  /** Why the last token was refused; empty if it was not. */
  error: string;
  renew: boolean;
}

export function decodeAuth(b: Uint8Array): Auth {
  return decode(
    b,
    { 1: ['expires', 'int64'], 2: ['error', 'string'], 3: ['renew', 'bool'] },
    { expires: 0n, error: '', renew: false },
  );
}

/** Decodes the components of a Schema. */
export function decodeSchema(b: Uint8Array): Component[] {
  return decode(b, { 1: ['list', 'bytes'] }, { list: [] as Uint8Array[] }).list.map((b): Component => {
    const c = decode(
      b,
      { 1: ['id', 'uint32'], 2: ['name', 'string'], 3: ['list', 'bytes'] },
      { id: 0, name: '', list: [] as Uint8Array[] },
    );
    return { id: c.id, name: c.name, fields: c.list.map(decodeField) };
  });
}

function decodeField(b: Uint8Array): Field {
  const spec: Spec = {
    1: ['number', 'uint32'],
    2: ['name', 'string'],
    3: ['kind', 'uint32'],
    4: ['repeated', 'bool'],
    ...optionFields,
  };
  return decode(b, spec, { ...field(0, '', 0) });
}

export interface EventData {
  event: number;
  data: Uint8Array;
  age: number;
}

export function decodeEvent(b: Uint8Array): EventData {
  return decode(
    b,
    { 1: ['event', 'uint32'], 2: ['data', 'bytes'], 3: ['age', 'uint32'] },
    { event: 0, data: new Uint8Array(0), age: 0 },
  );
}

export interface EntityHash {
  entity: number;
  hash: bigint;
}

export function decodeEntityHash(b: Uint8Array): EntityHash {
  return decode(b, { 1: ['entity', 'uint32'], 3: ['hash', 'fixed64'] }, { entity: 0, hash: 0n });
}

export interface Reply {
  id: number;
  code: number;
  error: string;
  data: Uint8Array;
}

export function decodeReply(b: Uint8Array): Reply {
  const spec: Spec = { 1: ['id', 'uint32'], 2: ['code', 'uint32'], 3: ['error', 'string'], 4: ['data', 'bytes'] };
  return decode(b, spec, { id: 0, code: 0, error: '', data: new Uint8Array(0) });
}

export interface Pong {
  /** Microseconds. */
  clientTime: bigint;
  serverTime: bigint;
}

export function decodePong(b: Uint8Array): Pong {
  return decode(b, { 1: ['clientTime', 'uint64'], 2: ['serverTime', 'int64'] }, { clientTime: 0n, serverTime: 0n });
}

/** How a client introduces itself. */
export interface Hello {
  kind: string;
  room: string;
  name: string;
  fingerprint: bigint;
  hashEvery: number;
  every: number;
  data: Uint8Array;
  resume: string;
  resumeTick: number;
  spectate: boolean;
  token: string;
  seat: string;
  /** Whether long messages may come in parts. */
  parts: boolean;
  /** With resume: or join any room, if the session's is gone. */
  orJoin: boolean;
  /** The options that the room is to have. */
  options?: Readonly<Record<string, string>>;
}

/** Writes a field unless its value is zero or empty. */
function put(w: BinaryWriter, number: number, v: number | boolean | string | Uint8Array): void {
  if (typeof v === 'string') {
    if (v) w.tag(number, 2).string(v);
  } else if (typeof v === 'object') {
    if (v.length > 0) w.tag(number, 2).bytes(v);
  } else if (v) w.tag(number, 0).uint32(+v);
}

/** Encodes a ClientFrame with a hello. */
export function encodeHello(h: Hello): Uint8Array {
  const w = newWriter().tag(5, 2).fork();
  put(w, 1, 1); // the protocol's version
  put(w, 2, h.kind);
  put(w, 3, h.room);
  put(w, 4, h.name);
  if (h.fingerprint) w.tag(5, 1).fixed64(h.fingerprint);
  put(w, 6, h.hashEvery);
  put(w, 7, h.every);
  put(w, 8, h.data);
  put(w, 9, h.resume);
  put(w, 10, h.resumeTick);
  put(w, 11, h.spectate);
  put(w, 12, h.token);
  put(w, 13, h.seat);
  put(w, 14, h.parts);
  put(w, 15, h.orJoin);
  for (const [name, value] of Object.entries(h.options ?? {})) {
    w.tag(16, 2).fork();
    put(w, 1, name);
    put(w, 2, value);
    w.join();
  }
  return w.join().finish();
}

/** What any other ClientFrame holds. */
export interface ClientFrame {
  ack: number;
  inputs: readonly { seq: number; tick: number; sees: number; data: Uint8Array }[];
  commands: readonly { id: number; command: number; data: Uint8Array }[];
  /** The client's clock in microseconds; undefined for no ping. */
  ping: number | undefined;
  every: number;
  mismatch: boolean;
  /** A new token; empty for none. */
  token: string;
}

export function encodeFrame(f: ClientFrame): Uint8Array {
  const w = newWriter();
  put(w, 1, f.ack);
  for (const i of f.inputs) {
    w.tag(2, 2).fork();
    put(w, 1, i.seq);
    put(w, 2, i.tick);
    put(w, 3, i.data);
    put(w, 4, i.sees);
    w.join();
  }
  for (const c of f.commands) {
    w.tag(3, 2).fork();
    put(w, 1, c.id);
    put(w, 2, c.command);
    put(w, 3, c.data);
    w.join();
  }
  if (f.ping !== undefined) w.tag(4, 2).fork().tag(1, 0).uint64(f.ping).join();
  put(w, 6, f.every);
  put(w, 7, f.mismatch);
  put(w, 8, f.token);
  return w.finish();
}
