import { expect, test } from 'vitest';

import { FakeClock } from './fakes.ts';
import { type Measured, Sampler, sampleMs, shownMs } from './sampler.ts';

/** A room whose numbers a test sets. */
function room() {
  const listeners = new Map<string, Set<(what: never) => void>>();
  const stats = { bytesIn: 0, bytesOut: 0, skippedTicks: 0, bytesPerEntity: 0, decodeMs: 0 };
  const numbers = {
    state: 'live',
    tickRate: 20,
    rtt: 0,
    interpolation: { delayMs: 0, jitterMs: 0, extrapolating: false },
    stats,
  };
  const on = (event: string, fn: (what: never) => void) => {
    const list = listeners.get(event) ?? new Set();
    listeners.set(event, list.add(fn));
    return () => list.delete(fn);
  };
  const tell = (event: string, what: unknown) => {
    for (const fn of listeners.get(event) ?? []) fn(what as never);
  };
  const listening = () => [...listeners.values()].reduce((n, l) => n + l.size, 0);
  return {
    numbers,
    stats,
    tell,
    listening,
    measured: {
      ...numbers,
      on,
      get state() {
        return numbers.state;
      },
      get rtt() {
        return numbers.rtt;
      },
    } as unknown as Measured,
  };
}

test('rates are per second, and times the longest since the last sample', () => {
  const clock = new FakeClock();
  const s = new Sampler(() => clock.now());
  const r = room();
  r.stats.bytesIn = 10_000; // from before
  s.watch(r.measured);
  r.numbers.rtt = 25;
  Object.assign(r.numbers.interpolation, { delayMs: 60 });
  for (const gap of [50, 90, 40]) {
    clock.pass(gap);
    r.tell('snapshot', 1);
  }
  clock.pass(20);
  Object.assign(r.stats, { bytesIn: 10_200, bytesOut: 100, skippedTicks: 2, bytesPerEntity: 5.5, decodeMs: 0.2 });
  s.sample();
  expect(s.columns).toEqual({
    at: [1.2],
    rtt: [25],
    gap: [90],
    delay: [60],
    bytesIn: [1000],
    bytesOut: [500],
    perEntity: [5.5],
    decode: [0.2],
    skipped: [10],
  });
  clock.pass(200);
  s.sample();
  // No snapshot has come since.
  expect(s.columns.gap).toEqual([90, 220]);
  expect(s.columns.bytesIn).toEqual([1000, 0]);
  expect(s.latest('bytesIn')).toBe(500);
  expect(s.latest('gap')).toBe(220);
});

test('what is not known has no value', () => {
  const clock = new FakeClock();
  const s = new Sampler(() => clock.now());
  s.sample();
  expect(s.columns.at).toEqual([]);
  expect(s.latest('rtt')).toBeNull();
  const r = room();
  s.watch(r.measured);
  r.numbers.state = 'reconnecting';
  clock.pass(sampleMs);
  s.sample();
  expect([s.latest('rtt'), s.latest('delay'), s.latest('perEntity'), s.latest('decode')]).toEqual([
    null,
    null,
    null,
    null,
  ]);
  expect(s.latest('gap')).toBe(sampleMs);
});

test('half a minute is kept, of marks as well', () => {
  const clock = new FakeClock();
  const s = new Sampler(() => clock.now());
  const r = room();
  s.watch(r.measured);
  r.tell('state', { state: 'reconnecting' });
  r.tell('state', { state: 'reconnecting' }); // the next attempt
  r.tell('resumed', {});
  expect(s.marks.map((m) => m.what)).toEqual(['lost', 'resumed']);
  for (let i = 0; i < 1000; i++) {
    clock.pass(sampleMs);
    s.sample();
  }
  expect(s.columns.at).toHaveLength(shownMs / sampleMs + 1);
  expect(s.columns.skipped).toHaveLength(shownMs / sampleMs + 1);
  expect(s.marks).toEqual([]);
});

test('a room that is no longer looked at is let go', () => {
  const s = new Sampler(() => 0);
  const r = room();
  s.watch(r.measured);
  expect(r.listening()).toBeGreaterThan(0);
  s.watch(undefined);
  expect(r.listening()).toBe(0);
});
