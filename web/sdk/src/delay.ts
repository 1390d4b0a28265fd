/** How far in the past views are, and for how long they extrapolate. */
export interface InterpolationOptions {
  /** The shortest delay, in milliseconds. Default 0: the rate of snapshots and the jitter decide. */
  minDelayMs?: number;
  /** The longest delay, in milliseconds. Default 500. */
  maxDelayMs?: number;
  /** For how long rows keep moving when no snapshot comes, in milliseconds. Default 150. */
  extrapolateMs?: number;
}

/** How views are being smoothed at the moment. */
export interface Interpolation {
  /** How far the last view was behind the newest tick that could have arrived, in milliseconds. */
  readonly delayMs: number;
  /** How late snapshots are, in milliseconds: nine of ten are no later than this. */
  readonly jitterMs: number;
  /** Whether the last view showed rows beyond the newest snapshot. */
  readonly extrapolating: boolean;
}

const remembered = 64;

/**
 * Decides which tick to show: far enough in the past that the snapshot after it has
 * arrived, as a rule, and no further. Times are milliseconds.
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
  /** The usual time from one snapshot to the next, in ticks. */
  #interval = 1;
  #shown = -1;
  #at = 0;

  constructor(o: InterpolationOptions = {}) {
    this.#minDelay = o.minDelayMs ?? 0;
    this.#maxDelay = Math.max(this.#minDelay, o.maxDelayMs ?? 500);
    this.extrapolate = o.extrapolateMs ?? 150;
  }

  /** Forgets which tick was shown: the next view may be of any. */
  restart(): void {
    this.#shown = -1;
    this.#interval = 1;
  }

  /** Forgets everything. */
  reset(): void {
    this.restart();
    this.#count = 0;
    this.jitterMs = 0;
  }

  /** Takes note of a snapshot that was late by some milliseconds and brought the client on by some ticks. */
  saw(late: number, ticks: number): void {
    this.#late[this.#count++ % remembered] = late;
    const n = Math.min(this.#count, remembered);
    this.#sorted.set(this.#late);
    this.jitterMs = this.#sorted.subarray(0, n).sort()[Math.floor(0.9 * (n - 1))];
    // A longer interval counts at once, a shorter one little by little. A very long one
    // is a lost connection or a sleeping page, and says nothing of the rate.
    if (ticks > 32) return;
    this.#interval = ticks > this.#interval ? ticks : this.#interval + (ticks - this.#interval) * 0.1;
  }

  /** Returns the tick to show, given the tick that could have arrived by now and the newest that has. */
  tick(now: number, arrived: number, newest: number, perTick: number): number {
    const want =
      arrived - Math.min(this.#maxDelay, Math.max(this.#minDelay, this.#interval * perTick + this.jitterMs)) / perTick;
    // Nothing moves beyond that.
    const limit = newest + this.extrapolate / perTick;
    const passed = Math.max(0, now - this.#at) / perTick;
    const off = want - (this.#shown + passed);
    if (this.#shown < 0 || off > 1000 / perTick) this.#shown = Math.max(0, Math.min(want, limit));
    else {
      // If it is off by a tenth of a second, time runs faster or slower by a quarter.
      const speed = 1 + Math.max(-0.25, Math.min(0.25, (off * perTick) / 400));
      this.#shown = Math.max(this.#shown, Math.min(this.#shown + passed * speed, limit));
    }
    this.#at = Math.max(this.#at, now);
    this.delayMs = (arrived - this.#shown) * perTick;
    return this.#shown;
  }
}
