import { expect, test } from 'vitest';
import { Looks } from './looks.ts';

const whole = { health: 100, shield: 50, protected: false, rapid: false, boost: false };

test('less health is a hit, but not when a ship comes into sight', () => {
  const looks = new Looks();
  const s = looks.meet(7);
  expect(looks.heal(s, { ...whole, health: 40 })).toEqual({ hull: 0, shield: 0 });
  expect(looks.heal(s, { ...whole, health: 40, shield: 32 })).toEqual({ hull: 0, shield: 18 });
  expect(looks.heal(s, { ...whole, health: 22, shield: 32 })).toEqual({ hull: 18, shield: 0 });
  expect([s.flash, s.spark]).toEqual([1, 1]);
  looks.age(s, false, 1);
  expect(s.flash).toBeLessThan(0.01);
});

test('who has gone is forgotten, and a number that is used again is somebody else', () => {
  const looks = new Looks();
  const a = looks.meet(7);
  looks.name(a, { player: 3, name: 'Ann', team: 0, hue: 10 }, false);
  looks.heal(a, whole);
  looks.age(a, true, 0.1);
  looks.frame += 200;
  const b = looks.meet(8);
  looks.age(b, true, 0.1);
  looks.sweep();
  expect(looks.list).toEqual([b]);
  const again = looks.meet(7);
  expect([again.name, again.known, again.named, again.burn]).toEqual(['', false, false, 0]);
});

test('teams have colours and hulls of their own', () => {
  const looks = new Looks();
  const of = (team: number) => {
    const s = looks.meet(100 + team);
    looks.name(s, { player: 1, name: 'x', team, hue: 0 }, false);
    return s;
  };
  const all = [1, 2, 3, 4].map(of);
  expect(new Set(all.map((s) => s.color)).size).toBe(4);
  expect(new Set(all.map((s) => s.hull)).size).toBe(4);
});

test('what flies onto the screen has not just arrived', () => {
  const looks = new Looks();
  looks.frame = 10;
  looks.arrive(7, 500);
  const s = looks.meet(7);
  expect([s.since, looks.shows(s)]).toEqual([500, false]);
  looks.age(s, false, 0.1);
  expect(looks.shows(s)).toBe(true);
  looks.arrive(7, 600); // shot down, and back: it goes on being drawn
  expect([s.since, looks.shows(s)]).toEqual([600, true]);
});
