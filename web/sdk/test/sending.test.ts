import { describe, expect, test } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import { CloseCode, CommandError, type Room } from '../src/index.js';
import { Platform, settle } from './fake.js';
import { snapshot, welcome } from './frames.js';
import * as testschema from './gen/internal/testschema/v1/testschema.tickroom.js';

type Walkers = Room<typeof walkers>;

const resumed = { ...welcome, resumed: true };

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
    // What is sent within the tick waits for the next one.
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
    // Pings have messages of their own, at other moments.
    const frames = p.socket.take().filter((f) => !f.ping || f.inputs.length > 0);
    expect(frames.length).toBeGreaterThan(38);
    expect(frames.filter((f) => !f.ping).length).toBeLessThanOrEqual(42);
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
    // And each snapshot that brings several ticks.
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

  test('without a reply in the schema resolve when they were carried out', async () => {
    const p = new Platform();
    const room = await p.join();
    const done: undefined[] = [];
    const poke = room.command(testschema.poke, {}).then((reply) => done.push(reply));
    await p.clock.pass(50);
    expect(p.socket.take().flatMap((f) => f.commands)).toMatchObject([{ id: 1, command: 7 }]);
    expect(done).toEqual([]);
    p.socket.receive({ replies: [{ id: 1 }] });
    await poke;
    expect(done).toEqual([undefined]);
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
