// The picture behind the headline: deep space in a few lines of light, with ships that
// the server or the page moves.

import { css, PICKUPS } from '../arena/render/palette.ts';

export interface Ship {
  id: number;
  x: number;
  y: number;
  heading: number;
  colour: number;
  thrust: boolean;
  /** The name of the player; empty for a bot. */
  name: string;
}

/** What is in view, in the game's units. It is reused for each frame. */
export interface Sight {
  /** The middle of the view, and its radius. */
  x: number;
  y: number;
  radius: number;
  /** The map reaches from 0 to edge; 0 for a map without an end. */
  edge: number;
  ships: Ship[];
  shots: { x: number; y: number; heading: number }[];
  pickups: { x: number; y: number; kind: number }[];
  rocks: { x: number; y: number; radius: number; w: number; h: number }[];
}

export interface Blast {
  x: number;
  y: number;
  colour: number;
  age: number;
}

const trailLength = 22;
const hull: readonly (readonly [number, number])[] = [
  [1.25, 0],
  [-0.85, 0.78],
  [-0.45, 0],
  [-0.85, -0.78],
];

export class Scene {
  readonly sight: Sight = { x: 0, y: 0, radius: 300, edge: 0, ships: [], shots: [], pickups: [], rocks: [] };
  readonly blasts: Blast[] = [];

  readonly #canvas: HTMLCanvasElement;
  readonly #ctx: CanvasRenderingContext2D;
  readonly #trails = new Map<number, { points: number[]; colour: number; seen: boolean }>();
  readonly #stars: { x: number; y: number; depth: number; light: number }[] = [];
  #width = 0;
  #height = 0;
  #trailAt = 0;
  /** The most pixels of the canvas per pixel of the screen. */
  #sharpness = 2;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#ctx = canvas.getContext('2d', { alpha: false })!;
    let seed = 7;
    const random = () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed / 4294967296;
    };
    for (let i = 0; i < 170; i++)
      this.#stars.push({
        x: random(),
        y: random(),
        depth: 0.04 + 0.3 * random() ** 3,
        light: 0.25 + 0.75 * random() ** 2,
      });
    this.resize();
  }

  resize(): void {
    const ratio = Math.min(this.#sharpness, devicePixelRatio || 1);
    this.#width = this.#canvas.clientWidth;
    this.#height = this.#canvas.clientHeight;
    this.#canvas.width = Math.round(this.#width * ratio);
    this.#canvas.height = Math.round(this.#height * ratio);
    this.#ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
  }

  /** Draws with fewer pixels from then on. */
  coarser(): void {
    this.#sharpness = 0.6;
    this.resize();
  }

  /** Forgets trails and bursts, when another picture begins. */
  clear(): void {
    this.#trails.clear();
    this.blasts.length = 0;
    const { ships, shots, pickups, rocks } = this.sight;
    ships.length = shots.length = pickups.length = rocks.length = 0;
  }

  draw(now: number, dt: number): void {
    const { sight } = this;
    const ctx = this.#ctx;
    const width = this.#width;
    const height = this.#height;
    const wide = width > 900;
    // The text is on the left of a wide page and at the top of a narrow one.
    const cx = width * (wide ? 0.7 : 0.5);
    const cy = height * (wide ? 0.5 : 0.62);
    const scale = Math.max(width * (wide ? 0.36 : 0.55), height * 0.52) / sight.radius;
    const px = (x: number) => cx + (x - sight.x) * scale;
    const py = (y: number) => cy - (y - sight.y) * scale;

    ctx.globalCompositeOperation = 'source-over';
    ctx.globalAlpha = 1;
    ctx.fillStyle = '#04060f';
    ctx.fillRect(0, 0, width, height);
    ctx.globalCompositeOperation = 'lighter';
    this.#sky(scale);
    this.#ground(px, py, scale);
    this.#rocks(px, py, scale);
    for (const p of sight.pickups) this.#pickup(px(p.x), py(p.y), p.kind, now);
    this.#trail(now);
    this.#drawTrails(px, py, scale);
    ctx.lineCap = 'round';
    ctx.strokeStyle = '#ffe3a3';
    ctx.globalAlpha = 0.9;
    ctx.lineWidth = 2;
    ctx.beginPath();
    for (const s of sight.shots) {
      const l = 5 * scale;
      ctx.moveTo(px(s.x), py(s.y));
      ctx.lineTo(px(s.x) - Math.cos(s.heading) * l, py(s.y) + Math.sin(s.heading) * l);
    }
    ctx.stroke();
    for (const s of sight.ships) this.#ship(s, px(s.x), py(s.y), Math.max(7, 8 * scale));
    this.#explode(px, py, scale, dt);
    ctx.globalAlpha = 1;
  }

  #sky(scale: number): void {
    const { sight } = this;
    const ctx = this.#ctx;
    const width = this.#width;
    const height = this.#height;
    ctx.fillStyle = '#c8d4ff';
    for (const s of this.#stars) {
      const x = mod(s.x * width - sight.x * scale * s.depth, width);
      const y = mod(s.y * height + sight.y * scale * s.depth, height);
      const size = s.depth > 0.2 ? 1.8 : s.depth > 0.1 ? 1.3 : 1;
      ctx.globalAlpha = s.light * 0.75;
      ctx.fillRect(x, y, size, size);
    }
  }

  #ground(px: (x: number) => number, py: (y: number) => number, scale: number): void {
    const { sight } = this;
    const ctx = this.#ctx;
    const width = this.#width;
    const height = this.#height;
    const step = 64;
    const far = (Math.max(width, height) / scale) * 0.8;
    const from = (v: number) => Math.floor((v - far) / step) * step;
    ctx.strokeStyle = '#5d78d8';
    ctx.globalAlpha = 0.13;
    ctx.lineWidth = 1;
    ctx.beginPath();
    for (let x = from(sight.x); x <= sight.x + far; x += step) {
      if (sight.edge > 0 && (x < 0 || x > sight.edge)) continue;
      ctx.moveTo(px(x), sight.edge > 0 ? py(0) : 0);
      ctx.lineTo(px(x), sight.edge > 0 ? py(sight.edge) : height);
    }
    for (let y = from(sight.y); y <= sight.y + far; y += step) {
      if (sight.edge > 0 && (y < 0 || y > sight.edge)) continue;
      ctx.moveTo(sight.edge > 0 ? px(0) : 0, py(y));
      ctx.lineTo(sight.edge > 0 ? px(sight.edge) : width, py(y));
    }
    ctx.stroke();
    if (sight.edge === 0) return;
    ctx.globalAlpha = 0.55;
    ctx.lineWidth = 1.5;
    ctx.strokeRect(px(0), py(sight.edge), sight.edge * scale, sight.edge * scale);
  }

  #rocks(px: (x: number) => number, py: (y: number) => number, scale: number): void {
    const ctx = this.#ctx;
    const path = (r: Sight['rocks'][number]) => {
      ctx.beginPath();
      if (r.radius > 0) ctx.arc(px(r.x), py(r.y), r.radius * scale, 0, 7);
      else ctx.rect(px(r.x - r.w), py(r.y + r.h), 2 * r.w * scale, 2 * r.h * scale);
    };
    ctx.strokeStyle = '#8fa6ff';
    ctx.fillStyle = '#1c2a66';
    for (const r of this.sight.rocks) {
      path(r);
      ctx.globalAlpha = 0.35;
      ctx.fill();
      ctx.globalAlpha = 0.1;
      ctx.lineWidth = 6;
      ctx.stroke();
      ctx.globalAlpha = 0.7;
      ctx.lineWidth = 1.25;
      ctx.stroke();
    }
  }

  #pickup(x: number, y: number, kind: number, now: number): void {
    const ctx = this.#ctx;
    const r = 5 + Math.sin(now / 300 + x) * 0.8;
    ctx.strokeStyle = css(PICKUPS[kind] ?? PICKUPS[0]);
    ctx.globalAlpha = 0.9;
    ctx.lineWidth = 1.5;
    ctx.beginPath();
    ctx.moveTo(x, y - r);
    ctx.lineTo(x + r, y);
    ctx.lineTo(x, y + r);
    ctx.lineTo(x - r, y);
    ctx.closePath();
    ctx.stroke();
  }

  /** Records the positions of ships, thirty times a second. */
  #trail(now: number): void {
    if (now - this.#trailAt < 33) return;
    this.#trailAt = now;
    for (const tr of this.#trails.values()) tr.seen = false;
    for (const s of this.sight.ships) {
      let tr = this.#trails.get(s.id);
      if (!tr) this.#trails.set(s.id, (tr = { points: [], colour: s.colour, seen: true }));
      tr.seen = true;
      tr.colour = s.colour;
      const n = tr.points.length;
      // A ship that has jumped was shot down and respawned elsewhere.
      if (n >= 2 && Math.hypot(tr.points[n - 2] - s.x, tr.points[n - 1] - s.y) > 60) tr.points.length = 0;
      tr.points.push(s.x - Math.cos(s.heading) * 5, s.y - Math.sin(s.heading) * 5);
      if (tr.points.length > trailLength * 2) tr.points.splice(0, 2);
    }
    for (const [id, tr] of this.#trails) {
      if (tr.seen) continue;
      tr.points.splice(0, 4);
      if (tr.points.length < 4) this.#trails.delete(id);
    }
  }

  #drawTrails(px: (x: number) => number, py: (y: number) => number, scale: number): void {
    const ctx = this.#ctx;
    ctx.lineCap = 'butt';
    for (const { points, colour } of this.#trails.values()) {
      ctx.strokeStyle = css(colour);
      const n = points.length / 2;
      // Four strokes, each brighter than the one behind it.
      for (let part = 0; part < 4; part++) {
        const a = Math.floor((n * part) / 4);
        const b = Math.min(n - 1, Math.floor((n * (part + 1)) / 4));
        if (b <= a) continue;
        ctx.globalAlpha = 0.1 + part * 0.14;
        ctx.lineWidth = Math.max(1, (1 + part * 0.55) * Math.min(1.4, scale));
        ctx.beginPath();
        ctx.moveTo(px(points[a * 2]), py(points[a * 2 + 1]));
        for (let i = a + 1; i <= b; i++) ctx.lineTo(px(points[i * 2]), py(points[i * 2 + 1]));
        ctx.stroke();
      }
    }
  }

  #ship(s: Ship, x: number, y: number, size: number): void {
    const ctx = this.#ctx;
    if (x < -40 || y < -40 || x > this.#width + 40 || y > this.#height + 40) return;
    const c = Math.cos(s.heading);
    const n = -Math.sin(s.heading);
    ctx.lineJoin = 'round';
    ctx.beginPath();
    for (const [i, [a, b]] of hull.entries()) {
      const hx = x + (a * c + b * n) * size;
      const hy = y + (a * n - b * c) * size;
      if (i === 0) ctx.moveTo(hx, hy);
      else ctx.lineTo(hx, hy);
    }
    ctx.closePath();
    ctx.strokeStyle = css(s.colour);
    ctx.fillStyle = css(s.colour);
    ctx.globalAlpha = 0.2;
    ctx.fill();
    ctx.lineWidth = 6;
    ctx.globalAlpha = 0.13;
    ctx.stroke();
    ctx.lineWidth = 1.6;
    ctx.globalAlpha = 1;
    ctx.stroke();
    if (s.thrust) {
      ctx.globalAlpha = 0.8;
      ctx.lineWidth = 2;
      ctx.beginPath();
      ctx.moveTo(x - c * size * 0.6, y - n * size * 0.6);
      ctx.lineTo(x - c * size * (1.3 + Math.random() * 0.5), y - n * size * (1.3 + Math.random() * 0.5));
      ctx.stroke();
    }
    if (s.name !== '') {
      ctx.globalAlpha = 0.85;
      ctx.fillStyle = '#e8ecff';
      ctx.font = '600 12px system-ui, "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", sans-serif';
      ctx.textAlign = 'center';
      ctx.fillText(s.name, x, y - size - 9);
    }
  }

  #explode(px: (x: number) => number, py: (y: number) => number, scale: number, dt: number): void {
    const ctx = this.#ctx;
    for (let i = this.blasts.length - 1; i >= 0; i--) {
      const b = this.blasts[i];
      b.age += dt;
      const k = b.age / 0.8;
      if (k < 0) continue;
      if (k >= 1) {
        this.blasts.splice(i, 1);
        continue;
      }
      ctx.strokeStyle = css(b.colour);
      ctx.globalAlpha = (1 - k) ** 2;
      ctx.lineWidth = 2.5 * (1 - k) + 0.5;
      ctx.beginPath();
      ctx.arc(px(b.x), py(b.y), (6 + 46 * Math.sqrt(k)) * scale, 0, 7);
      for (let ray = 0; ray < 9; ray++) {
        const a = ray * 0.698 + b.x;
        const from = (4 + 30 * k) * scale;
        const to = (8 + 52 * Math.sqrt(k)) * scale;
        ctx.moveTo(px(b.x) + Math.cos(a) * from, py(b.y) + Math.sin(a) * from);
        ctx.lineTo(px(b.x) + Math.cos(a) * to, py(b.y) + Math.sin(a) * to);
      }
      ctx.stroke();
    }
  }
}

function mod(a: number, b: number): number {
  return ((a % b) + b) % b;
}
