import { expect, test } from 'vitest';

import { around, beside, clock, lookOf, type Mark, textOf, there } from './story.ts';

const mark = (tick: number, what = 'join', text = 'Ann'): Mark => ({ tick, what, text });

test('marks around a tick', () => {
  const marks = [mark(3), mark(10), mark(10, 'Kill'), mark(20)];
  expect(around(marks, 2)).toEqual({ after: marks[0] });
  expect(around(marks, 10)).toEqual({ before: marks[2], after: marks[3] });
  expect(around(marks, 30)).toEqual({ before: marks[3] });
  expect(around([], 1)).toEqual({});
});

test('texts and looks of marks', () => {
  expect(textOf(mark(1, 'join', 'Ann'))).toBe('Ann');
  expect(textOf(mark(1, 'Kill', '{"Ship":3,"By":4,"ByName":"Ann","Name":"Bo"}'))).toBe('Ann → Bo');
  expect(textOf(mark(1, 'operator', '{odd'))).toBe('{odd');
  expect(lookOf('Kill')).toBe('kill');
  expect(lookOf('desync')).toBe('trouble');
  expect(lookOf('Said')).toBe('other');
});

test('times, speeds and visits', () => {
  expect(clock(20 * 61, 20)).toBe('01:01');
  expect(clock(20 * 3600, 20)).toBe('1:00:00');
  expect([beside(1, 1), beside(16, 1), beside(0.25, -1), beside(3, 1)]).toEqual([2, 16, 0.25, 2]);
  const v = { player: 1, name: 'Ann', spectator: false, from: 5, to: 9 };
  expect([4, 5, 9, 10].map((t) => there(v, t))).toEqual([false, true, true, false]);
  expect(there({ ...v, to: 0 }, 1000)).toBe(true);
});
