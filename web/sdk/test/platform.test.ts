// What the library uses of the platform by default.

import { afterEach, describe, expect, test, vi } from 'vitest';

import { systemClock } from '../src/clock.js';
import { walkers } from '../src/games/walkers.js';
import { Client, connect, webSocket, webSocketBy } from '../src/index.js';
import { page } from '../src/surroundings.js';

afterEach(() => {
  vi.unstubAllGlobals();
});

/** A WebSocket like that of browsers. */
class FakeWebSocket {
  static readonly all: FakeWebSocket[] = [];
  binaryType = 'blob';
  bufferedAmount = 3;
  onopen: (() => void) | null = null;
  onmessage: ((e: { data: unknown }) => void) | null = null;
  onclose: ((e: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly calls: unknown[][] = [];

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeWebSocket.all.push(this);
  }

  send(...args: unknown[]): void {
    this.calls.push(['send', ...args]);
  }

  close(...args: unknown[]): void {
    this.calls.push(['close', ...args]);
  }
}

describe('a WebSocket', () => {
  test('carries binary messages', () => {
    const told: unknown[][] = [];
    const s = webSocketBy(FakeWebSocket)('ws://a/ws', 'p', {
      open: () => told.push(['open']),
      message: (data) => told.push(['message', data]),
      close: (...args) => told.push(['close', ...args]),
    });
    const ws = FakeWebSocket.all.pop()!;
    expect(ws).toMatchObject({ url: 'ws://a/ws', protocol: 'p', binaryType: 'arraybuffer' });
    ws.onopen!();
    const data = new ArrayBuffer(2);
    ws.onmessage!({ data });
    ws.onmessage!({ data: 'text' });
    ws.onerror!();
    ws.onclose!({ code: 4003, reason: 'full' });
    expect(told).toEqual([['open'], ['message', data], ['close', 4003, 'full']]);
    s.send(Uint8Array.of(1));
    s.close(1000, 'done');
    expect(ws.calls).toEqual([
      ['send', Uint8Array.of(1)],
      ['close', 1000, 'done'],
    ]);
    expect(s.bufferedAmount).toBe(3);
  });

  test('is the platform’s, or it is said what to do', () => {
    const events = { open: () => {}, message: () => {}, close: () => {} };
    vi.stubGlobal('WebSocket', undefined);
    expect(() => webSocket('ws://a/ws', 'p', events)).toThrow("webSocketBy(WebSocket) } with that of the package 'ws'");
    vi.stubGlobal('WebSocket', FakeWebSocket);
    webSocket('ws://a/ws', 'p', events);
    expect(FakeWebSocket.all.pop()!.url).toBe('ws://a/ws');
  });
});

describe('a URL', () => {
  test.each([
    ['/ws', 'https://example.com/arena/?x=1', 'wss://example.com/ws'],
    ['ws', 'http://localhost:5173/arena/', 'ws://localhost:5173/arena/ws'],
    ['wss://other.example/ws', 'https://example.com/', 'wss://other.example/ws'],
    ['https://example.com/ws', undefined, 'wss://example.com/ws'],
    ['ws://127.0.0.1:7777/ws', undefined, 'ws://127.0.0.1:7777/ws'],
  ])('%s in %s is %s', async (url, at, want) => {
    if (at) vi.stubGlobal('location', { href: at });
    vi.stubGlobal('WebSocket', FakeWebSocket);
    const abort = new AbortController();
    const joining = connect(url, walkers, { signal: abort.signal });
    expect(FakeWebSocket.all.pop()!.url).toBe(want);
    abort.abort();
    await expect(joining).rejects.toThrow();
  });

  test('needs a page to be short', () => {
    expect(() => new Client('/ws')).toThrow();
  });
});

describe('a page', () => {
  test('tells of its visibility, its network and its sleep', () => {
    const document = Object.assign(new EventTarget(), { visibilityState: 'visible' });
    const window = new EventTarget();
    vi.stubGlobal('document', document);
    vi.stubGlobal('window', window);
    const told: string[] = [];
    const end = page.watch((what) => told.push(what));
    expect(page.hidden).toBe(false);
    document.visibilityState = 'hidden';
    expect(page.hidden).toBe(true);
    const fire = (): void => {
      window.dispatchEvent(new Event('offline'));
      window.dispatchEvent(new Event('online'));
      document.dispatchEvent(new Event('visibilitychange'));
      document.dispatchEvent(new Event('resume'));
      window.dispatchEvent(new Event('pageshow'));
    };
    fire();
    expect(told).toEqual(['offline', 'online', 'visibility', 'wake', 'wake']);
    end();
    fire();
    expect(told).toHaveLength(5);
  });

  test('need not be there', () => {
    expect(page.hidden).toBe(false);
    page.watch(() => {})();
  });
});

describe('the clock', () => {
  test('is the platform’s', async () => {
    const before = performance.now();
    expect(systemClock.now()).toBeGreaterThanOrEqual(before);
    await new Promise<void>((resolve) => {
      systemClock.clearTimeout(systemClock.setTimeout(() => expect.unreachable(), 0));
      systemClock.setTimeout(resolve, 0);
    });
    vi.stubGlobal('performance', undefined);
    expect(Math.abs(systemClock.now() - Date.now())).toBeLessThan(1000);
  });
});
