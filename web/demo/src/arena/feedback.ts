// How events of the game look and sound: particles, sounds, a camera that shakes.

import type { Bullet } from './bullets.ts';
import type { Looks, VitalsRow } from './looks.ts';
import type { Camera } from './render/camera.ts';
import type { Effects } from './render/effects.ts';
import { DANGER, ENERGY, ICE, PICKUPS, SHIELD, WHITE } from './render/palette.ts';
import type { ShipLook } from './render/scene.ts';
import type { Sounds } from './sound.ts';

export class Feedback {
  constructor(
    readonly looks: Looks,
    readonly effects: Effects,
    readonly camera: Camera,
    readonly sounds: Sounds,
  ) {}

  /** Shows a ship blowing up at (x, y). */
  explode(x: number, y: number, ship: number, own: boolean): void {
    const { camera } = this;
    const s = this.looks.get(ship);
    if (s) s.fell = this.looks.frame;
    if (this.looks.shows(s) && Math.hypot(s.x - x, s.y - y) < 60) {
      x = s.x;
      y = s.y;
    }
    if (!camera.sees(x, y, 120)) return;
    this.effects.explode(x, y, this.looks.colors.get(ship) ?? WHITE);
    const far = Math.hypot(x - camera.x, y - camera.y);
    camera.shake(own ? 9 : Math.max(0, 5 * (1 - far / 260)));
    if (own) this.sounds.play('boom-own', 1);
    else this.#hear('boom', x, y, 0.8);
  }

  /** Shows a ship taking a pickup. */
  taken(ship: number, kind: number): void {
    const s = this.looks.get(ship);
    if (this.looks.shows(s)) this.effects.taken(s.x, s.y, PICKUPS[kind] ?? WHITE);
    if (s?.own) this.sounds.play('pickup', 0.8);
  }

  /** Shows that the own ship has hit another one. */
  hit(ship: number, damage: number): void {
    const s = this.looks.get(ship);
    if (!s) return;
    if (damage > 0 && this.looks.shows(s)) {
      this.effects.number(ship, s.x, s.y, damage, s.shield > 0 ? SHIELD : ENERGY);
    }
    this.sounds.play(damage > 0 ? 'hit' : 'shield', 0.7, this.#pan(s.x));
  }

  /** Shows that the own ship was hit. */
  struck(ship: number, damage: number): void {
    const s = this.looks.get(ship);
    if (damage === 0) {
      this.sounds.play('shield', 0.4);
      if (s) s.spark = 1;
      return;
    }
    this.sounds.play(s && s.shield > 0 ? 'shield' : 'struck', 0.9);
    this.camera.shake(2.6);
    if (s) this.effects.sparks(s.x, s.y, 0, 6.3, 8, 150, s.shield > 0 ? SHIELD : DANGER);
  }

  /** Shows a change of another ship's vitals. */
  vitals(ship: number, v: VitalsRow): void {
    const s = this.looks.get(ship);
    if (!this.looks.shows(s) || s.own) return; // read from the table when the ship comes into view
    const loss = this.looks.heal(s, v);
    if (loss.hull > 0) this.effects.sparks(s.x, s.y, 0, 6.3, 5, 110, s.color);
  }

  /** Shows the end of a bullet. Nothing is to be seen at the end of its range, when it is spent. */
  ended(b: Readonly<Bullet>, spent: boolean): void {
    if (!spent) this.effects.impact(b.px, b.py, b.heading, this.looks.colors.get(b.ship) ?? ICE);
  }

  /** Shows a ship that has spawned. */
  spawned(s: ShipLook): void {
    this.effects.warp(s.x, s.y, s.color);
    if (s.own) this.sounds.play('spawn', 0.6);
    else this.#hear('spawn', s.x, s.y, 0.35);
  }

  /** Shows a ship leaving without having been shot down. */
  left(s: ShipLook): void {
    this.effects.warp(s.x, s.y, s.color);
  }

  /** Advances the exhaust of a ship by dt seconds. */
  exhaust(s: ShipLook, radius: number, dt: number): void {
    if (s.burn < 0.3) return;
    s.puff -= dt;
    if (s.puff > 0) return;
    s.puff = 0.035 + Math.random() * 0.03;
    const bx = -Math.cos(s.heading);
    const by = -Math.sin(s.heading);
    const x = s.x + bx * radius * 1.5;
    const y = s.y + by * radius * 1.5;
    this.effects.exhaust(x, y, bx * 90, by * 90, s.boost ? PICKUPS[4] : s.color);
  }

  #pan(x: number): number {
    return (x - this.camera.x) / (this.camera.width * 0.6);
  }

  #hear(sound: 'boom' | 'spawn', x: number, y: number, volume: number): void {
    const { camera } = this;
    const far = Math.hypot(x - camera.x, y - camera.y) / (camera.width * 0.8);
    if (far < 1) this.sounds.play(sound, volume, this.#pan(x), far * 0.8);
  }
}
