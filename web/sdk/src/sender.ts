import type { Clock } from './clock.js';
import { Outbox } from './outbox.js';
import type { Socket } from './socket.js';

/** How much of what was sent may wait in the socket, in bytes. */
const maxBuffered = 16_384;

/** Sends what a session has to say, at the server's pace. */
export class Sender {
  readonly outbox: Outbox;
  bytes = 0;
  messages = 0;

  readonly #clock: Clock;
  /** Of the connection that is live. */
  #socket: Socket | undefined;
  #perTick = 50;
  /** When the next message is due. */
  #slot = 0;
  #flushing = false;
  /** When an input was last sent out of turn. */
  #inputAt = -Infinity;
  #timer: unknown;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.outbox = new Outbox(clock);
  }

  /** A connection goes live, with a server that takes a tick in so many milliseconds. */
  begin(socket: Socket | undefined, perTick: number): void {
    this.#socket = socket;
    this.#perTick = perTick;
    this.#slot = this.#clock.now();
  }

  stop(): void {
    this.#socket = undefined;
    this.#clock.clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Sends what waits, at the next tick's time; all that comes until then goes along. */
  flushSoon(now = this.#clock.now()): void {
    if (!this.#socket || this.#flushing || this.#timer !== undefined) return;
    // A timer that is late by a little must not cost a tick.
    const wait = this.#slot - now - this.#perTick / 4;
    if (wait <= 0) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.flush();
      });
      return;
    }
    this.#timer = this.#clock.setTimeout(() => {
      this.#timer = undefined;
      this.flush();
    }, wait);
  }

  flush(): void {
    if (!this.#socket || !this.outbox.urgent) return;
    const now = this.#clock.now();
    this.#slot = Math.max(this.#slot, now - this.#perTick / 4) + this.#perTick;
    this.#flush(now);
  }

  /**
   * Sends what waits, now and in no order with the ticks: a ping, or an input that is meant for
   * one. Of these there are no more than ticks, so they need no slot.
   */
  flushNow(): void {
    if (!this.#socket || this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      if (this.#socket && this.outbox.urgent) this.#flush(this.#clock.now());
    });
  }

  /**
   * Sends inputs that are meant for ticks, with all that are made in one go. A program that makes
   * more than one in half a tick has them sent at the pace of all else.
   */
  flushInput(): void {
    const now = this.#clock.now();
    if (now - this.#inputAt < this.#perTick / 2) {
      this.flushSoon(now);
      return;
    }
    this.#inputAt = now;
    this.flushNow();
  }

  #flush(now: number): void {
    const socket = this.#socket!;
    if ((socket.bufferedAmount ?? 0) > maxBuffered) return; // the next message takes it along
    this.send(socket, this.outbox.encode(now));
    if (this.outbox.urgent) this.flushSoon(now);
  }

  send(socket: Socket, data: Uint8Array): void {
    this.bytes += data.length;
    this.messages++;
    try {
      socket.send(data);
    } catch {
      // A socket that can't send tells of its end.
    }
  }
}
