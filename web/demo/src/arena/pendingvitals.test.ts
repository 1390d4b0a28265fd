import { expect, test } from 'vitest';
import { PendingVitals } from './pendingvitals.ts';

const well = { health: 100, shield: 0, protected: false, rapid: false, boost: false };

test('vitals wait for their ticks, in order', () => {
  const pending = new PendingVitals();
  pending.add(5, 1, { ...well, health: 80, rapid: true });
  pending.add(5, 4_000_000_000, { ...well, shield: 100, protected: true });
  pending.add(7, 1, { ...well, health: 0, boost: true });
  const seen: unknown[] = [];
  const play = (tick: number) => pending.play(tick, (entity, v) => seen.push([entity, { ...v }]));
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
  const pending = new PendingVitals();
  let n = 0;
  while (pending.add(n, 1, well)) n++;
  expect(n).toBe(8192);
  pending.add(9000, 2, well);
  const seen: number[] = [];
  pending.play(10_000, (entity) => seen.push(entity));
  expect(seen).toEqual([2]);
});

test('it goes round', () => {
  const pending = new PendingVitals();
  const seen: number[] = [];
  for (let i = 0; i < 50_000; i++) {
    pending.add(i, i, well);
    if (i % 5000 === 0) pending.play(i, (entity) => seen.push(entity));
  }
  pending.play(50_000, (entity) => seen.push(entity));
  expect(seen).toEqual(Array.from({ length: 50_000 }, (_, i) => i));
});
