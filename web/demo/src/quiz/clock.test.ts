import { expect, test } from 'vitest';

import { ShowClock, showTime } from './clock.ts';

const anchor = { tick: 100, us: 5_000_000 };

/** Returns the show's time at a tick. */
const at = (tick: number) => showTime({ tickRate: 20, serverTick: () => tick, serverTime: () => NaN }, anchor, 0);

test('the clock is the anchor, and the ticks since', () => {
  const clock = new ShowClock();
  expect(clock.time(0, at(100))).toBe(5_000_000);
  expect(clock.time(1000, at(120))).toBe(6_000_000);
});

test('what the server has said of its time comes before when ticks have come', () => {
  expect(showTime({ tickRate: 20, serverTick: () => 120, serverTime: () => 5990 }, anchor, 0)).toBe(5_990_000);
});

test('estimates that waver move the clock a little, and never back', () => {
  const clock = new ShowClock();
  let before = clock.time(0, at(100));
  for (let now = 16; now < 2000; now += 16) {
    const waver = now % 3 === 0 ? 0.8 : -0.8; // ticks
    const shown = clock.time(now, at(100 + now / 50 + waver));
    expect(shown).toBeGreaterThanOrEqual(before);
    expect(Math.abs(shown - before - 16_000)).toBeLessThanOrEqual(801);
    before = shown;
  }
});

test('a difference is made up within time', () => {
  const clock = new ShowClock();
  clock.time(0, at(100));
  // The estimate was 200 ms too late.
  let shown = 0;
  for (let now = 16; now <= 4800; now += 16) shown = clock.time(now, at(104 + now / 50));
  expect(shown).toBeCloseTo(5_000_000 + 4_800_000 + 200_000, -1);
});

test('after a sleep, and in another room, it is right at once', () => {
  const clock = new ShowClock();
  clock.time(0, at(100));
  expect(clock.time(16, at(400))).toBe(20_000_000);
  clock.reset();
  expect(clock.time(32, at(1))).toBe(50_000);
});
