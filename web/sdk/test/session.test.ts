import { describe, expect, test, vi } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import { CloseCode, CommandError, JoinError, type Room } from '../src/index.js';
import { FakeStore, Platform, settle } from './fake.js';
import { type FrameInit, snapshot, walkersTable, welcome } from './frames.js';

type Walkers = Room<typeof walkers>;

const resumed = { ...welcome, resumed: true };
const hello = (p: Platform) => p.socket.sent[0]?.hello;

describe('joining', () => {
  test('says hello, and is done with the first snapshot', async () => {
    const p = new Platform();
    const joining = p
      .client()
      .joinOrCreate(walkers, p.options({ name: 'Ann', hashEvery: 20, every: 2, data: Uint8Array.of(7) }));
    await settle();
    expect(p.socket).toMatchObject({ url: 'ws://localhost/ws', protocol: 'tickroom.v1' });
    expect(p.socket.sent).toEqual([]);
    p.socket.open();
    expect(p.socket.sent).toHaveLength(1);
    expect(hello(p)).toMatchObject({
      version: 1,
      kind: 'walkers',
      room: '',
      name: 'Ann',
      hashEvery: 20,
      every: 2,
      fingerprint: walkers.fingerprint,
      resume: '',
      resumeTick: 0,
      spectate: false,
      data: Uint8Array.of(7),
    });
    p.socket.receive({ welcome });
    await settle();
    expect(p.takeStates()).toEqual(['connecting', 'live']);
    p.socket.receive(snapshot(7, { 1: { x: 2 } }, { full: true }));
    const room = await joining;
    expect(room).toMatchObject({
      id: 'walkers-1',
      kind: 'walkers',
      player: 1,
      spectator: false,
      tickRate: 20,
      state: 'live',
      tick: 7,
    });
    expect([...room.tables.walker]).toMatchObject([{ entity: 1, x: 2 }]);
  });

  test('asks for a certain room, or to watch', async () => {
    const p = new Platform();
    void p.client().join(walkers, 'walkers-9', { kind: 'strollers' });
    await settle();
    p.socket.open();
    expect(hello(p)).toMatchObject({ kind: 'strollers', room: 'walkers-9', spectate: false });
    void p.client().spectate(walkers);
    await settle();
    p.socket.open();
    expect(hello(p)).toMatchObject({ room: '', spectate: true });
  });

  test('keeps the events of the first message until the game could ask for them', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers);
    await settle();
    p.accept({ frame: { events: [{ event: 1, data: Uint8Array.of(0x12, 2, 0x68, 0x69) }] } });
    const room = await joining;
    const heard = vi.fn();
    const ticks: number[] = [];
    room.onEvent(walkers.Heard, (e, tick) => heard(e.text, tick));
    room.on('snapshot', (tick) => ticks.push(tick));
    await p.clock.pass(0);
    expect(heard).toHaveBeenCalledExactlyOnceWith('hi', 1);
    p.socket.receive({
      ...snapshot(4, {}, { skip: 2 }),
      events: [{ event: 1, data: Uint8Array.of(0x12, 1, 0x61), age: 2 }, { event: 77 }],
    });
    expect(heard).toHaveBeenLastCalledWith('a', 2);
    expect(ticks).toEqual([1, 4]);
  });

  test.each([
    [CloseCode.NoSuchRoom, 'no such kind'],
    [CloseCode.BadHello, 'the name has 70 bytes'],
    [CloseCode.Kicked, ''],
    [4999, 'something new'],
  ])('fails at once for %i', async (code, reason) => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers);
    await settle();
    p.socket.open();
    p.socket.lose(code, reason);
    await expect(joining).rejects.toMatchObject({ name: 'JoinError', code, reason });
    expect(p.clock.pending).toBe(0);
    expect(p.page.watchers).toBe(0);
  });

  test('fails at once for a certain room that is full', async () => {
    const p = new Platform();
    const joining = p.client().join(walkers, 'walkers-9');
    await settle();
    p.socket.open();
    p.socket.lose(CloseCode.RoomFull);
    await expect(joining).rejects.toMatchObject({ code: CloseCode.RoomFull });
  });

  test('tries again when there is no connection, until it has taken too long', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, p.options({ timeoutMs: 4000 }));
    joining.catch(() => {});
    await settle();
    p.socket.lose();
    await p.clock.pass(500);
    expect(p.sockets).toHaveLength(2);
    expect(p.takeStates()).toEqual(['connecting', 'connecting 1006']);
    p.socket.lose(1013, 'too many');
    await p.clock.pass(3500);
    await expect(joining).rejects.toMatchObject({ code: 1013, reason: 'too many' });
    expect(p.clock.pending).toBe(0);
    expect(p.page.watchers).toBe(0);
  });

  test('ends by a signal', async () => {
    const p = new Platform();
    const abort = new AbortController();
    const joining = p.client().joinOrCreate(walkers, { signal: abort.signal });
    await settle();
    abort.abort(new Error('enough'));
    await expect(joining).rejects.toThrow('enough');
    expect(p.socket.closed).toBeDefined();
    expect(p.clock.pending).toBe(0);
    await expect(p.client().joinOrCreate(walkers, { signal: abort.signal })).rejects.toThrow('enough');
  });

  test('gives up a connection that brings no welcome', async () => {
    const p = new Platform();
    p.client()
      .joinOrCreate(walkers)
      .catch(() => {});
    await settle();
    p.socket.open();
    await p.clock.pass(10_000);
    expect(p.sockets[0].closed).toMatchObject({ code: CloseCode.Idle });
    await p.clock.pass(500);
    expect(p.sockets).toHaveLength(2);
  });

  test('says what is wrong with the platform', async () => {
    const p = new Platform();
    const socket = (): never => {
      throw new TypeError('there is no WebSocket here');
    };
    await expect(p.client({ socket }).joinOrCreate(walkers)).rejects.toThrow('there is no WebSocket here');
  });
});

describe('sending', () => {
  test('puts all of a tick into one message', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    expect(room.input({ direction: 1 })).toBe(1);
    expect(room.input({ stop: true })).toBe(2);
    void room.command(walkers.shout, { text: 'a' }).catch(() => {});
    await settle();
    const [first, ...rest] = p.socket.take();
    expect(rest).toEqual([]);
    expect(first.inputs.map((i) => i.seq)).toEqual([1, 2]);
    expect(first.commands).toMatchObject([{ id: 1, command: 1 }]);
    expect(first.ack).toBe(1);
    // What comes within the tick waits for the next one.
    room.input({});
    await p.clock.pass(10);
    room.input({});
    expect(p.socket.take()).toEqual([]);
    await p.clock.pass(40);
    expect(p.socket.take().map((f) => f.inputs.map((i) => i.seq))).toEqual([[3, 4]]);
  });

  test('sends at most one message per tick at 60 frames per second', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    for (let i = 0; i < 120; i++) {
      room.input({});
      await p.clock.pass(1000 / 60);
    }
    const frames = p.socket.take();
    expect(frames.length).toBeGreaterThan(38);
    expect(frames.length).toBeLessThanOrEqual(42);
    expect(frames.flatMap((f) => f.inputs.map((i) => i.seq))).toEqual(
      Array.from({ length: frames.at(-1)!.inputs.at(-1)!.seq }, (_, i) => i + 1),
    );
  });

  test('keeps inputs until the state includes them', async () => {
    const p = new Platform();
    const room = await p.join();
    for (let i = 0; i < 5; i++) room.input({ direction: i });
    expect(room.pending.map((i) => [i.seq, i.input.direction])).toEqual([1, 2, 3, 4, 5].map((n) => [n, n - 1]));
    const seen: number[][] = [];
    room.tables.walker.onChange(() => seen.push([room.inputAck, room.pending.length, room.tick]));
    p.socket.receive(snapshot(2, { 1: { x: 3 } }, { inputAck: 3 }));
    expect(room.inputAck).toBe(3);
    expect(room.pending.map((i) => i.seq)).toEqual([4, 5]);
    expect(seen).toEqual([[3, 2, 2]]);
  });

  test('forgets inputs when too many wait', async () => {
    const p = new Platform();
    const room = await p.join();
    for (let i = 0; i < 200; i++) room.input({});
    expect(room.pending).toHaveLength(128);
    expect(room.stats.inputsDropped).toBe(72);
    expect(() => room.input({ direction: 'north' as unknown as number })).toThrow();
  });

  test('acknowledges every third snapshot on its own', async () => {
    const p = new Platform();
    await p.join();
    await p.clock.pass(900);
    p.socket.receive(snapshot(2, {}));
    p.socket.receive(snapshot(3, {}));
    await settle();
    p.socket.take();
    const acks: number[] = [];
    for (let tick = 4; tick < 19; tick++) {
      p.socket.receive(snapshot(tick, {}));
      await p.clock.pass(50);
      acks.push(...p.socket.take().map((f) => f.ack));
    }
    expect(acks.length).toBeGreaterThanOrEqual(5);
    for (let i = 1; i < acks.length; i++) expect(acks[i] - acks[i - 1]).toBeLessThanOrEqual(3);
    // And each of those that bring several ticks.
    p.socket.receive(snapshot(26, {}, { skip: 7 }));
    await settle();
    expect(p.socket.take().map((f) => f.ack)).toEqual([26]);
  });

  test('acknowledges where timers hardly run', async () => {
    const p = new Platform();
    await p.join();
    await p.clock.pass(0);
    p.socket.take();
    const acks: number[] = [];
    for (let tick = 2; tick < 20; tick++) {
      p.clock.sleep(50);
      p.socket.receive(snapshot(tick, {}));
      await settle();
      acks.push(...p.socket.take().map((f) => f.ack));
    }
    expect(Math.max(...acks)).toBeGreaterThanOrEqual(17);
  });

  test('waits while the socket has much to send', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    p.socket.bufferedAmount = 100_000;
    room.input({});
    await p.clock.pass(200);
    expect(p.socket.take()).toEqual([]);
    p.socket.bufferedAmount = 0;
    await p.clock.pass(1000);
    expect(p.socket.take()[0].inputs).toHaveLength(1);
  });

  test('sends large commands one by one', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    for (let i = 0; i < 3; i++) void room.command(walkers.shout, { text: 'x'.repeat(3000) }).catch(() => {});
    await p.clock.pass(200);
    expect(p.socket.take().flatMap((f) => f.commands.map((c) => c.id))).toEqual([1, 2, 3]);
    await expect(room.command(walkers.shout, { text: 'x'.repeat(5000) })).rejects.toMatchObject({ code: 'limited' });
  });

  test('pings and measures', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(2000);
    const pings = p.socket.take().flatMap((f) => (f.ping ? [f.ping.clientTimeUs] : []));
    expect(pings.length).toBeGreaterThanOrEqual(5);
    await p.clock.pass(30);
    p.socket.receive({
      pongs: [{ clientTimeUs: BigInt((p.clock.time - 60) * 1000), serverTimeUs: 1_700_000_000_000_000n, tick: 9 }],
    });
    expect(room.rtt).toBe(60);
    expect(room.stats.rtt).toBe(60);
    expect(room.serverTime()).toBe(1_700_000_000_030);
    expect(room.serverTick()).toBeGreaterThan(1);
  });

  test('asks for a rate', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    room.setEvery(4);
    await p.clock.pass(100);
    expect(p.socket.take().map((f) => f.every)).toContain(4);
  });
});

describe('commands', () => {
  async function asked(): Promise<{ p: Platform; room: Walkers; reply: Promise<walkers.ShoutReply> }> {
    const p = new Platform();
    const room = await p.join();
    const reply = room.command(walkers.shout, { text: 'a' });
    reply.catch(() => {});
    await p.clock.pass(50);
    return { p, room, reply };
  }

  test('have a reply', async () => {
    const { p, reply } = await asked();
    p.socket.receive({ replies: [{ id: 99 }, { id: 1, data: Uint8Array.of(8, 2) }] });
    expect((await reply).count).toBe(2);
  });

  test.each([
    [1, 'unknown'],
    [2, 'malformed'],
    [3, 'refused'],
    [4, 'limited'],
    [9, 'refused'],
  ])('with code %i are refused as %s', async (code, name) => {
    const { p, reply } = await asked();
    p.socket.receive({ replies: [{ id: 1, code, error: 'not today' }] });
    await expect(reply).rejects.toBeInstanceOf(CommandError);
    await expect(reply).rejects.toMatchObject({ code: name, message: 'not today' });
  });

  test('end after a while', async () => {
    const { p, room, reply } = await asked();
    const quick = room.command(walkers.shout, {}, { timeoutMs: 100 });
    quick.catch(() => {});
    await p.clock.pass(100);
    await expect(quick).rejects.toMatchObject({ code: 'timeout' });
    await p.clock.pass(10_000);
    await expect(reply).rejects.toMatchObject({ code: 'timeout' });
  });

  test('are sent again after a resume, and those that were made meanwhile with them', async () => {
    const { p, room, reply } = await asked();
    p.socket.lose();
    const second = room.command(walkers.shout, { text: 'b' });
    await p.clock.pass(500);
    p.socket.open();
    p.socket.receive({ ...snapshot(3, {}, { skip: 1 }), welcome: { ...resumed, commandId: 1 } });
    await p.clock.pass(50);
    const frames = p.socket.take();
    expect(frames.flatMap((f) => f.commands.map((c) => c.id))).toEqual([1, 2]);
    p.socket.receive({ replies: [{ id: 1 }, { id: 2 }] });
    await Promise.all([reply, second]);
  });

  test('are lost with the session', async () => {
    const { p, room, reply } = await asked();
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    p.socket.lose(CloseCode.SessionGone);
    await p.clock.pass(1000);
    p.accept();
    await expect(reply).rejects.toMatchObject({ code: 'lost' });
    void room.command(walkers.shout, {}).catch(() => {});
    await p.clock.pass(50);
    expect(p.socket.take().flatMap((f) => f.commands.map((c) => c.id))).toEqual([1]);
    void room.leave();
    await expect(room.command(walkers.shout, {})).rejects.toMatchObject({ code: 'lost' });
  });
});

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
      retryAt: p.clock.time + 500,
      attempt: 1,
      text: 'The connection was lost.',
    });
    expect(room.input({ direction: 9 })).toBe(5);
    await p.clock.pass(499);
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
    // The same room, if it has a seat.
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
    await p.clock.pass(1);
    p.socket.open();
    expect(hello(p)).toMatchObject({ resume: 'NEW', room: 'walkers-2', resumeTick: 3 });
  });

  test('looks for no other room than the one that was asked for', async () => {
    const p = new Platform();
    const joining = p.client().join(walkers, 'walkers-1', p.options());
    await settle();
    p.accept();
    const room = await joining;
    const closed = vi.fn();
    room.on('closed', closed);
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    p.socket.lose(CloseCode.NoSuchRoom);
    await p.clock.pass(1000);
    p.socket.open();
    expect(hello(p)).toMatchObject({ room: 'walkers-1', resume: '' });
    p.socket.lose(CloseCode.NoSuchRoom, 'it is gone');
    expect(room.state).toBe('closed');
    expect(closed).toHaveBeenCalledWith({ code: CloseCode.NoSuchRoom, reason: 'it is gone' });
  });

  // What a live room does after each code: tries again after at most so long, with
  // its session or without; or is closed.
  test.each([
    [1001, 500, true],
    [1005, 500, true],
    [1006, 500, true],
    [1011, 500, true],
    [1012, 500, true],
    [1013, 4000, true],
    [CloseCode.HelloTimeout, 500, true],
    [CloseCode.RoomClosed, 500, false],
    [CloseCode.RoomFailed, 500, false],
    [CloseCode.RateLimited, 4000, true],
    [CloseCode.Overflow, 500, true],
    [CloseCode.Idle, 500, true],
    [CloseCode.ServerFull, 4000, true],
    [1000, 0, false],
    [1002, 0, false],
    [1003, 0, false],
    [1007, 0, false],
    [1008, 0, false],
    [1009, 0, false],
    [CloseCode.BadHello, 0, false],
    [CloseCode.Schema, 0, false],
    [CloseCode.BadMessage, 0, false],
    [CloseCode.Kicked, 0, false],
    [CloseCode.TakenOver, 0, false],
    [4321, 0, false],
  ])('does as %i says', async (code, pause, keeps) => {
    const p = new Platform();
    const room = await p.join();
    p.socket.lose(code, 'why');
    if (pause === 0) {
      expect(room.state).toBe('closed');
      expect(p.states.at(-1)).toMatchObject({ state: 'closed', code, reason: 'why' });
      expect(p.clock.pending).toBe(0);
      return;
    }
    expect(p.states.at(-1)).toMatchObject({ state: 'reconnecting', code, retryAt: p.clock.time + pause });
    await p.clock.pass(pause);
    p.socket.open();
    expect(hello(p)).toMatchObject(keeps ? { resume: 'SESSION', room: 'walkers-1' } : { resume: '', room: '' });
  });

  test('waits longer each time, at random, up to half a minute, and not after a good while', async () => {
    const p = new Platform();
    await p.join();
    const pauses = async (): Promise<number[]> => {
      const list: number[] = [];
      for (let i = 0; i < 9; i++) {
        p.socket.lose();
        list.push(p.states.at(-1)!.retryAt! - p.clock.time);
        await p.clock.pass(list.at(-1)!);
      }
      return list;
    };
    expect(await pauses()).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
    const back = async (good: number): Promise<void> => {
      p.socket.open();
      p.socket.receive({ ...snapshot(2 + p.sockets.length, {}, { full: true }), welcome: resumed });
      for (let t = 0; t < good; t += 1000) {
        p.socket.receive({});
        await p.clock.pass(1000);
      }
    };
    await back(1000);
    p.socket.lose();
    expect(p.states.at(-1)!.retryAt! - p.clock.time).toBe(30_000);
    await p.clock.pass(30_000);
    await back(6000);
    p.random = 0.25;
    p.socket.lose();
    expect(p.states.at(-1)!.retryAt! - p.clock.time).toBe(125);
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
    // Whatever is there.
    for (const text of ['{', '[]', 'null', '{"session":1}', '{"session":"a","room":"b","kind":"other"}']) {
      store.setItem(key, text);
      const r = new Platform();
      void r.client().joinOrCreate(walkers, { storage: store });
      await settle();
      r.socket.open();
      expect(hello(r)!.resume).toBe('');
    }
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
    // The platform may be wrong, so it is tried now and then.
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
    // With a code that gives the seat up, the server would take it away.
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

describe('leaving', () => {
  test('closes the connection with 1000', async () => {
    const p = new Platform();
    const room = await p.join();
    const closed = vi.fn();
    room.on('closed', closed);
    let left = false;
    const leaving = room.leave().then(() => (left = true));
    expect(p.socket.closed).toEqual({ code: 1000, reason: '' });
    expect(room.state).toBe('closed');
    await settle();
    expect(left).toBe(false);
    p.socket.lose(1000);
    await leaving;
    expect(closed).toHaveBeenCalledExactlyOnceWith({ code: 1000, reason: '' });
    expect(p.clock.pending).toBe(0);
    expect(p.page.watchers).toBe(0);
    expect(room.input({})).toBe(0);
    await room.leave();
  });

  test('does not wait for long', async () => {
    const p = new Platform();
    const room = await p.join();
    const leaving = room.leave();
    await p.clock.pass(1000);
    await leaving;
  });

  test('ends attempts to come back', async () => {
    const p = new Platform();
    const room = await p.join();
    p.socket.lose();
    await room.leave();
    await p.clock.pass(100_000);
    expect(p.sockets).toHaveLength(1);
  });

  test('is possible out of a callback', async () => {
    const p = new Platform();
    const room = await p.join();
    room.on('snapshot', () => void room.leave());
    p.socket.receive(snapshot(2, {}));
    p.socket.lose(1000);
    await p.clock.pass(100_000);
    expect(room.state).toBe('closed');
    expect(p.sockets).toHaveLength(1);
  });
});

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
      await p.clock.pass(1);
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
    const right = (room as unknown as { replica: { hash(): bigint } }).replica.hash();
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
    // The schema that is read by is named when the client comes back.
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
    // Nobody looks for a while, then again.
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
