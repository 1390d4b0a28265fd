import { expect, test } from 'vitest';

import { PacedClock } from './inside.ts';

test('a paced clock stands still, runs faster, and jumps', () => {
  const c = new PacedClock(1000);
  expect(c.at(1500)).toBe(1000);
  c.set({ pace: 4 }, 2000);
  expect(c.at(2000)).toBe(1000);
  expect(c.at(2100)).toBe(1400);
  expect(c.at(1990)).toBe(1000); // the time of a frame is a little before now
  c.set({ pace: 0 }, 2100);
  expect(c.at(9000)).toBe(1400);
  c.set({ add: 50 }, 9000);
  expect(c.at(9500)).toBe(1450);
  c.set({ pace: 0.5 }, 10_000);
  expect(c.at(10_100)).toBe(1500);
});
