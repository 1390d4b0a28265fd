import { describe, expect, test, vi } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import { CloseCode, JoinError } from '../src/index.js';
import { firstSnapshot, Platform, settle } from './fake.js';
import { type FrameInit, serverFrame, snapshot, walkersTable, welcome } from './frames.js';
import { Bench } from './replica.js';

const resumed = { ...welcome, resumed: true };
const hello = (p: Platform) => p.socket.sent[0]?.hello;

describe('a server that is wrong', () => {
  const bad: [string, FrameInit][] = [
    ['a gap', snapshot(9, {})],
    ['a difference to nothing', { tick: 2, delta: [{ component: 1, mask: 1, rows: [99, 1] }] }],
    ['an unknown component', { tick: 2, set: [{ component: 50, rows: [1] }] }],
    ['a second welcome', { welcome }],
  ];

  test.each(bad)('by %s is left with 4007, and joined anew', async (_, frame) => {
    const p = new Platform();
    const room = await p.join();
    p.socket.receive(frame);
    expect(p.sockets[0].closed!.code).toBe(CloseCode.BadMessage);
    expect(room.state).toBe('reconnecting');
    await p.clock.pass(500);
    p.socket.open();
    expect(hello(p)).toMatchObject({ resume: '', room: '' });
    const rejoined = vi.fn();
    room.on('rejoined', rejoined);
    p.accept();
    expect(rejoined).toHaveBeenCalled();
    expect(room.tables.walker.size).toBe(1);
  });

  test('is not left for ever', async () => {
    const p = new Platform();
    const room = await p.join();
    p.random = 0;
    for (let i = 0; i < 3; i++) {
      p.socket.receive(snapshot(99, {}));
      expect(room.state).toBe('reconnecting');
      await p.clock.pass(1000);
      p.accept();
    }
    p.socket.receive(snapshot(99, {}));
    expect(room.state).toBe('closed');
  });

  test('that begins without a welcome is left', async () => {
    const p = new Platform();
    void p.client().joinOrCreate(walkers, p.options());
    await settle();
    p.socket.open();
    p.socket.receive(snapshot(1, {}, { full: true }));
    expect(p.socket.closed!.code).toBe(CloseCode.BadMessage);
  });

  test('about the state is told so, and asked for the reason', async () => {
    const p = new Platform();
    const room = await p.join({ hashEvery: 1 });
    const desyncs: unknown[] = [];
    room.on('desync', (d) => desyncs.push(d));
    const bench = new Bench(Object.values(walkers.components));
    bench.apply(serverFrame(firstSnapshot));
    const right = bench.replica.hash();
    p.socket.receive(snapshot(2, {}, { hash: right }));
    expect(room.stats).toMatchObject({ hashChecks: 1, desyncs: 0 });
    p.socket.receive(snapshot(3, {}, { hash: 1n }));
    expect(room.stats).toMatchObject({ hashChecks: 2, desyncs: 1 });
    await p.clock.pass(60);
    expect(p.socket.take().some((f) => f.mismatch)).toBe(true);
    expect(desyncs).toEqual([]);
    p.socket.receive({
      tick: 4,
      set: [walkersTable({ 2: {} })],
      entityHashes: [
        { entity: 1, hash: right },
        { entity: 3, hash: 5n },
      ],
    });
    expect(desyncs).toEqual([{ tick: 3, entities: [2, 3] }]);
    expect(p.socket.closed!.code).toBe(CloseCode.BadMessage);
    expect(room.state).toBe('reconnecting');
  });

  test('about the state is left without a reason too', async () => {
    const p = new Platform();
    const room = await p.join({ hashEvery: 1 });
    const desyncs: unknown[] = [];
    room.on('desync', (d) => desyncs.push(d));
    for (let tick = 2; tick < 8; tick++) p.socket.receive(snapshot(tick, {}, { hash: 1n }));
    expect(desyncs).toEqual([{ tick: 2, entities: [] }]);
  });
});

describe('a schema', () => {
  const fields = walkers.components.walker.fields.map((f) => ({ ...f }));
  const schemaOf = (list: object[]): object => ({
    components: [
      { id: 1, name: 'Walker', fields: list },
      { id: 9, name: 'Hat', fields: [{ number: 2, name: 'size', kind: 1 }] },
    ],
  });

  test('of a server with more is read, and what is known taken from it', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { hashEvery: 1 });
    await settle();
    p.socket.open();
    const more = [...fields, { number: 7, name: 'mana', kind: 1 }, { number: 8, name: 'title', kind: 10 }];
    p.socket.receive({
      tick: 1,
      full: true,
      set: [
        { component: 1, mask: 0b11001000, rows: [4, 60, 7], strings: ['Dr'] },
        { component: 9, mask: 2, rows: [4, 3] },
      ],
      welcome: { ...welcome, fingerprint: 77n, schema: schemaOf(more) },
    });
    const room = await joining;
    expect([...room.tables.walker]).toEqual([expect.objectContaining({ entity: 4, health: 60 })]);
    expect(Object.keys(room.tables.walker.get(4)!)).not.toContain('mana');
    // A client that comes back names the schema that it reads by.
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    expect(hello(p)!.fingerprint).toBe(77n);
    p.socket.receive({
      tick: 2,
      delta: [{ component: 1, mask: 8, rows: [4, 2] }],
      welcome: { ...resumed, fingerprint: 77n },
    });
    expect(room.tables.walker.get(4)!.health).toBe(61);
    // Another server, with the client's own schema.
    p.socket.lose();
    await p.clock.pass(5000);
    p.socket.open();
    p.socket.lose(CloseCode.SessionGone);
    await p.clock.pass(5000);
    p.socket.open();
    p.socket.receive({
      ...snapshot(1, { 2: { x: 3 } }, { full: true }),
      welcome: { ...welcome, schema: { components: [{ id: 1, name: 'Walker', fields }] } },
    });
    expect([...room.tables.walker]).toMatchObject([{ entity: 2, x: 3 }]);
  });

  test.each([
    ['without a component', { components: [] }, 'component'],
    ['without a field', schemaOf(fields.slice(1)), 'Walker.x'],
    ['with another step', schemaOf(fields.map((f) => ({ ...f, step: f.number === 1 ? 0.25 : f.step }))), 'step'],
    ['with another kind', schemaOf(fields.map((f) => ({ ...f, kind: f.number === 4 ? 2 : f.kind }))), 'kind'],
    ['with a kind that is not known', schemaOf([...fields, { number: 9, name: 'new', kind: 55 }]), 'too old'],
    ['that is out of order', schemaOf([fields[1], fields[0], ...fields.slice(2)]), 'out of order'],
    ['that is not there', undefined, 'did not send it'],
  ])('%s can not be used', async (_, schema, why) => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers);
    joining.catch(() => {});
    await settle();
    p.socket.open();
    p.socket.receive({ welcome: { ...welcome, fingerprint: 77n, ...(schema ? { schema } : {}) } });
    expect(p.socket.closed!.code).toBe(CloseCode.Schema);
    await expect(joining).rejects.toBeInstanceOf(JoinError);
    await expect(joining).rejects.toMatchObject({ code: CloseCode.Schema });
    await expect(joining).rejects.toThrow(why);
  });
});

describe('statistics', () => {
  test('count what comes and goes', async () => {
    const p = new Platform();
    const room = await p.join();
    for (let tick = 2; tick < 6; tick++) {
      await p.clock.pass(50);
      p.socket.receive(snapshot(tick, { 1: { x: tick } }));
    }
    await p.clock.pass(150);
    p.socket.receive(snapshot(8, { 1: { x: 8 }, 2: {} }, { skip: 2 }));
    expect(room.stats).toMatchObject({
      snapshots: 6,
      fullSnapshots: 1,
      skippedTicks: 2,
      rowsChanged: 7,
      entities: 2,
      gapMs: 150,
    });
    expect(room.stats.gaps).toEqual([50, 50, 50, 50, 150]);
    expect(room.stats.bytesPerEntity).toBeGreaterThan(5);
    expect(room.stats.messagesIn).toBe(6);
    expect(room.stats.bytesOut).toBeGreaterThan(0);
  });

  test('remember the last gaps', async () => {
    const p = new Platform();
    const room = await p.join();
    for (let tick = 2; tick < 202; tick++) {
      p.clock.sleep(tick);
      p.socket.receive(snapshot(tick, {}));
    }
    expect(room.stats.gaps).toEqual(Array.from({ length: 128 }, (_, i) => 74 + i));
  });
});

describe('views of a room', () => {
  test('follow its snapshots', async () => {
    const p = new Platform();
    const room = await p.join();
    expect(room.view().tables.walker.get(1)).toMatchObject({ x: 1 });
    for (let tick = 2; tick < 100; tick++) {
      await p.clock.pass(50);
      p.socket.receive(snapshot(tick, { 1: { x: tick } }));
      for (const at of [0, 16, 32]) {
        const v = room.view(p.clock.time + at);
        if (tick > 10) expect(v.tables.walker.get(1)!.x).toBeCloseTo(v.tick, 6);
      }
    }
    expect(room.interpolation.delayMs).toBeGreaterThan(45);
    expect(room.interpolation.delayMs).toBeLessThan(70);
    expect(room.interpolation.extrapolating).toBe(false);
    // No view for a while, then again.
    for (let tick = 100; tick < 160; tick++) {
      await p.clock.pass(50);
      p.socket.receive(snapshot(tick, { 1: { x: tick } }));
    }
    expect(room.view().tables.walker.get(1)!.x).toBe(159);
  });

  test('begin anew with a new session', async () => {
    const p = new Platform();
    const room = await p.join();
    for (let tick = 2; tick < 100; tick++) {
      await p.clock.pass(50);
      p.socket.receive(snapshot(tick, { 1: { x: tick } }));
      room.view();
    }
    p.socket.lose(CloseCode.RoomClosed);
    await p.clock.pass(500);
    p.accept();
    expect(room.view().tick).toBeLessThanOrEqual(1);
    expect([...room.view().tables.walker]).toMatchObject([{ x: 1 }]);
  });
});

test('change is called once for each snapshot that changes rows, and for no other', async () => {
  const p = new Platform();
  const room = await p.join();
  const calls: string[] = [];
  room.tables.walker.onChange((_, entity) => calls.push(`row ${entity}`));
  room.on('snapshot', (tick) => calls.push(`snapshot ${tick}`));
  room.on('change', (tick) => calls.push(`change ${tick}, x ${room.tables.walker.get(1)?.x}`));
  p.socket.receive(snapshot(2, {}));
  p.socket.receive(snapshot(3, { 1: { x: 7 }, 2: { x: 8 } }));
  p.socket.receive({ pongs: [] });
  p.socket.receive(snapshot(4, { 2: { x: 9 } }));
  p.socket.receive(snapshot(5, {}, { removed: [2] }));
  p.socket.receive(snapshot(6, {}, { removed: [2] }));
  expect(calls).toEqual([
    'snapshot 2',
    'row 1',
    'change 3, x 7',
    'snapshot 3',
    'row 2',
    'change 4, x 7',
    'snapshot 4',
    'change 5, x 7',
    'snapshot 5',
    'snapshot 6',
  ]);
});

test('change is called for the first state, when the game could ask for it', async () => {
  const p = new Platform();
  const joining = p.client().joinOrCreate(walkers);
  await settle();
  p.accept();
  const room = await joining;
  const changed = vi.fn();
  room.on('change', changed);
  await p.clock.pass(0);
  expect(changed).toHaveBeenCalledExactlyOnceWith(1);
});
