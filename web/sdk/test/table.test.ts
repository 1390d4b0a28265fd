import { describe, expect, test, vi } from 'vitest';

import { walkers } from '../src/games/walkers.js';
import type { Table } from '../src/table.js';
import { type FrameInit, serverFrame, snapshot, walkersTable } from './frames.js';
import { Bench } from './replica.js';

function setUp(): { table: Table<walkers.Walker>; apply: (f: FrameInit) => void; told: string[]; bench: Bench } {
  const bench = new Bench(Object.values(walkers.components));
  const table = bench.tables[0] as unknown as Table<walkers.Walker>;
  const told: string[] = [];
  return { table, bench, told, apply: (f) => void bench.apply(serverFrame(f)) };
}

function listen(table: Table<walkers.Walker>, told: string[]): void {
  table.onAdd((row, e) => told.push(`+${e} x=${row.x} of ${table.size}`));
  table.onChange((row, e, changed) => told.push(`~${e} x=${row.x} ${changed.toString(2)}`));
  table.onRemove((row, e) => told.push(`-${e} x=${row.x} of ${table.size}`));
}

describe('a table', () => {
  test('tells of rows when the whole snapshot has been applied', () => {
    const { table, apply, told } = setUp();
    listen(table, told);
    apply(snapshot(1, { 1: { x: 1, health: 5 }, 2: { x: 2 } }, { full: true }));
    expect(told.splice(0)).toEqual(['+1 x=1 of 2', '+2 x=2 of 2']);
    apply(snapshot(2, { 1: { x: 4 }, 3: { x: 3 } }, { removed: [2] }));
    expect(told.splice(0)).toEqual(['-2 x=2 of 2', '+3 x=3 of 2', '~1 x=4 1']);
    expect([...table].map((r) => r.entity).sort()).toEqual([1, 3]);
    expect(table.get(1)).toMatchObject({ entity: 1, x: 4, health: 5, y: 0 });
    expect(table.get(2)).toBeUndefined();
    expect(table.has(3)).toBe(true);
    expect(table.bit('health')).toBe(0b1000);
  });

  test('tells of what is there to who asks later', () => {
    const { table, apply, told } = setUp();
    apply(snapshot(1, { 1: { x: 1 }, 2: { x: 2 } }, { full: true }));
    listen(table, told);
    expect(told).toEqual(['+1 x=1 of 2', '+2 x=2 of 2']);
  });

  test('tells of a number that is used again as of two rows', () => {
    const { table, apply, told } = setUp();
    apply(snapshot(1, { 1: { x: 1, y: 7 } }, { full: true }));
    listen(table, told);
    told.length = 0;
    apply(snapshot(2, { 1: { x: 2 } }, { removed: [1] }));
    expect(told.splice(0)).toEqual(['-1 x=1 of 1', '+1 x=2 of 1']);
    expect(table.get(1)!.y).toBe(0);
    // The same for a row that is removed and set, and for a full snapshot.
    apply({ tick: 3, set: [walkersTable({}, [1]), walkersTable({ 1: { x: 3 } })] });
    expect(told.splice(0)).toEqual(['-1 x=2 of 1', '+1 x=3 of 1']);
    apply(snapshot(9, { 1: { x: 4 } }, { full: true }));
    expect(told.splice(0)).toEqual(['-1 x=3 of 1', '+1 x=4 of 1']);
  });

  test('tells of a row once, however often a snapshot has it', () => {
    const { table, apply, told } = setUp();
    apply(snapshot(1, { 1: { x: 1 } }, { full: true }));
    listen(table, told);
    told.length = 0;
    apply({ tick: 2, set: [walkersTable({ 1: { x: 2 } }), walkersTable({ 1: { y: 2 } })] });
    expect(told).toEqual(['~1 x=2 11']);
  });

  test('goes on telling others when somebody throws', () => {
    const { table, apply, told } = setUp();
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    table.onAdd(() => {
      throw new Error('no');
    });
    listen(table, told);
    apply(snapshot(1, { 1: { x: 1 } }, { full: true }));
    expect(told).toEqual(['+1 x=1 of 1']);
    expect(error).toHaveBeenCalledOnce();
    error.mockRestore();
  });

  test('tells nobody who does not want to know any more', () => {
    const { table, apply } = setUp();
    const added = vi.fn();
    table.onAdd(added)();
    apply(snapshot(1, { 1: { x: 1 } }, { full: true }));
    expect(added).not.toHaveBeenCalled();
  });

  test('never tells of a snapshot that was refused, and of all rows when it is emptied', () => {
    const { table, apply, told, bench } = setUp();
    listen(table, told);
    apply(snapshot(1, { 1: { x: 1 }, 2: { x: 2 } }, { full: true }));
    told.length = 0;
    expect(() =>
      apply({
        tick: 2,
        removed: [2],
        set: [walkersTable({ 1: { x: 5 }, 3: {} })],
        delta: [{ component: 1, mask: 1, rows: [77, 2] }],
      }),
    ).toThrow();
    expect(told).toEqual([]);
    bench.replica.reset();
    expect(told.sort()).toEqual(['-1 x=5 of 0', '-2 x=2 of 0']);
    told.length = 0;
    apply(snapshot(7, { 3: { x: 3 } }, { full: true }));
    expect(told).toEqual(['+3 x=3 of 1']);
  });

  test('uses rows again and keeps their shape', () => {
    const { table, apply } = setUp();
    apply(snapshot(1, { 1: { x: 1, heading: 1 } }, { full: true }));
    const row = table.get(1);
    apply(snapshot(2, {}, { removed: [1] }));
    apply(snapshot(3, { 8: { y: 2 } }));
    expect(table.get(8)).toBe(row);
    expect(Object.keys(row!)).toEqual(['entity', 'x', 'y', 'heading', 'health', 'lastInput', 'player']);
    expect({ ...row }).toEqual({ entity: 8, x: 0, y: 2, heading: 0, health: 0, lastInput: 0, player: 0 });
  });
});
