/** How far in the past views are, and how far into the future they may go. */
export interface InterpolationOptions {
  /** The least delay, in milliseconds. Default: 0, so that the server's rate and the jitter decide. */
  minDelayMs?: number;
  /** The most, in milliseconds. Default 500. */
  maxDelayMs?: number;
  /** For how long rows go on moving when no snapshot comes, in milliseconds. Default 150. */
  extrapolateMs?: number;
}

/** What views are like at the moment. */
export interface Interpolation {
  /** How far the view was behind the newest tick that could have arrived, in milliseconds. */
  readonly delayMs: number;
  /** How late snapshots are, in milliseconds: nine of ten are not later. */
  readonly jitterMs: number;
  /** Whether the last view showed rows beyond the newest snapshot. */
  readonly extrapolating: boolean;
}

const remembered = 64;

/**
 * Knows which tick to show: so far in the past that the snapshot after it is
 * there, as a rule, and no further. Times are milliseconds.
 */
export class Delay implements Interpolation {
  delayMs = 0;
  jitterMs = 0;
  extrapolating = false;

  readonly #minDelay: number;
  readonly #maxDelay: number;
  readonly extrapolate: number;
  readonly #late = new Float64Array(remembered);
  readonly #sorted = new Float64Array(remembered);
  #count = 0;
  /** Usual time between two snapshots, in ticks. */
  #interval = 1;
  #shown = -1;
  #at = 0;

  constructor(o: InterpolationOptions = {}) {
    this.#minDelay = o.minDelayMs ?? 0;
    this.#maxDelay = Math.max(this.#minDelay, o.maxDelayMs ?? 500);
    this.extrapolate = o.extrapolateMs ?? 150;
  }

  /** Forgets what was shown: the next view begins where it should. */
  restart(): void {
    this.#shown = -1;
    this.#interval = 1;
  }

  /** Forgets all. */
  reset(): void {
    this.restart();
    this.#count = 0;
    this.jitterMs = 0;
  }

  /** A snapshot has arrived, late by so much, that brought so many ticks. */
  saw(late: number, ticks: number): void {
    this.#late[this.#count++ % remembered] = late;
    const n = Math.min(this.#count, remembered);
    this.#sorted.set(this.#late);
    this.jitterMs = this.#sorted.subarray(0, n).sort()[Math.floor(0.9 * (n - 1))];
    // A longer pause counts at once, a shorter one by and by.
    // A very long one was none of the rate.
    if (ticks > 32) return;
    this.#interval = ticks > this.#interval ? ticks : this.#interval + (ticks - this.#interval) * 0.1;
  }

  /** The tick to show now, given the tick that could have arrived by now and the newest that has. */
  tick(now: number, arrived: number, newest: number, perTick: number): number {
    const want =
      arrived - Math.min(this.#maxDelay, Math.max(this.#minDelay, this.#interval * perTick + this.jitterMs)) / perTick;
    // There is nothing to be seen beyond.
    const limit = newest + this.extrapolate / perTick;
    const passed = Math.max(0, now - this.#at) / perTick;
    const off = want - (this.#shown + passed);
    if (this.#shown < 0 || off > 1000 / perTick) this.#shown = Math.max(0, Math.min(want, limit));
    else {
      // Off by a tenth of a second, time goes faster or slower by a quarter.
      const speed = 1 + Math.max(-0.25, Math.min(0.25, (off * perTick) / 400));
      this.#shown = Math.max(this.#shown, Math.min(this.#shown + passed * speed, limit));
    }
    this.#at = Math.max(this.#at, now);
    this.delayMs = (arrived - this.#shown) * perTick;
    return this.#shown;
  }
}
