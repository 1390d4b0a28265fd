import { describe, expect, test, vi } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import { CloseCode } from '../src/index.js';
import { Platform, settle } from './fake.js';
import { snapshot, welcome } from './frames.js';

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
