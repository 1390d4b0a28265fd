// What a tick does to a dot: the same as step in game/game.go, so that the player's own dot moves at once.

import type { Dot, Move } from './gen/mygame/v1/mygame.tickroom.ts';

const size = 24;
const speed = 7;
const haste = 12;

/** Moves a dot by a tick of dt seconds. */
export function step(dot: { -readonly [K in keyof Dot]: Dot[K] }, move: Move, { dt }: { dt: number }): void {
  const length = Math.max(Math.hypot(move.dx, move.dy), 1);
  const change = Math.min(haste * dt, 1);
  dot.vx += ((move.dx / length) * speed - dot.vx) * change;
  dot.vy += ((move.dy / length) * speed - dot.vy) * change;
  dot.x = onField(dot.x + dot.vx * dt);
  dot.y = onField(dot.y + dot.vy * dt);
}

const onField = (v: number): number => Math.min(Math.max(v, 0.5), size - 0.5);
