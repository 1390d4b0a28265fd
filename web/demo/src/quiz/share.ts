// The card that a contestant shares after a show: a picture, and a text for where pictures
// can't go.

import { type Mark, squared } from './marks.ts';

/** What is on a card, in the reader's language. */
export interface Card {
  /** The show's title. */
  readonly title: string;
  readonly name: string;
  /** What came out in large, such as #12, and what that is. */
  readonly big: string;
  readonly under: string;
  /** Facts below, each with what it is. */
  readonly facts: readonly { readonly value: string; readonly label: string }[];
  readonly marks: readonly Mark[];
  /** Where to play. */
  readonly address: string;
  readonly won: boolean;
}

/** Returns a card as text. */
export function cardText(c: Card): string {
  return [
    `${c.title}: ${c.big}, ${c.under}`,
    c.facts.map((f) => `${f.label} ${f.value}`).join(' · '),
    squared(c.marks),
    c.address,
  ]
    .filter((line) => line !== '')
    .join('\n');
}

/** The size of the picture, in pixels: upright, as phones show it. */
export const size = { width: 1080, height: 1350 } as const;

const sans =
  'system-ui, -apple-system, "Segoe UI", Roboto, "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", "WenQuanYi Zen Hei", sans-serif';
const colours: Readonly<Record<Mark, string>> = {
  right: '#6df0a6',
  wrong: '#ff7186',
  revived: '#ffc861',
  saved: '#6ea8ff',
  missed: '#3a4577',
  skipped: '#8793c2',
  unknown: '#3a4577',
};

/** Draws a card. */
export function drawCard(canvas: HTMLCanvasElement, c: Card): void {
  const { width, height } = size;
  canvas.width = width;
  canvas.height = height;
  const g = canvas.getContext('2d')!;
  const accent = c.won ? '#ffc861' : '#54e3ee';
  backdrop(g, accent);
  g.textAlign = 'center';
  g.textBaseline = 'alphabetic';
  mark(g, width / 2, 118);
  line(g, c.title, 250, 50, 620, '#b4bfe6');
  line(g, c.name, 350, 72, 760, '#ffffff');
  g.shadowColor = accent;
  g.shadowBlur = 60;
  line(g, c.big, 640, 230, 800, accent);
  g.shadowBlur = 0;
  line(g, c.under, 725, 46, 500, '#e8ecff');
  facts(g, c.facts);
  marks(g, c.marks);
  line(g, c.address, height - 70, 34, 500, '#8793c2');
}

/** Returns a card as a PNG file. */
export function cardFile(c: Card): Promise<File> {
  const canvas = document.createElement('canvas');
  drawCard(canvas, c);
  return new Promise((resolve, reject) =>
    canvas.toBlob(
      (blob) =>
        blob ? resolve(new File([blob], 'quiz.png', { type: 'image/png' })) : reject(new Error('no picture came out')),
      'image/png',
    ),
  );
}

function backdrop(g: CanvasRenderingContext2D, accent: string): void {
  const { width, height } = size;
  g.fillStyle = '#04060f';
  g.fillRect(0, 0, width, height);
  const glow = (x: number, y: number, r: number, colour: string): void => {
    const fill = g.createRadialGradient(x, y, 0, x, y, r);
    fill.addColorStop(0, colour);
    fill.addColorStop(1, 'transparent');
    g.fillStyle = fill;
    g.fillRect(0, 0, width, height);
  };
  glow(width / 2, 480, 720, `${accent}38`);
  glow(width, height, 800, '#a98bff33');
  glow(0, height * 0.9, 600, '#6ea8ff22');
  let seed = 11;
  const random = (): number => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  g.fillStyle = '#e8ecff';
  for (let i = 0; i < 170; i++) {
    g.globalAlpha = 0.1 + 0.6 * random() ** 3;
    g.beginPath();
    g.arc(random() * width, random() * height, 1 + 2 * random() ** 4, 0, 7);
    g.fill();
  }
  g.globalAlpha = 1;
  g.strokeStyle = `${accent}66`;
  g.lineWidth = 3;
  g.beginPath();
  g.roundRect(36, 36, width - 72, height - 72, 44);
  g.stroke();
}

/** Draws the ship that is our sign. */
function mark(g: CanvasRenderingContext2D, x: number, y: number): void {
  g.save();
  g.translate(x - 40, y - 37);
  g.scale(2.5, 2.5);
  g.strokeStyle = '#54e3ee';
  g.lineWidth = 2.2;
  g.lineJoin = 'round';
  g.shadowColor = '#54e3ee';
  g.shadowBlur = 18;
  g.stroke(new Path2D('M6 23.5 16 5.5l10 18-10-4.5z'));
  g.restore();
}

/** Writes a line in the middle, smaller where it would not fit. */
function line(g: CanvasRenderingContext2D, text: string, y: number, px: number, weight: number, colour: string): void {
  const room = size.width - 160;
  let at = px;
  do g.font = `${weight} ${at}px ${sans}`;
  while (g.measureText(text).width > room && (at -= 2) > 24);
  g.fillStyle = colour;
  g.fillText(text, size.width / 2, y, room);
}

function facts(g: CanvasRenderingContext2D, list: Card['facts']): void {
  const each = (size.width - 160) / Math.max(1, list.length);
  for (const [i, f] of list.entries()) {
    const x = 80 + each * (i + 0.5);
    g.font = `700 58px ${sans}`;
    g.fillStyle = '#ffffff';
    g.fillText(f.value, x, 880, each - 16);
    g.font = `500 32px ${sans}`;
    g.fillStyle = '#8793c2';
    g.fillText(f.label, x, 930, each - 16);
  }
}

function marks(g: CanvasRenderingContext2D, list: readonly Mark[]): void {
  const perRow = Math.min(12, Math.max(1, list.length));
  const side = Math.min(64, (size.width - 200) / perRow - 12);
  for (const [i, m] of list.slice(0, 36).entries()) {
    const row = Math.floor(i / perRow);
    const inRow = Math.min(perRow, Math.min(36, list.length) - row * perRow);
    const x = size.width / 2 + ((i % perRow) - inRow / 2) * (side + 12) + 6;
    g.fillStyle = colours[m];
    g.globalAlpha = m === 'missed' || m === 'skipped' ? 0.7 : 1;
    g.beginPath();
    g.roundRect(x, 1010 + row * (side + 12), side, side, 14);
    g.fill();
  }
  g.globalAlpha = 1;
}
