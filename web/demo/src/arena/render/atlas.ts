// The atlas: the pictures of everything that moves, drawn into one canvas when the page
// starts. Most are white, to be tinted.

import { CanvasSource } from 'pixi.js';
import type { Frame } from './batch.ts';
import { HULLS, PICKUPS } from './palette.ts';
import {
  drawArrow,
  drawBolt,
  drawCrown,
  drawDigit,
  drawDot,
  drawFlame,
  drawGlow,
  drawPixel,
  drawPuff,
  drawRing,
  drawShard,
  drawSolid,
  drawStreak,
  drawVeil,
  drawWave,
} from './particles.ts';
import {
  BOX,
  drawBox,
  drawBubble,
  drawFlare,
  drawHull,
  drawMarks,
  drawPickup,
  drawRock,
  drawTrim,
  GLOW,
  type Pen,
  ROCK,
} from './pictures.ts';

const WIDTH = 2048;
const HEIGHT = 1024;
const PAD = 4; // pixels between frames, for the mipmaps

/** The pictures. Those of ships point to the right. */
export interface Atlas {
  readonly source: CanvasSource;
  readonly hull: readonly Frame[]; // tinted
  readonly trim: readonly Frame[]; // white lines and lights on it
  readonly solid: readonly Frame[]; // filled, to flash
  readonly pickup: readonly Frame[]; // by kind
  readonly digit: readonly Frame[];
  readonly rock: readonly Frame[];
  readonly box: readonly Frame[]; // nine parts, the upper left first
  readonly glow: Frame;
  readonly dot: Frame;
  readonly streak: Frame;
  readonly ring: Frame;
  readonly wave: Frame;
  readonly bubble: Frame;
  readonly bolt: Frame;
  readonly flame: Frame;
  readonly puff: Frame;
  readonly flare: Frame;
  readonly shard: Frame;
  readonly arrow: Frame;
  readonly marks: Frame;
  readonly crown: Frame;
  readonly pixel: Frame;
  /** Dark in the middle, light at the edges of the screen. */
  readonly veil: Frame;
}

/** The number of different rocks. */
export const ROCKS = 6;

/** Blocks are made of nine parts. The width of a corner, and how far the glow goes beyond the edge, in units. */
const CORNER = 56;
const PER_UNIT = 4;
export const BOX_CORNER = CORNER / PER_UNIT;
export const BOX_GLOW = GLOW / PER_UNIT;

/** Draws all pictures. */
export function makeAtlas(): Atlas {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  // Drawn once and read right away, which is no work for a graphics card.
  const pen = canvas.getContext('2d', { willReadFrequently: true })!;
  const shelves = new Shelves(pen);
  const each = (draw: (pen: Pen, hull: number) => void) =>
    Array.from({ length: HULLS }, (_, i) => shelves.add(128, 128, (p) => draw(p, i)));

  const rocks = Array.from({ length: ROCKS }, (_, i) => shelves.add(ROCK, ROCK, (p) => drawRock(p, i)));
  shelves.add(BOX, BOX, drawBox);
  const cuts = [0, CORNER, BOX - CORNER, BOX];
  const box = Array.from({ length: 9 }, (_, i) => {
    const [col, row] = [i % 3, Math.trunc(i / 3)];
    const [x0, y0] = [cuts[col]!, cuts[row]!];
    return part(shelves.x + x0, shelves.y + y0, cuts[col + 1]! - x0, cuts[row + 1]! - y0);
  });
  const atlas = {
    rock: rocks,
    box,
    hull: each(drawHull),
    trim: each(drawTrim),
    solid: each(drawSolid),
    bubble: shelves.add(128, 128, drawBubble),
    wave: shelves.add(128, 128, drawWave),
    ring: shelves.add(128, 128, drawRing),
    marks: shelves.add(128, 128, drawMarks),
    flare: shelves.add(128, 128, drawFlare),
    pickup: PICKUPS.map((_, kind) => shelves.add(96, 96, (p) => drawPickup(p, kind))),
    glow: shelves.add(64, 64, drawGlow),
    puff: shelves.add(64, 64, drawPuff),
    flame: shelves.add(96, 32, drawFlame),
    bolt: shelves.add(96, 32, drawBolt),
    streak: shelves.add(64, 16, drawStreak),
    dot: shelves.add(16, 16, drawDot),
    shard: shelves.add(32, 32, drawShard),
    arrow: shelves.add(48, 48, drawArrow),
    crown: shelves.add(48, 32, drawCrown),
    digit: Array.from('0123456789', (d) => shelves.add(28, 40, (p) => drawDigit(p, d))),
    veil: shelves.add(128, 128, drawVeil),
    pixel: shelves.add(8, 8, drawPixel),
  };
  const source = new CanvasSource({
    resource: canvas,
    autoGenerateMipmaps: true,
    alphaMode: 'premultiply-alpha-on-upload',
  });
  source.style.scaleMode = 'linear';
  source.style.mipmapFilter = 'linear';
  return { source, ...atlas };
}

/** Places pictures on a canvas, in rows from the top. */
class Shelves {
  /** The place of the last picture. */
  x = 0;
  y = PAD;
  #free = PAD;
  #height = 0;

  constructor(readonly pen: Pen) {}

  /** Draws a picture in a place of w by h pixels, around its middle. */
  add(w: number, h: number, draw: (pen: Pen) => void): Frame {
    const { pen } = this;
    if (this.#free + w + PAD > WIDTH) {
      this.#free = PAD;
      this.y += this.#height + PAD;
      this.#height = 0;
    }
    if (this.y + h + PAD > HEIGHT) throw new Error('the atlas is full');
    this.x = this.#free;
    this.#free += w + PAD;
    this.#height = Math.max(this.#height, h);
    pen.save();
    pen.beginPath();
    pen.rect(this.x, this.y, w, h);
    pen.clip();
    pen.translate(this.x + w / 2, this.y + h / 2);
    pen.lineJoin = pen.lineCap = 'round';
    draw(pen);
    pen.restore();
    return part(this.x, this.y, w, h);
  }
}

/** Returns a part of the atlas as a frame. */
function part(x: number, y: number, w: number, h: number): Frame {
  const at = (u: number, v: number) =>
    ((Math.round((v / HEIGHT) * 65535) << 16) | Math.round((u / WIDTH) * 65535)) >>> 0;
  return { from: at(x, y), to: at(x + w, y + h), aspect: w / h };
}
