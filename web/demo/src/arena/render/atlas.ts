// The atlas: the pictures of everything that moves, drawn into one canvas when the page
// starts. Most are white, to be tinted.

import { CanvasSource } from 'pixi.js';
import type { Frame } from './batch.ts';
import { HULLS, PICKUPS } from './palette.ts';
import {
  BOX,
  circle,
  disc,
  drawBox,
  drawBubble,
  drawFlare,
  drawHull,
  drawMarks,
  drawPickup,
  drawRock,
  drawTrim,
  GLOW,
  hulls,
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

export function makeAtlas(): Atlas {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  // Drawn once and read right away, which is no work for a graphics card.
  const pen = canvas.getContext('2d', { willReadFrequently: true })!;
  let x = PAD;
  let y = PAD;
  let shelf = 0;
  let last = { x, y };
  const add = (w: number, h: number, draw: (pen: Pen) => void): Frame => {
    if (x + w + PAD > WIDTH) {
      x = PAD;
      y += shelf + PAD;
      shelf = 0;
    }
    if (y + h + PAD > HEIGHT) throw new Error('the atlas is full');
    pen.save();
    pen.beginPath();
    pen.rect(x, y, w, h);
    pen.clip();
    pen.translate(x + w / 2, y + h / 2);
    pen.lineJoin = pen.lineCap = 'round';
    draw(pen);
    pen.restore();
    const frame = part(x, y, w, h);
    last = { x, y };
    x += w + PAD;
    shelf = Math.max(shelf, h);
    return frame;
  };
  const each = (draw: (i: number) => (pen: Pen) => void) =>
    Array.from({ length: HULLS }, (_, i) => add(128, 128, draw(i)));

  const rocks = Array.from({ length: ROCKS }, (_, i) => add(ROCK, ROCK, (p) => drawRock(p, i)));
  add(BOX, BOX, drawBox);
  const cuts = [0, CORNER, BOX - CORNER, BOX];
  const box = Array.from({ length: 9 }, (_, i) => {
    const [col, row] = [i % 3, Math.trunc(i / 3)];
    const [x0, y0] = [cuts[col]!, cuts[row]!];
    return part(last.x + x0, last.y + y0, cuts[col + 1]! - x0, cuts[row + 1]! - y0);
  });
  const atlas = {
    rock: rocks,
    box,
    hull: each((i) => (p) => drawHull(p, i)),
    trim: each((i) => (p) => drawTrim(p, i)),
    solid: each((i) => (p) => {
      p.fillStyle = '#fff';
      p.shadowColor = '#fff';
      p.shadowBlur = 8;
      p.fill(hulls[i]!);
    }),
    bubble: add(128, 128, drawBubble),
    wave: add(128, 128, (p) => {
      const g = p.createRadialGradient(0, 0, 20, 0, 0, 62);
      g.addColorStop(0, 'rgba(255, 255, 255, 0)');
      g.addColorStop(0.84, 'rgba(255, 255, 255, .07)');
      g.addColorStop(0.96, 'rgba(255, 255, 255, 1)');
      g.addColorStop(1, 'rgba(255, 255, 255, 0)');
      disc(p, 62, g);
    }),
    ring: add(128, 128, (p) => {
      p.strokeStyle = '#fff';
      p.lineWidth = 2.5;
      p.shadowColor = '#fff';
      p.shadowBlur = 8;
      circle(p, 54);
      p.stroke();
    }),
    marks: add(128, 128, drawMarks),
    flare: add(128, 128, drawFlare),
    pickup: PICKUPS.map((_, kind) => add(96, 96, (p) => drawPickup(p, kind))),
    glow: add(64, 64, (p) => {
      const g = p.createRadialGradient(0, 0, 0, 0, 0, 31);
      // Light that falls off with the square of the distance.
      for (let i = 0; i <= 8; i++) g.addColorStop(i / 8, `rgba(255, 255, 255, ${(1 - i / 8) ** 2.2})`);
      disc(p, 31, g);
    }),
    puff: add(64, 64, (p) => {
      for (const [px, py, r] of [
        [0, 0, 26],
        [-10, 6, 16],
        [9, -8, 17],
        [8, 10, 14],
      ] as const) {
        const g = p.createRadialGradient(px, py, 0, px, py, r);
        g.addColorStop(0, 'rgba(255, 255, 255, .5)');
        g.addColorStop(1, 'rgba(255, 255, 255, 0)');
        p.fillStyle = g;
        p.fillRect(-32, -32, 64, 64);
      }
    }),
    flame: add(96, 32, (p) => {
      const g = p.createLinearGradient(48, 0, -46, 0);
      g.addColorStop(0, 'rgba(255, 255, 255, 1)');
      g.addColorStop(0.25, 'rgba(255, 255, 255, .75)');
      g.addColorStop(1, 'rgba(255, 255, 255, 0)');
      p.fillStyle = g;
      p.shadowColor = 'rgba(255, 255, 255, .8)';
      p.shadowBlur = 6;
      p.beginPath();
      p.moveTo(44, -6);
      p.quadraticCurveTo(10, -13, -44, 0);
      p.quadraticCurveTo(10, 13, 44, 6);
      p.closePath();
      p.fill();
    }),
    bolt: add(96, 32, (p) => {
      p.shadowColor = '#fff';
      p.shadowBlur = 9;
      const g = p.createLinearGradient(-42, 0, 36, 0);
      g.addColorStop(0, 'rgba(255, 255, 255, 0)');
      g.addColorStop(0.7, 'rgba(255, 255, 255, .8)');
      g.addColorStop(1, 'rgba(255, 255, 255, 1)');
      p.strokeStyle = g;
      p.lineWidth = 6;
      p.beginPath();
      p.moveTo(-38, 0);
      p.lineTo(34, 0);
      p.stroke();
    }),
    streak: add(64, 16, (p) => {
      const g = p.createLinearGradient(-30, 0, 30, 0);
      g.addColorStop(0, 'rgba(255, 255, 255, 0)');
      g.addColorStop(1, 'rgba(255, 255, 255, 1)');
      p.strokeStyle = g;
      p.lineWidth = 4;
      p.beginPath();
      p.moveTo(-28, 0);
      p.lineTo(27, 0);
      p.stroke();
    }),
    dot: add(16, 16, (p) => {
      const g = p.createRadialGradient(0, 0, 0, 0, 0, 7.5);
      g.addColorStop(0, '#fff');
      g.addColorStop(0.4, 'rgba(255, 255, 255, .9)');
      g.addColorStop(1, 'rgba(255, 255, 255, 0)');
      disc(p, 7.5, g);
    }),
    shard: add(32, 32, (p) => {
      p.strokeStyle = '#fff';
      p.fillStyle = 'rgba(255, 255, 255, .35)';
      p.lineWidth = 2.5;
      p.beginPath();
      p.moveTo(-12, -7);
      p.lineTo(12, 0);
      p.lineTo(-8, 10);
      p.closePath();
      p.fill();
      p.stroke();
    }),
    arrow: add(48, 48, (p) => {
      p.fillStyle = '#fff';
      p.shadowColor = '#fff';
      p.shadowBlur = 6;
      p.beginPath();
      p.moveTo(16, 0);
      p.lineTo(-10, -13);
      p.lineTo(-4, 0);
      p.lineTo(-10, 13);
      p.closePath();
      p.fill();
    }),
    crown: add(48, 32, (p) => {
      p.fillStyle = '#ffd84d';
      p.strokeStyle = '#7a4d00';
      p.lineWidth = 2;
      p.beginPath();
      p.moveTo(-17, 11);
      p.lineTo(-19, -7);
      p.lineTo(-9, 1);
      p.lineTo(0, -12);
      p.lineTo(9, 1);
      p.lineTo(19, -7);
      p.lineTo(17, 11);
      p.closePath();
      p.fill();
      p.stroke();
    }),
    digit: Array.from('0123456789', (d) =>
      add(28, 40, (p) => {
        p.font = '800 34px ui-rounded, "Avenir Next", "Segoe UI", system-ui, sans-serif';
        p.textAlign = 'center';
        p.textBaseline = 'middle';
        p.lineWidth = 5;
        p.strokeStyle = 'rgba(4, 6, 18, .85)';
        p.strokeText(d, 0, 2);
        p.fillStyle = '#fff';
        p.fillText(d, 0, 2);
      }),
    ),
    veil: add(128, 128, (p) => {
      const g = p.createRadialGradient(0, 0, 38, 0, 0, 90);
      g.addColorStop(0, 'rgba(255, 255, 255, 0)');
      g.addColorStop(1, 'rgba(255, 255, 255, .85)');
      p.fillStyle = g;
      p.fillRect(-64, -64, 128, 128);
    }),
    pixel: add(8, 8, (p) => {
      p.fillStyle = '#fff';
      p.fillRect(-4, -4, 8, 8);
    }),
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

/** Returns a part of the atlas as a frame. */
function part(x: number, y: number, w: number, h: number): Frame {
  const at = (u: number, v: number) =>
    ((Math.round((v / HEIGHT) * 65535) << 16) | Math.round((u / WIDTH) * 65535)) >>> 0;
  return { from: at(x, y), to: at(x + w, y + h), aspect: w / h };
}
