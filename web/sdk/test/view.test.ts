import { describe, expect, test } from 'vitest';

import type { Component } from '../src/game.js';
import { walkers } from '../src/games/walkers.js';
import type { Rows } from '../src/table.js';
import { RoomView } from '../src/view.js';
import { type FrameInit, serverFrame, snapshot, type WalkerInit } from './frames.js';
import { Random } from './random.js';
import { Bench } from './replica.js';

type Shown = Record<string, number>;

/** Walkers whose rows change from one state to the next. */
const jumping = Object.values(walkers.components).map((c) => ({
  ...c,
  fields: c.fields.map((f) => ({ ...f, smooth: 0 as const })),
}));

class Scene {
  readonly bench: Bench;
  readonly view: RoomView;
  readonly cap = 3;
  extrapolating = false;

  constructor(components: readonly Component[] = Object.values(walkers.components)) {
    this.bench = new Bench(components);
    this.view = new RoomView({ walker: this.bench.tables[0] as Rows });
  }

  apply(f: FrameInit): this {
    this.bench.apply(serverFrame(f));
    return this;
  }

  /** Returns what is shown at a tick, by entity. */
  at(tick: number): Record<number, Shown> {
    this.extrapolating = this.view.advance(tick, this.bench.replica, this.cap);
    const rows = [...this.view.tables.walker] as unknown as Shown[];
    expect(this.view.tables.walker.size).toBe(rows.length);
    for (const r of rows) expect(this.view.tables.walker.get(r.entity)).toBe(r);
    return Object.fromEntries(rows.map((r) => [r.entity, { ...r }]));
  }
}

const turn = 2 * Math.PI;

describe('a view', () => {
  test('shows rows between two snapshots', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0, y: 10, health: 3 } }, { full: true }));
    expect(s.at(1)).toMatchObject({ 1: { x: 0, y: 10 } });
    s.apply(snapshot(2, { 1: { x: 8, health: 9 } }));
    expect(s.at(1.25)).toMatchObject({ 1: { x: 2, y: 10, health: 3 } });
    expect(s.at(1.75)).toMatchObject({ 1: { x: 6, y: 10, health: 3 } });
    expect(s.at(2)).toMatchObject({ 1: { x: 8, y: 10, health: 9 } });
  });

  test('begins with what is there', () => {
    const s = new Scene();
    s.apply(snapshot(40, { 1: { x: 5 } }, { full: true }));
    expect(s.at(37)).toMatchObject({ 1: { x: 5 } });
  });

  test('lets rows rest until the snapshot before the one that moves them', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 } }, { full: true }));
    s.at(1);
    for (let t = 2; t <= 9; t++) s.apply(snapshot(t, {}));
    s.apply(snapshot(10, { 1: { x: 8 } }));
    expect(s.at(5)).toMatchObject({ 1: { x: 0 } });
    expect(s.at(9)).toMatchObject({ 1: { x: 0 } });
    expect(s.at(9.5)).toMatchObject({ 1: { x: 4 } });
  });

  test('goes all the way of skipped ticks', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 } }, { full: true }));
    s.at(1);
    s.apply(snapshot(9, { 1: { x: 8 } }, { skip: 7 }));
    expect(s.at(2)).toMatchObject({ 1: { x: 1 } });
    expect(s.at(8)).toMatchObject({ 1: { x: 7 } });
  });

  test('turns the short way round', () => {
    const s = new Scene();
    const step = turn / 256;
    s.apply(snapshot(1, { 1: { heading: 250 * step }, 2: { heading: 4 * step } }, { full: true }));
    s.at(1);
    s.apply(snapshot(2, { 1: { heading: 2 * step }, 2: { heading: 252 * step } }));
    expect(s.at(1.25)[1].heading).toBeCloseTo(252 * step, 9);
    expect(s.at(1.875)[1].heading).toBeCloseTo(1 * step, 9);
    expect(s.at(1.875)[2].heading).toBeCloseTo(253 * step, 9);
  });

  test('shows what comes from its tick on, and what goes until its tick', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 1 } }, { full: true }));
    s.at(0.5);
    s.apply(snapshot(2, { 2: { x: 2 } }, { removed: [1] }));
    s.apply(snapshot(3, { 2: { x: 4 } }));
    expect(s.at(1.9)).toMatchObject({ 1: { x: 1 } });
    expect(Object.keys(s.at(1.9))).toEqual(['1']);
    expect(s.at(2.5)).toMatchObject({ 2: { x: 3 } });
    expect(Object.keys(s.at(2.5))).toEqual(['2']);
  });

  test('does not mix up two rows with the same number', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 } }, { full: true }));
    s.at(1);
    s.apply(snapshot(2, { 1: { x: 100 } }, { removed: [1] }));
    s.apply(snapshot(3, { 1: { x: 102 } }));
    expect(s.at(1.5)).toMatchObject({ 1: { x: 0 } });
    expect(s.at(2)).toMatchObject({ 1: { x: 100 } });
    expect(s.at(2.5)).toMatchObject({ 1: { x: 101 } });
  });

  test('goes on a little when nothing comes, and no further', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 }, 2: { x: 5 } }, { full: true }));
    s.at(1);
    s.apply(snapshot(2, { 1: { x: 8 } }));
    s.at(2);
    expect(s.extrapolating).toBe(false);
    expect(s.at(3)).toMatchObject({ 1: { x: 16 }, 2: { x: 5 } });
    expect(s.extrapolating).toBe(true);
    expect(s.at(5)).toMatchObject({ 1: { x: 32 } });
    expect(s.at(50)).toMatchObject({ 1: { x: 32 } });
    s.apply(snapshot(3, {}));
    expect(s.at(50)).toMatchObject({ 1: { x: 8 } });
    expect(s.extrapolating).toBe(false);
  });

  test('begins anew with a full snapshot of an earlier tick', () => {
    for (const components of [undefined, jumping]) {
      const s = new Scene(components);
      s.apply(snapshot(50, { 1: { x: 0 }, 2: { x: 1 } }, { full: true }));
      s.at(50);
      s.apply(snapshot(51, { 1: { x: 8 }, 3: {} }, { removed: [2] }));
      s.apply(snapshot(20, { 1: { x: 5 }, 2: { x: 2 } }, { full: true }));
      expect(s.at(50.5)).toMatchObject({ 1: { x: 5 }, 2: { x: 2 } });
      for (let t = 21; t < 60; t++) s.apply(snapshot(t, { 1: { x: t } }, { removed: t === 22 ? [2] : [] }));
      expect(s.at(58)).toMatchObject({ 1: { x: 58 } });
      expect(Object.keys(s.at(58))).toEqual(['1']);
    }
  });

  test('does not stumble over ticks that a server mixes up', () => {
    for (let seed = 0; seed < 40; seed++) {
      const r = new Random(seed);
      const s = new Scene(seed % 2 === 0 ? undefined : jumping);
      let now = 0;
      for (let i = 0; i < 120; i++) {
        const set: Record<number, WalkerInit> = {};
        for (let e = 1; e <= 5; e++) if (r.chance(0.5)) set[e] = { x: r.int(100) };
        if (r.chance(0.5)) s.apply(snapshot(1 + r.int(40), set, { full: true }));
        else s.apply(snapshot(s.bench.replica.tick + 1, set, { removed: r.chance(0.3) ? [1 + r.int(5)] : [] }));
        if (r.chance(0.5)) s.at((now += r.next() * 2));
      }
      const held = [...s.bench.tables[0].rows].map((row) => row.entity).sort();
      expect(Object.keys(s.at(1000)).map(Number)).toEqual(held);
    }
  });

  test('goes on after a snapshot that was refused', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 } }, { full: true }));
    s.at(1);
    expect(() =>
      s.bench.apply(serverFrame({ tick: 2, delta: [{ component: 1, mask: 1, rows: [1, 0, 99, 0] }] })),
    ).toThrow(/no row/);
    s.apply(snapshot(3, { 1: { x: 4 } }, { full: true }));
    s.at(3);
    s.apply(snapshot(4, { 1: { x: 8 } }));
    expect(s.at(3.5)).toMatchObject({ 1: { x: 6 } });
  });

  test('lets go of the past', () => {
    const s = new Scene();
    s.apply(snapshot(1, { 1: { x: 0 } }, { full: true }));
    s.at(1);
    s.view.release();
    expect(s.bench.tables[0].entries.map((e) => e.track)).toEqual([undefined]);
    s.apply(snapshot(2, { 1: { x: 8 }, 2: {} }));
    s.apply(snapshot(3, {}, { removed: [2] }));
    expect(s.at(1)).toMatchObject({ 1: { x: 8 } });
    s.apply(snapshot(4, { 1: { x: 16 } }));
    expect(s.at(3.5)).toMatchObject({ 1: { x: 12 } });
  });
});

/** A state of all walkers. life distinguishes rows of a reused entity. */
interface State {
  tick: number;
  rows: Map<number, { life: number; moved: boolean; row: Required<WalkerInit> }>;
}

describe('views of random worlds', () => {
  test.each(Array.from({ length: 40 }, (_, i) => i))('of seed %i are what two states and the time say', (seed) => {
    const r = new Random(seed);
    const moves = seed % 2 === 0;
    const [steps, most] = seed < 36 ? [200, 6] : [25, 150]; // few for long, or many
    const s = moves ? new Scene() : new Scene(jumping);
    s.at(0);
    const states: State[] = [];
    let life = 0;
    let tick = 0;
    let now = 0;
    for (let i = 0; i < steps; i++) {
      const full = i === 0 || r.chance(0.02);
      const skip = !full && r.chance(0.2) ? r.int(6) : 0;
      tick += skip + 1;
      const rows: State['rows'] = new Map(
        full ? [] : [...(states.at(-1)?.rows ?? [])].map(([e, v]) => [e, { ...v, moved: false }]),
      );
      const removed: number[] = [];
      const set: Record<number, WalkerInit> = {};
      for (let e = 1; e <= most; e++) {
        if (r.chance(0.1)) {
          removed.push(e);
          rows.delete(e);
        }
        if (r.chance(0.5)) {
          const was = rows.get(e)?.row ?? { x: 0, y: 0, heading: 0, health: 0, lastInput: 0, player: 0 };
          const w: WalkerInit = {
            x: was.x + r.int(17) - 8,
            y: r.chance(0.5) ? r.int(100) : was.y,
            health: r.int(5),
            heading: (r.int(256) * turn) / 256,
          };
          set[e] = w;
          rows.set(e, { life: rows.get(e)?.life ?? ++life, moved: true, row: { ...was, ...w } });
        }
      }
      s.apply(snapshot(tick, set, { full, skip, removed }));
      states.push({ tick, rows });
      for (let n = r.int(3); n > 0; n--) {
        now = Math.max(now, tick - 4 + r.next() * 6);
        const got = s.at(now);
        const want = naive(states, now, s.cap, moves);
        expect(Object.keys(got).sort()).toEqual([...want.keys()].map(String).sort());
        for (const [e, w] of want) {
          for (const [key, v] of Object.entries(w)) {
            if (key !== 'heading') expect(got[e][key], `${e}.${key} at ${now}`).toBeCloseTo(v, 6);
          }
          const off = (((got[e].heading - w.heading) % turn) + turn) % turn;
          expect(Math.min(off, turn - off)).toBeLessThan(1e-6);
          expect(got[e].heading).toBeGreaterThanOrEqual(0);
          expect(got[e].heading).toBeLessThan(turn);
        }
      }
    }
  });
});

function naive(states: readonly State[], now: number, cap: number, moves: boolean): Map<number, Shown> {
  const i = states.findLastIndex((s) => s.tick <= now);
  const shown = new Map<number, Shown>();
  if (i < 0) return shown;
  const [before, at, after] = [states[i - 1], states[i], states[i + 1]] as (State | undefined)[];
  for (const [e, { life, moved, row }] of at!.rows) {
    const w: Shown = { ...row };
    const between = (a: Required<WalkerInit>, b: Required<WalkerInit>, part: number): void => {
      w.x = a.x + (b.x - a.x) * part;
      w.y = a.y + (b.y - a.y) * part;
      let d = (b.heading - a.heading) % turn;
      if (d > turn / 2 + 1e-9) d -= turn;
      if (d < -turn / 2 - 1e-9) d += turn;
      w.heading = a.heading + d * part;
    };
    if (!moves) {
      shown.set(e, w);
      continue;
    }
    const next = after?.rows.get(e);
    const last = before?.rows.get(e);
    if (next && next.life === life && next.moved) between(row, next.row, (now - at!.tick) / (after!.tick - at!.tick));
    else if (!after && now > at!.tick && moved && last?.life === life)
      between(last.row, row, 1 + Math.min(now - at!.tick, cap) / (at!.tick - before!.tick));
    shown.set(e, w);
  }
  return shown;
}
