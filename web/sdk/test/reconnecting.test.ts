import { describe, expect, test, vi } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import { CloseCode } from '../src/index.js';
import { FakeStore, Platform, settle } from './fake.js';
import { snapshot, welcome } from './frames.js';

const resumed = { ...welcome, resumed: true };
const hello = (p: Platform) => p.socket.sent[0]?.hello;

describe('coming back', () => {
  test('resumes from the last tick, with all rows', async () => {
    const p = new Platform();
    const room = await p.join();
    const told: string[] = [];
    room.tables.walker.onRemove((_, e) => told.push(`-${e}`));
    room.tables.walker.onChange((_, e) => told.push(`~${e}`));
    room.on('resumed', (r) => told.push(`resumed ${r.full} ${r.eventsMissed}`));
    for (let i = 0; i < 4; i++) room.input({ direction: i });
    await p.clock.pass(50);
    p.socket.receive(snapshot(2, {}, { inputAck: 1 }));
    p.takeStates();
    p.socket.lose();
    expect(room.state).toBe('reconnecting');
    expect(p.states[0]).toMatchObject({
      state: 'reconnecting',
      code: 1006,
      retryAt: p.clock.time + 250,
      attempt: 1,
      text: 'The connection was lost.',
    });
    expect(room.input({ direction: 9 })).toBe(5);
    await p.clock.pass(249);
    expect(p.sockets).toHaveLength(1);
    await p.clock.pass(1);
    p.socket.open();
    expect(hello(p)).toMatchObject({
      kind: 'walkers',
      room: 'walkers-1',
      resume: 'SESSION',
      resumeTick: 2,
      fingerprint: walkers.fingerprint,
    });
    p.socket.receive({
      ...snapshot(40, { 1: { x: 9 } }, { skip: 37 }),
      welcome: { ...resumed, inputSeq: 3, eventsMissed: true },
    });
    expect(room.state).toBe('live');
    expect(told).toEqual(['~1', 'resumed false true']);
    expect(room.tick).toBe(40);
    expect(room.pending.map((i) => i.seq)).toEqual([2, 3, 4, 5]);
    await p.clock.pass(50);
    expect(p.socket.take().flatMap((f) => f.inputs.map((i) => i.seq))).toEqual([4, 5]);
    expect(room.input({})).toBe(6);
    expect(room.stats).toMatchObject({ reconnects: 1, resumes: 1 });
  });

  test('goes on after the numbers that the server has seen', async () => {
    const p = new Platform();
    const store = new FakeStore();
    store.setItem(
      'tickroom:ws://localhost/ws:walkers',
      JSON.stringify({ session: 'OLD', room: 'walkers-1', kind: 'walkers' }),
    );
    const joining = p.client().joinOrCreate(walkers, { storage: store });
    await settle();
    p.socket.open();
    expect(hello(p)).toMatchObject({ resume: 'OLD', room: 'walkers-1', resumeTick: 0 });
    p.socket.receive({
      ...snapshot(9, { 1: {} }, { full: true }),
      welcome: { ...resumed, session: 'OLD', inputSeq: 41, commandId: 6 },
    });
    const room = await joining;
    const told = vi.fn();
    room.on('resumed', told);
    await p.clock.pass(0);
    expect(told).toHaveBeenCalledWith({ full: true, eventsMissed: false });
    expect(room.input({})).toBe(42);
    void room.command(walkers.shout, {}).catch(() => {});
    await p.clock.pass(50);
    expect(p.socket.take().flatMap((f) => f.commands.map((c) => c.id))).toEqual([7]);
  });

  test('takes a full snapshot on a resume', async () => {
    const p = new Platform();
    const room = await p.join();
    const told: string[] = [];
    room.tables.walker.onRemove((_, e) => told.push(`-${e}`));
    room.tables.walker.onAdd((_, e) => told.push(`+${e}`));
    told.length = 0;
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    p.socket.receive({ ...snapshot(400, { 1: { x: 9 }, 2: {} }, { full: true }), welcome: resumed });
    expect(told).toEqual(['-1', '+1', '+2']);
  });

  test('joins anew when the session is gone: rows go first', async () => {
    const p = new Platform();
    const room = await p.join();
    const told: string[] = [];
    room.tables.walker.onRemove((_, e) => told.push(`-${e}`));
    room.tables.walker.onAdd((_, e) => told.push(`+${e}`));
    room.on('rejoined', (r) => told.push(`rejoined ${r.player} ${r.room} ${room.tables.walker.size}`));
    room.on('resumed', () => told.push('resumed'));
    room.on('snapshot', (t) => told.push(`tick ${t}`));
    told.length = 0;
    room.input({});
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    p.socket.lose(CloseCode.SessionGone);
    await p.clock.pass(1000);
    // The same room, if it has a free place.
    p.socket.open();
    expect(hello(p)).toMatchObject({ room: 'walkers-1', resume: '', resumeTick: 0 });
    p.socket.lose(CloseCode.RoomFull);
    await p.clock.pass(2000);
    p.socket.open();
    expect(hello(p)).toMatchObject({ room: '', resume: '' });
    p.socket.receive({
      ...snapshot(3, { 5: {} }, { full: true }),
      welcome: { ...welcome, session: 'NEW', room: 'walkers-2', player: 4 },
    });
    expect(told).toEqual(['-1', 'rejoined 4 walkers-2 0', '+5', 'tick 3']);
    expect(room).toMatchObject({ id: 'walkers-2', player: 4, inputAck: 0 });
    expect(room.pending).toEqual([]);
    expect(room.input({})).toBe(1);
    p.random = 0;
    p.socket.lose();
    await p.clock.pass(1000);
    p.socket.open();
    expect(hello(p)).toMatchObject({ resume: 'NEW', room: 'walkers-2', resumeTick: 3 });
  });

  test('pauses as the options say', async () => {
    const p = new Platform();
    await p.joinWith({ backoff: { base: 1000, max: 2000 } });
    const pauses: number[] = [];
    for (const random of [0, 1, 0.5, 1]) {
      p.random = random;
      p.socket.lose();
      pauses.push(p.states.at(-1)!.retryAt! - p.clock.time);
      await p.clock.pass(pauses.at(-1)!);
    }
    expect(pauses).toEqual([500, 1200, 1080, 1728]);
    expect(p.states.at(-1)).toMatchObject({ attempt: 4 });
  });

  test('keeps the session so that a page that is loaded again can resume', async () => {
    const store = new FakeStore();
    const key = 'tickroom:ws://localhost/ws:walkers';
    const p = new Platform();
    const room = await p.join({ storage: store });
    expect(JSON.parse(store.getItem(key)!)).toEqual({ session: 'SESSION', room: 'walkers-1', kind: 'walkers' });
    p.socket.lose(CloseCode.TakenOver);
    expect(room.state).toBe('closed');
    expect(store.items.size).toBe(1);
    const q = new Platform();
    const again = q.client().joinOrCreate(walkers, { storage: store });
    await settle();
    q.socket.open();
    q.socket.lose(CloseCode.SessionGone);
    await q.clock.pass(1000);
    expect(store.items.size).toBe(0);
    q.accept({ welcome: { session: 'NEXT' } });
    const rejoined = vi.fn();
    (await again).on('rejoined', rejoined);
    expect(store.getItem(key)).toContain('NEXT');
    void (await again).leave();
    expect(store.items.size).toBe(0);
    expect(rejoined).not.toHaveBeenCalled();
    // Whatever is there, or a session to watch by.
    for (const text of [
      '{"session":"a","room":"b","kind":"walkers","spectator":true}',
      '{',
      '[]',
      'null',
      '{"session":1}',
      '{"session":"a","room":"b","kind":"other"}',
    ]) {
      store.setItem(key, text);
      const r = new Platform();
      void r.client().joinOrCreate(walkers, { storage: store });
      await settle();
      r.socket.open();
      expect(hello(r)!.resume).toBe('');
    }
  });

  test('keeps what watches apart from what plays', async () => {
    const store = new FakeStore();
    const p = new Platform();
    const joining = p.client().spectate(walkers, '', { storage: store });
    await settle();
    p.accept({ welcome: { spectator: true } });
    await joining;
    const q = new Platform();
    void q.client().joinOrCreate(walkers, { storage: store });
    await settle();
    q.socket.open();
    expect(hello(q)).toMatchObject({ resume: '', spectate: false });
    const r = new Platform();
    void r.client().spectate(walkers, '', { storage: store });
    await settle();
    r.socket.open();
    expect(hello(r)).toMatchObject({ resume: 'SESSION', spectate: true });
  });

  test('does without a storage that does not work', async () => {
    const broken = (): never => {
      throw new Error('it is forbidden');
    };
    const p = new Platform();
    const room = await p.join({ storage: { getItem: broken, setItem: broken, removeItem: broken } });
    void room.leave();
    expect(room.state).toBe('closed');
  });
});

describe('a page', () => {
  test('that is hidden asks for little, and for all when it is seen again', async () => {
    const p = new Platform();
    await p.join({ every: 2 });
    await p.clock.pass(100);
    p.socket.take();
    p.page.hide(true);
    expect(p.socket.take()).toMatchObject([{ every: 32 }]);
    p.socket.receive({});
    p.page.hide(false);
    const [frame] = p.socket.take();
    expect(frame.every).toBe(2);
    expect(frame.ping).toBeDefined();
    await p.clock.pass(2900);
    p.socket.receive({ pongs: [] });
    await p.clock.pass(1000);
    expect(p.sockets).toHaveLength(1);
  });

  test('that is hidden from the start says so in its hello', async () => {
    const p = new Platform();
    p.page.hidden = true;
    void p.join();
    await settle();
    expect(hello(p)!.every).toBe(32);
  });

  test('that comes back to a dead connection opens another soon', async () => {
    const p = new Platform();
    const room = await p.join();
    p.page.hide(true);
    p.socket.receive({});
    p.clock.sleep(60_000);
    p.page.hide(false);
    await p.clock.pass(3001);
    expect(p.sockets[0].closed).toBeDefined();
    expect(room.state).toBe('reconnecting');
    await p.clock.pass(500);
    p.socket.open();
    expect(hello(p)).toMatchObject({ resume: 'SESSION' });
  });

  test('that is seen or woken tries at once', async () => {
    for (const what of ['visibility', 'wake', 'online'] as const) {
      const p = new Platform();
      await p.join();
      for (let i = 0; i < 6; i++) {
        p.socket.lose();
        if (i < 5) await p.clock.pass(30_000);
      }
      const n = p.sockets.length;
      p.page.fire(what);
      expect(p.sockets).toHaveLength(n + 1);
      p.page.fire(what); // and not twice
      expect(p.sockets).toHaveLength(n + 1);
    }
  });

  test('that is offline says so and waits, and tries at once when it is online', async () => {
    const p = new Platform();
    const room = await p.join();
    p.takeStates();
    p.page.fire('offline');
    expect(room.state).toBe('live');
    await p.clock.pass(3001);
    expect(p.takeStates()).toEqual(['reconnecting 1006 offline']);
    await p.clock.pass(29_000);
    expect(p.sockets).toHaveLength(1);
    p.page.fire('online');
    expect(p.sockets).toHaveLength(2);
    p.socket.lose();
    p.page.fire('offline');
    expect(p.takeStates()).toEqual(['reconnecting 1006', 'reconnecting 1006 offline']);
    // The platform may be wrong, so there is an attempt now and then.
    await p.clock.pass(30_000);
    expect(p.sockets).toHaveLength(3);
    p.socket.open();
    p.socket.receive({ ...snapshot(2, {}), welcome: resumed });
    expect(p.takeStates()).toEqual(['live']);
    p.socket.lose();
    expect(p.takeStates()).toEqual(['reconnecting 1006']);
  });

  test('that is offline by its own account stays as long as the server answers', async () => {
    const p = new Platform();
    const room = await p.join();
    p.page.fire('offline');
    for (let i = 0; i < 20; i++) {
      await p.clock.pass(500);
      p.socket.receive({});
    }
    expect(room.state).toBe('live');
  });
});

describe('a silent server', () => {
  test('is asked, and given up', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(6000);
    expect(room.state).toBe('live');
    await p.clock.pass(3000);
    expect(room.state).toBe('reconnecting');
    // After a code that leaves, the server would end the session.
    expect(p.sockets[0].closed).toMatchObject({ code: CloseCode.Idle });
  });

  test('is not given up because the program slept', async () => {
    const p = new Platform();
    const room = await p.join();
    p.clock.sleep(120_000);
    await p.clock.pass(100);
    expect(room.state).toBe('live');
    p.socket.receive({});
    await p.clock.pass(3500);
    expect(room.state).toBe('live');
  });
});
