// The smaller pictures of the atlas: particles and signs. Each is drawn around the middle of
// its place.

import { circle, disc, hulls, type Pen } from './pictures.ts';

/** Draws a hull that is filled, to flash. */
export function drawSolid(p: Pen, hull: number): void {
  p.fillStyle = '#fff';
  p.shadowColor = '#fff';
  p.shadowBlur = 8;
  p.fill(hulls[hull]!);
}

/** Draws the ring of a blast. */
export function drawWave(p: Pen): void {
  const g = p.createRadialGradient(0, 0, 20, 0, 0, 62);
  g.addColorStop(0, 'rgba(255, 255, 255, 0)');
  g.addColorStop(0.84, 'rgba(255, 255, 255, .07)');
  g.addColorStop(0.96, 'rgba(255, 255, 255, 1)');
  g.addColorStop(1, 'rgba(255, 255, 255, 0)');
  disc(p, 62, g);
}

/** Draws a plain ring. */
export function drawRing(p: Pen): void {
  p.strokeStyle = '#fff';
  p.lineWidth = 2.5;
  p.shadowColor = '#fff';
  p.shadowBlur = 8;
  circle(p, 54);
  p.stroke();
}

/** Draws a soft light. */
export function drawGlow(p: Pen): void {
  const g = p.createRadialGradient(0, 0, 0, 0, 0, 31);
  // Light that falls off with the square of the distance.
  for (let i = 0; i <= 8; i++) g.addColorStop(i / 8, `rgba(255, 255, 255, ${(1 - i / 8) ** 2.2})`);
  disc(p, 31, g);
}

/** Draws a cloud. */
export function drawPuff(p: Pen): void {
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
}

/** Draws the flame of an engine. */
export function drawFlame(p: Pen): void {
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
}

/** Draws a bullet. */
export function drawBolt(p: Pen): void {
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
}

/** Draws a line that fades. */
export function drawStreak(p: Pen): void {
  const g = p.createLinearGradient(-30, 0, 30, 0);
  g.addColorStop(0, 'rgba(255, 255, 255, 0)');
  g.addColorStop(1, 'rgba(255, 255, 255, 1)');
  p.strokeStyle = g;
  p.lineWidth = 4;
  p.beginPath();
  p.moveTo(-28, 0);
  p.lineTo(27, 0);
  p.stroke();
}

/** Draws a spark. */
export function drawDot(p: Pen): void {
  const g = p.createRadialGradient(0, 0, 0, 0, 0, 7.5);
  g.addColorStop(0, '#fff');
  g.addColorStop(0.4, 'rgba(255, 255, 255, .9)');
  g.addColorStop(1, 'rgba(255, 255, 255, 0)');
  disc(p, 7.5, g);
}

/** Draws a piece of wreckage. */
export function drawShard(p: Pen): void {
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
}

/** Draws the arrow to something beyond the screen. */
export function drawArrow(p: Pen): void {
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
}

/** Draws the leader's crown. */
export function drawCrown(p: Pen): void {
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
}

/** Draws a digit. */
export function drawDigit(p: Pen, d: string): void {
  p.font = '800 34px ui-rounded, "Avenir Next", "Segoe UI", system-ui, sans-serif';
  p.textAlign = 'center';
  p.textBaseline = 'middle';
  p.lineWidth = 5;
  p.strokeStyle = 'rgba(4, 6, 18, .85)';
  p.strokeText(d, 0, 2);
  p.fillStyle = '#fff';
  p.fillText(d, 0, 2);
}

/** Draws what covers the edges of the screen. */
export function drawVeil(p: Pen): void {
  const g = p.createRadialGradient(0, 0, 38, 0, 0, 90);
  g.addColorStop(0, 'rgba(255, 255, 255, 0)');
  g.addColorStop(1, 'rgba(255, 255, 255, .85)');
  p.fillStyle = g;
  p.fillRect(-64, -64, 128, 128);
}

/** Draws a square. */
export function drawPixel(p: Pen): void {
  p.fillStyle = '#fff';
  p.fillRect(-4, -4, 8, 8);
}
