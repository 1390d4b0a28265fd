import { expect, test } from 'vitest';

import { ShowClock } from './clock.ts';

const anchor = { tick: 100, us: 5_000_000 };

test('the clock is the anchor, and the ticks since', () => {
  const clock = new ShowClock();
  expect(clock.time(0, anchor, 100, 20)).toBe(5_000_000);
  expect(clock.time(1000, anchor, 120, 20)).toBe(6_000_000);
});

test('estimates that waver move the clock a little, and never back', () => {
  const clock = new ShowClock();
  let before = clock.time(0, anchor, 100, 20);
  for (let now = 16; now < 2000; now += 16) {
    const waver = now % 3 === 0 ? 0.8 : -0.8; // ticks
    const at = clock.time(now, anchor, 100 + now / 50 + waver, 20);
    expect(at).toBeGreaterThanOrEqual(before);
    expect(Math.abs(at - before - 16_000)).toBeLessThanOrEqual(801);
    before = at;
  }
});

test('a difference is made up within time', () => {
  const clock = new ShowClock();
  clock.time(0, anchor, 100, 20);
  // The estimate was 200 ms too late.
  let at = 0;
  for (let now = 16; now <= 4800; now += 16) at = clock.time(now, anchor, 104 + now / 50, 20);
  expect(at).toBeCloseTo(5_000_000 + 4_800_000 + 200_000, -1);
});

test('after a sleep, and in another room, it is right at once', () => {
  const clock = new ShowClock();
  clock.time(0, anchor, 100, 20);
  expect(clock.time(16, anchor, 400, 20)).toBe(20_000_000);
  clock.reset();
  expect(clock.time(32, { tick: 0, us: 0 }, 1, 20)).toBe(50_000);
});
