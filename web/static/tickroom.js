// A small client of the tickroom protocol for browsers: frames are read and
// written by hand, rows are kept by the schema that the server sends, and shown
// a little in the past, between two snapshots. It knows nothing of any game.
//
// It runs in Node as well, for its tests.

export const SUBPROTOCOL = 'tickroom.v1';
export const VERSION = 1;

/** How a field's values travel: Kind in frame.proto. */
export const Kind = Object.freeze({
  UINT: 1, INT: 2, BOOL: 3, ENUM: 4, QUANTISED: 5, INT64: 6, UINT64: 7, FLOAT: 8, DOUBLE: 9, STRING: 10, BYTES: 11,
});

/** What a close code means for a person, and whether to come back. */
export const CLOSE_CODES = Object.freeze({
  1000: { text: 'The connection was closed.', retry: false },
  1001: { text: 'The server is going away.', retry: true },
  1002: { text: 'The server did not understand this page.', retry: false },
  1003: { text: 'The server did not understand this page.', retry: false },
  1006: { text: 'The connection was lost.', retry: true },
  1007: { text: 'The server did not understand this page.', retry: false },
  1008: { text: 'The server lost patience with this page.', retry: true },
  1009: { text: 'A message was too long.', retry: false },
  1011: { text: 'Something went wrong on the server.', retry: true },
  1013: { text: 'The server has no place just now.', retry: true, slow: true },
  4000: { text: 'The server waited too long for us.', retry: true },
  4001: { text: 'The server did not accept our hello.', retry: false },
  4002: { text: 'There is no such room.', retry: false },
  4003: { text: 'The room is full.', retry: true, slow: true },
  4004: { text: 'The room has ended.', retry: true },
  4005: { text: 'The room has failed.', retry: true },
  4006: { text: 'This page does not fit the server; reload it.', retry: false },
  4007: { text: 'The server did not understand a message.', retry: false },
  4008: { text: 'We sent too many messages.', retry: true, slow: true },
  4009: { text: 'The connection could not keep up.', retry: true },
  4010: { text: 'The server heard nothing from us for too long.', retry: true },
  4011: { text: 'You were removed from the game.', retry: false },
  4012: { text: 'The server is full.', retry: true, slow: true },
});

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const toUtf8 = new TextEncoder();

export class ProtocolError extends Error {}

// ---------------------------------------------------------------- protobuf

/** Takes protobuf fields out of bytes. */
export class Reader {
  constructor(bytes) {
    this.b = bytes;
    this.i = 0;
    this.v = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.field = 0;
    this.wire = 0;
  }

  get more() { return this.i < this.b.length; }

  /** Moves to the next field; false at the end. */
  next() {
    if (this.i >= this.b.length) return false;
    const tag = this.uint();
    this.field = tag >>> 3;
    this.wire = tag & 7;
    if (this.field === 0) throw new ProtocolError('a field without a number');
    return true;
  }

  /** A varint, of which the low 32 bits count. */
  uint() {
    let v = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.i >= this.b.length) throw new ProtocolError('a number is cut short');
      const c = this.b[this.i++];
      if (shift < 32) v |= (c & 0x7f) << shift;
      if (c < 0x80) return v >>> 0;
    }
    throw new ProtocolError('a number is too long');
  }

  sint() {
    const u = this.uint();
    return (u >>> 1) ^ -(u & 1);
  }

  /** A varint of 64 bits, as a bigint. */
  big() {
    let v = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      if (this.i >= this.b.length) throw new ProtocolError('a number is cut short');
      const c = this.b[this.i++];
      v |= BigInt(c & 0x7f) << shift;
      if (c < 0x80) return BigInt.asUintN(64, v);
    }
    throw new ProtocolError('a number is too long');
  }

  sbig() {
    const u = this.big();
    return (u >> 1n) ^ -(u & 1n);
  }

  #fixed(n) {
    if (this.i + n > this.b.length) throw new ProtocolError('a value is cut short');
    this.i += n;
    return this.i - n;
  }

  fixed32() { return this.v.getUint32(this.#fixed(4), true); }
  fixed64() { return this.v.getBigUint64(this.#fixed(8), true); }
  float() { return this.v.getFloat32(this.#fixed(4), true); }
  double() { return this.v.getFloat64(this.#fixed(8), true); }

  bytes() {
    const n = this.uint();
    if (n > this.b.length - this.i) throw new ProtocolError('a value is cut short');
    this.i += n;
    return this.b.subarray(this.i - n, this.i);
  }

  text() {
    try {
      return utf8.decode(this.bytes());
    } catch (err) {
      throw err instanceof ProtocolError ? err : new ProtocolError('a string is not UTF-8');
    }
  }

  skip() {
    switch (this.wire) {
      case 0: this.big(); break;
      case 1: this.#fixed(8); break;
      case 2: this.bytes(); break;
      case 5: this.#fixed(4); break;
      default: throw new ProtocolError(`wire type ${this.wire} is not known`);
    }
  }
}

/** Puts protobuf fields together. Zero values are left out. */
export class Writer {
  constructor() { this.b = []; }

  #varint(v) {
    v >>>= 0;
    while (v >= 0x80) {
      this.b.push((v & 0x7f) | 0x80);
      v >>>= 7;
    }
    this.b.push(v);
  }

  uint(field, v) {
    if (v) {
      this.#varint(field << 3);
      this.#varint(v);
    }
    return this;
  }

  bool(field, v) { return this.uint(field, v ? 1 : 0); }

  big(field, v) {
    if (v) {
      this.#varint(field << 3);
      v = BigInt.asUintN(64, v);
      for (; v >= 0x80n; v >>= 7n) this.b.push(Number(v & 0x7fn) | 0x80);
      this.b.push(Number(v));
    }
    return this;
  }

  float(field, v) {
    if (v) {
      this.#varint((field << 3) | 5);
      const f = new Uint8Array(4);
      new DataView(f.buffer).setFloat32(0, v, true);
      this.b.push(...f);
    }
    return this;
  }

  fixed64(field, v) {
    if (v) {
      this.#varint((field << 3) | 1);
      for (let i = 0n; i < 64n; i += 8n) this.b.push(Number((v >> i) & 0xffn));
    }
    return this;
  }

  bytes(field, v) {
    if (v.length) this.message(field, v);
    return this;
  }

  text(field, v) { return this.bytes(field, toUtf8.encode(v)); }

  /** A message within this one, sent even if it is empty. */
  message(field, v) {
    const b = v instanceof Writer ? v.b : v;
    this.#varint((field << 3) | 2);
    this.#varint(b.length);
    for (const c of b) this.b.push(c);
    return this;
  }

  finish() { return Uint8Array.from(this.b); }
}

/**
 * Reads a message by a description of its fields, {1: ['x', 'uint'], ...}, with
 * the names of Reader's methods, or 'bool'. Fields that are absent are undefined.
 */
export function readMessage(bytes, fields) {
  const r = new Reader(bytes), out = {};
  while (r.next()) {
    const f = fields[r.field];
    if (!f) r.skip();
    else if (f[1] === 'bool') out[f[0]] = r.uint() !== 0;
    else out[f[0]] = r[f[1]]();
  }
  return out;
}

/** The numbers of a packed field, or of one that is not packed. */
function packed(r, into) {
  if (r.wire === 0) {
    into.push(r.uint());
    return;
  }
  const p = new Reader(r.bytes());
  while (p.more) into.push(p.uint());
}

/** Takes a ServerFrame apart. Its tables stay encoded. */
export function decodeServerFrame(bytes) {
  const f = {
    tick: 0, skip: 0, full: false, inputAck: 0, removed: [], set: [], delta: [], events: [],
    hash: null, entityHashes: [], welcome: null, replies: [], pongs: [],
  };
  const r = new Reader(bytes);
  while (r.next()) {
    switch (r.field) {
      case 1: f.tick = r.uint(); break;
      case 2: f.skip = r.uint(); break;
      case 3: f.full = r.uint() !== 0; break;
      case 4: f.inputAck = r.uint(); break;
      case 5: packed(r, f.removed); break;
      case 6: f.set.push(r.bytes()); break;
      case 7: f.delta.push(r.bytes()); break;
      case 8: {
        const e = readMessage(r.bytes(), { 1: ['event', 'uint'], 2: ['data', 'bytes'], 3: ['age', 'uint'] });
        f.events.push({ event: e.event ?? 0, data: e.data ?? new Uint8Array(), age: e.age ?? 0 });
        break;
      }
      case 9: f.hash = r.fixed64(); break;
      case 10: f.entityHashes.push(readMessage(r.bytes(), { 1: ['entity', 'uint'], 2: ['group', 'uint'], 3: ['hash', 'fixed64'] })); break;
      case 11: f.welcome = decodeWelcome(r.bytes()); break;
      case 12: f.replies.push({ id: 0, code: 0, error: '', ...readMessage(r.bytes(), { 1: ['id', 'uint'], 2: ['code', 'uint'], 3: ['error', 'text'], 4: ['data', 'bytes'] }) }); break;
      case 13: f.pongs.push(readMessage(r.bytes(), { 1: ['clientTime', 'big'], 2: ['serverTime', 'big'], 3: ['tick', 'uint'] })); break;
      default: r.skip();
    }
  }
  return f;
}

function decodeWelcome(bytes) {
  const w = {
    session: '', room: '', kind: '', player: 0, tickRate: 20, tick: 0, serverTime: 0n, fingerprint: 0n, ackWindow: 0, maxMessage: 0,
    ...readMessage(bytes, {
      1: ['session', 'text'], 2: ['room', 'text'], 3: ['kind', 'text'], 4: ['player', 'uint'], 5: ['tickRate', 'double'], 6: ['tick', 'uint'],
      7: ['serverTime', 'big'], 8: ['schema', 'bytes'], 9: ['fingerprint', 'fixed64'], 10: ['ackWindow', 'uint'], 11: ['maxMessage', 'uint'],
    }),
  };
  w.schema = w.schema ? decodeSchema(w.schema) : null;
  return w;
}

/** Reads a Schema: its components, ready for a Replica. */
export function decodeSchema(bytes) {
  const components = [];
  const r = new Reader(bytes);
  while (r.next()) {
    if (r.field !== 1) {
      r.skip();
      continue;
    }
    const c = new Reader(r.bytes());
    const comp = { id: 0, name: '', fields: [] };
    while (c.next()) {
      switch (c.field) {
        case 1: comp.id = c.uint(); break;
        case 2: comp.name = c.text(); break;
        case 3: {
          const f = {
            number: 0, name: '', kind: 0, repeated: false, step: 0, min: 0, max: 0, wrapSteps: 0, smooth: 0,
            ...readMessage(c.bytes(), {
              1: ['number', 'uint'], 2: ['name', 'text'], 3: ['kind', 'uint'], 4: ['repeated', 'bool'], 5: ['step', 'double'],
              6: ['min', 'double'], 7: ['max', 'double'], 8: ['wrapSteps', 'uint'], 9: ['smooth', 'uint'],
            }),
          };
          comp.fields.push(f);
          break;
        }
        default: c.skip();
      }
    }
    components.push(comp);
  }
  return describe(components);
}

/** Makes a schema of components, [{id, name, fields: [{number, name, kind, ...}]}]. */
export function describe(components) {
  for (const c of components) {
    c.byNumber = [];
    c.byName = new Map();
    for (const [index, f] of c.fields.entries()) {
      if (f.number < 1 || f.number > 64 || f.kind < Kind.UINT || f.kind > Kind.BYTES) {
        throw new ProtocolError(`field ${c.name}.${f.name} is of a kind that this client does not know`);
      }
      f.index = index;
      f.signed = f.kind === Kind.INT || f.kind === Kind.ENUM || (f.kind === Kind.QUANTISED && f.wrapSteps === 0 && f.max <= f.min);
      c.byNumber[f.number] = f;
      c.byName.set(f.name, f);
    }
  }
  return { components };
}

// ----------------------------------------------------------------- replica

const zeroOf = (f) => {
  if (f.repeated) return [];
  switch (f.kind) {
    case Kind.INT64: case Kind.UINT64: case Kind.DOUBLE: return 0n;
    case Kind.STRING: return '';
    case Kind.BYTES: return new Uint8Array();
    default: return 0;
  }
};

const bits = new DataView(new ArrayBuffer(8));

/** A value as people and games read it, from the value as it travels. */
export function plainValue(f, raw) {
  if (f.repeated && Array.isArray(raw)) return raw.map((v) => plainOne(f, v));
  return plainOne(f, raw);
}

function plainOne(f, raw) {
  switch (f.kind) {
    case Kind.BOOL: return raw !== 0;
    case Kind.QUANTISED: return f.min + raw * f.step;
    case Kind.UINT64: return BigInt.asUintN(64, raw);
    case Kind.FLOAT: bits.setUint32(0, raw); return bits.getFloat32(0);
    case Kind.DOUBLE: bits.setBigUint64(0, BigInt.asUintN(64, raw)); return bits.getFloat64(0);
    default: return raw;
  }
}

/** The rows of one component: raw values by entity, in the order of the fields. */
export class Table {
  constructor(component) {
    this.component = component;
    this.rows = new Map();
  }

  get size() { return this.rows.size; }
  has(entity) { return this.rows.has(entity); }

  /** An entity's row as an object of plain values, or null. */
  get(entity) {
    const row = this.rows.get(entity);
    return row ? this.#object(row) : null;
  }

  /** One plain value of an entity's row, or undefined. */
  value(entity, name) {
    const row = this.rows.get(entity), f = this.component.byName.get(name);
    return row && f ? plainValue(f, row[f.index]) : undefined;
  }

  * [Symbol.iterator]() {
    for (const [entity, row] of this.rows) yield [entity, this.#object(row)];
  }

  #object(row) {
    const o = {};
    for (const f of this.component.fields) o[f.name] = plainValue(f, row[f.index]);
    return o;
  }
}

/**
 * An exact copy of what the server shows this client. apply brings it to a
 * frame's tick, or throws: then nothing in it can be relied on any more.
 *
 * watcher, if set, is told of what happens to rows, by added(table, entity, row),
 * changed(table, entity, row) and removed(table, entity), while a frame is
 * applied; row holds raw values and is the replica's own.
 */
export class Replica {
  constructor(schema) {
    this.tables = schema.components.map((c) => new Table(c));
    this.byId = new Map(this.tables.map((t) => [t.component.id, t]));
    this.tick = 0;
    this.base = 0; // tick that the last frame built on
    this.watcher = null;
  }

  table(name) { return this.tables.find((t) => t.component.name === name); }

  get rows() { return this.tables.reduce((n, t) => n + t.size, 0); }

  apply(f) {
    if (f.tick === 0) return false;
    if (f.full) {
      for (const t of this.tables) for (const e of [...t.rows.keys()]) this.#remove(t, e);
      this.base = 0;
    } else {
      this.base = f.tick - 1 - f.skip;
      if (this.base !== this.tick) throw new ProtocolError(`snapshot ${f.tick} builds on tick ${this.base}, we are at ${this.tick}`);
    }
    for (const e of f.removed) for (const t of this.tables) this.#remove(t, e);
    const set = f.set.map(decodeTable), delta = f.delta.map(decodeTable);
    for (const d of set) for (const e of d.removed) this.#remove(this.#tableOf(d), e);
    for (const d of set) this.#rows(d, false);
    for (const d of delta) this.#rows(d, true);
    this.tick = f.tick;
    return true;
  }

  #tableOf(d) {
    const t = this.byId.get(d.component);
    if (!t) throw new ProtocolError(`component ${d.component} is not in the schema`);
    return t;
  }

  #remove(t, entity) {
    if (t.rows.delete(entity)) this.watcher?.removed(t, entity);
  }

  #rows(d, delta) {
    const t = this.#tableOf(d);
    while (d.rows.more) this.#row(t, d, d.rows, d.rows.uint(), d.mask, d.maskHigh, delta);
    while (d.mixed.more) {
      const mask = d.mixed.uint();
      this.#row(t, d, d.mixed, d.mixed.uint(), mask, 0, delta);
    }
    if (d.wide.more || d.floats.more || d.doubles.more || d.strings.length > d.nextString || d.blobs.length > d.nextBlob) {
      throw new ProtocolError(`component ${t.component.name}: values are left over`);
    }
  }

  #row(t, d, src, entity, mask, maskHigh, delta) {
    let row = t.rows.get(entity);
    const added = row === undefined;
    if (added) {
      if (delta) throw new ProtocolError(`a difference for ${t.component.name} ${entity}, which is not there`);
      row = t.component.fields.map(zeroOf);
      t.rows.set(entity, row);
    }
    for (let half = 0; half < 2; half++) {
      for (let m = half ? maskHigh : mask; m !== 0; m &= m - 1) {
        const number = 32 - Math.clz32(m & -m) + 32 * half;
        const f = t.component.byNumber[number];
        if (!f) throw new ProtocolError(`component ${t.component.name} has no field ${number}`);
        row[f.index] = delta && !f.repeated ? addDiff(f, row[f.index], d, src) : readField(f, d, src);
      }
    }
    if (added) this.watcher?.added(t, entity, row);
    else this.watcher?.changed(t, entity, row);
  }

  /** The hash that a frame of this tick must carry, as a bigint. */
  hash() {
    let a = 0, b = 0;
    for (const t of this.tables) {
      for (const [entity, row] of t.rows) {
        const h = rowHash(t.component, entity, row);
        a = (a + h[0]) >>> 0;
        b = (b + h[1]) >>> 0;
      }
    }
    return (BigInt(b) << 32n) | BigInt(a);
  }
}

function decodeTable(bytes) {
  const d = {
    component: 0, mask: 0, maskHigh: 0, removed: [], strings: [], blobs: [], nextString: 0, nextBlob: 0,
    rows: null, mixed: null, wide: null, floats: null, doubles: null,
  };
  const r = new Reader(bytes);
  while (r.next()) {
    switch (r.field) {
      case 1: d.component = r.uint(); break;
      case 2: d.mask = r.uint(); break;
      case 3: d.maskHigh = r.uint(); break;
      case 4: d.rows = join(d.rows, r.bytes()); break;
      case 5: d.mixed = join(d.mixed, r.bytes()); break;
      case 6: d.wide = join(d.wide, r.bytes()); break;
      case 7: d.floats = join(d.floats, r.bytes()); break;
      case 8: d.doubles = join(d.doubles, r.bytes()); break;
      case 9: d.strings.push(r.text()); break;
      case 10: d.blobs.push(r.bytes()); break;
      case 11: packed(r, d.removed); break;
      default: r.skip();
    }
  }
  for (const k of ['rows', 'mixed', 'wide', 'floats', 'doubles']) d[k] = new Reader(d[k] ?? new Uint8Array());
  return d;
}

/** A sender may split a packed field. */
function join(a, b) {
  if (!a) return b;
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

function readField(f, d, src) {
  if (!f.repeated) return readOne(f, d, src);
  const n = src.uint(), list = [];
  for (let i = 0; i < n; i++) list.push(readOne(f, d, src));
  return list;
}

function readOne(f, d, src) {
  switch (f.kind) {
    case Kind.INT64: case Kind.UINT64: return d.wide.sbig();
    case Kind.FLOAT: return d.floats.fixed32();
    case Kind.DOUBLE: return BigInt.asIntN(64, d.doubles.fixed64());
    case Kind.STRING:
      if (d.nextString >= d.strings.length) throw new ProtocolError(`field ${f.name}: too few strings`);
      return d.strings[d.nextString++];
    case Kind.BYTES:
      if (d.nextBlob >= d.blobs.length) throw new ProtocolError(`field ${f.name}: too few blobs`);
      return d.blobs[d.nextBlob++].slice();
    default: return f.signed ? src.sint() : src.uint();
  }
}

function addDiff(f, prev, d, src) {
  switch (f.kind) {
    case Kind.BOOL: case Kind.FLOAT: case Kind.DOUBLE: case Kind.STRING: case Kind.BYTES:
      return readOne(f, d, src);
    case Kind.INT64: case Kind.UINT64:
      return BigInt.asIntN(64, prev + d.wide.sbig());
  }
  const diff = src.sint();
  if (f.wrapSteps) return (((prev + diff) % f.wrapSteps) + f.wrapSteps) % f.wrapSteps;
  return f.signed ? (prev + diff) | 0 : (prev + diff) >>> 0;
}

// The state hash: MurmurHash3_x86_32 in two lanes, over 32-bit words.

const rotl = (v, n) => (v << n) | (v >>> (32 - n));

class Hasher {
  constructor() {
    this.a = 0x9747b28c | 0;
    this.b = 0x1b873593;
    this.n = 0;
  }

  word(w) {
    const k = Math.imul(rotl(Math.imul(w, 0xcc9e2d51), 15), 0x1b873593);
    this.a = (Math.imul(rotl(this.a ^ k, 13), 5) + 0xe6546b64) | 0;
    this.b = (Math.imul(rotl(this.b ^ k, 13), 5) + 0xe6546b64) | 0;
    this.n += 4;
  }

  bytes(p) {
    this.word(p.length);
    for (let i = 0; i < p.length; i += 4) this.word(p[i] | (p[i + 1] << 8) | (p[i + 2] << 16) | (p[i + 3] << 24));
  }

  sum() { return [mix(this.a ^ this.n), mix(this.b ^ this.n)]; }
}

function mix(h) {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

const low = (v) => Number(BigInt.asIntN(32, v));

function hashOne(h, f, v) {
  switch (f.kind) {
    case Kind.INT64: case Kind.UINT64: case Kind.DOUBLE:
      h.word(low(v));
      h.word(low(v >> 32n));
      break;
    case Kind.STRING: h.bytes(toUtf8.encode(v)); break;
    case Kind.BYTES: h.bytes(v); break;
    default: h.word(v | 0);
  }
}

/** The hash of one row: its low and its high half. */
export function rowHash(component, entity, row) {
  const h = new Hasher();
  h.word(component.id);
  h.word(entity | 0);
  for (const f of component.fields) {
    const v = row[f.index];
    if (f.repeated || f.kind >= Kind.STRING ? v.length === 0 : v === 0 || v === 0n) continue;
    h.word(f.number);
    if (f.repeated) for (const item of v) hashOne(h, f, item);
    else hashOne(h, f, v);
  }
  return h.sum();
}

// -------------------------------------------------------------- smoothness

/**
 * Remembers where the rows of one component were, so that they can be shown at a
 * tick in the past, between two snapshots: what comes into view appears, and what
 * is gone goes, at its own time. It is the watcher of one Table among others; see
 * Session.
 */
export class Tracks {
  constructor(component) {
    this.component = component;
    this.smooth = component.fields.filter((f) => f.smooth !== 0);
    this.tracks = new Map(); // entity to track
    this.ghosts = []; // tracks whose row is gone, but not yet at the tick shown
  }

  write(entity, row, tick, base, added) {
    let t = this.tracks.get(entity);
    if (t && added) {
      this.#bury(entity, t, tick);
      t = undefined;
    }
    if (!t) {
      t = { entity, born: tick, gone: Infinity, ticks: [], rows: [] };
      this.tracks.set(entity, t);
    } else if (t.ticks.length && t.ticks[t.ticks.length - 1] < base) {
      // It rested in between.
      t.ticks.push(base);
      t.rows.push(t.rows[t.rows.length - 1]);
    }
    t.ticks.push(tick);
    t.rows.push(row.slice());
    if (t.ticks.length > 64) {
      t.ticks.splice(0, 32);
      t.rows.splice(0, 32);
    }
  }

  remove(entity, tick) {
    const t = this.tracks.get(entity);
    if (t) this.#bury(entity, t, tick);
  }

  #bury(entity, t, tick) {
    t.gone = tick;
    this.ghosts.push(t);
    this.tracks.delete(entity);
  }

  clear() {
    this.tracks.clear();
    this.ghosts.length = 0;
  }

  /** Calls fn(entity, values, track) for what is to be seen at a tick, a fraction. */
  each(tick, fn) {
    this.ghosts = this.ghosts.filter((t) => t.gone > tick);
    for (const t of this.ghosts) if (t.born <= tick) fn(t.entity, this.at(t, tick), t);
    for (const t of this.tracks.values()) if (t.born <= tick) fn(t.entity, this.at(t, tick), t);
  }

  /** An entity's values at a tick, or null. */
  get(entity, tick) {
    const t = this.tracks.get(entity) ?? this.ghosts.find((g) => g.entity === entity && g.gone > tick);
    return t ? this.at(t, tick) : null;
  }

  at(t, tick) {
    let i = t.ticks.length - 1;
    while (i > 0 && t.ticks[i] > tick) i--;
    // What was before the one before is not needed again: time goes on.
    if (i > 2) {
      t.ticks.splice(0, i - 1);
      t.rows.splice(0, i - 1);
      i = 1;
    }
    const row = t.rows[i], out = {};
    for (const f of this.component.fields) out[f.name] = plainValue(f, row[f.index]);
    if (i + 1 < t.ticks.length && tick > t.ticks[i]) {
      const part = (tick - t.ticks[i]) / (t.ticks[i + 1] - t.ticks[i]), next = t.rows[i + 1];
      for (const f of this.smooth) {
        let d = next[f.index] - row[f.index];
        if (f.wrapSteps) {
          d = ((d % f.wrapSteps) + f.wrapSteps) % f.wrapSteps;
          if (d > f.wrapSteps / 2) d -= f.wrapSteps;
        }
        out[f.name] = f.min + (row[f.index] + d * part) * f.step;
      }
    }
    return out;
  }
}

/** The minimum of the last 5 to 10 seconds: a message can be late, but not early. */
class WindowMin {
  constructor() { this.reset(); }
  reset() { this.cur = this.prev = Infinity; this.since = 0; }
  add(v, now) {
    if (now - this.since >= 10000) {
      this.prev = Infinity;
      this.cur = v;
      this.since = now;
    } else if (now - this.since >= 5000) {
      this.prev = this.cur;
      this.cur = v;
      this.since = now;
    } else this.cur = Math.min(this.cur, v);
  }
  get min() { return Math.min(this.cur, this.prev); }
}

/** Knows which tick to show. Times are in milliseconds. */
export class Clock {
  constructor(tickRate, delay = 100) {
    this.perTick = 1000 / tickRate;
    this.delay = delay;
    this.arrival = new WindowMin();
    this.jitter = 0; // how late snapshots are, smoothed
    this.last = null;
    this.shown = 0;
  }

  sawTick(tick, now) {
    const at = now - tick * this.perTick;
    this.arrival.add(at, now);
    const late = at - this.arrival.min;
    this.jitter = late > this.jitter ? late : this.jitter * 0.98 + late * 0.02;
  }

  /** The newest tick that can have arrived by now, a fraction. */
  serverTick(now) { return (now - this.arrival.min) / this.perTick; }

  /**
   * The tick to show now, a fraction: so far in the past that the snapshot after
   * it is there, as a rule. It does not go back, and catches up smoothly.
   */
  showTick(now) {
    const behind = Math.min(500, Math.max(this.delay, this.perTick + this.jitter));
    const want = this.serverTick(now) - behind / this.perTick;
    if (!Number.isFinite(want)) return this.shown;
    if (this.last === null || Math.abs(want - this.shown) > 1000 / this.perTick) {
      this.shown = want;
    } else {
      const step = (now - this.last) / this.perTick, off = want - (this.shown + step);
      this.shown += Math.max(0, step + Math.max(-0.3 * step, Math.min(0.3 * step, off * 0.1)));
    }
    this.last = now;
    return this.shown;
  }
}

// ----------------------------------------------------------------- session

/** The messages that a client sends. */
export function encodeHello({ kind, room = '', name = '', hashEvery = 0, every = 0, data = new Uint8Array() }) {
  const hello = new Writer().uint(1, VERSION).text(2, kind).text(3, room).text(4, name).uint(6, hashEvery).uint(7, every).bytes(8, data);
  return new Writer().message(5, hello).finish();
}

export function encodeClientFrame({ ack = 0, inputs = [], commands = [], ping = null, mismatch = false }) {
  const w = new Writer().uint(1, ack);
  for (const i of inputs) w.message(2, new Writer().uint(1, i.seq).uint(2, i.tick ?? 0).bytes(3, i.data));
  for (const c of commands) w.message(3, new Writer().uint(1, c.id).uint(2, c.command).bytes(3, c.data));
  if (ping !== null) w.message(4, new Writer().big(1, BigInt(ping)));
  return w.bool(7, mismatch).finish();
}

/**
 * A session with a room, that comes back by itself when it can. Handlers, all
 * optional: onWelcome(welcome, session), onFrame(frame), onEvent(event, tick),
 * onStatus({state, text, retryAt}), with the state 'connecting', 'open',
 * 'waiting' or 'closed'.
 */
export class Session {
  constructor(options) {
    this.options = { hashEvery: 0, ...options };
    this.input = null; // a function that gives the encoded input of a tick, or null
    this.stats = { bytes: 0, frames: 0, rtt: null, hashChecks: 0, mismatches: 0, drops: 0 };
    this.commands = new Map();
    this.failures = 0;
    this.stopped = false;
    this.open();
  }

  open() {
    clearTimeout(this.retry);
    this.#reset();
    this.#status('connecting', 'Connecting …');
    const ws = new WebSocket(this.options.url, SUBPROTOCOL);
    ws.binaryType = 'arraybuffer';
    this.ws = ws;
    ws.onopen = () => ws.send(encodeHello(this.options));
    ws.onmessage = (m) => {
      if (ws !== this.ws) return;
      try {
        this.#frame(new Uint8Array(m.data));
      } catch (err) {
        console.error(err);
        ws.onclose = null;
        ws.close(4006, 'the client could not apply a frame');
        this.#ended(1006, `A message could not be applied: ${err.message}`);
      }
    };
    ws.onclose = (e) => { if (ws === this.ws) this.#ended(e.code, e.reason); };
  }

  #reset() {
    this.replica = this.clock = this.welcome = null;
    this.tracks = new Map();
    this.seq = this.sentAt = this.pingAt = this.nextId = 0;
    clearInterval(this.timer);
    for (const c of this.commands.values()) c.reject(new Error('the connection was lost'));
    this.commands.clear();
  }

  /** Ends the session for good. */
  close() {
    this.stopped = true;
    clearTimeout(this.retry);
    this.#reset();
    this.ws?.close(1000);
  }

  #status(state, text, retryAt = 0) {
    this.state = state;
    this.options.onStatus?.({ state, text, retryAt });
  }

  #ended(code, reason) {
    this.ws = null;
    const was = this.welcome !== null;
    clearInterval(this.timer);
    if (this.stopped) return;
    if (was) this.stats.drops++;
    const how = CLOSE_CODES[code] ?? { text: `The connection ended (${code}).`, retry: true };
    const text = code === 1006 && !was ? 'The server can’t be reached.' : how.text;
    const full = reason && code !== 1001 ? `${text} (${reason})` : text;
    if (!how.retry) {
      this.#status('closed', full);
      return;
    }
    this.failures++;
    const wait = Math.min(15000, (how.slow ? 2000 : 500) * 2 ** Math.min(this.failures - 1, 6)) * (0.75 + 0.5 * Math.random());
    this.retry = setTimeout(() => this.open(), wait);
    this.#status('waiting', full, performance.now() + wait);
  }

  #frame(bytes) {
    const now = performance.now();
    this.stats.bytes += bytes.length;
    this.stats.frames++;
    const f = decodeServerFrame(bytes);
    if (f.welcome) this.#welcome(f.welcome);
    if (!this.replica) throw new ProtocolError('the first message has no welcome');
    for (const p of f.pongs) this.stats.rtt = now - Number(p.clientTime ?? 0n) / 1000;
    for (const r of f.replies) {
      const c = this.commands.get(r.id);
      this.commands.delete(r.id);
      if (r.code === 0) c?.resolve(r.data ?? new Uint8Array());
      else c?.reject(new Error(r.error || `refused (${r.code})`));
    }
    if (f.tick === 0) return;
    this.frameTick = f.tick;
    this.frameBase = f.full ? f.tick : f.tick - 1 - f.skip;
    this.replica.apply(f);
    this.clock.sawTick(f.tick, now);
    if (f.hash !== null) {
      this.stats.hashChecks++;
      if (this.replica.hash() !== f.hash) {
        this.stats.mismatches++;
        console.error(`desync at tick ${f.tick}`);
      }
    }
    for (const e of f.events) this.options.onEvent?.(e, f.tick - e.age);
    this.options.onFrame?.(f);
    if (now - this.sentAt > 2 * this.clock.perTick) this.#send(now); // timers sleep in hidden pages
  }

  #welcome(w) {
    if (!w.schema) throw new ProtocolError('the welcome has no schema');
    this.welcome = w;
    this.failures = 0;
    this.replica = new Replica(w.schema);
    this.tracks = new Map(w.schema.components.map((c) => [c.id, new Tracks(c)]));
    this.replica.watcher = {
      added: (t, e, row) => this.tracks.get(t.component.id).write(e, row, this.frameTick, this.frameBase, true),
      changed: (t, e, row) => this.tracks.get(t.component.id).write(e, row, this.frameTick, this.frameBase, false),
      removed: (t, e) => this.tracks.get(t.component.id).remove(e, this.frameTick),
    };
    this.clock = new Clock(w.tickRate);
    this.timer = setInterval(() => this.#send(performance.now()), 1000 / w.tickRate);
    this.#status('open', 'Connected.');
    this.options.onWelcome?.(w, this);
  }

  #send(now) {
    if (this.ws?.readyState !== 1 || !this.welcome || this.ws.bufferedAmount > 4096) return;
    const data = this.input?.();
    const f = { ack: this.replica.tick, inputs: data ? [{ seq: ++this.seq, data }] : [] };
    if (now - this.pingAt > 1000) {
      this.pingAt = now;
      f.ping = Math.round(now * 1000);
    }
    this.sentAt = now;
    this.ws.send(encodeClientFrame(f));
  }

  /** Sends a command; the promise gives the encoded reply. */
  command(command, data) {
    return new Promise((resolve, reject) => {
      if (this.ws?.readyState !== 1 || !this.welcome) {
        reject(new Error('there is no connection'));
        return;
      }
      const id = ++this.nextId;
      this.commands.set(id, { resolve, reject });
      this.ws.send(encodeClientFrame({ ack: this.replica.tick, commands: [{ id, command, data }] }));
    });
  }

  /** The tick to show now. */
  showTick(now = performance.now()) { return this.clock ? this.clock.showTick(now) : 0; }

  table(name) { return this.replica?.table(name); }

  tracksOf(name) {
    const t = this.replica?.table(name);
    return t && this.tracks.get(t.component.id);
  }
}
