// Holds static/tickroom.js against the protocol's test vectors, which the server's
// own code has written and is held against too.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

import {
  Clock, Kind, Reader, Replica, Tracks, Writer, decodeServerFrame, describe, encodeClientFrame, encodeHello, plainValue, rowHash,
} from '../static/tickroom.js';

const hexOf = (bytes) => Buffer.from(bytes).toString('hex');
const hex64 = (v) => v.toString(16).padStart(16, '0');

/** Reads the vectors: sequences of frames with what is so after each. */
function readVectors() {
  const text = readFileSync(new URL('../../proto/vectors/frames.txt', import.meta.url), 'utf8');
  const all = [];
  let seq, frame;
  for (const line of text.split('\n')) {
    if (!line || line.startsWith('#')) continue;
    const [, key, value] = /^([a-z_]+): ?(.*)$/.exec(line);
    switch (key) {
      case 'sequence': all.push(seq = { name: value, components: [], frames: [] }); break;
      case 'about': break;
      case 'component': {
        const [id, name] = value.split(' ');
        seq.components.push({ id: Number(id), name, fields: [] });
        break;
      }
      case 'field': {
        const [number, name, kind, ...options] = value.split(' ');
        const f = { number: Number(number), name, kind: Kind[kind.toUpperCase()], repeated: false, step: 0, min: 0, max: 0, wrapSteps: 0, smooth: 0 };
        for (const o of options) {
          const [k, v] = o.split('=');
          if (k === 'repeated') f.repeated = true;
          else f[k === 'wrap_steps' ? 'wrapSteps' : k] = Number(v);
        }
        seq.components.at(-1).fields.push(f);
        break;
      }
      case 'frame': seq.frames.push(frame = { name: value, hex: '', want: [] }); break;
      case 'hex': frame.hex += value.split('#')[0].replaceAll(' ', ''); break;
      case 'refused': frame.refused = value; break;
      default: frame.want.push([key, value]);
    }
  }
  return all;
}

/** A raw value as the vectors write it. */
function written(f, raw) {
  if (f.repeated) return raw.map((v) => writtenOne(f, v));
  return writtenOne(f, raw);
}

function writtenOne(f, v) {
  switch (f.kind) {
    case Kind.INT64: return v.toString();
    case Kind.UINT64: return BigInt.asUintN(64, v).toString();
    case Kind.FLOAT: return v.toString(16).padStart(8, '0');
    case Kind.DOUBLE: return hex64(BigInt.asUintN(64, v));
    case Kind.BYTES: return hexOf(v);
    default: return v;
  }
}

const isZero = (f, v) => (f.repeated || f.kind >= Kind.STRING ? v.length === 0 : v === 0 || v === 0n);

/** What the vectors say of a replica: sorted lines. */
function state(replica) {
  const lines = [];
  for (const t of replica.tables) {
    for (const [entity, row] of t.rows) {
      const [lo, hi] = rowHash(t.component, entity, row);
      const values = {};
      const units = {};
      for (const f of t.component.fields) {
        if (isZero(f, row[f.index])) continue;
        values[f.name] = written(f, row[f.index]);
        if (f.kind === Kind.QUANTISED) units[f.name] = plainValue(f, row[f.index]);
      }
      lines.push(['row', t.component.name, entity, hex64((BigInt(hi) << 32n) | BigInt(lo)), values]);
      if (Object.keys(units).length) lines.push(['quantised', t.component.name, entity, units]);
    }
  }
  return lines;
}

function checkState(replica, frame) {
  const want = frame.want.flatMap(([key, value]) => {
    const m = /^(\S+) (\d+)(?: ([0-9a-f]{16}))? (\{.*\})$/.exec(value);
    if (key === 'row') return [['row', m[1], Number(m[2]), m[3], JSON.parse(m[4])]];
    if (key === 'quantised') return [['quantised', m[1], Number(m[2]), JSON.parse(m[4])]];
    return [];
  });
  const order = (a, b) => `${a[1]} ${String(a[2]).padStart(10)} ${a[0]}` < `${b[1]} ${String(b[2]).padStart(10)} ${b[0]}` ? -1 : 1;
  const got = state(replica).sort(order);
  want.sort(order);
  for (const w of want) {
    if (w[0] !== 'quantised') continue;
    // Units are compared to within a float's rounding.
    const g = got.find((l) => l[0] === 'quantised' && l[1] === w[1] && l[2] === w[2]);
    assert.ok(g, `${frame.name}: ${w}`);
    for (const [k, v] of Object.entries(w[3])) {
      const a = [v].flat(), b = [g[3][k] ?? 0].flat();
      assert.equal(b.length, a.length);
      a.forEach((x, i) => assert.ok(Math.abs(x - b[i]) <= 1e-6 * Math.max(1, Math.abs(x)), `${frame.name}: ${k} is ${b[i]}, want ${x}`));
    }
  }
  const rows = (list) => list.filter((l) => l[0] === 'row');
  assert.deepEqual(rows(got), rows(want), frame.name);
}

for (const seq of readVectors()) {
  if (seq.name === 'client') continue;
  test(`vectors: ${seq.name}`, () => {
    const schema = describe(seq.components);
    const replica = new Replica(schema);
    for (const frame of seq.frames) {
      const bytes = Uint8Array.from(Buffer.from(frame.hex, 'hex'));
      if (frame.refused) {
        const victim = new Replica(schema);
        victim.tick = replica.tick;
        victim.tables.forEach((t, i) => { for (const [e, row] of replica.tables[i].rows) t.rows.set(e, row.slice()); });
        assert.throws(() => victim.apply(decodeServerFrame(bytes)), undefined, `${frame.name}: ${frame.refused}`);
        continue;
      }
      const f = decodeServerFrame(bytes);
      replica.apply(f);
      const said = {};
      for (const [k, v] of frame.want) (said[k] ??= []).push(v);
      if (said.tick) assert.equal(replica.tick, Number(said.tick[0]), frame.name);
      if (said.state_hash) assert.equal(hex64(replica.hash()), said.state_hash[0], frame.name);
      assert.equal(f.inputAck, Number(said.input_ack?.[0] ?? 0), frame.name);
      assert.equal(f.hash !== null ? hex64(f.hash) : undefined, said.hash?.[0], frame.name);
      assert.deepEqual(f.events.map((e) => `${e.event} of tick ${f.tick - e.age}, data 0x${hexOf(e.data)}`), said.event ?? [], frame.name);
      assert.deepEqual(f.entityHashes.map((h) => `entity ${h.entity}, group ${h.group}, ${hex64(h.hash)}`), said.entity_hash ?? [], frame.name);
      assert.deepEqual(f.replies.map((r) => `to ${r.id}, code ${r.code}, error ${JSON.stringify(r.error)}, data 0x${hexOf(r.data ?? [])}`), said.reply ?? [], frame.name);
      assert.deepEqual(f.pongs.map((p) => `client ${p.clientTime}, server ${p.serverTime}, tick ${p.tick}`), said.pong ?? [], frame.name);
      if (f.welcome) {
        const w = f.welcome;
        assert.equal(`player ${w.player}, room ${JSON.stringify(w.room)}, kind ${JSON.stringify(w.kind)}, ${w.tickRate} ticks per second, fingerprint ${hex64(w.fingerprint)}, ${w.schema?.components.length ?? 0} components`, said.welcome?.[0], frame.name);
      } else assert.equal(said.welcome, undefined, frame.name);
      if (f.tick) checkState(replica, frame);
    }
  });
}

test('what a client sends is as the vectors have it', () => {
  const frames = readVectors().find((s) => s.name === 'client').frames;
  const sent = new Set([
    encodeHello({ kind: 'walkers', name: 'Ann', hashEvery: 20 }),
    encodeClientFrame({ ack: 300, inputs: [{ seq: 41, data: new Writer().float(1, 1.5).finish() }] }),
    encodeClientFrame({ ack: 301, inputs: [{ seq: 42, tick: 304, data: new Writer().float(1, 1.5).finish() }, { seq: 43, tick: 305, data: [] }] }),
  ].map(hexOf));
  const hexes = frames.map((f) => f.hex);
  for (const h of sent) assert.ok(hexes.includes(h), h);
});

test('numbers travel as protobuf has them', () => {
  for (const [v, want] of [[1, '0801'], [127, '087f'], [128, '088001'], [4294967295, '08ffffffff0f']]) {
    const b = new Writer().uint(1, v).finish();
    assert.equal(hexOf(b), want);
    const r = new Reader(b);
    assert.ok(r.next());
    assert.equal(r.uint(), v);
  }
  const r = new Reader(new Writer().big(1, 0xffff_ffff_ffff_ffffn).float(2, -1.5).fixed64(3, 5n).text(4, 'é').finish());
  assert.ok(r.next() && r.big() === 0xffff_ffff_ffff_ffffn);
  assert.ok(r.next() && r.float() === -1.5);
  assert.ok(r.next() && r.fixed64() === 5n);
  assert.ok(r.next() && r.text() === 'é');
  assert.ok(!r.next());
  assert.equal(new Writer().uint(1, 0).float(2, 0).bool(3, false).text(4, '').finish().length, 0);
});

test('garbage is refused, and nothing else happens', () => {
  let seed = 1;
  const rnd = () => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  const schema = describe([{ id: 1, name: 'A', fields: [{ number: 1, name: 'x', kind: Kind.INT, repeated: false, step: 0, min: 0, max: 0, wrapSteps: 0, smooth: 0 }] }]);
  let refused = 0;
  for (let i = 0; i < 20000; i++) {
    const b = Uint8Array.from({ length: rnd() * 24 }, () => rnd() * 256);
    try {
      new Replica(schema).apply(decodeServerFrame(b));
    } catch (err) {
      assert.equal(err.constructor.name, 'ProtocolError', `${hexOf(b)}: ${err.stack}`);
      refused++;
    }
  }
  assert.ok(refused > 10000);
});

const moving = () => describe([{
  id: 1, name: 'Ship', fields: [
    { number: 1, name: 'x', kind: Kind.QUANTISED, repeated: false, step: 0.5, min: 0, max: 1000, wrapSteps: 0, smooth: 1 },
    { number: 2, name: 'angle', kind: Kind.QUANTISED, repeated: false, step: 1, min: 0, max: 0, wrapSteps: 360, smooth: 2 },
    { number: 3, name: 'health', kind: Kind.UINT, repeated: false, step: 0, min: 0, max: 0, wrapSteps: 0, smooth: 0 },
  ],
}]).components[0];

test('rows are shown between two snapshots', () => {
  const t = new Tracks(moving());
  t.write(7, [0, 350, 100], 10, 9, true);
  t.write(7, [20, 10, 50], 12, 10, false);
  assert.equal(t.get(7, 10).x, 0);
  assert.equal(t.get(7, 11).x, 5);
  assert.equal(t.get(7, 11).angle, 360, 'half of the short way from 350 to 10');
  assert.equal(t.get(7, 11).health, 100, 'what is not smooth jumps');
  assert.equal(t.get(7, 12).health, 50);
  assert.equal(t.get(7, 14).x, 10, 'nothing is guessed');
});

test('a row that rested does not drift', () => {
  const t = new Tracks(moving());
  t.write(7, [0, 0, 0], 10, 9, true);
  t.write(7, [20, 0, 0], 20, 19, false);
  assert.equal(t.get(7, 15).x, 0);
  assert.equal(t.get(7, 19.5).x, 5);
});

test('rows come and go at their own time', () => {
  const t = new Tracks(moving());
  const seen = (tick) => {
    const list = [];
    t.each(tick, (entity, v) => list.push(`${entity}@${v.x}`));
    return list.join(' ');
  };
  t.write(1, [0, 0, 0], 10, 9, true);
  t.write(2, [4, 0, 0], 12, 11, true);
  t.remove(1, 13);
  t.write(1, [100, 0, 0], 14, 13, true); // the number is used again
  assert.equal(seen(9), '');
  assert.equal(seen(11), '1@0');
  assert.equal(seen(12.5), '1@0 2@2');
  assert.equal(seen(13.5), '2@2');
  assert.equal(seen(14), '2@2 1@50');
});

test('the clock shows the past, steadily, through jitter', () => {
  const c = new Clock(20, 100);
  let seed = 3, before = -Infinity;
  const rnd = () => (seed = Math.imul(seed, 1664525) + 1013904223 >>> 0) / 2 ** 32;
  const arrivals = [];
  for (let tick = 100; tick < 500; tick++) arrivals.push([1000 + tick * 50 + rnd() * 40, tick]);
  for (let now = 1000 + 100 * 50; now < 1000 + 499 * 50; now += 1000 / 60) {
    while (arrivals.length && arrivals[0][0] <= now) c.sawTick(arrivals.shift()[1], now);
    const shown = c.showTick(now);
    if (now < 8000) {
      before = shown;
      continue;
    }
    assert.ok(shown >= before, 'time went back');
    assert.ok(shown - before < 0.6, `a leap of ${shown - before} ticks`);
    const behind = ((now - 1000) / 50 - shown) * 50;
    assert.ok(behind > 80 && behind < 200, `${behind} ms behind`);
    before = shown;
  }
});
