// The part of a map that does not change, as in internal/kinds/arena/terrain.go: where
// ships bounce off, and how far bullets fly.

/** A position and velocity, in units and units per second, of what bounces off. */
export interface Moving {
  x: number;
  y: number;
  vx: number;
  vy: number;
}

export interface Obstacle {
  readonly x: number; // middle
  readonly y: number;
  readonly radius: number; // of a circle; 0: it is a box
  readonly halfWidth: number;
  readonly halfHeight: number;
}

const BOUNCE = 0.4; // the share of the speed towards an obstacle that is left after it
const SKIN = 1 / 64;
const CELL = 128;

export class Terrain {
  readonly #touch: number;
  readonly #n: number;
  readonly #cells: number[][];

  constructor(
    readonly edge: number,
    readonly shipRadius: number,
    readonly obstacles: readonly Obstacle[],
  ) {
    this.#touch = shipRadius + SKIN;
    this.#n = Math.max(1, Math.ceil(edge / CELL));
    this.#cells = Array.from({ length: this.#n * this.#n }, () => []);
    obstacles.forEach((o, i) => {
      const w = (o.radius || o.halfWidth) + shipRadius + 1;
      const h = (o.radius || o.halfHeight) + shipRadius + 1;
      for (let cy = this.#at(o.y - h); cy <= this.#at(o.y + h); cy++) {
        for (let cx = this.#at(o.x - w); cx <= this.#at(o.x + w); cx++) this.#near(cx, cy).push(i);
      }
    });
  }

  #at(v: number): number {
    return Math.min(Math.max(Math.trunc(v / CELL), 0), this.#n - 1);
  }

  #near(cx: number, cy: number): number[] {
    return this.#cells[cy * this.#n + cx]!;
  }

  /** Moves a ship that is in a wall or an obstacle out of it, and reflects its velocity. */
  collide(m: Moving): void {
    const r = this.shipRadius;
    const far = this.edge - r;
    if (m.x < r) {
      m.x = r;
      m.vx = Math.abs(m.vx) * BOUNCE;
    } else if (m.x > far) {
      m.x = far;
      m.vx = -Math.abs(m.vx) * BOUNCE;
    }
    if (m.y < r) {
      m.y = r;
      m.vy = Math.abs(m.vy) * BOUNCE;
    } else if (m.y > far) {
      m.y = far;
      m.vy = -Math.abs(m.vy) * BOUNCE;
    }
    const near = this.#near(this.#at(m.x), this.#at(m.y));
    for (let i = 0; i < near.length; i++) {
      // Obstacles lie so far apart that a ship touches only one at a time.
      if (this.#push(m, this.obstacles[near[i]!]!)) return;
    }
  }

  #push(m: Moving, o: Obstacle): boolean {
    const touch = this.#touch;
    const dx = m.x - o.x;
    const dy = m.y - o.y;
    let nx = 0; // the direction out of it
    let ny = 0;
    let deep: number;
    if (o.radius > 0) {
      const r = o.radius + touch;
      const d2 = dx * dx + dy * dy;
      if (d2 >= r * r) return false;
      const d = Math.sqrt(d2);
      nx = d > 0 ? dx / d : 1;
      ny = d > 0 ? dy / d : 0;
      deep = r - d;
    } else {
      const ox = Math.abs(dx) - o.halfWidth;
      const oy = Math.abs(dy) - o.halfHeight;
      if (ox >= touch || oy >= touch) return false;
      if (ox > 0 && oy > 0) {
        // At a corner.
        const d2 = ox * ox + oy * oy;
        if (d2 >= touch * touch) return false;
        const d = Math.sqrt(d2);
        nx = sign(ox / d, dx);
        ny = sign(oy / d, dy);
        deep = touch - d;
      } else if (ox > oy) {
        nx = sign(1, dx);
        deep = touch - ox;
      } else {
        ny = sign(1, dy);
        deep = touch - oy;
      }
    }
    deep += SKIN;
    m.x += nx * deep;
    m.y += ny * deep;
    let vn = m.vx * nx + m.vy * ny;
    if (vn < 0) {
      vn *= 1 + BOUNCE;
      m.vx -= vn * nx;
      m.vy -= vn * ny;
    }
    return true;
  }

  /**
   * Returns the distance from a point to the first wall or obstacle in the direction of the
   * unit vector (ux, uy), at most limit.
   */
  ray(x: number, y: number, ux: number, uy: number, limit: number): number {
    let best = Math.min(limit, exit(x, ux, this.edge), exit(y, uy, this.edge));
    let cx = this.#at(x);
    let cy = this.#at(y);
    for (;;) {
      const near = this.#near(cx, cy);
      for (let i = 0; i < near.length; i++) best = Math.min(best, meet(this.obstacles[near[i]!]!, x, y, ux, uy));
      const tx = crossing(x, ux, cx);
      const ty = crossing(y, uy, cy);
      if (Math.min(tx, ty) >= best) return best;
      if (tx < ty) cx += ux < 0 ? -1 : 1;
      else cy += uy < 0 ? -1 : 1;
      if (cx < 0 || cy < 0 || cx >= this.#n || cy >= this.#n) return best;
    }
  }
}

/** Returns size with the sign of v, where minus zero is negative. */
function sign(size: number, v: number): number {
  return v < 0 || Object.is(v, -0) ? -size : size;
}

/** Returns the distance at which one coordinate leaves the map. */
function exit(x: number, u: number, edge: number): number {
  if (u > 0) return Math.max(0, (edge - x) / u);
  if (u < 0) return Math.max(0, -x / u);
  return Infinity;
}

/** Returns the distance at which one coordinate leaves its cell. */
function crossing(x: number, u: number, c: number): number {
  if (u > 0) return ((c + 1) * CELL - x) / u;
  if (u < 0) return (c * CELL - x) / u;
  return Infinity;
}

/** Returns the distance at which a ray meets an obstacle, infinite if it does not. */
function meet(o: Obstacle, x: number, y: number, ux: number, uy: number): number {
  const dx = o.x - x;
  const dy = o.y - y;
  if (o.radius > 0) {
    const along = dx * ux + dy * uy;
    const off2 = dx * dx + dy * dy - along * along;
    const r2 = o.radius * o.radius;
    if (off2 > r2) return Infinity;
    const half = Math.sqrt(r2 - off2);
    return along + half < 0 ? Infinity : Math.max(0, along - half);
  }
  let into = -Infinity;
  let out = Infinity;
  if (ux !== 0) {
    const a = (dx - o.halfWidth) / ux;
    const b = (dx + o.halfWidth) / ux;
    into = Math.min(a, b);
    out = Math.max(a, b);
  } else if (Math.abs(dx) > o.halfWidth) return Infinity;
  if (uy !== 0) {
    const a = (dy - o.halfHeight) / uy;
    const b = (dy + o.halfHeight) / uy;
    into = Math.max(into, Math.min(a, b));
    out = Math.min(out, Math.max(a, b));
  } else if (Math.abs(dy) > o.halfHeight) return Infinity;
  return into > out || out < 0 ? Infinity : Math.max(0, into);
}
