// The map in a corner: obstacles, the part that is on the screen, and the ships in
// view. Ships are written pixel by pixel, as there may be a thousand.

import type { EntityMap } from '@tickroom/client';
import type { Camera } from '../render/camera.ts';
import { css, ICE, OWN } from '../render/palette.ts';
import type { Terrain } from '../terrain.ts';
import { el } from './dom.ts';

export class Minimap {
  readonly #canvas = el<HTMLCanvasElement>('minimap');
  readonly #pen: CanvasRenderingContext2D;
  readonly #size: number;
  #terrain: Terrain | null = null;
  // The pixels of the background, and those with the ships; 0xaabbggrr.
  #empty = new Uint32Array();
  readonly #image: ImageData;
  readonly #pixels: Uint32Array;

  constructor() {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    this.#size = this.#canvas.width = this.#canvas.height = Math.round(168 * ratio);
    this.#pen = this.#canvas.getContext('2d', { willReadFrequently: true })!;
    this.#image = this.#pen.createImageData(this.#size, this.#size);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
  }

  show(visible: boolean): void {
    this.#canvas.hidden = !visible;
  }

  /** Draws the map. own is the own ship, if it is alive; skip is its entity, whose row is not shown. */
  draw(
    terrain: Terrain,
    camera: Camera,
    radius: number,
    ships: readonly { readonly entity: number; readonly x: number; readonly y: number }[],
    colors: EntityMap<number>,
    own: { readonly x: number; readonly y: number; readonly heading: number } | undefined,
    skip: number,
  ): void {
    const n = this.#size;
    const k = n / terrain.edge;
    const pen = this.#pen;
    const pixels = this.#pixels;
    if (terrain !== this.#terrain) this.#lay(terrain, k);
    pixels.set(this.#empty);
    const dot = Math.max(2, Math.round((n / 168) * 3));
    for (let i = 0; i < ships.length; i++) {
      const { entity, x, y } = ships[i]!;
      if (entity === skip) continue;
      const c = colors.get(entity) ?? ICE;
      const pixel = (0xff000000 | ((c & 0xff) << 16) | (c & 0xff00) | (c >> 16)) >>> 0;
      const left = Math.max(0, Math.min(n - dot, Math.round(x * k - dot / 2)));
      const top = Math.max(0, Math.min(n - dot, Math.round(n - y * k - dot / 2)));
      for (let at = top * n + left, end = at + dot * n; at < end; at += n) pixels.fill(pixel, at, at + dot);
    }
    pen.putImageData(this.#image, 0, 0);
    const x = camera.x * k;
    const y = n - camera.y * k;
    pen.fillStyle = 'rgba(110, 168, 255, .09)';
    pen.strokeStyle = 'rgba(150, 190, 255, .38)';
    pen.lineWidth = n / 168;
    pen.beginPath();
    pen.arc(x, y, radius * k, 0, 2 * Math.PI);
    pen.fill();
    pen.stroke();
    // The own ship, as an arrow.
    pen.fillStyle = css(OWN);
    pen.beginPath();
    if (own) {
      const r = (n / 168) * 6.5;
      const at = (turn: number, far: number) =>
        pen.lineTo(own.x * k + Math.cos(own.heading + turn) * far, n - own.y * k - Math.sin(own.heading + turn) * far);
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
    const pen = this.#pen;
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
      else
        pen.rect(
          (o.x - o.halfWidth) * k,
          n - (o.y + o.halfHeight) * k,
          Math.max(1.5, 2 * o.halfWidth * k),
          Math.max(1.5, 2 * o.halfHeight * k),
        );
      pen.fill();
    }
    this.#empty = new Uint32Array(pen.getImageData(0, 0, n, n).data.buffer);
  }
}
