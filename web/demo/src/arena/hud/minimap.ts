// The whole map in a corner: obstacles, what of it is on the screen, and the
// ships within sight.

import type { ShipLook } from '../render/scene.ts';
import type { Camera } from '../render/camera.ts';
import type { Terrain } from '../terrain.ts';
import { OWN, css } from '../render/palette.ts';
import { el } from './dom.ts';

export class Minimap {
  readonly #canvas = el<HTMLCanvasElement>('minimap');
  readonly #pen: CanvasRenderingContext2D;
  readonly #ground = document.createElement('canvas');
  readonly #size: number;
  #terrain: Terrain | null = null;
  // CSS colours are texts: made once for each colour.
  readonly #css = new Map<number, string>();

  constructor() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.#size = this.#canvas.width = this.#canvas.height = this.#ground.width = this.#ground.height = Math.round(168 * ratio);
    this.#pen = this.#canvas.getContext('2d', { willReadFrequently: true })!;
  }

  show(visible: boolean): void {
    this.#canvas.hidden = !visible;
  }

  draw(terrain: Terrain, camera: Camera, radius: number, looks: readonly ShipLook[], frame: number): void {
    const n = this.#size;
    const k = n / terrain.edge;
    const pen = this.#pen;
    if (terrain !== this.#terrain) this.#lay(terrain, k);
    pen.clearRect(0, 0, n, n);
    pen.drawImage(this.#ground, 0, 0);
    const x = camera.x * k;
    const y = n - camera.y * k;
    pen.fillStyle = 'rgba(110, 168, 255, .09)';
    pen.strokeStyle = 'rgba(150, 190, 255, .38)';
    pen.lineWidth = n / 168;
    pen.beginPath();
    pen.arc(x, y, radius * k, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    const dot = Math.max(2.4, (n / 168) * 3);
    for (let i = 0; i < looks.length; i++) {
      const s = looks[i]!;
      if (s.frame !== frame || s.own) continue;
      let color = this.#css.get(s.color);
      if (!color) this.#css.set(s.color, (color = css(s.color)));
      pen.fillStyle = color;
      pen.fillRect(s.x * k - dot / 2, n - s.y * k - dot / 2, dot, dot);
    }
    // The middle, as an arrow where the own ship looks.
    const own = looks.find((s) => s.own && s.frame === frame);
    pen.fillStyle = css(OWN);
    pen.beginPath();
    if (own) {
      const r = (n / 168) * 6.5;
      const at = (turn: number, far: number) => pen.lineTo(own.x * k + Math.cos(own.heading + turn) * far, n - own.y * k - Math.sin(own.heading + turn) * far);
      at(0, r);
      at(2.5, r * 0.8);
      at(Math.PI, r * 0.3);
      at(-2.5, r * 0.8);
    } else pen.arc(x, y, (n / 168) * 2.4, 0, 2 * Math.PI);
    pen.fill();
  }

  #lay(terrain: Terrain, k: number): void {
    this.#terrain = terrain;
    const n = this.#size;
    const pen = this.#ground.getContext('2d', { willReadFrequently: true })!;
    pen.clearRect(0, 0, n, n);
    pen.strokeStyle = 'rgba(132, 155, 255, .1)';
    pen.lineWidth = 1;
    for (let g = 1; g < 4; g++) {
      pen.strokeRect(Math.round((n * g) / 4) + 0.5, -1, n, n + 2);
      pen.strokeRect(-1, Math.round((n * g) / 4) + 0.5, n + 2, n);
    }
    pen.fillStyle = 'rgba(132, 155, 255, .5)';
    for (const o of terrain.obstacles) {
      pen.beginPath();
      if (o.radius > 0) pen.arc(o.x * k, n - o.y * k, Math.max(1, o.radius * k), 0, 2 * Math.PI);
      else pen.rect((o.x - o.halfWidth) * k, n - (o.y + o.halfHeight) * k, Math.max(1.5, 2 * o.halfWidth * k), Math.max(1.5, 2 * o.halfHeight * k));
      pen.fill();
    }
  }
}
