import { describe, expect, test } from 'vitest';

import { ProtocolError } from '../src/errors.js';
import { Kind } from '../src/game.js';
import { StateHash } from '../src/hash.js';
import { checkCompatible, checkComponents } from '../src/layout.js';
import { Parts } from '../src/parts.js';
import type { Rows } from '../src/table.js';
import {
  decodeAuth,
  decodeEntityHash,
  decodeEvent,
  decodePong,
  decodeReply,
  decodeSchema,
  decodeWelcome,
  encodeFrame,
  encodeHello,
} from '../src/wire/messages.js';
import { Bench, rawRow } from './replica.js';
import { readVectors, type Sequence, type VectorFrame } from './vectors.js';

const sequences = [...readVectors('frames.txt'), ...readVectors('parts.txt')];
const empty = new Uint8Array(0);
const hex = (v: bigint): string => v.toString(16).padStart(16, '0');
const bytesText = (b: Uint8Array): string => `0x${Buffer.from(b).toString('hex')}`;
const quoted = (s: string): string => JSON.stringify(s);

function rowHash(t: Rows, entity: number): bigint {
  const h = new StateHash();
  t.hash(h, entity);
  return h.value;
}

/** Returns everything that a replica holds after a frame, and the rest of the frame, in the form of the file. */
function describeFrame(s: Sequence, b: Bench): { key: string; value: string }[] {
  const { replica } = b;
  const lines = [
    { key: 'tick', value: String(replica.tick) },
    { key: 'state_hash', value: hex(replica.hash()) },
  ];
  for (const t of b.tables) {
    for (const e of [...t.entries].sort((x, y) => x.entity - y.entity)) {
      lines.push({
        key: 'row',
        value: `${t.layout.name} ${e.entity} ${hex(rowHash(t, e.entity))} ${JSON.stringify(rawRow(t, e))}`,
      });
      const quantised: Record<string, unknown> = {};
      for (const f of s.components.find((c) => c.id === t.layout.id)!.fields) {
        const v = (e.row as unknown as Record<string, unknown>)[f.key];
        if (f.kind === Kind.Quantised && !f.repeated && rawRow(t, e)[f.key] !== undefined) quantised[f.key] = v;
      }
      if (Object.keys(quantised).length > 0)
        lines.push({ key: 'quantised', value: `${t.layout.name} ${e.entity} ${JSON.stringify(quantised)}` });
    }
  }
  const f = b.frame;
  if (f.last[4] > 0) lines.push({ key: 'input_ack', value: String(f.last[4]) });
  for (const h of b.parts(9).slice(-1))
    lines.push({ key: 'hash', value: hex(new DataView(h.buffer, h.byteOffset).getBigUint64(0, true)) });
  if (f.count[16] > 0) lines.push({ key: 'input_early', value: String((f.last[16] >>> 1) ^ -(f.last[16] & 1)) });
  for (const p of b.parts(8)) {
    const e = decodeEvent(p);
    lines.push({ key: 'event', value: `${e.event} of tick ${f.last[1] - e.age}, data ${bytesText(e.data)}` });
  }
  for (const p of b.parts(10))
    lines.push({ key: 'entity_hash', value: `entity ${decodeEntityHash(p).entity}, ${hex(decodeEntityHash(p).hash)}` });
  for (const p of b.parts(12)) {
    const r = decodeReply(p);
    lines.push({
      key: 'reply',
      value: `to ${r.id}, code ${r.code}, error ${quoted(r.error)}, data ${bytesText(r.data)}`,
    });
  }
  for (const p of b.parts(13))
    lines.push({ key: 'pong', value: `client ${decodePong(p).clientTime}, server ${decodePong(p).serverTime}` });
  for (const p of b.parts(14)) {
    const a = decodeAuth(p);
    lines.push({ key: 'auth', value: `expires ${a.expires}, error ${quoted(a.error)}, renew ${a.renew}` });
  }
  return lines;
}

/** The keys of lines that describe a welcome. */
const ofWelcome = new Set(['welcome', 'resumed', 'inputs', 'identity']);

/** Returns the lines of a frame, with rows as JSON.stringify writes them, and without what the library does not keep. */
function normalised(lines: VectorFrame['lines']): { key: string; value: string }[] {
  return lines
    .filter((l) => !ofWelcome.has(l.key))
    .map(({ key, value }) => {
      const brace = value.indexOf('{');
      if ((key === 'row' || key === 'quantised') && brace >= 0)
        value = value.slice(0, brace) + JSON.stringify(JSON.parse(value.slice(brace)));
      if (key === 'entity_hash') value = value.replace(/ group \d+,/, '');
      if (key === 'pong') value = value.replace(/, tick \d+$/, '');
      return { key, value };
    });
}

describe.each(sequences.filter((s) => s.name !== 'client' && !s.name.startsWith('parts')))('sequence $name', (s) => {
  test('leaves what the file says', () => {
    let b = new Bench(s.components);
    const applied: VectorFrame[] = [];
    for (const frame of s.frames) {
      if (frame.refused) {
        expect(() => b.apply(frame.bytes), frame.name).toThrow(ProtocolError);
        // The rows are not to be used after an error: start over.
        b = new Bench(s.components);
        for (const f of applied) b.apply(f.bytes);
        continue;
      }
      b.apply(frame.bytes);
      applied.push(frame);
      expect(describeFrame(s, b), frame.name).toEqual(normalised(frame.lines));
    }
  });

  test('welcomes', () => {
    for (const frame of s.frames.filter((f) => !f.refused)) {
      const b = new Bench(s.components);
      b.frame.scan(frame.bytes, new DataView(frame.bytes.buffer), 0, frame.bytes.length);
      const lines = b.parts(11).flatMap((p) => {
        const w = decodeWelcome(p);
        const server = w.schema ? decodeSchema(w.schema) : [];
        checkComponents(server);
        if (w.schema) {
          checkCompatible(s.components, server);
          checkCompatible(server, s.components);
        }
        const welcome = `player ${w.player}, room ${quoted(w.room)}, kind ${quoted(w.kind)}, ${w.tickRate} ticks per second, fingerprint ${hex(w.fingerprint)}, ${server.length} components`;
        const identity =
          w.playerId || w.expires
            ? [{ key: 'identity', value: `player ${quoted(w.playerId)}, expires ${w.expires}` }]
            : [];
        if (w.neutralAfter) identity.unshift({ key: 'inputs', value: `neutral after ${w.neutralAfter}` });
        if (!w.resumed) return [{ key: 'welcome', value: welcome }, ...identity];
        const resumed = `input ${w.inputSeq}, command ${w.commandId}, events missed ${w.eventsMissed}, spectator ${w.spectator}`;
        return [{ key: 'welcome', value: welcome }, { key: 'resumed', value: resumed }, ...identity];
      });
      const want = frame.lines
        .filter((l) => ofWelcome.has(l.key))
        .map((l) => ({ key: l.key, value: l.value.replace(/, held for .*/, '').replace(/, rewind .*/, '') }));
      expect(lines, frame.name).toEqual(want);
    }
  });
});

describe.each(sequences.filter((s) => s.name.startsWith('parts')))('sequence $name', (s) => {
  test('leaves what the file says', () => {
    let parts = new Parts();
    let b = new Bench(s.components);
    const taken: Uint8Array[] = [];
    const take = (bytes: Uint8Array): void => {
      const whole = parts.take(bytes);
      b.frame.scan(empty, new DataView(empty.buffer), 0, 0);
      if (whole) b.apply(whole);
    };
    for (const frame of s.frames.filter((f) => f.lines[0]?.key !== 'client')) {
      if (!frame.refused) {
        take(frame.bytes);
        taken.push(frame.bytes);
        expect(describeFrame(s, b), frame.name).toEqual(normalised(frame.lines));
        continue;
      }
      expect(() => take(frame.bytes), frame.name).toThrow();
      parts = new Parts();
      b = new Bench(s.components);
      taken.forEach(take);
    }
  });
});

describe('messages of clients', () => {
  const frames = sequences.flatMap((s) => s.frames.filter((f) => f.lines[0]?.key === 'client'));
  const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replace(/^0x/, ''), 'hex'));

  test.each(frames)('$name is what the library writes', (frame) => {
    const h = {
      kind: '',
      room: '',
      name: '',
      fingerprint: 0n,
      hashEvery: 0,
      every: 0,
      data: new Uint8Array(0),
      resume: '',
      resumeTick: 0,
      spectate: false,
      token: '',
      seat: '',
      parts: false,
      orJoin: false,
      options: {} as Record<string, string>,
    };
    const f = {
      ack: 0,
      inputs: [] as { seq: number; tick: number; sees: number; data: Uint8Array }[],
      commands: [] as { id: number; command: number; data: Uint8Array }[],
      ping: undefined as number | undefined,
      every: 0,
      mismatch: false,
      token: '',
    };
    let hello = false;
    for (const { value } of frame.lines) {
      let m =
        /^hello: version 1, kind "(.*)", room "(.*)", name "(.*)", fingerprint (\w+), hash every (\d+), every (\d+), data (\w+)$/.exec(
          value,
        );
      if (m) {
        hello = true;
        Object.assign(h, {
          kind: m[1],
          room: m[2],
          name: m[3],
          fingerprint: BigInt(`0x${m[4]}`),
          hashEvery: +m[5],
          every: +m[6],
          data: bytes(m[7]),
        });
      } else if (value === 'hello: spectate') h.spectate = true;
      else if ((m = /^hello: resume "(.*)" at tick (\d+)$/.exec(value)))
        Object.assign(h, { resume: m[1], resumeTick: +m[2] });
      else if ((m = /^hello: token "(.*)"$/.exec(value))) h.token = m[1];
      else if ((m = /^hello: seat "(.*)"$/.exec(value))) h.seat = m[1];
      else if (value === 'hello: parts') h.parts = true;
      else if (value === 'hello: or join') h.orJoin = true;
      else if ((m = /^hello: option (\S+) "(.*)"$/.exec(value))) h.options = { ...h.options, [m[1]]: m[2] };
      else if ((m = /^token "(.*)"$/.exec(value))) f.token = m[1];
      else if ((m = /^ack (\d+)$/.exec(value))) f.ack = +m[1];
      else if ((m = /^input (\d+) for tick (\d+), data (\w+)$/.exec(value)))
        f.inputs.push({ seq: +m[1], tick: +m[2], sees: 0, data: bytes(m[3]) });
      else if ((m = /^seeing ([\d.]+)$/.exec(value))) f.inputs.at(-1)!.sees = (f.inputs.at(-1)!.tick - +m[1]) * 16;
      else if ((m = /^command (\d+), number (\d+), data (\w+)$/.exec(value)))
        f.commands.push({ command: +m[1], id: +m[2], data: bytes(m[3]) });
      else if ((m = /^ping (\d+)$/.exec(value))) f.ping = +m[1];
      else if ((m = /^every (\d+)$/.exec(value))) f.every = +m[1];
      else if (value === 'mismatch') f.mismatch = true;
      else throw new Error(`what is ${value}?`);
    }
    expect(Buffer.from(hello ? encodeHello(h) : encodeFrame(f)).toString('hex')).toBe(
      Buffer.from(frame.bytes).toString('hex'),
    );
  });
});
