// The larger pictures of the atlas. Each is drawn around the middle of its place. What is
// white is tinted later.

import { css, PICKUPS } from './palette.ts';

export type Pen = CanvasRenderingContext2D;

/** The width of a hull's picture, in radii of a ship. */
export const HULL_SPAN = 128 / 36;

/** The width of a rock's picture, in its own pixels and in radii. */
export const ROCK = 240;
const ROCK_RADIUS = 104;
export const ROCK_SPAN = ROCK / ROCK_RADIUS;

/** The width of a block's picture, and how far its glow goes beyond the edge. */
export const BOX = 160;
export const GLOW = 24;

export function circle(p: Pen, r: number): void {
  p.beginPath();
  p.arc(0, 0, r, 0, 2 * Math.PI);
}

export function disc(p: Pen, r: number, fill: CanvasGradient): void {
  p.fillStyle = fill;
  circle(p, r);
  p.fill();
}

/** Returns a symmetric shape, given its upper half from the nose to the tail. */
function mirrored(half: readonly (readonly [number, number])[]): Path2D {
  const path = new Path2D();
  for (const [x, y] of half) path.lineTo(x, y); // the first line only starts the path
  for (const [x, y] of [...half].reverse()) path.lineTo(x, -y);
  path.closePath();
  return path;
}

// In a picture of 128, with a ship's radius of 36.
const outlines: readonly (readonly (readonly [number, number])[])[] = [
  // Dart: slender, swept back.
  [
    [48, 0],
    [14, -9],
    [-10, -15],
    [-38, -31],
    [-26, -9],
    [-20, -4],
  ],
  // Manta: wide wings that reach forward.
  [
    [40, 0],
    [24, -9],
    [27, -33],
    [6, -37],
    [-25, -25],
    [-37, -12],
    [-24, -5],
  ],
  // Fork: two prongs.
  [
    [10, 0],
    [20, -8],
    [49, -14],
    [24, -29],
    [-14, -32],
    [-38, -19],
    [-25, -6],
  ],
  // Anvil: broad and blunt.
  [
    [40, 0],
    [32, -13],
    [6, -19],
    [0, -32],
    [-26, -35],
    [-20, -20],
    [-36, -15],
    [-36, -6],
  ],
];
export const hulls: readonly Path2D[] = outlines.map(mirrored);

export function drawHull(p: Pen, i: number): void {
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

export function drawTrim(p: Pen, i: number): void {
  p.save();
  p.clip(hulls[i]!);
  p.strokeStyle = 'rgba(255, 255, 255, .34)';
  p.lineWidth = 1.6;
  p.beginPath();
  const ribs: readonly (readonly [number, number, number, number])[][] = [
    [
      [30, 0, -22, -17],
      [-12, 0, -32, -22],
    ],
    [
      [32, -4, 8, -34],
      [14, -4, -24, -24],
    ],
    [
      [0, -3, 24, -28],
      [-20, -5, -14, -31],
    ],
    [
      [28, -8, -10, -10],
      [-4, -14, -18, -30],
    ],
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
  const [tx, ty] = (
    [
      [-33, 27],
      [22, 30],
      [42, 15],
      [-22, 31],
    ] as const
  )[i]!;
  p.shadowBlur = 6;
  for (const s of [1, -1]) {
    p.beginPath();
    p.arc(tx, s * ty, 2.2, 0, 2 * Math.PI);
    p.fill();
  }
}

export function drawBubble(p: Pen): void {
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

/** Draws four corners around the player's ship. */
export function drawMarks(p: Pen): void {
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

export function drawFlare(p: Pen): void {
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

/** Draws a pickup: a hexagon with a sign, so that it is not told by colour alone. */
export function drawPickup(p: Pen, kind: number): void {
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

/** Returns a generator of numbers from 0 to 1 that are the same each time. */
function random(seed: number): () => number {
  let s = (seed * 2654435761) >>> 0;
  return () => {
    s = (s + 0x6d2b79f5) >>> 0;
    let v = Math.imul(s ^ (s >>> 15), 1 | s);
    v = (v + Math.imul(v ^ (v >>> 7), 61 | v)) ^ v;
    return ((v ^ (v >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Draws a rock of dark crystal: facets lit from the upper left, and a bright rim. */
export function drawRock(p: Pen, i: number): void {
  const rnd = random(i + 11);
  const n = 13 + (i % 3) * 2;
  const rim: [number, number][] = [];
  for (let k = 0; k < n; k++) {
    const a = ((k + (rnd() - 0.5) * 0.5) / n) * 2 * Math.PI;
    const r = ROCK_RADIUS * (0.95 + rnd() * 0.07);
    rim.push([Math.cos(a) * r, Math.sin(a) * r]);
  }
  const outline = new Path2D();
  for (const [x, y] of rim) outline.lineTo(x, y);
  outline.closePath();
  p.shadowColor = 'rgba(120, 140, 255, .8)';
  p.shadowBlur = 16;
  p.fillStyle = '#0c1230';
  p.fill(outline);
  p.shadowBlur = 0;
  // Facets between the rim and an inner ring, and inside that.
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
    for (const [x, y] of points) p.lineTo(x, y);
    p.closePath();
    p.fill();
    p.stroke();
  };
  for (let k = 0; k < n; k++) {
    const [a, b] = [rim[k]!, rim[(k + 1) % n]!];
    const nearest = (q: readonly [number, number]) =>
      inner.reduce((best, c) =>
        Math.hypot(c[0] - q[0], c[1] - q[1]) < Math.hypot(best[0] - q[0], best[1] - q[1]) ? c : best,
      );
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

/** Draws a block: dark glass in a bright frame with cut corners. Its middle parts are stretched later. */
export function drawBox(p: Pen): void {
  const half = BOX / 2 - GLOW;
  const plate = (inset: number, cut: number) => {
    const h = half - inset;
    const path = new Path2D();
    for (const [x, y] of [
      [-h + cut, -h],
      [h - cut, -h],
      [h, -h + cut],
      [h, h - cut],
      [h - cut, h],
      [-h + cut, h],
      [-h, h - cut],
      [-h, -h + cut],
    ] as const) {
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
