import { expect, test } from 'vitest';
import { Hurts } from './hurts.ts';

const well = { health: 100, shield: 0, protected: false, rapid: false, boost: false };

test('vitals wait for their ticks, in order', () => {
  const hurts = new Hurts();
  hurts.add(5, 1, { ...well, health: 80, rapid: true });
  hurts.add(5, 4_000_000_000, { ...well, shield: 100, protected: true });
  hurts.add(7, 1, { ...well, health: 0, boost: true });
  const seen: unknown[] = [];
  const play = (tick: number) => hurts.play(tick, (entity, v) => seen.push([entity, { ...v }]));
  play(4.9);
  expect(seen).toEqual([]);
  play(6.9);
  expect(seen).toEqual([
    [1, { ...well, health: 80, rapid: true }],
    [4_000_000_000, { ...well, shield: 100, protected: true }],
  ]);
  play(7);
  expect(seen[2]).toEqual([1, { ...well, health: 0, boost: true }]);
  play(100);
  expect(seen).toHaveLength(3);
});

test('when too many wait it says so, and begins anew', () => {
  const hurts = new Hurts();
  let n = 0;
  while (hurts.add(n, 1, well)) n++;
  expect(n).toBe(8192);
  hurts.add(9000, 2, well);
  const seen: number[] = [];
  hurts.play(10_000, (entity) => seen.push(entity));
  expect(seen).toEqual([2]);
});

test('it goes round', () => {
  const hurts = new Hurts();
  const seen: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    hurts.add(i, i, well);
    if (i % 5000 === 0) hurts.play(i, (entity) => seen.push(entity));
  }
  hurts.play(50_000, (entity) => seen.push(entity));
  expect(seen).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
});
