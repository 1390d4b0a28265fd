// Clocks, and a client's estimate of the server's.

/** Timers and a clock: the platform's, or a test's. */
export interface Clock {
  /** Returns milliseconds since an arbitrary moment, never fewer than before: `performance.now()`, if there is one. */
  now(): number;
  setTimeout(fn: () => void, ms: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** The platform's clock. */
export const systemClock: Clock = {
  now: () => (typeof performance === 'object' ? performance.now() : Date.now()),
  setTimeout: (fn, ms) => setTimeout(fn, ms),
  clearTimeout: (timer) => clearTimeout(timer as number),
};

/** Keeps the minimum of the last 5 to 10 seconds. */
class WindowMin {
  #current = Infinity;
  #previous = Infinity;
  #since = 0;

  add(v: number, now: number): void {
    const age = now - this.#since;
    if (this.#current === Infinity || age >= 10_000) {
      this.#previous = Infinity;
      this.#current = v;
      this.#since = now;
    } else if (age >= 5_000) {
      this.#previous = this.#current;
      this.#current = v;
      this.#since = now;
    } else if (v < this.#current) this.#current = v;
  }

  get value(): number {
    return Math.min(this.#current, this.#previous);
  }
}

/**
 * Estimates the server's tick and time from when snapshots and pongs arrive. A
 * message can be late but never early, so the fastest of several is the best evidence.
 * Times are milliseconds.
 */
export class ServerClock {
  /** The last round trip; 0 before the first. */
  lastRtt = 0;
  perTick = 50;

  #arrival = new WindowMin();
  #wall = new WindowMin();
  #trip = new WindowMin();

  reset(tickRate: number): void {
    this.perTick = 1000 / tickRate;
    this.#arrival = new WindowMin();
    this.#wall = new WindowMin();
    this.#trip = new WindowMin();
  }

  /** Forgets when ticks are: the room may have stood still. */
  restart(): void {
    this.#arrival = new WindowMin();
  }

  /** Takes note of a snapshot that has arrived, and returns by how much it was later than the fastest one. */
  sawTick(tick: number, now: number): number {
    const at = now - tick * this.perTick;
    this.#arrival.add(at, now);
    return at - this.#arrival.value;
  }

  sawPong(sent: number, serverTime: number, now: number): void {
    this.lastRtt = now - sent;
    this.#trip.add(this.lastRtt, now);
    this.#wall.add(now - serverTime, now);
  }

  /** The shortest round trip of the last seconds; 0 before the first. */
  get rtt(): number {
    const v = this.#trip.value;
    return v === Infinity ? 0 : v;
  }

  /** Returns the newest tick whose snapshot can have arrived by now, with a fraction; 0 before the first snapshot. */
  arrivedTick(now: number): number {
    const v = this.#arrival.value;
    return v === Infinity ? 0 : (now - v) / this.perTick;
  }

  /** Returns the server's tick now, with a fraction. */
  serverTick(now: number): number {
    const v = this.arrivedTick(now);
    return v === 0 ? 0 : v + this.rtt / 2 / this.perTick;
  }

  /** Returns the server's wall clock now, in milliseconds since 1970; NaN before the first pong. */
  serverTime(now: number): number {
    const v = this.#wall.value;
    return v === Infinity ? NaN : now - v + this.rtt / 2;
  }
}
