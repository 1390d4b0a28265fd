/** How far ahead of the server inputs are made, and how that works out. */
export interface InputLead {
  /** How early inputs came lately, in ticks, as the server says; less than 0: too late. NaN: it has not said so yet. */
  readonly early: number;
  /** How irregularly messages travel, in ticks. */
  readonly jitter: number;
  /** In how many ticks an input has come too late, as far as the server has said. */
  readonly late: number;
  /** How fast the clock runs by which inputs are made, 0.95 to 1.05 of the server's. */
  readonly speed: number;
  /** How often that clock was set anew since it was wrong by more than 10 ticks. */
  readonly resyncs: number;
}

/** What is known of the server's clock; see ServerClock. */
interface Estimate {
  readonly perTick: number;
  readonly rtt: number;
  arrivedTick(now: number): number;
}

/** By how much the clock is stretched at most, and when it is set anew, in ticks. */
const stretch = 0.05;
const tooFar = 10;
/** How many times the jitter inputs are early. */
const jitters = 4;
/** The jitter is taken for no longer than that, in milliseconds. */
const mostJitter = 60;
/** How much earlier inputs are made for each that was late, so that one in a hundred is; and how much that may be, in ticks. */
const perLate = 0.25;
const mostExtra = 4;
/** A sample that differs by more, in ticks, is an accident, unless several in a row do so. */
const odd = 2;
const oddInARow = 5;
/** After so many samples the clock is known, and is stretched instead of set. */
const enough = 8;
const remembered = 64;

/**
 * Decides which tick an input that is made now is for: one that the server comes to a
 * little after the input has arrived. It is an offset to a clock of this side, in ticks,
 * which is steered by what the server says of how early inputs come, and by the jitter.
 */
export class Lead implements InputLead {
  early = NaN;
  jitter = 0;
  late = 0;
  speed = 1;
  resyncs = 0;

  #offset = NaN;
  #at = 0;
  #last = 0;
  /** The offset by which inputs of a tick were made, by tick. */
  readonly #ticks = new Uint32Array(remembered);
  readonly #offsets = new Float64Array(remembered);
  /** The offset by which inputs would come just in time: mean, deviation, and how many samples there were. */
  #needed = 0;
  #wobble = 0;
  #samples = 0;
  #odd = 0;
  #extra = 0;
  /** Whether the clock is known, and how far it is from where it should be. */
  #settled = false;
  #away = 0;
  #told: number | undefined;
  /** How late snapshots are, in milliseconds. */
  #lateness = 0;
  #deviation = 0;
  #snapshots = 0;
  #sawAt = -Infinity;

  /** Forgets what was learnt of the way to the server: it may be another one, or the room has slept. */
  restart(): void {
    this.#offset = NaN;
    this.#last = 0;
    this.#samples = this.#odd = this.#snapshots = 0;
    this.#extra = 0;
    this.#settled = false;
    this.#told = undefined;
    this.early = NaN;
    this.#ticks.fill(0);
  }

  /** Takes note of a snapshot that came at now and was late by some milliseconds. */
  saw(late: number, perTick: number, now: number): void {
    // What a stall has held back comes all at once, and is one accident.
    const burst = now - this.#sawAt < perTick / 4;
    this.#sawAt = now;
    if (burst) return;
    const n = Math.min(++this.#snapshots, 32);
    this.#lateness += Math.min(late - this.#lateness, 2 * mostJitter) / n;
    const off = Math.min(Math.abs(late - this.#lateness), 2 * mostJitter);
    this.#deviation += (off - this.#deviation) / n;
    this.jitter = Math.min(mostJitter, Math.max(this.#deviation, Math.max(0, this.#wobble - 0.25) * perTick)) / perTick;
  }

  /** Takes note that an input was made for a tick. */
  sent(tick: number): void {
    this.#ticks[tick % remembered] = tick;
    this.#offsets[tick % remembered] = this.#offset;
  }

  /** Takes note of what a snapshot of a tick says of how early inputs came; undefined: nothing new. */
  heard(tick: number, early: number | undefined): void {
    if (early !== undefined) this.#told = this.early = early;
    if (this.#told === undefined) return;
    // What is not told again is as it was, if an input was made for that tick at all.
    const of = tick + this.#told;
    if (of <= 0 || this.#ticks[of % remembered] !== of) return;
    const late = this.#told < 0;
    if (late) this.late++;
    const offset = this.#offsets[of % remembered];
    if (!Number.isNaN(offset)) this.#sample(offset + 1 - this.#told, late);
  }

  #sample(needed: number, late: boolean): void {
    const off = needed - this.#needed;
    if (this.#samples > 0 && Math.abs(off) > odd + 4 * this.#wobble) {
      // An accident on the way, such as a stall; or the way has become another one.
      if (++this.#odd < oddInARow) return;
      this.#samples = 0;
    }
    this.#odd = 0;
    const n = Math.min(++this.#samples, 16);
    if (n === 1) {
      this.#needed = needed;
      this.#wobble = 0.25;
    } else {
      this.#needed += off / n;
      this.#wobble += (Math.abs(off) - this.#wobble) / 16;
    }
    if (n >= enough) this.#settled = true;
    // An input that is late while the clock is not yet where it should be says nothing of that.
    if (late && this.#settled && Math.abs(this.#away) < 1) this.#extra = Math.min(mostExtra, this.#extra + perLate);
    else this.#extra = Math.max(0, this.#extra - perLate / 100);
  }

  /** Returns the offset to aim at. */
  #target(now: number, server: Estimate): number {
    const just =
      this.#samples > 0
        ? this.#needed - 0.5
        : server.arrivedTick(now) + server.rtt / server.perTick - now / server.perTick;
    return just + jitters * this.jitter + this.#extra;
  }

  /**
   * Returns the tick at which a player's own things are to be shown now, with a fraction: the
   * input that is made now is for the next whole tick. 0 before the first snapshot.
   */
  tick(now: number, server: Estimate): number {
    const { perTick } = server;
    if (server.arrivedTick(now) === 0) return 0;
    const target = this.#target(now, server);
    const off = target - this.#offset;
    this.#away = off;
    if (!(Math.abs(off) <= (this.#settled ? tooFar : 0.5))) {
      if (this.#settled) this.resyncs++;
      this.#offset = target;
      this.speed = 1;
      this.#last = 0;
    } else {
      const passed = Math.max(0, now - this.#at) / perTick;
      const speed = Math.max(-stretch, Math.min(stretch, off * stretch));
      // Not beyond the target, however long it was not called.
      const by = speed * passed;
      this.#offset += Math.abs(by) > Math.abs(off) ? off : by;
      this.speed = 1 + speed;
    }
    this.#at = Math.max(this.#at, now);
    this.#last = Math.max(this.#last, this.#offset + this.#at / perTick);
    return this.#last;
  }
}
