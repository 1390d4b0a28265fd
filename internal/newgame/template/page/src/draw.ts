// Draws the field. Nothing here knows of the network: it takes rows and gives pixels.

import type { Dot, Gem } from './gen/mygame/v1/mygame.tickroom.ts';

const size = 24; // of the field, as in game/game.go
const shown = 15; // units, of the shorter edge of the screen
const margin = 3; // units beyond the field that may be shown, so that no corner lies below the scores

/** Returns a player's colour. */
export const colour = (player: number): string => `hsl(${(player * 137.5 + 170) % 360} 85% 66%)`;

let sparks: { x: number; y: number; vx: number; vy: number; from: number; colour: string }[] = [];

/** Shows that a gem was collected. */
export function sparkle(x: number, y: number, worth: number, colour: string): void {
  for (let i = 0; i < 8 + 4 * worth; i++) {
    const angle = Math.random() * 2 * Math.PI;
    const speed = 1 + 4 * Math.random();
    sparks.push({ x, y, vx: speed * Math.cos(angle), vy: speed * Math.sin(angle), from: performance.now(), colour });
  }
}

export function draw(canvas: HTMLCanvasElement, dots: Dot[], gems: Gem[], own: number, now: number): void {
  const { width, height, g, scale } = prepare(canvas);

  // The own dot is in the middle, unless the field ends near by.
  const me = dots.find((dot) => dot.player === own) ?? { x: size / 2, y: size / 2 };
  const corner = (at: number, view: number): number =>
    view > size + 2 * margin
      ? (size - view) / 2
      : Math.min(Math.max(at - view / 2, -margin), size + margin - view);
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.translate(-corner(me.x, width / scale), -corner(me.y, height / scale));

  drawField(g);
  for (const gem of gems) drawGem(g, gem, now);
  for (const dot of dots) drawDot(g, dot, dot.player === own);
  sparks = sparks.filter((s) => now - s.from < 700);
  for (const s of sparks) {
    const age = Math.max(now - s.from, 0) / 1000;
    g.globalAlpha = 1 - age / 0.7;
    disc(g, s.x + s.vx * age, s.y + s.vy * age, 0.09, s.colour);
  }
  g.globalAlpha = 1;
}

/** Makes the canvas as large as the screen, and empty. */
function prepare(canvas: HTMLCanvasElement) {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const g = canvas.getContext('2d')!;
  g.setTransform(1, 0, 0, 1, 0, 0);
  g.clearRect(0, 0, width, height);
  return { width, height, g, scale: Math.min(width, height) / shown };
}

function drawField(g: CanvasRenderingContext2D): void {
  const light = g.createRadialGradient(size / 2, size / 2, 2, size / 2, size / 2, size * 0.75);
  light.addColorStop(0, '#1c2b57');
  light.addColorStop(1, '#111a38');
  g.fillStyle = light;
  g.strokeStyle = '#3a4f8f';
  g.lineWidth = 0.08;
  g.beginPath();
  g.roundRect(0, 0, size, size, 1);
  g.fill();
  g.stroke();
  g.fillStyle = '#ffffff12';
  for (let x = 2; x < size; x += 2) for (let y = 2; y < size; y += 2) g.fillRect(x - 0.04, y - 0.04, 0.08, 0.08);
}

function drawGem(g: CanvasRenderingContext2D, gem: Gem, now: number): void {
  const r = (gem.worth > 1 ? 0.42 : 0.28) * (1 + 0.08 * Math.sin(now / 300 + gem.x));
  const fill = gem.worth > 1 ? '#ffd43b' : '#74c0fc';
  glow(g, gem.x, gem.y, 2.4 * r, fill);
  g.fillStyle = fill;
  g.beginPath();
  g.moveTo(gem.x, gem.y - r);
  g.lineTo(gem.x + 0.75 * r, gem.y);
  g.lineTo(gem.x, gem.y + r);
  g.lineTo(gem.x - 0.75 * r, gem.y);
  g.fill();
}

function drawDot(g: CanvasRenderingContext2D, dot: Dot, own: boolean): void {
  glow(g, dot.x, dot.y, 1.3, colour(dot.player));
  disc(g, dot.x, dot.y, 0.5, colour(dot.player));
  disc(g, dot.x - 0.14, dot.y - 0.16, 0.13, '#ffffffb0');
  if (own) {
    g.strokeStyle = '#fff';
    g.lineWidth = 0.07;
    g.beginPath();
    g.arc(dot.x, dot.y, 0.62, 0, 2 * Math.PI);
    g.stroke();
  }
  g.fillStyle = '#e6ecff';
  g.font = '600 0.5px system-ui, sans-serif';
  g.textAlign = 'center';
  g.fillText(dot.name, dot.x, dot.y - 0.85);
}

function disc(g: CanvasRenderingContext2D, x: number, y: number, r: number, fill: string | CanvasGradient): void {
  g.fillStyle = fill;
  g.beginPath();
  g.arc(x, y, r, 0, 2 * Math.PI);
  g.fill();
}

/** Draws a soft light. */
function glow(g: CanvasRenderingContext2D, x: number, y: number, r: number, colour: string): void {
  const light = g.createRadialGradient(x, y, 0, x, y, r);
  light.addColorStop(0, colour);
  light.addColorStop(1, 'transparent');
  g.globalAlpha = 0.35;
  disc(g, x, y, r, light);
  g.globalAlpha = 1;
}
