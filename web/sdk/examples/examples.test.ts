// Runs the examples against a real server, with fakes of what a browser or a mini-game
// platform offers.

import { readFileSync } from 'node:fs';
import { CloseCode, connect, webSocketBy } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import { walkers } from '@tickroom/client/games/walkers';
import type { Matchmaker } from '@tickroom/client/matchmaking';
import { afterAll, afterEach, beforeAll, expect, inject, test, vi } from 'vitest';
import WebSocket from 'ws';

import { Cuttable, Server, until } from '../test/server.js';
import { play } from './bot.js';
import * as duel from './duel/main.js';
import { type MiniGame, miniGame, type SocketTask } from './mini-game/platform.js';

let server: Server;

beforeAll(async () => {
  server = await new Server(inject('server'), ['--kind-option', 'arena.map=1024']).start();
});

afterAll(() => server.stop());

afterEach(() => {
  vi.unstubAllGlobals();
});

test('the README has the example', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  for (const name of ['walkers/index.html', 'walkers/main.ts', 'live/index.html', 'live/main.ts']) {
    const text = readFileSync(new URL(name, import.meta.url), 'utf8');
    expect(readme).toContain(text);
    expect(text.split('\n').length).toBeLessThanOrEqual(61);
  }
});

test('walkers', async () => {
  // The parts of a page that the example needs.
  const calls: string[] = [];
  const texts: string[] = [];
  const context = new Proxy({} as Record<string, unknown>, {
    get: (o, key: string) =>
      o[key] ??
      ((...args: unknown[]) => {
        calls.push(key);
        if (key === 'fillText') texts.push(String(args[0]));
      }),
  });
  const state = { textContent: '' };
  const listeners = new Map<string, (e: { key: string }) => void>();
  const frames: ((now: number) => void)[] = [];
  const sockets: WebSocket[] = [];
  vi.stubGlobal(
    'WebSocket',
    class extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.push(this);
      }
    },
  );
  vi.stubGlobal('location', { href: `http://${server.address}/walkers/` });
  vi.stubGlobal('sessionStorage', { getItem: () => null, setItem: () => {}, removeItem: () => {} });
  vi.stubGlobal('document', {
    visibilityState: 'visible',
    addEventListener: () => {},
    removeEventListener: () => {},
    querySelector: (what: string) =>
      what === 'canvas' ? { width: 640, height: 480, getContext: () => context } : state,
  });
  vi.stubGlobal('addEventListener', (name: string, fn: (e: { key: string }) => void) => listeners.set(name, fn));
  vi.stubGlobal('requestAnimationFrame', (fn: (now: number) => void) => frames.push(fn));
  const timers: NodeJS.Timeout[] = [];
  const realInterval = globalThis.setInterval;
  vi.stubGlobal('setInterval', (fn: () => void, ms: number) => {
    timers.push(realInterval(fn, ms));
  });

  // Another player, who sees what the page does and talks to it.
  const other = await new Cuttable(server.url).client.joinOrCreate(walkers, { name: 'Other' });
  await import('./walkers/main.js');
  expect(state.textContent).toBe('Connected.');
  expect(timers).toHaveLength(1);
  await until(other, () => [...other.tables.walker].filter((w) => w.player > 0).length === 2);
  const page = [...other.tables.walker].find((w) => w.player > 0 && w.player !== other.player)!;
  const { entity, x } = page;
  listeners.get('keydown')!({ key: 'ArrowRight' });
  await until(other, () => other.tables.walker.get(entity)!.x > x);
  listeners.get('keyup')!({ key: 'ArrowRight' });
  const heard = new Promise((resolve) => other.onEvent(walkers.Heard, (e) => resolve(e.text)));
  listeners.get('keydown')!({ key: ' ' });
  expect(await heard).toBe('Hello!');
  await other.command(walkers.shout, { text: 'Hi there' });
  await until(other, () => {
    const frame = frames.shift();
    frame?.(performance.now());
    return texts.includes('Hi there') && calls.filter((c) => c === 'arc').length >= 2;
  });
  await other.leave();
  // The page leaves only by being closed, so the server removes its player.
  expect(sockets).toHaveLength(1);
  sockets[0].onclose!({ code: CloseCode.Kicked, reason: 'the test is over' } as WebSocket.CloseEvent);
  sockets[0].terminate();
  clearInterval(timers[0]);
  expect(state.textContent).toBe('You were removed from the game.');
});

test('bot', async () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => {});
  const stop = new AbortController();
  const room = await play(server.url, stop.signal);
  const [{ ship }] = room.tables.pilot;
  const { x, y } = room.tables.ship.get(ship)!;
  await until(
    room,
    () =>
      room.tables.ship.has(ship) &&
      Math.hypot(room.tables.ship.get(ship)!.x - x, room.tables.ship.get(ship)!.y - y) > 5,
  );
  expect(room.inputAck).toBeGreaterThan(0);
  stop.abort();
  expect(room.state).toBe('closed');
  log.mockRestore();
});

test('duel', async () => {
  const own = await new Server(inject('server'), [
    '--config',
    new URL('duel/server.yaml', import.meta.url).pathname,
  ]).start();
  try {
    const never = new AbortController();
    const texts: Record<string, string[]> = { Ann: [], Bob: [], Cid: [] };
    const url = `http://${own.address}`;
    const options = { socket: webSocketBy(WebSocket) };
    const seek = (name: string, m: Matchmaker, signal = never.signal) =>
      duel.play(m, name, (text) => texts[name].push(text), signal, options);
    const ann = duel.newMatchmaker(url);
    const [a, b] = await Promise.all([seek('Ann', ann), seek('Bob', duel.newMatchmaker(url))]);
    expect(a!.id).toBe(b!.id);
    expect(new Set([a!.playerId, b!.playerId, '']).size).toBe(3);
    for (const name of ['Ann', 'Bob'])
      expect(texts[name].at(-1)).toMatch(/^Found: (Ann against Bob|Bob against Ann)\.$/);
    // A player who loses the page and presses Play again is back in the match.
    const { id, playerId } = a!;
    const again = await seek('Ann', ann);
    expect(again).toMatchObject({ id, playerId });
    expect(texts.Ann.at(-1)).toBe('Back to your match.');
    // A player who waits alone cancels.
    const stop = new AbortController();
    const says = (text: string) => {
      texts.Cid.push(text);
      stop.abort();
    };
    const alone = duel.play(duel.newMatchmaker(url), 'Cid', says, stop.signal, options);
    expect(await alone).toBeUndefined();
    expect(texts.Cid).toEqual(['Looking for a match: 1 wait.', 'Never mind.']);
    await Promise.all([again!.leave(), b!.leave()]);
  } finally {
    await own.stop();
  }
});

/** A mini-game platform over the package ws. */
class FakeMiniGame implements MiniGame {
  readonly sockets: WebSocket[] = [];
  readonly items = new Map<string, string>();
  readonly fns = {
    show: [] as (() => void)[],
    hide: [] as (() => void)[],
    network: [] as ((s: { isConnected: boolean }) => void)[],
  };

  connectSocket({ url, protocols }: { url: string; protocols: string[] }): SocketTask {
    const ws = new WebSocket(url, protocols);
    ws.binaryType = 'arraybuffer';
    this.sockets.push(ws);
    return {
      send: ({ data, fail }) => {
        if (!(data instanceof ArrayBuffer)) throw new TypeError('send takes an ArrayBuffer');
        ws.send(data, (err) => {
          if (err) fail?.();
        });
      },
      close: ({ code, reason }) => ws.close(code, reason),
      onOpen: (fn) => ws.on('open', fn),
      onMessage: (fn) => ws.on('message', (data) => fn({ data: data as ArrayBuffer })),
      onClose: (fn) => ws.on('close', (code, reason) => fn({ code, reason: reason.toString() })),
      onError: (fn) => ws.on('error', (err) => fn({ errMsg: err.message })),
    };
  }

  onShow = (fn: () => void): void => void this.fns.show.push(fn);
  onHide = (fn: () => void): void => void this.fns.hide.push(fn);
  onNetworkStatusChange = (fn: (s: { isConnected: boolean }) => void): void => void this.fns.network.push(fn);
  offShow = (fn: () => void): void => void this.fns.show.splice(this.fns.show.indexOf(fn), 1);
  offHide = (fn: () => void): void => void this.fns.hide.splice(this.fns.hide.indexOf(fn), 1);
  offNetworkStatusChange = (fn: (s: { isConnected: boolean }) => void): void =>
    void this.fns.network.splice(this.fns.network.indexOf(fn), 1);
  getStorageSync = (key: string): string => this.items.get(key) ?? '';
  setStorageSync = (key: string, value: string): void => void this.items.set(key, value);
  removeStorageSync = (key: string): void => void this.items.delete(key);
}

test('mini-game', async () => {
  const wx = new FakeMiniGame();
  const room = await connect(server.url, walkers, { ...miniGame(wx), backoff: { base: 20 } });
  const { player } = room;
  const seq = room.input({ direction: 1 });
  await until(room, () => room.inputAck >= seq);
  expect(wx.items.size).toBe(1);
  // The platform cuts connections of programs in the background.
  for (const fn of wx.fns.hide) fn();
  wx.sockets.at(-1)!.terminate();
  const resumed = new Promise((resolve) => room.on('resumed', resolve));
  for (const fn of wx.fns.show) fn();
  await resumed;
  expect(room).toMatchObject({ state: 'live', player });
  for (const fn of wx.fns.network) fn({ isConnected: false });
  for (const fn of wx.fns.network) fn({ isConnected: true });
  expect((await room.command(walkers.shout, { text: 'hi' })).count).toBeGreaterThan(0);
  await room.leave();
  expect(wx.items.size).toBe(0);
  expect(wx.fns).toEqual({ show: [], hide: [], network: [] });
  // A server that can't be reached is tried again until the time is up.
  await expect(connect('ws://127.0.0.1:1/ws', arena, { ...miniGame(wx), timeoutMs: 100 })).rejects.toMatchObject({
    code: 1006,
  });
});
