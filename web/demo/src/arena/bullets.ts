// Bullets. The row of a bullet holds where and when it was fired and never changes, so
// its position is a function of time. There is not one time for everything: other
// ships are shown a little in the past, the player's own a little in the future. An
// own bullet starts in the time of the own ship and goes over to that of the others; a
// bullet of another ship does the opposite when it comes near.

import type { Camera } from './render/camera.ts';
import type { Terrain } from './terrain.ts';

export interface BulletRow {
  readonly x: number;
  readonly y: number;
  readonly heading: number;
  readonly tick: number;
  readonly ship: number;
}

/** A bullet in flight. The objects are reused. */
export interface Bullet {
  entity: number; // 0 until the server has sent it
  ship: number;
  x: number; // where it was fired
  y: number;
  ux: number;
  uy: number;
  heading: number;
  tick: number; // when it was fired
  left: number; // units to where it ends: an obstacle, a wall, or its range
  own: boolean;
  ended: number; // the tick in which the server ended it; 0 while it flies
  // Its position now, and how far it has flown.
  px: number;
  py: number;
  way: number;
}

/** The number of ticks in which an own bullet goes over to the time of the others. */
const SETTLE = 14;
/** The distances from the own ship between which the bullets of others go over to its time. */
const NEAR = 50;
const FAR = 210;
/** The number of ticks for which a predicted bullet is shown if the server does not send it. */
const BELIEF = 12;

export interface BulletEvents {
  /** A bullet has ended: by hitting something, or at the end of its range (spent). */
  end(bullet: Readonly<Bullet>, spent: boolean): void;
}

export class Bullets {
  readonly live: Bullet[] = [];
  readonly #pool: Bullet[] = [];
  readonly #byEntity = new Map<number, Bullet>();

  constructor(
    readonly perTick: number,
    readonly range: number,
    readonly terrain: Terrain,
    readonly events: BulletEvents,
  ) {}

  /** Adds a bullet that the server has sent. */
  add(entity: number, row: BulletRow, ownShip: number): void {
    const own = row.ship === ownShip;
    let b = own ? this.#expected(row) : undefined;
    if (!b) {
      b = this.#make();
      b.own = own;
    }
    b.entity = entity;
    b.ship = row.ship;
    b.tick = row.tick;
    this.#aim(b, row.x, row.y, row.heading);
    this.#byEntity.set(entity, b);
  }

  /** Removes a bullet that the server has ended or that is out of sight. */
  remove(entity: number, tick: number): void {
    const b = this.#byEntity.get(entity);
    if (!b) return;
    this.#byEntity.delete(entity);
    b.ended = Math.max(tick, b.tick + 1);
  }

  /** Adds a bullet that the own ship is predicted to fire. */
  expect(ship: number, x: number, y: number, heading: number, tick: number): void {
    const b = this.#make();
    b.entity = 0;
    b.ship = ship;
    b.tick = tick;
    b.own = true;
    this.#aim(b, x, y, heading);
  }

  clear(): void {
    while (this.live.length > 0) this.#pool.push(this.live.pop()!);
    this.#byEntity.clear();
  }

  /**
   * Moves all bullets. Other ships are shown at the tick shown; the own ship, which is at
   * (x, y), at the tick ahead.
   */
  update(shown: number, ahead: number, x: number, y: number, camera: Camera): void {
    const lead = Math.max(0, ahead - shown);
    for (let i = 0; i < this.live.length; ) {
      const b = this.live[i]!;
      let now: number;
      if (b.own) {
        now = ahead - lead * clamp01((ahead - b.tick) / SETTLE);
      } else {
        const way = Math.max(0, shown - b.tick) * this.perTick;
        const dx = b.x + b.ux * way - x;
        const dy = b.y + b.uy * way - y;
        const d = Math.sqrt(dx * dx + dy * dy); // Math.hypot is a call, whose result is garbage
        now = shown + lead * clamp01((FAR - d) / (FAR - NEAR));
      }
      const age = now - b.tick;
      b.way = age * this.perTick;
      const over =
        b.way >= b.left ||
        (b.ended > 0 && now >= b.ended) ||
        (b.entity === 0 && b.ended === 0 && ahead - b.tick > BELIEF + lead);
      if (!over) {
        b.px = b.x + b.ux * b.way;
        b.py = b.y + b.uy * b.way;
        i++;
        continue;
      }
      const end = Math.min(b.left, b.ended > 0 ? Math.max(0, (b.ended - b.tick) * this.perTick) : b.way);
      b.px = b.x + b.ux * end;
      b.py = b.y + b.uy * end;
      if (b.entity !== 0 && camera.sees(b.px, b.py, 20)) this.events.end(b, end >= this.range - 1);
      this.live[i] = this.live[this.live.length - 1]!;
      this.live.pop();
      if (this.#byEntity.get(b.entity) === b) this.#byEntity.delete(b.entity);
      this.#pool.push(b);
    }
  }

  /** Returns the predicted bullet that a row turns out to be. */
  #expected(row: BulletRow): Bullet | undefined {
    for (const b of this.live) {
      if (b.own && b.entity === 0 && Math.abs(b.tick - row.tick) <= 3) return b;
    }
    return undefined;
  }

  #make(): Bullet {
    const b = this.#pool.pop() ?? {
      entity: 0,
      ship: 0,
      x: 0,
      y: 0,
      ux: 0,
      uy: 0,
      heading: 0,
      tick: 0,
      left: 0,
      own: false,
      ended: 0,
      px: 0,
      py: 0,
      way: 0,
    };
    b.ended = 0;
    this.live.push(b);
    return b;
  }

  #aim(b: Bullet, x: number, y: number, heading: number): void {
    b.x = b.px = x;
    b.y = b.py = y;
    b.way = 0;
    b.heading = heading;
    b.ux = Math.cos(heading);
    b.uy = Math.sin(heading);
    b.left = this.terrain.ray(x, y, b.ux, b.uy, this.range);
  }
}

function clamp01(v: number): number {
  return Math.min(Math.max(v, 0), 1);
}
