// Ships that pass by when nobody plays: a small flock, simulated in the page.

import { HUES } from '../arena/render/palette.ts';
import type { Sight } from './scene.ts';

const count = 16;
const speed = 46;

export class Idle {
  readonly #flock: { x: number; y: number; heading: number; turn: number }[] = [];
  readonly #sight: Sight;
  readonly #random: () => number;

  constructor(sight: Sight, random: () => number = Math.random) {
    this.#sight = sight;
    this.#random = random;
    for (let i = 0; i < count; i++) {
      const a = random() * 2 * Math.PI;
      const r = 60 + random() * 230;
      this.#flock.push({ x: Math.cos(a) * r, y: Math.sin(a) * r, heading: a + Math.PI / 2 + random() - 0.5, turn: 0 });
    }
  }

  /** Moves the flock and shows it. */
  step(dt: number): void {
    const sight = this.#sight;
    sight.x += 7 * dt;
    sight.y += 3 * dt;
    sight.radius = 300;
    sight.edge = 0;
    sight.ships.length = sight.shots.length = sight.pickups.length = sight.rocks.length = 0;
    for (const [i, s] of this.#flock.entries()) {
      s.turn += (this.#random() - 0.5) * 3 * dt;
      s.turn *= 1 - 0.6 * dt;
      // Back to the middle when it has strayed too far.
      const dx = sight.x - s.x;
      const dy = sight.y - s.y;
      let want = 0;
      if (Math.hypot(dx, dy) > 220) want = wrap(Math.atan2(dy, dx) - s.heading) * 0.8;
      for (const o of this.#flock) {
        const ox = o.x - s.x;
        const oy = o.y - s.y;
        if (o !== s && ox * ox + oy * oy < 1600) want -= wrap(Math.atan2(oy, ox) - s.heading) * 0.25;
      }
      s.heading = wrap(s.heading + (s.turn + Math.max(-1.2, Math.min(1.2, want))) * dt);
      s.x += Math.cos(s.heading) * speed * dt;
      s.y += Math.sin(s.heading) * speed * dt;
      sight.ships.push({
        id: i,
        x: s.x,
        y: s.y,
        heading: s.heading,
        colour: HUES[i % HUES.length],
        thrust: false,
        name: '',
      });
    }
  }
}

function wrap(a: number): number {
  return Math.atan2(Math.sin(a), Math.cos(a));
}
