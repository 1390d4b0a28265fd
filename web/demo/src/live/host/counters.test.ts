import { expect, test } from 'vitest';

import { Course, seconds } from './counters.ts';

test('growth a second, and its mean', () => {
  const c = new Course(true);
  expect(c.now).toBe(0);
  for (const v of [100, 100, 110, 110, 120, 130]) c.take(v);
  expect(c.values).toEqual([0, 10, 0, 10, 10]);
  expect(c.now).toBe(6);
  // The show has begun again, and counts from the beginning.
  c.take(3);
  expect(c.values.at(-1)).toBe(0);
});

test('values as they are, for two minutes', () => {
  const c = new Course(false);
  for (let i = 0; i < 2 * seconds; i++) c.take(i);
  expect(c.values).toHaveLength(seconds);
  expect(c.now).toBe(2 * seconds - 1);
  expect(c.path()).toMatch(/^M0\.0 .* ?L100\.0 2\.0$/);
});
