import { expect, test } from 'vitest';

import { EntityMap } from '../src/entitymap.js';
import { Random } from './random.js';

test('an EntityMap is a Map, for small numbers and large ones', () => {
  const r = new Random(1);
  const map = new EntityMap<number>();
  const want = new Map<number, number>();
  const numbers = [0, 1, 2, 7, 900, 255, 256, 511, 32_767, 70_000, 262_143, 262_144, 4_294_967_295];
  for (let i = 0; i < 3000; i++) {
    const entity = numbers[r.int(numbers.length)];
    if (r.chance(0.5)) {
      map.set(entity, i);
      want.set(entity, i);
    } else {
      map.delete(entity);
      want.delete(entity);
    }
    if (r.chance(0.005)) {
      map.clear();
      want.clear();
    }
    for (const n of numbers) expect([map.get(n), map.has(n)]).toEqual([want.get(n), want.has(n)]);
  }
});
