import { describe, expect, test } from 'vitest';

import { ServerClock } from '../src/clock.js';
import { Lead } from '../src/lead.js';
import { Random } from './random.js';

/** A way to a server and back, with a client that makes an input for each tick. */
class Way {
  readonly lead = new Lead();
  readonly clock = new ServerClock();
  /** Milliseconds there and back, and at most that much more. */
  there = 50;
  back = 50;
  jitter = 0;
  /** Nothing gets through before that, either way. */
  stalled = 0;
  readonly perTick: number;
  readonly random = new Random(7).next;
  /** Of the server, whose clock began a while before the client's. */
  tick = 1000;
  made = 0;
  inputs = 0;
  late = 0;
  leads: number[] = [];
  speeds: number[] = [];

  #now = 0;
  #up: { at: number; tick: number }[] = [];
  #down: { at: number; tick: number; early: number | undefined }[] = [];
  #lastUp = 0;
  #lastDown = 0;
  #told: number | undefined;

  constructor(rate = 20) {
    this.perTick = 1000 / rate;
    this.clock.reset(rate);
    this.clock.sawPong(-100, 0, 0);
  }

  /** Passes so many milliseconds in frames of a sixtieth of a second. */
  pass(ms: number, what: { count?: boolean } = {}): void {
    if (what.count) {
      this.inputs = this.late = 0;
      this.leads = [];
    }
    const end = this.#now + ms;
    let nextTick = (this.tick + 1 - 1000) * this.perTick;
    while (this.#now < end) {
      this.#now += 1000 / 60;
      for (; nextTick <= this.#now; nextTick += this.perTick) this.#server(nextTick);
      this.#receive();
      const t = this.lead.tick(this.#now, this.clock);
      if (t === 0) continue;
      this.leads.push(t - (1000 + this.#now / this.perTick));
      this.speeds.push(this.lead.speed);
      const newest = Math.floor(t) + 1;
      if (this.made === 0 || newest - this.made > 3) this.made = newest - 1;
      while (this.made < newest) {
        this.made++;
        this.lead.sent(this.made);
        // What goes by one connection does not overtake.
        this.#lastUp = Math.max(this.#lastUp, this.stalled, this.#now + this.there + this.jitter * this.random());
        this.#up.push({ at: this.#lastUp, tick: this.made });
      }
    }
  }

  #server(now: number): void {
    const tick = ++this.tick;
    let early: number | undefined;
    while (this.#up[0]?.at <= now) {
      const off = this.#up.shift()!.tick - tick;
      early = Math.min(early ?? Infinity, off);
      this.inputs++;
      if (off < 0) this.late++;
    }
    const changed = early !== this.#told;
    if (early !== undefined) this.#told = early;
    this.#lastDown = Math.max(this.#lastDown, this.stalled, now + this.back + this.jitter * this.random());
    this.#down.push({ at: this.#lastDown, tick, early: changed ? early : undefined });
  }

  #receive(): void {
    while (this.#down[0]?.at <= this.#now) {
      const { at, tick, early } = this.#down.shift()!;
      this.lead.saw(this.clock.sawTick(tick, at), this.perTick, at);
      this.lead.heard(tick, early);
    }
  }

  /** The mean lead since the last count, in milliseconds. */
  get mean(): number {
    return (this.leads.reduce((a, b) => a + b, 0) / this.leads.length) * this.perTick;
  }
}

describe('inputs', () => {
  test.each([
    [20, 50, 50],
    [20, 10, 90],
    [20, 90, 10],
    [60, 50, 50],
    [20, 150, 150],
  ])('come in time and hardly earlier, at %i ticks a second, with %i ms there and %i back', (rate, there, back) => {
    const w = new Way(rate);
    Object.assign(w, { there, back });
    w.pass(10_000);
    w.pass(20_000, { count: true });
    expect(w.late / w.inputs).toBeLessThanOrEqual(0.01);
    expect(w.mean).toBeGreaterThan(there - 1.01 * w.perTick);
    expect(w.mean).toBeLessThan(there + 2 * w.perTick);
  });

  test.each([10, 20, 40])('come in time with %i ms of jitter', (jitter) => {
    const w = new Way();
    w.jitter = jitter;
    w.pass(10_000);
    w.pass(60_000, { count: true });
    expect(w.late / w.inputs).toBeLessThanOrEqual(0.015);
    expect(w.mean).toBeLessThan(50 + jitter / 2 + 4 * jitter + w.perTick);
  });

  test('are made by a clock that is stretched by a twentieth at most', () => {
    const w = new Way();
    w.jitter = 20;
    w.pass(10_000);
    w.there = 120; // the way becomes longer
    w.speeds = [];
    w.pass(20_000);
    expect(Math.max(...w.speeds)).toBeLessThanOrEqual(1.05);
    expect(Math.min(...w.speeds)).toBeGreaterThanOrEqual(0.95);
    w.pass(20_000, { count: true });
    expect(w.late / w.inputs).toBeLessThanOrEqual(0.015);
    expect(w.lead.resyncs).toBe(0);
  });

  test('are made anew by another clock when that is off by more than ten ticks', () => {
    const w = new Way();
    w.pass(5_000);
    w.there = 900;
    w.pass(15_000);
    expect(w.lead.resyncs).toBe(1);
    w.pass(10_000, { count: true });
    expect(w.late / w.inputs).toBeLessThanOrEqual(0.01);
  });

  test('are no earlier after a stall than before it', () => {
    const w = new Way();
    w.pass(10_000);
    w.pass(5_000, { count: true });
    const before = w.mean;
    w.stalled = 15_000 + 3_000;
    w.pass(3_500);
    w.pass(1_000, { count: true });
    expect(w.mean).toBeLessThan(before + 2 * w.perTick);
    w.pass(10_000);
    w.pass(5_000, { count: true });
    expect(w.late).toBe(0);
    expect(w.mean).toBeLessThan(before + 2 * w.perTick);
  });
});

test('at first the clock is set, also when the round trip is not known yet', () => {
  const w = new Way();
  Object.assign(w, { there: 150, back: 150 });
  w.clock.reset(20); // no pong has come
  w.pass(3_000);
  expect(w.lead.resyncs).toBe(0);
  w.pass(2_000, { count: true });
  expect(w.late).toBe(0);
  expect(w.mean).toBeLessThan(150 + 2 * w.perTick);
});

test('what the server has not said is known from the clock alone', () => {
  const lead = new Lead();
  const clock = new ServerClock();
  clock.reset(20);
  expect(lead.tick(0, clock)).toBe(0);
  clock.sawPong(0, 0, 100);
  clock.sawTick(40, 1000);
  expect(lead.tick(1000, clock)).toBeCloseTo(42, 1);
  expect(lead.early).toBeNaN();
  // A session that goes on elsewhere begins anew.
  lead.sent(43);
  lead.heard(43, 5);
  lead.restart();
  expect(lead.early).toBeNaN();
  lead.heard(43, undefined);
  expect(lead.tick(2000, clock)).toBeCloseTo(62, 1);
});
