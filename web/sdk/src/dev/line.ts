import { named } from './profiles.js';

const all: readonly Profile[] = named;

/** What a line is like. Times are in milliseconds. */
export interface Profile {
  name?: string;
  /** In a few words, what it is like. */
  text?: string;
  /** The direction to the server, and the one from it. */
  up: Direction;
  down: Direction;
  /** What comes over both directions now and then, in addition. */
  burst?: Episodes & { jitter_ms?: number; loss?: number };
  /** When nothing passes. What was sent meanwhile passes at its end. */
  stall?: Episodes;
  /** What was measured elsewhere and is added to the delay, in order of time from 0, again and again. */
  trace?: readonly { at_ms: number; delay_ms: number }[];
}

/** What one direction of a line is like when nothing comes over it. */
export interface Direction {
  /** How long a byte takes at least. */
  delay_ms: number;
  /** How much longer it takes on average, with an exponential distribution. */
  jitter_ms?: number;
  /** How many bytes pass in a second; 0 for any number. */
  bytes_per_second?: number;
  /** The share of packets that are lost, from 0 to 0.9. TCP sends them again. */
  loss?: number;
}

/** Spans of time. */
export interface Episodes {
  /** How long it is on average from the end of one to the beginning of the next; 0: there are none. */
  every_ms?: number;
  /** How long one lasts on average. */
  for_ms?: number;
  /** Whether they come and last as long as said, and not on average. */
  regular?: boolean;
}

/** The names of the profiles that there are, from good to bad. */
export const profileNames: readonly string[] = all.map((p) => p.name ?? '');

/**
 * Returns the profile of a name.
 *
 * @throws RangeError if there is none.
 */
export function profile(name: string): Profile {
  const found = all.find((p) => p.name === name);
  if (!found) throw new RangeError(`there is no profile ${JSON.stringify(name)}; there are ${profileNames.join(', ')}`);
  return found;
}

const packet = 1400;
const leastTimeout = 200;
const mostResent = 6;
const mostLoss = 0.9;
const remembered = 64;

/** sfc32, by Chris Doty-Humphrey, as the server's tools compute it. */
class Random {
  #a: number;
  #b: number;
  #c = 0x9e3779b9;
  #counter = 1;

  constructor(seed: number, stream: number) {
    this.#a = seed >>> 0;
    this.#b = stream;
    for (let i = 0; i < 16; i++) this.next();
  }

  /** Returns a number from 0 up to 1. */
  next(): number {
    const t = (this.#a + this.#b + this.#counter) >>> 0;
    this.#counter = (this.#counter + 1) >>> 0;
    this.#a = (this.#b ^ (this.#b >>> 9)) >>> 0;
    this.#b = (this.#c + (this.#c << 3)) >>> 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) >>> 0;
    return t / 2 ** 32;
  }
}

class Timeline {
  readonly #are: Episodes;
  readonly #random: Random;
  readonly #spans: { from: number; to: number }[] = [];
  #end = 0;

  constructor(are: Episodes, random: Random) {
    this.#are = are;
    this.#random = random;
  }

  /** Returns the end of the episode that a time is in; the time itself, if it is in none. */
  over(at: number): number {
    const { every_ms: every = 0, for_ms: length = 0, regular = false } = this.#are;
    if (every === 0) return at;
    while (this.#end <= at) {
      let [gap, lasts] = [every, length];
      if (!regular) {
        gap *= -Math.log(1 - this.#random.next());
        lasts *= 0.5 + this.#random.next();
      }
      const from = this.#end + gap;
      this.#end = from + lasts;
      this.#spans.push({ from, to: this.#end });
      if (this.#spans.length > 2 * remembered) this.#spans.splice(0, remembered);
    }
    for (let i = this.#spans.length - 1; i >= 0 && this.#spans[i].to > at; i--) {
      if (this.#spans[i].from <= at) return this.#spans[i].to;
    }
    return at;
  }
}

/**
 * One direction of a {@link Line}. Like TCP it loses and reorders nothing: whatever goes wrong makes
 * bytes late, and all that follow them.
 */
export class LineDirection {
  readonly #profile: Profile;
  readonly #is: Direction;
  readonly #random: Random;
  readonly #bursts: Timeline;
  readonly #stalls: Timeline;
  #busy = 0;
  #last = 0;

  /** @internal */
  constructor(profile: Profile, is: Direction, seed: number, stream: number) {
    this.#profile = profile;
    this.#is = is;
    this.#random = new Random(seed, stream);
    this.#bursts = new Timeline(profile.burst ?? {}, new Random(seed, 3));
    this.#stalls = new Timeline(profile.stall ?? {}, new Random(seed, 4));
  }

  /**
   * Returns when bytes arrive of which the last is sent at a time: not before those that were sent
   * earlier. Both are in milliseconds since the line was made; sent does not go back.
   */
  arrival(sent: number, bytes: number): number {
    const { delay_ms: delay, bytes_per_second: rate = 0 } = this.#is;
    let at = sent;
    if (rate > 0) at = this.#busy = Math.max(at, this.#busy) + (1000 * bytes) / rate;
    let { jitter_ms: jitter = 0, loss = 0 } = this.#is;
    if (this.#bursts.over(at) > at) {
      jitter += this.#profile.burst?.jitter_ms ?? 0;
      loss = Math.min(mostLoss, loss + (this.#profile.burst?.loss ?? 0));
    }
    at += delay + this.#traced(at);
    if (jitter > 0) at -= jitter * Math.log(1 - this.#random.next());
    if (loss > 0) at += this.#resent(bytes, loss);
    at = Math.max(at, this.#stalls.over(at));
    return (this.#last = Math.max(this.#last, at));
  }

  /**
   * Returns the time that TCP needs to notice which packets were lost, and to send them again: a probe
   * after two round trips (RFC 8985, section 7.2), and after that the time-out, which is doubled each time.
   */
  #resent(bytes: number, loss: number): number {
    const { up, down } = this.#profile;
    const trip = up.delay_ms + down.delay_ms;
    const jitter = (up.jitter_ms ?? 0) + (down.jitter_ms ?? 0);
    let lost = 1 - (1 - loss) ** Math.max(1, Math.ceil(bytes / packet));
    let wait = 2 * trip;
    let late = 0;
    for (let i = 0; i < mostResent && this.#random.next() < lost; i++) {
      late += wait;
      wait = i === 0 ? Math.max(leastTimeout, trip + 4 * jitter) : 2 * wait;
      lost = loss;
    }
    return late;
  }

  #traced(at: number): number {
    const trace = this.#profile.trace ?? [];
    if (trace.length === 0) return 0;
    const last = trace[trace.length - 1].at_ms;
    const length = trace.length > 1 ? 2 * last - trace[trace.length - 2].at_ms : last + 1000;
    const into = at % length;
    let delay = 0;
    for (const s of trace) if (s.at_ms <= into) delay = s.delay_ms;
    return delay;
  }
}

/** A line. What happens on it follows from its profile, its seed, and from what is sent when. */
export class Line {
  readonly up: LineDirection;
  readonly down: LineDirection;

  /** seed is a whole number below 2^32. */
  constructor(profile: Profile, seed: number) {
    this.up = new LineDirection(profile, profile.up, seed, 1);
    this.down = new LineDirection(profile, profile.down, seed, 2);
  }
}
