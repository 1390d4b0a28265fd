// Compares the page's copies of the server's rules with what the server computes
// (internal/kinds/arena/vectors_test.go).

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type FlightRules, headingOf, type Motion, newControl, newMotion, step } from './motion.ts';
import { type Obstacle, Terrain } from './terrain.ts';

interface Vectors {
  Edge: number;
  Rules: FlightRules;
  Obstacles: { X: number; Y: number; Radius: number; HalfW: number; HalfH: number }[];
  Headings: { Angle: number; Heading: number }[];
  Flights: { Rate: number; From: number[]; Inputs: number[][]; To: number[][] }[];
  Rays: number[][];
}

const path = new URL('../../../../internal/kinds/arena/testdata/flights.json', import.meta.url);
const vectors = JSON.parse(readFileSync(path, 'utf8')) as Vectors;
const obstacles: Obstacle[] = vectors.Obstacles.map((o) => ({
  x: o.X,
  y: o.Y,
  radius: o.Radius,
  halfWidth: o.HalfW,
  halfHeight: o.HalfH,
}));
const terrain = new Terrain(vectors.Edge, vectors.Rules.shipRadius, obstacles);

function numbers(m: Motion): number[] {
  return [m.x, m.y, m.vx, m.vy, m.heading];
}

describe('the copy of Step', () => {
  test.each(vectors.Flights.map((f, i) => [i, f] as const))('flight %i', (_, f) => {
    const m = newMotion();
    [m.x, m.y, m.vx, m.vy, m.heading] = f.From as [number, number, number, number, number];
    const c = newControl();
    f.Inputs.forEach((input, i) => {
      const [turn, thrust, steer, aim, boost] = input as [number, number, number, number, number];
      Object.assign(c, { turn, thrust, steer: steer === 1, aim, boost: boost === 1 });
      step(m, c, 1 / f.Rate, vectors.Rules, terrain);
      expect(numbers(m), `tick ${i}`).toEqual(f.To[i]!.map((v) => v + 0));
    });
  });
});

test('headings', () => {
  for (const { Angle, Heading } of vectors.Headings) expect(headingOf(Angle), `${Angle}`).toBe(Heading);
  for (const angle of [NaN, Infinity, -Infinity]) expect(headingOf(angle)).toBe(0);
});

test('how far a bullet gets', () => {
  for (const [x, y, ux, uy, limit, want] of vectors.Rays as [number, number, number, number, number, number][]) {
    expect(terrain.ray(x, y, ux, uy, limit)).toBeCloseTo(want, 4);
  }
});
