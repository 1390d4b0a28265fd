// The sky behind the quiz: stars that stand still, drawn once for each size of the window, and
// for those who win, sparks that fall. Nothing is drawn while nothing moves.

import type { Mood } from './screen.ts';

interface Spark {
  x: number;
  y: number;
  dx: number;
  dy: number;
  turn: number;
  size: number;
  hue: string;
}

const hues = ['#54e3ee', '#6ea8ff', '#a98bff', '#ff6ad5', '#ffc861', '#6df0a6'];
/** Most sparks at once, and how long they fall, in milliseconds. */
const most = 160;
const lasts = 5200;

export class Sky {
  readonly #canvas: HTMLCanvasElement;
  readonly #g: CanvasRenderingContext2D;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #sparks: Spark[] = [];
  #until = 0;
  #stars: HTMLCanvasElement | undefined;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#g = canvas.getContext('2d')!;
    new ResizeObserver(() => this.#resize()).observe(canvas);
  }

  /** Shows what has happened. */
  mood(mood: Mood): void {
    if (mood === 'won') this.#celebrate();
    else this.#until = 0;
  }

  #resize(): void {
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(innerWidth * ratio);
    const height = Math.round(innerHeight * ratio);
    if (this.#canvas.width === width && this.#canvas.height === height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#stars = stars(width, height, ratio);
    this.#draw(0);
  }

  #celebrate(): void {
    if (this.#still.matches || this.#until > 0) return;
    const { width, height } = this.#canvas;
    // Two fountains, from below on both sides.
    this.#sparks = Array.from({ length: most }, (_, i) => {
      const side = i % 2 === 0 ? 1 : -1;
      const steep = Math.PI * (0.3 + 0.14 * (Math.random() + Math.random()));
      const speed = height * (0.6 + 1.1 * Math.sqrt(Math.random()));
      return {
        x: side > 0 ? 0 : width,
        y: height * 0.92,
        dx: side * Math.cos(steep) * speed,
        dy: -Math.sin(steep) * speed,
        turn: Math.random() * 6,
        size: (4 + 5 * Math.random()) * Math.min(2, devicePixelRatio || 1),
        hue: hues[i % hues.length],
      };
    });
    this.#until = performance.now() + lasts;
    let before = performance.now();
    const frame = (now: number): void => {
      const dt = Math.min(0.05, (now - before) / 1000);
      before = now;
      this.#draw(dt);
      if (now < this.#until) requestAnimationFrame(frame);
      else {
        this.#sparks = [];
        this.#until = 0;
        this.#draw(0);
      }
    };
    requestAnimationFrame(frame);
  }

  #draw(dt: number): void {
    const g = this.#g;
    const { width, height } = this.#canvas;
    g.clearRect(0, 0, width, height);
    if (this.#stars) g.drawImage(this.#stars, 0, 0);
    for (const s of this.#sparks) {
      s.dy += height * 1.1 * dt;
      s.dx *= 1 - 0.9 * dt;
      s.dy *= 1 - 0.9 * dt;
      s.x += s.dx * dt;
      s.y += s.dy * dt;
      s.turn += 5 * dt;
      g.save();
      g.translate(s.x, s.y);
      g.rotate(s.turn);
      g.scale(1, Math.cos(s.turn * 1.7));
      g.fillStyle = s.hue;
      g.fillRect(-s.size / 2, -s.size / 2, s.size, s.size);
      g.restore();
    }
  }
}

/** Draws stars, the same ones each time. */
function stars(width: number, height: number, ratio: number): HTMLCanvasElement {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const g = canvas.getContext('2d')!;
  let seed = 7;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const n = Math.round((width * height) / (ratio * ratio) / 6500);
  for (let i = 0; i < n; i++) {
    const bright = random() ** 4;
    g.globalAlpha = 0.14 + 0.7 * bright;
    g.fillStyle = random() < 0.25 ? '#a9c4ff' : '#e8ecff';
    g.beginPath();
    g.arc(random() * width, random() * height, (0.5 + 1.1 * bright) * ratio, 0, 7);
    g.fill();
  }
  return canvas;
}
