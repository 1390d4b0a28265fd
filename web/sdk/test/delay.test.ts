import { describe, expect, test } from 'vitest';

import { ServerClock } from '../src/clock.js';
import { Delay, type InterpolationOptions } from '../src/delay.js';
import { Random } from './random.js';

const perTick = 50;

/**
 * Receives snapshots of a steady server over a network with the delays of lateness, and
 * shows views at 60 fps.
 */
function play(seconds: number, lateness: (tick: number) => number, options: InterpolationOptions = {}, every = 1) {
  const clock = new ServerClock();
  clock.reset(1000 / perTick);
  const delay = new Delay(options);
  const arrivals: { tick: number; at: number }[] = [];
  for (let tick = every; tick * perTick < seconds * 1000; tick += every) {
    const at = Math.max(arrivals.at(-1)?.at ?? 0, 5000 + tick * perTick + lateness(tick));
    arrivals.push({ tick, at });
  }
  const frames: { now: number; tick: number; newest: number; delayMs: number }[] = [];
  let newest = 0;
  let next = 0;
  for (let now = arrivals[0].at; now < arrivals.at(-1)!.at; now += 1000 / 60) {
    for (; next < arrivals.length && arrivals[next].at <= now; next++) {
      const { tick, at } = arrivals[next];
      delay.saw(clock.sawTick(tick, at), tick - newest);
      newest = tick;
    }
    const tick = delay.tick(now, clock.arrivedTick(now), newest, perTick);
    frames.push({ now, tick, newest, delayMs: delay.delayMs });
  }
  return { frames, delay, clock };
}

describe('the delay of views', () => {
  test('is one tick on a perfect network', () => {
    const { frames, delay } = play(10, () => 30);
    const late = frames.slice(60);
    for (const f of late) {
      expect(f.tick).toBeLessThanOrEqual(f.newest + 0.02);
      expect(f.delayMs).toBeLessThan(60);
    }
    expect(delay.jitterMs).toBeLessThan(1);
  });

  test.each([10, 40, 120])('covers a jitter of %i ms, and not much more', (jitter) => {
    const r = new Random(jitter);
    const { frames } = play(30, () => r.next() * jitter);
    const settled = frames.slice(300);
    const beyond = settled.filter((f) => f.tick > f.newest).length / settled.length;
    expect(beyond).toBeLessThan(0.1);
    for (const f of settled) expect(f.delayMs).toBeLessThan(perTick + jitter + 25);
  });

  test('goes with the rate of snapshots', () => {
    const { frames } = play(30, () => 0, {}, 4);
    const settled = frames.slice(300);
    for (const f of settled) {
      expect(f.tick).toBeLessThanOrEqual(f.newest + 0.1);
      expect(f.delayMs).toBeLessThan(5 * perTick);
    }
  });

  test('is bounded', () => {
    const r = new Random(7);
    const { frames } = play(30, () => r.next() * 2000, { maxDelayMs: 300, minDelayMs: 80 });
    // It approaches the bound smoothly, so it may exceed it for a while.
    for (const f of frames.slice(600)) expect(f.delayMs).toBeLessThan(300 + 2000);
    const calm = play(10, () => 0, { minDelayMs: 80 });
    for (const f of calm.frames.slice(200)) expect(f.delayMs).toBeGreaterThan(79);
  });

  test.each([1, 2, 3, 4, 5])('lets time never go back, and never jump, on a network of seed %i', (seed) => {
    const r = new Random(seed);
    let wave = 0;
    const { frames } = play(40, () => {
      wave = Math.max(0, wave + (r.next() - 0.5) * 20);
      return wave + (r.chance(0.02) ? r.next() * 300 : 0);
    });
    for (let i = 1; i < frames.length; i++) {
      const passed = (frames[i].now - frames[i - 1].now) / perTick;
      const step = frames[i].tick - frames[i - 1].tick;
      expect(step).toBeGreaterThanOrEqual(0);
      expect(step).toBeLessThanOrEqual(1.25 * passed + 1e-9);
      expect(frames[i].tick).toBeLessThanOrEqual(frames[i].newest + 150 / perTick + 1e-9);
    }
  });

  test('comes back from a stall', () => {
    // Nothing for two seconds, then everything at once.
    const { frames } = play(20, (tick) => (tick > 200 && tick < 240 ? (240 - tick) * perTick : 0));
    for (let i = 1; i < frames.length; i++) expect(frames[i].tick).toBeGreaterThanOrEqual(frames[i - 1].tick);
    expect(frames.at(-1)!.delayMs).toBeLessThan(200);
  });

  test('stays the same while no time passes', () => {
    const { delay, clock, frames } = play(5, () => 0);
    const { now, newest, tick } = frames.at(-1)!;
    expect(delay.tick(now, clock.arrivedTick(now), newest, perTick)).toBe(tick);
    expect(delay.tick(now - 100, clock.arrivedTick(now - 100), newest, perTick)).toBe(tick);
  });
});

describe('the clock', () => {
  test('knows the tick and the time by the fastest messages', () => {
    const r = new Random(3);
    const clock = new ServerClock();
    clock.reset(20);
    expect(clock.serverTick(0)).toBe(0);
    expect(clock.serverTime(0)).toBeNaN();
    // The server's tick is 100 + now / 50, its time 1e12 + now; messages take 40 to 140 ms.
    for (let now = 0; now < 20_000; now += 50) {
      const took = 40 + 100 * r.next() ** 2;
      clock.sawTick(100 + now / 50, now + took);
      if (now % 1000 === 0) clock.sawPong(now - 40, 1e12 + now, now + took);
    }
    expect(clock.rtt).toBeGreaterThanOrEqual(80);
    expect(clock.rtt).toBeLessThan(100);
    expect(clock.serverTick(20_000)).toBeCloseTo(500, 0);
    expect(clock.serverTime(20_000)).toBeCloseTo(1e12 + 20_000, -2);
  });

  test('forgets what was long ago', () => {
    const clock = new ServerClock();
    clock.reset(20);
    for (let now = 0; now < 5000; now += 50) clock.sawTick(now / 50, now);
    // The server has lost half a second.
    for (let now = 5500; now < 20_000; now += 50) clock.sawTick((now - 500) / 50, now);
    expect(clock.arrivedTick(20_000)).toBeCloseTo(390, 5);
  });
});
