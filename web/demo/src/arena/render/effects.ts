// Sparks, rings, smoke, numbers: short-lived and without an influence on the game. They
// lie in arrays that are made once; when those are full new ones are left out.

import type { Atlas } from './atlas.ts';
import type { Batch, Frame } from './batch.ts';
import type { Camera } from './camera.ts';
import { EMBER, WHITE } from './palette.ts';

const MOST = 1800;
const NUMBERS = 40;
const TAU = 2 * Math.PI;

export class Effects {
  /** Whether to make fewer, and no flashes, for people who prefer reduced motion. */
  calm = false;
  /** The share of the particles that is made, 0 to 1. */
  plenty = 1;

  #n = 0;
  readonly #x = new Float32Array(MOST);
  readonly #y = new Float32Array(MOST);
  readonly #vx = new Float32Array(MOST);
  readonly #vy = new Float32Array(MOST);
  readonly #drag = new Float32Array(MOST);
  readonly #age = new Float32Array(MOST);
  readonly #life = new Float32Array(MOST);
  readonly #from = new Float32Array(MOST); // size
  readonly #to = new Float32Array(MOST);
  readonly #angle = new Float32Array(MOST);
  readonly #spin = new Float32Array(MOST);
  readonly #alpha = new Float32Array(MOST);
  readonly #light = new Float32Array(MOST);
  readonly #color = new Uint32Array(MOST);
  readonly #frame: Frame[];

  #numbers = 0; // that were ever shown
  readonly #nx = new Float32Array(NUMBERS);
  readonly #ny = new Float32Array(NUMBERS);
  readonly #nage = new Float32Array(NUMBERS).fill(9);
  readonly #nvalue = new Uint16Array(NUMBERS);
  readonly #ncolor = new Uint32Array(NUMBERS);
  readonly #nship = new Uint32Array(NUMBERS);

  constructor(readonly atlas: Atlas) {
    this.#frame = new Array<Frame>(MOST).fill(atlas.dot);
  }

  get count(): number {
    return this.#n;
  }

  clear(): void {
    this.#n = 0;
    this.#nage.fill(9);
  }

  #add(
    frame: Frame,
    x: number,
    y: number,
    vx: number,
    vy: number,
    drag: number,
    life: number,
    from: number,
    to: number,
    angle: number,
    spin: number,
    color: number,
    alpha: number,
    light: number,
  ): void {
    if (this.#n >= MOST) return;
    const i = this.#n++;
    this.#frame[i] = frame;
    this.#x[i] = x;
    this.#y[i] = y;
    this.#vx[i] = vx;
    this.#vy[i] = vy;
    this.#drag[i] = drag;
    this.#age[i] = 0;
    this.#life[i] = life;
    this.#from[i] = from;
    this.#to[i] = to;
    this.#angle[i] = angle;
    this.#spin[i] = spin;
    this.#color[i] = color;
    this.#alpha[i] = alpha;
    this.#light[i] = light;
  }

  #many(n: number): number {
    const share = n * this.plenty * (this.calm ? 0.35 : 1);
    return Math.trunc(share + Math.random());
  }

  /** Adds sparks that fly off around a direction. */
  sparks(x: number, y: number, angle: number, spread: number, n: number, speed: number, color: number): void {
    for (let k = this.#many(n); k > 0; k--) {
      const a = angle + (Math.random() - 0.5) * spread;
      const v = speed * (0.25 + Math.random());
      this.#add(
        this.atlas.streak,
        x,
        y,
        Math.cos(a) * v,
        Math.sin(a) * v,
        3.2,
        0.22 + Math.random() * 0.4,
        9 + Math.random() * 6,
        3,
        a,
        0,
        color,
        0.95,
        1,
      );
    }
  }

  /** Adds a ring that widens to a diameter. */
  ring(x: number, y: number, size: number, life: number, color: number, alpha = 0.9): void {
    this.#add(this.atlas.wave, x, y, 0, 0, 0, life, size * 0.15, size, 0, 0, color, alpha, 1);
  }

  /** Adds a light that goes out. */
  flash(x: number, y: number, size: number, life: number, color: number, alpha = 1): void {
    if (this.calm) alpha *= 0.35;
    this.#add(this.atlas.glow, x, y, 0, 0, 0, life, size, size * 0.6, 0, 0, color, alpha, 1);
  }

  /** Adds a puff of an engine. */
  exhaust(x: number, y: number, vx: number, vy: number, color: number): void {
    if (Math.random() > this.plenty * (this.calm ? 0.4 : 1)) return;
    this.#add(
      this.atlas.dot,
      x,
      y,
      vx + (Math.random() - 0.5) * 26,
      vy + (Math.random() - 0.5) * 26,
      2,
      0.28 + Math.random() * 0.3,
      4.2,
      0.8,
      0,
      0,
      color,
      0.6,
      1,
    );
  }

  /** Shows a bullet hitting something. */
  impact(x: number, y: number, angle: number, color: number): void {
    this.flash(x, y, 26, 0.16, color, 0.9);
    this.sparks(x, y, angle + Math.PI, 2.2, 5, 130, color);
  }

  /** Shows a ship blowing up. */
  explode(x: number, y: number, color: number): void {
    this.flash(x, y, 190, 0.5, color, 0.9);
    this.flash(x, y, 90, 0.28, WHITE, 1);
    if (!this.calm) this.#add(this.atlas.flare, x, y, 0, 0, 0, 0.4, 170, 30, Math.random() * 0.6, 0.8, WHITE, 0.9, 1);
    this.ring(x, y, 150, 0.55, color);
    this.ring(x, y, 92, 0.8, EMBER, 0.6);
    this.sparks(x, y, 0, TAU, 26, 270, color);
    this.sparks(x, y, 0, TAU, 16, 160, EMBER);
    for (let k = this.#many(9); k > 0; k--) {
      const a = Math.random() * TAU;
      const v = 30 + Math.random() * 90;
      this.#add(
        this.atlas.shard,
        x,
        y,
        Math.cos(a) * v,
        Math.sin(a) * v,
        0.9,
        0.7 + Math.random() * 0.7,
        9 + Math.random() * 6,
        4,
        a,
        (Math.random() - 0.5) * 14,
        color,
        0.95,
        0.4,
      );
    }
    for (let k = this.#many(7); k > 0; k--) {
      const a = Math.random() * TAU;
      const v = Math.random() * 34;
      this.#add(
        this.atlas.puff,
        x,
        y,
        Math.cos(a) * v,
        Math.sin(a) * v,
        1.2,
        0.8 + Math.random() * 0.7,
        26,
        70,
        a,
        0.6,
        0x3d3a66,
        0.5,
        0,
      );
    }
  }

  /** Shows a ship that comes, or goes without being shot down. */
  warp(x: number, y: number, color: number): void {
    this.flash(x, y, 100, 0.45, color, 0.8);
    this.#add(this.atlas.ring, x, y, 0, 0, 0, 0.5, 100, 12, 0, 2, color, 0.9, 1);
    if (!this.calm) this.#add(this.atlas.flare, x, y, 0, 0, 0, 0.45, 120, 20, 0, 0, WHITE, 0.8, 1);
  }

  /** Shows a pickup being taken. */
  taken(x: number, y: number, color: number): void {
    this.ring(x, y, 74, 0.45, color);
    this.flash(x, y, 60, 0.3, color, 0.7);
    this.sparks(x, y, Math.PI / 2, TAU, 10, 90, color);
  }

  /** Shows the damage of a hit over the ship. It adds to the number that is still shown there. */
  number(ship: number, x: number, y: number, value: number, color: number): void {
    for (let i = 0; i < NUMBERS; i++) {
      if (this.#nship[i] === ship && this.#nage[i]! < 0.5) {
        this.#nvalue[i]! += value;
        this.#nage[i] = 0.08;
        return;
      }
    }
    const i = this.#numbers++ % NUMBERS;
    this.#nship[i] = ship;
    this.#nx[i] = x + (Math.random() - 0.5) * 10;
    this.#ny[i] = y + 16;
    this.#nage[i] = 0;
    this.#nvalue[i] = value;
    this.#ncolor[i] = color;
  }

  /** Advances everything by dt seconds and draws it. */
  draw(batch: Batch, camera: Camera, dt: number): void {
    // Local variables, as fields would be looked up each time.
    const xs = this.#x;
    const ys = this.#y;
    const vxs = this.#vx;
    const vys = this.#vy;
    const drags = this.#drag;
    const ages = this.#age;
    const lives = this.#life;
    const froms = this.#from;
    const tos = this.#to;
    const angles = this.#angle;
    const spins = this.#spin;
    const alphas = this.#alpha;
    const lights = this.#light;
    const colors = this.#color;
    const frames = this.#frame;
    for (let i = 0; i < this.#n; ) {
      const age = (ages[i]! += dt);
      const life = lives[i]!;
      if (age >= life) {
        this.#drop(i);
        continue;
      }
      const keep = 1 - drags[i]! * dt;
      const x = (xs[i]! += (vxs[i]! *= keep) * dt);
      const y = (ys[i]! += (vys[i]! *= keep) * dt);
      const angle = (angles[i]! += spins[i]! * dt);
      if (camera.sees(x, y, 100)) {
        const k = age / life;
        const size = froms[i]! + (tos[i]! - froms[i]!) * (1 - (1 - k) * (1 - k));
        const frame = frames[i]!;
        batch.quad(frame, x, y, size, size / frame.aspect, angle, colors[i]!, alphas[i]! * (1 - k * k), lights[i]!);
      }
      i++;
    }
    this.#drawNumbers(batch, camera, dt);
  }

  #drawNumbers(batch: Batch, camera: Camera, dt: number): void {
    const h = 17 / camera.scale;
    const w = (h * 28) / 40;
    for (let i = 0; i < NUMBERS; i++) {
      const age = (this.#nage[i]! += dt);
      if (age >= 0.9) continue;
      const pop = this.calm ? 1 : 1 + Math.max(0, 0.12 - age) * 4;
      const alpha = Math.min(1, (0.9 - age) * 3);
      const y = this.#ny[i]! + age * 26;
      let v = this.#nvalue[i]!;
      const n = v > 99 ? 3 : v > 9 ? 2 : 1;
      for (let k = n - 1; k >= 0; k--) {
        batch.quad(
          this.atlas.digit[v % 10]!,
          this.#nx[i]! + (k - (n - 1) / 2) * w * 0.8 * pop,
          y,
          w * pop,
          h * pop,
          0,
          this.#ncolor[i]!,
          alpha,
          0,
        );
        v = Math.trunc(v / 10);
      }
    }
  }

  #drop(i: number): void {
    const j = --this.#n;
    this.#frame[i] = this.#frame[j]!;
    this.#x[i] = this.#x[j]!;
    this.#y[i] = this.#y[j]!;
    this.#vx[i] = this.#vx[j]!;
    this.#vy[i] = this.#vy[j]!;
    this.#drag[i] = this.#drag[j]!;
    this.#age[i] = this.#age[j]!;
    this.#life[i] = this.#life[j]!;
    this.#from[i] = this.#from[j]!;
    this.#to[i] = this.#to[j]!;
    this.#angle[i] = this.#angle[j]!;
    this.#spin[i] = this.#spin[j]!;
    this.#color[i] = this.#color[j]!;
    this.#alpha[i] = this.#alpha[j]!;
    this.#light[i] = this.#light[j]!;
  }
}
