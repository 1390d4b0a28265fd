import { expect, test } from 'vitest';
import { type Bullet, Bullets } from './bullets.ts';
import { Camera } from './render/camera.ts';
import { Terrain } from './terrain.ts';

const terrain = new Terrain(2000, 12, [{ x: 1300, y: 1000, radius: 100, halfWidth: 0, halfHeight: 0 }]);

function make(): { bullets: Bullets; ended: { x: number; spent: boolean }[]; camera: Camera } {
  const ended: { x: number; spent: boolean }[] = [];
  const bullets = new Bullets(21, 360, terrain, {
    end: (b: Readonly<Bullet>, spent) => ended.push({ x: b.px, spent }),
  });
  const camera = new Camera();
  camera.fit(1000, 1000, 800);
  camera.follow(1000, 1000, 1, 1);
  return { bullets, ended, camera };
}

test('a bullet of others flies in the time that others are shown in', () => {
  const { bullets, ended, camera } = make();
  bullets.add(5, { x: 1000, y: 1000, heading: Math.PI / 2, tick: 100, ship: 9 }, 1);
  bullets.update(99, 103, 0, 0, camera);
  expect(bullets.live[0]!.way).toBeLessThan(0); // not fired yet
  bullets.update(102, 106, 0, 0, camera);
  expect(bullets.live[0]!.py).toBeCloseTo(1042);
  // The newest snapshot removes it, but it flies until that snapshot is shown.
  bullets.remove(5, 105);
  bullets.update(104.5, 108, 0, 0, camera);
  expect(bullets.live.length).toBe(1);
  bullets.update(105, 109, 0, 0, camera);
  expect(bullets.live.length).toBe(0);
  expect(ended).toHaveLength(1);
  expect(ended[0]!.spent).toBe(false);
});

test('near the own ship it is in the time of that', () => {
  const { bullets, camera } = make();
  bullets.add(5, { x: 1000, y: 1000, heading: Math.PI / 2, tick: 100, ship: 9 }, 1);
  bullets.update(102, 106, 1000, 1060, camera);
  expect(bullets.live[0]!.py).toBeCloseTo(1000 + 6 * 21);
});

test('an own bullet leaves in the own time, is recognised, and ends in that of the others', () => {
  const { bullets, ended, camera } = make();
  bullets.expect(1, 1000, 1000, Math.PI / 2, 104);
  bullets.update(100, 104, 1000, 1000, camera);
  expect(bullets.live[0]!.way).toBe(0);
  bullets.add(7, { x: 1000.25, y: 1000, heading: Math.PI / 2, tick: 105, ship: 1 }, 1);
  expect(bullets.live).toHaveLength(1);
  expect(bullets.live[0]!.entity).toBe(7);
  let before = 0;
  for (let t = 104; t < 118; t += 0.5) {
    bullets.update(t - 4, t, 1000, 1000, camera);
    const b = bullets.live[0];
    if (t >= 105.5) expect(b!.py - before).toBeGreaterThan(0);
    before = b!.py;
  }
  bullets.update(116, 120, 1000, 1000, camera);
  expect(bullets.live[0]!.py).toBeCloseTo(1000 + 11 * 21);
  bullets.update(123, 127, 1000, 1000, camera);
  expect(ended[0]!.spent).toBe(true);
});

test('a shot that the server never heard of is forgotten', () => {
  const { bullets, ended, camera } = make();
  bullets.expect(1, 1000, 1000, Math.PI / 2, 104);
  bullets.update(114, 118, 1000, 1000, camera);
  expect(bullets.live).toHaveLength(1);
  bullets.update(117, 121, 1000, 1000, camera);
  expect(bullets.live).toHaveLength(0);
  expect(ended).toHaveLength(0);
});

test('nothing flies through an obstacle, and what was ended twice ends once', () => {
  const { bullets, ended, camera } = make();
  bullets.add(5, { x: 1000, y: 1000, heading: 0, tick: 100, ship: 9 }, 1);
  bullets.update(112, 112, 0, 0, camera);
  bullets.remove(5, 110);
  bullets.update(113, 113, 0, 0, camera);
  expect(ended).toEqual([{ x: 1200, spent: false }]);
  // Entities and objects are reused.
  bullets.add(5, { x: 1000, y: 1000, heading: Math.PI / 2, tick: 200, ship: 9 }, 1);
  bullets.update(201, 201, 0, 0, camera);
  expect(bullets.live).toHaveLength(1);
  bullets.clear();
  bullets.update(202, 202, 0, 0, camera);
  expect(bullets.live).toHaveLength(0);
});
