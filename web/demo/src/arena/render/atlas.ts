// The atlas: every picture of something that moves, drawn once, when the page
// starts, into one canvas. Most are white, to be tinted.

import { CanvasSource } from 'pixi.js';
import type { Frame } from './batch.ts';
import { HULLS, PICKUPS, css } from './palette.ts';

type Pen = CanvasRenderingContext2D;

const WIDTH = 2048;
const HEIGHT = 1024;
const PAD = 4; // between frames, for the smaller copies that are sampled

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

/** The width of a hull's picture, in ship's radii. */
export const HULL_SPAN = 128 / 36;

/** Rocks: how many there are, and the width of a picture in radii. */
export const ROCKS = 6;
const ROCK = 240;
const ROCK_RADIUS = 104;
export const ROCK_SPAN = ROCK / ROCK_RADIUS;

/** Boxes are put together from nine parts; how wide a corner is, and how far the glow goes beyond the edge, in units. */
const BOX = 160;
const CORNER = 56;
const GLOW = 24;
const PER_UNIT = 4;
export const BOX_CORNER = CORNER / PER_UNIT;
export const BOX_GLOW = GLOW / PER_UNIT;

export function makeAtlas(): Atlas {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  // It is drawn once and read at once: no work for a graphics card.
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
  const each = (draw: (i: number) => (pen: Pen) => void) => Array.from({ length: HULLS }, (_, i) => add(128, 128, draw(i)));

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
      // Light falls off with the square of the distance, and ends.
      for (let i = 0; i <= 8; i++) g.addColorStop(i / 8, `rgba(255, 255, 255, ${(1 - i / 8) ** 2.2})`);
      disc(p, 31, g);
    }),
    puff: add(64, 64, (p) => {
      for (const [px, py, r] of [[0, 0, 26], [-10, 6, 16], [9, -8, 17], [8, 10, 14]] as const) {
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
    digit: Array.from('0123456789', (d) => add(28, 40, (p) => {
      p.font = '800 34px ui-rounded, "Avenir Next", "Segoe UI", system-ui, sans-serif';
      p.textAlign = 'center';
      p.textBaseline = 'middle';
      p.lineWidth = 5;
      p.strokeStyle = 'rgba(4, 6, 18, .85)';
      p.strokeText(d, 0, 2);
      p.fillStyle = '#fff';
      p.fillText(d, 0, 2);
    })),
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
  const source = new CanvasSource({ resource: canvas, autoGenerateMipmaps: true, alphaMode: 'premultiply-alpha-on-upload' });
  source.style.scaleMode = 'linear';
  source.style.mipmapFilter = 'linear';
  return { source, ...atlas };
}

/** Part of the atlas as a frame. */
function part(x: number, y: number, w: number, h: number): Frame {
  const at = (u: number, v: number) => ((Math.round((v / HEIGHT) * 65535) << 16) | Math.round((u / WIDTH) * 65535)) >>> 0;
  return { from: at(x, y), to: at(x + w, y + h), aspect: w / h };
}

function circle(p: Pen, r: number): void {
  p.beginPath();
  p.arc(0, 0, r, 0, 2 * Math.PI);
}

function disc(p: Pen, r: number, fill: CanvasGradient): void {
  p.fillStyle = fill;
  circle(p, r);
  p.fill();
}

/** A shape from its upper half, given from the nose to the tail. */
function mirrored(half: readonly (readonly [number, number])[]): Path2D {
  const path = new Path2D();
  half.forEach(([x, y], i) => (i === 0 ? path.moveTo(x, y) : path.lineTo(x, y)));
  [...half].reverse().forEach(([x, y]) => path.lineTo(x, -y));
  path.closePath();
  return path;
}

// In a picture of 128, with a ship's radius of 36.
const outlines: readonly (readonly (readonly [number, number])[])[] = [
  // Dart: slender, swept back.
  [[48, 0], [14, -9], [-10, -15], [-38, -31], [-26, -9], [-20, -4]],
  // Manta: wide wings that reach forward.
  [[40, 0], [24, -9], [27, -33], [6, -37], [-25, -25], [-37, -12], [-24, -5]],
  // Fork: two prongs.
  [[10, 0], [20, -8], [49, -14], [24, -29], [-14, -32], [-38, -19], [-25, -6]],
  // Anvil: broad and blunt.
  [[40, 0], [32, -13], [6, -19], [0, -32], [-26, -35], [-20, -20], [-36, -15], [-36, -6]],
];
const hulls: readonly Path2D[] = outlines.map(mirrored);

function drawHull(p: Pen, i: number): void {
  const path = hulls[i]!;
  p.shadowColor = '#fff';
  p.shadowBlur = 20;
  p.strokeStyle = 'rgba(255, 255, 255, .9)';
  p.lineWidth = 4;
  p.stroke(path);
  p.shadowBlur = 7;
  p.stroke(path);
  p.shadowBlur = 0;
  // Dark glass within, lit from the nose.
  p.save();
  p.clip(path);
  p.globalCompositeOperation = 'destination-out';
  p.fill(path);
  p.globalCompositeOperation = 'source-over';
  const g = p.createLinearGradient(46, 0, -38, 0);
  g.addColorStop(0, 'rgba(150, 150, 150, .95)');
  g.addColorStop(0.5, 'rgba(62, 62, 62, .95)');
  g.addColorStop(1, 'rgba(96, 96, 96, .95)');
  p.fillStyle = g;
  p.fill(path);
  p.restore();
  p.strokeStyle = '#fff';
  p.lineWidth = 3.4;
  p.stroke(path);
}

function drawTrim(p: Pen, i: number): void {
  p.save();
  p.clip(hulls[i]!);
  p.strokeStyle = 'rgba(255, 255, 255, .34)';
  p.lineWidth = 1.6;
  p.beginPath();
  const ribs: readonly (readonly [number, number, number, number])[][] = [
    [[30, 0, -22, -17], [-12, 0, -32, -22]],
    [[32, -4, 8, -34], [14, -4, -24, -24]],
    [[0, -3, 24, -28], [-20, -5, -14, -31]],
    [[28, -8, -10, -10], [-4, -14, -18, -30]],
  ];
  for (const [x0, y0, x1, y1] of ribs[i]!) {
    for (const s of [1, -1]) {
      p.moveTo(x0, s * y0);
      p.lineTo(x1, s * y1);
    }
  }
  p.stroke();
  p.restore();
  // The cockpit.
  const at = [8, 12, -8, 12][i]!;
  p.fillStyle = '#fff';
  p.shadowColor = '#fff';
  p.shadowBlur = 10;
  p.beginPath();
  p.ellipse(at, 0, 9, 4.2, 0, 0, 2 * Math.PI);
  p.fill();
  // Lights at the tips of the wings.
  const [tx, ty] = ([[-33, 27], [22, 30], [42, 15], [-22, 31]] as const)[i]!;
  p.shadowBlur = 6;
  for (const s of [1, -1]) {
    p.beginPath();
    p.arc(tx, s * ty, 2.2, 0, 2 * Math.PI);
    p.fill();
  }
}

function drawBubble(p: Pen): void {
  const g = p.createRadialGradient(0, 0, 24, 0, 0, 60);
  g.addColorStop(0, 'rgba(255, 255, 255, 0)');
  g.addColorStop(0.7, 'rgba(255, 255, 255, .1)');
  g.addColorStop(0.93, 'rgba(255, 255, 255, .55)');
  g.addColorStop(1, 'rgba(255, 255, 255, 0)');
  disc(p, 60, g);
  // Hexagons that fade towards the middle.
  p.save();
  circle(p, 56);
  p.clip();
  p.lineWidth = 1.4;
  const s = 13;
  for (let row = -5; row <= 5; row++) {
    for (let col = -4; col <= 4; col++) {
      const cx = (col + (row & 1) / 2) * s * Math.sqrt(3);
      const cy = row * s * 1.5;
      p.strokeStyle = `rgba(255, 255, 255, ${Math.min(0.42, (Math.hypot(cx, cy) / 62) ** 3 * 0.5)})`;
      p.beginPath();
      for (let k = 0; k < 6; k++) p.lineTo(cx + s * Math.sin((k * Math.PI) / 3), cy + s * Math.cos((k * Math.PI) / 3));
      p.closePath();
      p.stroke();
    }
  }
  p.restore();
  p.strokeStyle = 'rgba(255, 255, 255, .95)';
  p.lineWidth = 2.4;
  p.beginPath();
  p.arc(0, 0, 55, -0.9, 0.5);
  p.stroke();
  p.beginPath();
  p.arc(0, 0, 55, 2.3, 3.2);
  p.stroke();
}

/** Four corners around one's own ship. */
function drawMarks(p: Pen): void {
  p.strokeStyle = '#fff';
  p.lineWidth = 3;
  p.shadowColor = '#fff';
  p.shadowBlur = 6;
  for (let k = 0; k < 4; k++) {
    const a = Math.PI / 4 + (k * Math.PI) / 2;
    p.beginPath();
    p.arc(0, 0, 55, a - 0.24, a + 0.24);
    p.stroke();
  }
}

function drawFlare(p: Pen): void {
  for (const angle of [0, Math.PI / 2]) {
    p.save();
    p.rotate(angle);
    const g = p.createRadialGradient(0, 0, 0, 0, 0, 62);
    g.addColorStop(0, '#fff');
    g.addColorStop(0.2, 'rgba(255, 255, 255, .5)');
    g.addColorStop(1, 'rgba(255, 255, 255, 0)');
    p.scale(1, 0.07);
    disc(p, 62, g);
    p.restore();
  }
  const g = p.createRadialGradient(0, 0, 0, 0, 0, 22);
  g.addColorStop(0, '#fff');
  g.addColorStop(0.3, 'rgba(255, 255, 255, .5)');
  g.addColorStop(1, 'rgba(255, 255, 255, 0)');
  disc(p, 22, g);
}

/** A pickup: a hexagon with a sign of its own, so that shape tells it too. */
function drawPickup(p: Pen, kind: number): void {
  const color = PICKUPS[kind] ?? PICKUPS[0];
  const hexagon = new Path2D();
  for (let k = 0; k < 6; k++) hexagon.lineTo(32 * Math.cos((k * Math.PI) / 3), 32 * Math.sin((k * Math.PI) / 3));
  hexagon.closePath();
  p.fillStyle = 'rgba(6, 9, 26, .86)';
  p.fill(hexagon);
  p.fillStyle = css(color, 0.16);
  p.fill(hexagon);
  p.strokeStyle = css(color);
  p.shadowColor = css(color);
  p.shadowBlur = 14;
  p.lineWidth = 3.5;
  p.stroke(hexagon);
  p.shadowBlur = 6;
  p.lineWidth = 5;
  p.fillStyle = p.strokeStyle = '#fff';
  p.beginPath();
  switch (kind) {
    case 1: // a cross
      p.moveTo(-13, 0);
      p.lineTo(13, 0);
      p.moveTo(0, -13);
      p.lineTo(0, 13);
      p.stroke();
      break;
    case 2: // a shield
      p.moveTo(0, -15);
      p.lineTo(13, -9);
      p.quadraticCurveTo(13, 9, 0, 16);
      p.quadraticCurveTo(-13, 9, -13, -9);
      p.closePath();
      p.lineWidth = 4;
      p.stroke();
      break;
    case 3: // three shots
      for (const dy of [-9, 0, 9]) {
        p.moveTo(-12 + Math.abs(dy) * 0.4, dy);
        p.lineTo(12 - Math.abs(dy) * 0.4, dy);
      }
      p.lineWidth = 4.5;
      p.stroke();
      break;
    case 4: // two wedges
      for (const dx of [-8, 5]) {
        p.moveTo(dx - 4, -11);
        p.lineTo(dx + 7, 0);
        p.lineTo(dx - 4, 11);
      }
      p.stroke();
      break;
  }
}

/** Numbers from 0 to 1 that are the same each time. */
function random(seed: number): () => number {
  let s = (seed * 2654435761) >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let v = Math.imul(s ^ (s >>> 15), 1 | s);
    v = (v + Math.imul(v ^ (v >>> 7), 61 | v)) ^ v;
    return ((v ^ (v >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A rock of dark crystal: facets, lit from the upper left, and a bright rim. */
function drawRock(p: Pen, i: number): void {
  const rnd = random(i + 11);
  const n = 13 + (i % 3) * 2;
  const rim: [number, number][] = [];
  for (let k = 0; k < n; k++) {
    const a = ((k + (rnd() - 0.5) * 0.5) / n) * 2 * Math.PI;
    const r = ROCK_RADIUS * (0.95 + rnd() * 0.07);
    rim.push([Math.cos(a) * r, Math.sin(a) * r]);
  }
  const outline = new Path2D();
  rim.forEach(([x, y]) => outline.lineTo(x, y));
  outline.closePath();
  p.shadowColor = 'rgba(120, 140, 255, .8)';
  p.shadowBlur = 16;
  p.fillStyle = '#0c1230';
  p.fill(outline);
  p.shadowBlur = 0;
  // Facets between the rim and an inner ring, and within that.
  const inner: [number, number][] = [];
  const m = Math.trunc(n / 2);
  const turn = rnd();
  for (let k = 0; k < m; k++) {
    const a = ((k + turn) / m) * 2 * Math.PI;
    const r = ROCK_RADIUS * (0.4 + rnd() * 0.2);
    inner.push([Math.cos(a) * r - 6, Math.sin(a) * r - 8]);
  }
  const facet = (points: readonly (readonly [number, number])[]) => {
    const cx = points.reduce((s, [x]) => s + x, 0) / points.length;
    const cy = points.reduce((s, [, y]) => s + y, 0) / points.length;
    const light = Math.max(0, (-cx * 0.6 - cy * 0.8) / ROCK_RADIUS) * 0.6 + rnd() * 0.16;
    p.fillStyle = `rgb(${14 + light * 62}, ${19 + light * 74}, ${48 + light * 120})`;
    p.strokeStyle = `rgba(130, 150, 255, ${0.1 + light * 0.35})`;
    p.lineWidth = 1.4;
    p.beginPath();
    points.forEach(([x, y]) => p.lineTo(x, y));
    p.closePath();
    p.fill();
    p.stroke();
  };
  for (let k = 0; k < n; k++) {
    const [a, b] = [rim[k]!, rim[(k + 1) % n]!];
    const nearest = (q: readonly [number, number]) =>
      inner.reduce((best, c) => (Math.hypot(c[0] - q[0], c[1] - q[1]) < Math.hypot(best[0] - q[0], best[1] - q[1]) ? c : best));
    const [c, d] = [nearest(b), nearest(a)];
    facet(c === d ? [a, b, c] : [a, b, c, d]);
  }
  facet(inner);
  p.strokeStyle = 'rgba(150, 168, 255, .85)';
  p.lineWidth = 3;
  p.shadowColor = 'rgba(120, 140, 255, 1)';
  p.shadowBlur = 9;
  p.stroke(outline);
}

/** A block: dark glass in a bright frame with cut corners. Its middle parts are stretched. */
function drawBox(p: Pen): void {
  const half = BOX / 2 - GLOW;
  const plate = (inset: number, cut: number) => {
    const h = half - inset;
    const path = new Path2D();
    for (const [x, y] of [[-h + cut, -h], [h - cut, -h], [h, -h + cut], [h, h - cut], [h - cut, h], [-h + cut, h], [-h, h - cut], [-h, -h + cut]] as const) {
      path.lineTo(x, y);
    }
    path.closePath();
    return path;
  };
  const outline = plate(0, 9);
  p.shadowColor = 'rgba(86, 176, 255, .8)';
  p.shadowBlur = 16;
  p.fillStyle = '#0a1430';
  p.fill(outline);
  p.shadowBlur = 9;
  p.strokeStyle = 'rgba(126, 190, 255, .9)';
  p.lineWidth = 3.2;
  p.stroke(outline);
  p.shadowBlur = 0;
  p.strokeStyle = 'rgba(110, 165, 255, .3)';
  p.lineWidth = 1.6;
  p.stroke(plate(13, 7));
  p.fillStyle = 'rgba(90, 140, 255, .07)';
  p.fill(plate(13, 7));
}
