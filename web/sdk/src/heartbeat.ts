import type { Clock } from './clock.js';

/** How long a server may be silent, and how long after it was asked for a sign of life, in milliseconds. */
const silence = 4_000;
const answerWithin = 3_000;
/**
 * Between two pings, on average; the first come faster. A server answers with its next tick, so pings leave at
 * moments that have nothing to do with the ticks: else the shortest round trip has the same wait in it each time.
 */
const pingEvery = 1_000;
const firstPings = 5;

/** What a heartbeat has done. */
export interface HeartbeatOwner {
  /** Sends a ping: at once, or as soon as what is being done is done. */
  ping(atOnce: boolean): void;
  /** The server does not answer. */
  dead(): void;
}

/** Pings a server, and notices that it is not there any more. */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #owner: HeartbeatOwner;
  readonly #random: () => number;
  #pings = 0;
  #nextPing = 0;
  #heardAt = 0;
  /** By when something must be heard; 0: nothing was asked. */
  #deadline = 0;
  #timer: unknown;

  constructor(clock: Clock, random: () => number, owner: HeartbeatOwner) {
    this.#clock = clock;
    this.#random = random;
    this.#owner = owner;
  }

  /** A connection goes live. */
  begin(): void {
    this.#pings = 0;
    this.#pulse();
  }

  /** Something has come from the server. */
  heard(now: number): void {
    this.#heardAt = now;
    this.#deadline = 0;
  }

  /** Asks for a sign of life; without one the server is dead. */
  check(): void {
    this.#deadline = this.#clock.now() + answerWithin;
    this.#owner.ping(true);
    this.#pulseIn(answerWithin);
  }

  stop(): void {
    this.#clock.clearTimeout(this.#timer);
  }

  #pulseIn(ms: number): void {
    this.stop();
    this.#timer = this.#clock.setTimeout(() => this.#beat(), ms);
  }

  #beat(): void {
    const now = this.#clock.now();
    if (this.#deadline > 0 && now >= this.#deadline) this.#owner.dead();
    // The program may have been asleep, and messages wait to be read: ask once more
    // before giving up.
    else if (this.#deadline === 0 && now - this.#heardAt > silence) this.check();
    else this.#pulse();
  }

  #pulse(): void {
    const now = this.#clock.now();
    if (now >= this.#nextPing || this.#pings === 0) {
      this.#pings++;
      this.#nextPing = now + (this.#pings < firstPings ? pingEvery / 4 : pingEvery) * (0.5 + this.#random());
      this.#owner.ping(false);
    }
    const due = Math.min(this.#nextPing, this.#deadline > 0 ? this.#deadline : Number.POSITIVE_INFINITY);
    this.#pulseIn(Math.max(1, due - now) + 1);
  }
}
