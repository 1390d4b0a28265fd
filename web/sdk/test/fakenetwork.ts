// A clock and sockets for tests.

import type { Clock, Socket, SocketEvents, SocketFactory } from '../src/index.js';

/** A clock that a test advances. */
export class FakeClock implements Clock {
  #time = 1000;
  #timers: { id: number; at: number; fn: () => void }[] = [];
  #next = 1;

  now(): number {
    return this.#time;
  }

  setTimeout(fn: () => void, ms: number): unknown {
    const id = this.#next++;
    this.#timers.push({ id, at: this.#time + ms, fn });
    return id;
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((t) => t.id !== timer);
  }

  get waiting(): number {
    return this.#timers.length;
  }

  /** Advances the time, and runs the timers that are due meanwhile. */
  pass(ms: number): void {
    const end = this.#time + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#time = Math.max(this.#time, due.at);
      due.fn();
    }
    this.#time = end;
  }
}

/** The server's end of a connection. */
export class FakeServer {
  readonly got: string[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  events!: SocketEvents;
  opened = 0;
  bufferedAmount = 0;

  readonly socket: SocketFactory = (_url, _protocol, events): Socket => {
    this.opened++;
    this.events = events;
    const server = this;
    return {
      send: (data) => this.got.push(text(data)),
      close: (code, reason) => (this.closed = { code, reason }),
      get bufferedAmount() {
        return server.bufferedAmount;
      },
    };
  };

  say(message: string): void {
    this.events.message(bytes(message));
  }
}

export const bytes = (s: string): Uint8Array => new TextEncoder().encode(s);
export const text = (data: Uint8Array | ArrayBuffer): string => new TextDecoder().decode(data);
