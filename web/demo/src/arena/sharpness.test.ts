import { expect, test } from 'vitest';
import { Sharpness } from './sharpness.ts';

/** Shows frames at a pace for some seconds. */
function show(s: Sharpness, from: number, seconds: number, gap: number): number {
  let now = from;
  for (; now < from + seconds * 1000; now += gap) s.saw(gap, now);
  return now;
}

test('slow drawing costs sharpness, not at once, and not without end', () => {
  const s = new Sharpness();
  let now = show(s, 0, 2.5, 60);
  expect(s.value).toBe(1);
  now = show(s, now, 2, 60);
  expect(s.value).toBe(0.75);
  now = show(s, now, 20, 60);
  expect(s.value).toBe(0.4);
  show(s, now, 60, 60);
  expect(s.value).toBe(0.4);
});

test('what was slow for a while becomes sharp again, a few times', () => {
  const s = new Sharpness();
  let now = 0;
  const seen: number[] = [];
  for (let i = 0; i < 4; i++) {
    now = show(s, now, 5, 60);
    now = show(s, now, 30, 16);
    seen.push(s.value);
  }
  // It does not alternate for ever.
  expect([seen[0], seen[3]]).toEqual([1, 0.4]);
});

test('a page that was hidden, and 60 frames a second, change nothing', () => {
  const s = new Sharpness();
  let now = show(s, 0, 30, 16.7);
  s.saw(60_000, (now += 60_000));
  show(s, now, 30, 16.7);
  expect(s.value).toBe(1);
});

test('where the processor draws it begins lower', () => {
  expect(new Sharpness(true).value).toBe(0.75);
});
