import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { type Area, type Box, Lanes, leftOf, type Position } from '../src/live/lanes.js';
import { Random } from './random.js';

const text = readFileSync(new URL('lanes.txt', import.meta.url), 'utf8');
const cases = text
  .split(/^case /m)
  .slice(1)
  .map((c) => [c.slice(0, c.indexOf('\n')), c.slice(c.indexOf('\n') + 1)] as const);

function areaOf(line: string): Area {
  const m = /^area (\d+)x(\d+) gap (\d+) crossing (\d+) haste ([\d.]+) standing (\d+)$/.exec(line);
  if (!m) throw new Error(`no area: ${line}`);
  const [width, height, gap, crossing, haste, standing] = m.slice(1).map(Number);
  return { width, height, gap, crossing, haste, standing };
}

describe('lanes.txt', () => {
  test.each(cases)('%s', (_, lines) => {
    let lanes: Lanes | undefined;
    const placed: (Box | undefined)[] = [];
    for (const line of lines.split('\n').filter((l) => l && !l.startsWith('#'))) {
      if (line.startsWith('area ')) {
        if (lanes) lanes.area = areaOf(line);
        else lanes = new Lanes(areaOf(line));
        continue;
      }
      if (line.startsWith('gone ')) {
        lanes!.remove(placed[Number(line.slice(5)) - 1]!);
        continue;
      }
      const m = /^at (\d+) (scroll|top|bottom) (\d+)x(\d+) -> (none|\d+)$/.exec(line);
      if (!m) throw new Error(`not understood: ${line}`);
      const box = lanes!.place(m[2] as Position, Number(m[3]), Number(m[4]), Number(m[1]));
      if (box) lanes!.add(box);
      placed.push(box);
      expect(box ? String(box.top) : 'none', line).toBe(m[5]);
    }
  });
});

/** Compares two boxes at many moments, as a slow but simple check. */
function apart(a: Box, b: Box, gap: number): boolean {
  if (a.top + a.height <= b.top || b.top + b.height <= a.top) return true;
  const from = Math.max(a.since, b.since);
  const to = Math.min(a.until, b.until);
  for (let i = 0; i <= 50 && to > from; i++) {
    const now = from + ((to - from) * i) / 50;
    const [l, r] = leftOf(a, now) <= leftOf(b, now) ? [a, b] : [b, a];
    if (leftOf(l, now) + l.width + gap > leftOf(r, now) + 1e-6) return false;
  }
  return true;
}

test('no two ever cover each other, and none leaves the area above or below', () => {
  const rnd = new Random(11).next;
  let placed = 0;
  for (let round = 0; round < 30; round++) {
    const gap = Math.floor(rnd() * 30);
    const area = (): Area => ({
      width: 200 + Math.floor(rnd() * 1200),
      height: 40 + Math.floor(rnd() * 500),
      gap,
      crossing: 3000 + rnd() * 9000,
      haste: rnd() < 0.2 ? 0 : rnd(),
      standing: 500 + rnd() * 5000,
    });
    const lanes = new Lanes(area());
    const all: Box[] = [];
    let now = 0;
    for (let i = 0; i < 150; i++) {
      now += rnd() * 200;
      if (rnd() < 0.01) lanes.area = area();
      const position = rnd() < 0.7 ? 'scroll' : rnd() < 0.5 ? 'top' : 'bottom';
      const box = lanes.place(position, 20 + Math.floor(rnd() * 600), 16 + Math.floor(rnd() * 40), now);
      if (!box) continue;
      expect(box.top).toBeGreaterThanOrEqual(0);
      expect(box.top + box.height).toBeLessThanOrEqual(lanes.area.height);
      for (const other of all) if (!apart(other, box, gap)) expect.fail(JSON.stringify({ now, other, box }));
      lanes.add(box);
      all.push(box);
      placed++;
    }
  }
  expect(placed).toBeGreaterThan(1500);
});

test('a comment for which there is no place has none: every height meets another', () => {
  const rnd = new Random(5).next;
  for (let round = 0; round < 4; round++) {
    const lanes = new Lanes({ width: 800, height: 120, gap: 12, crossing: 8000, haste: 1, standing: 4000 });
    for (let now = 0; now < 8000; now += 160) {
      const position = rnd() < 0.7 ? 'scroll' : rnd() < 0.5 ? 'top' : 'bottom';
      const [width, height] = [20 + Math.floor(rnd() * 400), 16 + Math.floor(rnd() * 40)];
      const box = lanes.place(position, width, height, now);
      if (box) {
        lanes.add(box);
        continue;
      }
      // The box that it would have had, in an area without others.
      const alone = new Lanes(lanes.area).place(position, width, height, now)!;
      for (let top = 0; top + height <= 120; top++)
        expect(lanes.boxes.some((b) => !apart(b, { ...alone, top }, 12 - 1e-3))).toBe(true);
    }
  }
});
