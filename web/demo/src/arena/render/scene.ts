// Draws the things of the arena with quads of the atlas.

import type { Bullet } from '../bullets.ts';
import type { Terrain } from '../terrain.ts';
import { type Atlas, BOX_CORNER, BOX_GLOW, ROCKS } from './atlas.ts';
import type { Batch } from './batch.ts';
import type { Camera } from './camera.ts';
import { DANGER, EMBER, HULL, ICE, OWN, PICKUPS, SHIELD, WHITE } from './palette.ts';
import { HULL_SPAN, ROCK_SPAN } from './pictures.ts';

/** What is kept of a ship to draw it: how it looks, and what fades. */
export interface ShipLook {
  entity: number;
  color: number;
  hull: number;
  labelColor: number;
  team: number;
  name: string;
  /** Whether a player flies it, whether it is the player's own, and whether it leads. */
  human: boolean;
  own: boolean;
  leader: boolean;
  health: number;
  shield: number;
  protected: boolean;
  rapid: boolean;
  boost: boolean;
  /** Where it was last drawn. */
  x: number;
  y: number;
  heading: number;
  /** How strongly the engine burns, which follows thrust smoothly. */
  burn: number;
  /** Light from a hit on the hull and on the shield, 1 to 0. */
  flash: number;
  spark: number;
  /** The tick in which it came into the room's view. */
  since: number;
  /** The last frame in which it was drawn. */
  frame: number;
  /** Whether it is known who flies it. */
  named: boolean;
  /** Whether health and shield are known, so that a loss of them means a hit. */
  known: boolean;
  /** The frame in which it was shot down, which is not leaving. */
  fell: number;
  /** Time until the engine's next puff. */
  puff: number;
}

const TAU = 2 * Math.PI;

export class Scene {
  constructor(
    readonly batch: Batch,
    readonly atlas: Atlas,
    readonly camera: Camera,
  ) {}

  /** Draws rocks and blocks. */
  obstacles(terrain: Terrain, time: number): void {
    const { batch, atlas, camera } = this;
    const all = terrain.obstacles;
    for (let i = 0; i < all.length; i++) {
      const o = all[i]!;
      if (!camera.sees(o.x, o.y, (o.radius || Math.max(o.halfWidth, o.halfHeight)) + 20)) continue;
      if (o.radius > 0) {
        const size = o.radius * ROCK_SPAN;
        batch.quad(atlas.rock[i % ROCKS]!, o.x, o.y, size, size, (i * 2.4) % TAU, WHITE, 1, 0);
      } else this.#box(o.x, o.y, o.halfWidth, o.halfHeight, i, time);
    }
  }

  #box(x: number, y: number, halfWidth: number, halfHeight: number, i: number, time: number): void {
    const { batch, atlas } = this;
    const w = halfWidth + BOX_GLOW;
    const h = halfHeight + BOX_GLOW;
    const c = BOX_CORNER;
    const mw = 2 * (w - c);
    const mh = 2 * (h - c);
    for (let k = 0; k < 9; k++) {
      const col = k % 3;
      const row = (k - col) / 3;
      const px = col === 1 ? x : x + (col - 1) * (w - c / 2);
      const py = row === 1 ? y : y - (row - 1) * (h - c / 2);
      batch.quad(atlas.box[k]!, px, py, col === 1 ? mw : c, row === 1 ? mh : c, 0, WHITE, 1, 0);
    }
    // Ribs along the longer side, and two lamps that breathe.
    const wide = halfWidth >= halfHeight;
    const long = wide ? halfWidth : halfHeight;
    const short = (wide ? halfHeight : halfWidth) - 9;
    for (let d = -long + 22; d < long - 14; d += 15) {
      batch.quad(
        atlas.pixel,
        wide ? x + d : x,
        wide ? y : y + d,
        wide ? 1 : 2 * short,
        wide ? 2 * short : 1,
        0,
        SHIELD,
        0.16,
        0.5,
      );
    }
    const light = 0.45 + 0.4 * Math.sin(time * 2 + i * 1.7);
    const lamp = i % 3 === 0 ? EMBER : OWN;
    for (let s = -1; s <= 1; s += 2) {
      batch.quad(atlas.glow, x + s * (halfWidth - 6), y + s * (halfHeight - 6), 13, 13, 0, lamp, light, 1);
      batch.quad(atlas.dot, x + s * (halfWidth - 6), y + s * (halfHeight - 6), 3.4, 3.4, 0, lamp, 0.9, 0.5);
    }
  }

  pickup(entity: number, kind: number, x: number, y: number, time: number): void {
    const { batch, atlas, camera } = this;
    if (!camera.sees(x, y, 40)) return;
    const beat = 1 + 0.06 * Math.sin(time * 3 + entity);
    const color = PICKUPS[kind] ?? WHITE;
    batch.quad(atlas.glow, x, y, 74 * beat, 74 * beat, 0, color, 0.42, 1);
    batch.quad(atlas.ring, x, y, 42 * beat, 42 * beat, time * 0.7, color, 0.25, 1);
    const frame = atlas.pickup[kind] ?? atlas.dot;
    batch.quad(frame, x, y + Math.sin(time * 2 + entity) * 1.5, 31, 31, 0, WHITE, 1, 0);
  }

  bullet(b: Readonly<Bullet>, color: number): void {
    const { batch, atlas, camera } = this;
    if (b.way < 0 || !camera.sees(b.px, b.py, 30)) return;
    const length = Math.min(30, 8 + b.way);
    const x = b.px - b.ux * length * 0.4;
    const y = b.py - b.uy * length * 0.4;
    const alpha = Math.min(1, (b.left - b.way) / 40 + 0.25);
    batch.quad(atlas.glow, b.px, b.py, 30, 30, 0, color, 0.55 * alpha, 1);
    batch.quad(atlas.bolt, x, y, length, 10, b.heading, color, alpha, 1);
    batch.quad(atlas.bolt, x, y, length * 0.8, 4, b.heading, WHITE, 0.9 * alpha, 0.6);
  }

  /** Draws a ship without its name and bars. */
  ship(s: Readonly<ShipLook>, radius: number, time: number): void {
    const { batch, atlas } = this;
    const { x, y, heading, color } = s;
    const size = radius * HULL_SPAN;
    const cos = Math.cos(heading);
    const sin = Math.sin(heading);
    batch.quad(atlas.glow, x, y, size * 1.7, size * 1.7, 0, color, s.own ? 0.34 : 0.24, 1);
    if (s.burn > 0.03) this.#flames(s, size, cos, sin, time);
    batch.quad(atlas.hull[s.hull]!, x, y, size, size, heading, color, 1, 0);
    batch.quad(atlas.trim[s.hull]!, x, y, size, size, heading, WHITE, 0.92, 0.3);
    if (s.rapid) {
      const k = 0.6 + 0.4 * Math.sin(time * 20);
      batch.quad(atlas.glow, x + cos * radius * 1.1, y + sin * radius * 1.1, 20, 20, 0, PICKUPS[3], k, 1);
    }
    if (s.flash > 0.02) batch.quad(atlas.solid[s.hull]!, x, y, size, size, heading, WHITE, s.flash, 0.6);
    if (s.shield > 0) {
      const d = radius * 3.5 * (1 + s.spark * 0.12);
      const alpha = 0.16 + 0.2 * (s.shield / 100) + 0.7 * s.spark;
      batch.quad(atlas.bubble, x, y, d, d, time * 0.6 + s.entity, SHIELD, alpha, 1);
    }
    if (s.protected) {
      const k = 0.5 + 0.3 * Math.sin(time * 9);
      const d = radius * 3.8;
      batch.quad(atlas.bubble, x, y, d, d, -time * 1.4, ICE, k, 1);
      batch.quad(atlas.ring, x, y, d * 1.12, d * 1.12, 0, ICE, k * 0.5, 1);
    }
    if (s.own) batch.quad(atlas.marks, x, y, radius * 4.6, radius * 4.6, time * 0.35, OWN, 0.5, 0.7);
  }

  #flames(s: Readonly<ShipLook>, size: number, cos: number, sin: number, time: number): void {
    const { batch, atlas } = this;
    const flicker = 0.86 + 0.14 * Math.sin(time * 47 + s.entity * 3.1) * Math.sin(time * 31 + s.entity);
    const length = size * (s.boost ? 0.95 : 0.66) * s.burn * flicker;
    const back = size * 0.24 + length * 0.42;
    // Two engines or one, by the hull.
    const side = s.hull === 0 ? 0 : size * 0.085;
    const hot = s.boost ? PICKUPS[4] : s.color;
    for (let k = side === 0 ? 0 : -1; k <= 1; k += 2) {
      const ox = -cos * back - sin * side * k;
      const oy = -sin * back + cos * side * k;
      batch.quad(atlas.flame, s.x + ox, s.y + oy, length, size * 0.25, s.heading, hot, 0.85 * s.burn, 1);
      batch.quad(
        atlas.flame,
        s.x + ox * 0.86,
        s.y + oy * 0.86,
        length * 0.55,
        size * 0.13,
        s.heading,
        WHITE,
        0.9 * s.burn,
        1,
      );
      if (side === 0) break;
    }
    batch.quad(
      atlas.glow,
      s.x - cos * size * 0.3,
      s.y - sin * size * 0.3,
      size * 0.6,
      size * 0.6,
      0,
      hot,
      0.5 * s.burn,
      1,
    );
  }

  /** Draws hull and shield as thin bars under a ship that was hit, and a crown over the leader. */
  badge(s: Readonly<ShipLook>, radius: number): void {
    const { batch, atlas, camera } = this;
    const px = 1 / camera.scale;
    if (s.leader) batch.quad(atlas.crown, s.x, s.y + radius * 2 + 7 * px, 19 * px, 12.6 * px, 0, WHITE, 1, 0);
    if (s.own || (s.health >= 100 && s.shield <= 0)) return;
    const w = 34 * px;
    const y = s.y - radius * 1.75 - 3 * px;
    batch.quad(atlas.pixel, s.x, y, w + 2 * px, 5 * px, 0, 0x05060f, 0.75, 0);
    const part = s.health / 100;
    const color = s.health > 50 ? HULL : s.health > 25 ? EMBER : DANGER;
    batch.quad(atlas.pixel, s.x - (w * (1 - part)) / 2, y, w * part, 3 * px, 0, color, 1, 0);
    if (s.shield > 0) {
      const k = s.shield / 100;
      batch.quad(atlas.pixel, s.x - (w * (1 - k)) / 2, y + 4 * px, w * k, 2 * px, 0, SHIELD, 1, 0);
    }
  }

  /** Draws an arrow at the edge of the screen to something beyond it. */
  pointer(x: number, y: number, color: number): void {
    const { batch, atlas, camera } = this;
    const px = 1 / camera.scale;
    const dx = x - camera.x;
    const dy = y - camera.y;
    const hw = camera.width / 2 - 16 * px;
    const hh = camera.height / 2 - 16 * px;
    const k = Math.min(hw / Math.abs(dx), hh / Math.abs(dy));
    if (k >= 1) return;
    batch.quad(atlas.arrow, camera.x + dx * k, camera.y + dy * k, 20 * px, 20 * px, Math.atan2(dy, dx), color, 0.85, 0);
  }
}
