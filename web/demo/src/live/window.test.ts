import { expect, test } from 'vitest';

import { following, RowWindow, widest } from './window.ts';

test('it follows the newest', () => {
  const w = new RowWindow();
  w.grown(10);
  expect([w.from, w.to]).toEqual([0, 10]);
  w.grown(500);
  expect([w.from, w.to]).toEqual([500 - following, 500]);
});

test('it stands still while the reader looks back, however much comes', () => {
  const w = new RowWindow();
  w.grown(300);
  w.follows = false;
  w.grown(310);
  expect([w.from, w.to]).toEqual([240, 300]);
  // Ten of the oldest were dropped: the same rows have other numbers.
  w.grown(305, 10);
  expect([w.from, w.to]).toEqual([230, 290]);
});

test('it never has more than so many rows, and gets to both ends', () => {
  const w = new RowWindow();
  w.grown(600);
  w.follows = false;
  let steps = 0;
  while (w.up()) {
    steps++;
    expect(w.to - w.from).toBeLessThanOrEqual(widest);
  }
  expect(w.from).toBe(0);
  expect(steps).toBe(14);
  while (w.down(600)) expect(w.to - w.from).toBeLessThanOrEqual(widest);
  expect(w.to).toBe(600);
});
