// Lines that are slow, servers that are not there, and times of any length.

import { createServer, type Server as HTTPServer } from 'node:http';
import { type AddressInfo, connect as dial, createServer as listen, type Socket as TCP } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, test, vi } from 'vitest';
import WebSocket from 'ws';

import { systemClock } from '../src/clock.js';
import { walkers } from '../src/games/walkers.js';
import { Client, type ClientOptions, type Clock, CloseCode, type JoinError, webSocketBy } from '../src/index.js';
import { FakeClock, firstSnapshot, Platform, settle } from './fake.js';
import { type FrameInit, serverFrame, snapshot, welcome } from './frames.js';
import { Server, until } from './server.js';

/** A message in so many parts. */
function partsOf(f: FrameInit, n: number): FrameInit[] {
  const whole = serverFrame(f);
  const size = Math.ceil(whole.length / n);
  return Array.from({ length: n }, (_, i) => ({
    part: { data: whole.subarray(i * size, (i + 1) * size), left: Math.max(0, whole.length - (i + 1) * size) },
  }));
}

const first: FrameInit = { ...firstSnapshot, welcome };

describe('a first state that comes in parts', () => {
  test('takes as long as it takes, as long as something comes', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, p.options({ timeoutMs: 9000 }));
    await settle();
    p.socket.open();
    expect(p.socket.sent[0].hello?.parts).toBe(true);
    for (const part of partsOf(first, 10)) {
      await p.clock.pass(8000);
      p.socket.receive(part);
    }
    const room = await joining;
    await p.clock.pass(0);
    expect(p.sockets).toHaveLength(1);
    expect([...room.tables.walker]).toMatchObject([{ x: 1 }]);
    expect(room.stats.messagesIn).toBe(1);
  });

  test('that stops is given up', async () => {
    const p = new Platform();
    p.client()
      .joinOrCreate(walkers, { timeoutMs: Number.POSITIVE_INFINITY })
      .catch(() => {});
    await settle();
    p.socket.open();
    await p.clock.pass(9000);
    p.socket.receive(partsOf(first, 3)[0]);
    await p.clock.pass(9000);
    expect(p.socket.closed).toBeUndefined();
    await p.clock.pass(1001);
    expect(p.sockets[0].closed).toBeDefined();
  });

  test('that never gets further than before is no progress', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { timeoutMs: 20_000 });
    const failed = expect(joining).rejects.toMatchObject({ name: 'JoinError' });
    await settle();
    for (let i = 0; i < 8; i++) {
      p.socket.open();
      p.socket.receive(partsOf(first, 3)[0]);
      p.socket.lose();
      await p.clock.pass(5000);
    }
    await failed;
  });

  test('is begun anew on the next connection', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers);
    await settle();
    p.socket.open();
    p.socket.receive(partsOf(first, 3)[0]);
    p.socket.lose();
    await p.clock.pass(1000);
    p.socket.open();
    for (const part of partsOf(first, 4)) p.socket.receive(part);
    expect((await joining).tick).toBe(1);
  });
});

describe('a room', () => {
  test('takes parts for a sign of life, and applies the whole', async () => {
    const p = new Platform();
    const room = await p.join();
    for (const part of partsOf(snapshot(2, { 1: { x: 5 } }), 5)) {
      await p.clock.pass(3500);
      p.socket.receive(part);
    }
    expect(p.sockets).toHaveLength(1);
    expect(room.tick).toBe(2);
    expect(room.tables.walker.get(1)?.x).toBe(5);
  });

  test('resumes from what it has when the line is cut in the middle', async () => {
    const p = new Platform();
    const room = await p.join();
    p.socket.receive(partsOf(snapshot(2, { 1: { x: 5 } }), 3)[0]);
    p.socket.lose();
    await p.clock.pass(500);
    p.socket.open();
    expect(p.socket.sent[0].hello).toMatchObject({ resume: 'SESSION', resumeTick: 1 });
    for (const part of partsOf({ ...snapshot(2, { 1: { x: 6 } }), welcome: { ...welcome, resumed: true } }, 3))
      p.socket.receive(part);
    expect(room.tables.walker.get(1)?.x).toBe(6);
  });

  test.each<[string, FrameInit[]]>([
    ['out of place', [partsOf(first, 3)[0], partsOf(first, 3)[0]]],
    ['too long', [{ part: { data: Uint8Array.of(1), left: 1 << 24 } }]],
    ['empty', [{ part: { left: 3 } }]],
    ['unfinished', [partsOf(first, 3)[0], snapshot(2, {})]],
    ['within parts', [{ part: { data: serverFrame({ part: { data: Uint8Array.of(8, 2) } }) } }]],
  ])('refuses a part that is %s', async (_, frames) => {
    const p = new Platform();
    await p.join();
    for (const f of frames) p.socket.receive(f);
    expect(p.socket.closed).toMatchObject({ code: CloseCode.BadMessage });
  });

  test.each([
    [1, 2],
    [0.4, 1],
    [4, 8],
    [20, 32],
    [60, 32],
  ])('at %d Hz that is hidden asks for a snapshot every %d ticks', async (tickRate, every) => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { every: 4 });
    await settle();
    p.accept({ welcome: { tickRate } });
    await joining;
    p.socket.take();
    p.page.hide(true);
    expect(p.socket.take().map((f) => f.every)).toEqual([every]);
    // From the start, when the rate is not known yet.
    const q = new Platform();
    q.page.hidden = true;
    void q.client().joinOrCreate(walkers, { every: 4 });
    await settle();
    q.accept({ welcome: { tickRate } });
    await q.clock.pass(3000);
    expect(q.socket.take().reduce((last, f) => f.hello?.every || f.every || last, 0)).toBe(every);
  });
});

describe('a time-out', () => {
  const never = [Number.POSITIVE_INFINITY, 2 ** 31, 2 ** 40];
  /** Timers as the platforms', which run at once what is too long for them. */
  const strict = (): FakeClock => {
    const clock = new FakeClock();
    const set = clock.setTimeout.bind(clock);
    clock.setTimeout = (fn, ms) => set(fn, ms >= 0 && ms < 2 ** 31 ? ms : 1);
    return clock;
  };

  test.each(never)('of %d ms is none for now, in a join', async (timeoutMs) => {
    const clock = strict();
    const p = new Platform();
    const failed = vi.fn();
    p.client({ clock }).joinOrCreate(walkers, { timeoutMs }).catch(failed);
    await clock.pass(60_000);
    expect(failed).not.toHaveBeenCalled();
  });

  test.each(never)('of %d ms is none for now, in a command', async (timeoutMs) => {
    const clock = strict();
    const p = new Platform();
    const room = await p.joinWith({ clock });
    const failed = vi.fn();
    room.command(walkers.shout, { text: 'hi' }, { timeoutMs }).catch(failed);
    await clock.pass(5);
    expect(failed).not.toHaveBeenCalled();
  });

  test('beyond what a timer takes comes in the end', async () => {
    const clock = strict();
    const p = new Platform();
    const failed = vi.fn();
    p.client({ clock, backoff: { base: 2 ** 30, max: 2 ** 35 } })
      .joinOrCreate(walkers, { timeoutMs: 2 ** 32 })
      .catch(failed);
    await settle();
    p.socket.lose();
    await clock.pass(2 ** 32 - 5);
    expect(failed).not.toHaveBeenCalled();
    await clock.pass(10);
    expect(failed).toHaveBeenCalledOnce();
    expect(clock.pending).toBe(0);
  });

  test.each([NaN, -1, Number.NEGATIVE_INFINITY])('of %d ms is refused', async (ms) => {
    const p = new Platform();
    await expect(p.client().joinOrCreate(walkers, { timeoutMs: ms })).rejects.toThrow(/timeoutMs is .*milliseconds/);
    expect(p.sockets).toHaveLength(0);
    expect(() => p.client({ backoff: { max: ms } })).toThrow(/backoff.max is/);
    const room = await p.join();
    await expect(room.command(walkers.shout, { text: 'hi' }, { timeoutMs: ms })).rejects.toThrow(/timeoutMs is/);
  });
});

describe('a join that fails says why', () => {
  const closing: (() => void)[] = [];
  afterEach(() => {
    for (const fn of closing.splice(0)) fn();
  });
  const options: ClientOptions = { socket: webSocketBy(WebSocket), backoff: { base: 20, max: 50 } };
  const failure = async (url: string, o: ClientOptions = {}, timeoutMs = 60_000): Promise<JoinError> => {
    try {
      await new Client(url, { ...options, ...o }).joinOrCreate(walkers, { timeoutMs });
    } catch (err) {
      return err as JoinError;
    }
    throw new Error('it joined');
  };
  /** A server that answers every request in the same way. */
  const answering = async (status: number, text: string, headers: Record<string, string> = {}): Promise<string> => {
    const http: HTTPServer = createServer((_, res) => res.writeHead(status, headers).end(text));
    http.on('upgrade', (_, socket) => socket.end(`HTTP/1.1 ${status} No\r\nConnection: close\r\n\r\n`));
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    closing.push(() => http.close());
    return `ws://127.0.0.1:${(http.address() as AddressInfo).port}/ws`;
  };
  /** Joins until the state says something, and returns it. */
  const told = (url: string, status: number): Promise<string> =>
    new Promise((resolve) => {
      const abort = new AbortController();
      new Client(url, options)
        .joinOrCreate(walkers, {
          signal: abort.signal,
          onState: (s) => {
            if (s.status !== status) return;
            abort.abort();
            resolve(`${s.code} ${s.text}`);
          },
        })
        .catch(() => {});
    });

  test('nothing answers', async () => {
    const url = await answering(200, '');
    for (const fn of closing.splice(0)) fn();
    expect(await told(url, 0)).toMatch(/^1006 Nothing answers at ws:.*running\?$/);
    const err = await failure(url, {}, 700);
    expect(err.code).toBe(1006);
    expect(err.message).toMatch(/^Not joined in 700 ms. /);
  });

  test('it is something else, or at another path', async () => {
    const err = await failure(await answering(404, 'not here'));
    expect(err).toMatchObject({ name: 'JoinError', code: 1006, status: 404 });
    expect(err.message).toMatch(/no tickroom server.*404.*\/ws/);
    expect(await told(await answering(200, '<html>'), 200)).toMatch(/no tickroom server.*200/);
  });

  test('it is refused', async () => {
    const err = await failure(await answering(403, 'Origin "https://a.example" may not connect here.'));
    expect(err).toMatchObject({ code: 1006, status: 403 });
    expect(err.message).toContain('a.example');
  });

  test('nobody asks where that is not wanted', async () => {
    const err = await failure(await answering(403, 'no'), { fetch: false }, 300);
    expect(err.status).toBeUndefined();
  });

  test('what waits is told for how long', async () => {
    const clock = new FakeClock();
    const p = new Platform();
    const answer = new Response('too many connections', { status: 429, headers: { 'Retry-After': '7' } });
    p.client({ clock, fetch: async () => answer })
      .joinOrCreate(walkers, p.options())
      .catch(() => {});
    await settle();
    p.socket.lose();
    await settle();
    expect(p.states.at(-1)).toMatchObject({ state: 'connecting', status: 429, text: 'too many connections' });
    await clock.pass(6_900);
    expect(p.sockets).toHaveLength(1);
    await clock.pass(7_200);
    expect(p.sockets).toHaveLength(2);
  });

  test('the room was full, and then the connection was lost', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { timeoutMs: 9000 });
    const failed = expect(joining).rejects.toMatchObject({
      code: CloseCode.RoomFull,
      reason: 'no more places',
      message: expect.stringContaining('The room is full.'),
    });
    await settle();
    p.socket.open();
    p.socket.lose(CloseCode.RoomFull, 'no more places');
    for (let i = 0; i < 3; i++) {
      await p.clock.pass(3000);
      p.socket.open();
      p.socket.lose();
    }
    await failed;
  });
});

describe('a real server', () => {
  let server: Server;
  beforeAll(async () => {
    server = await new Server(inject('server'), [
      '--kind-option=walkers.npcs=20500',
      '--kind-option=walkers.rate=5',
      '--kind-option=walkers.speed=0.001',
      '--origins=https://good.example',
    ]).start();
  });
  afterAll(() => server.stop());

  test('refuses an origin, and says so', async () => {
    class Page extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol, { origin: 'https://evil.example' });
      }
    }
    const joining = new Client(server.url, {
      socket: webSocketBy(Page),
      fetch: (url, init) => fetch(url, { ...init, headers: { Origin: 'https://evil.example' } }),
    }).joinOrCreate(walkers);
    await expect(joining).rejects.toMatchObject({ code: 1006, status: 403, message: /Origin .*evil\.example/ });
  });

  test('is joined over a line that takes long for the first state, and lived with', async () => {
    // Time goes four times as fast for the client: a line of 16 KB/s, as it sees it.
    const speed = 4;
    const clock: Clock = {
      now: () => systemClock.now() * speed,
      setTimeout: (fn, ms) => systemClock.setTimeout(fn, ms / speed),
      clearTimeout: systemClock.clearTimeout,
    };
    const line = await slowLine(Number(server.address.split(':').at(-1)), 16_384 * speed);
    const connections = vi.fn();
    class Counted extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        connections();
      }
    }
    const begin = clock.now();
    const room = await new Client(line.url, { socket: webSocketBy(Counted), clock }).joinOrCreate(walkers, {
      timeoutMs: 5_000,
      hashEvery: 1,
    });
    expect(clock.now() - begin).toBeGreaterThan(10_000);
    expect(line.bytes()).toBeGreaterThan(173_000);
    await until(room, () => room.stats.snapshots > 2);
    expect(connections).toHaveBeenCalledOnce();
    expect(room.stats).toMatchObject({ desyncs: 0, reconnects: 0 });
    await room.leave();
    line.close();
  });
});

/** A proxy that lets through so many bytes per second of what a server sends. */
async function slowLine(port: number, rate: number): Promise<{ url: string; bytes: () => number; close: () => void }> {
  let bytes = 0;
  const ends = new Set<TCP>();
  const proxy = listen((client) => {
    const server = dial(port, '127.0.0.1');
    for (const s of [client, server]) {
      ends.add(s);
      s.on('error', () => {});
    }
    client.pipe(server);
    client.on('close', () => server.destroy());
    server.on('close', () => client.destroy());
    server.on('data', (data) => {
      server.pause();
      const next = (at: number): void => {
        if (at >= data.length) {
          server.resume();
          return;
        }
        const piece = data.subarray(at, at + 2048);
        setTimeout(
          () => {
            bytes += piece.length;
            client.write(piece);
            next(at + 2048);
          },
          (1000 * piece.length) / rate,
        );
      };
      next(0);
    });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  return {
    url: `ws://127.0.0.1:${(proxy.address() as AddressInfo).port}/ws`,
    bytes: () => bytes,
    close: () => {
      proxy.close();
      for (const s of ends) s.destroy();
    },
  };
}
