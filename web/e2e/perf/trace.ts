// Reads what the main thread of a page does for each frame from a Chromium trace.

import type { CDPSession } from 'playwright-core';

/** The part of a trace event that is used. Times are microseconds. */
interface TraceEvent {
  readonly name: string;
  readonly ph: string;
  readonly pid: number;
  readonly tid: number;
  readonly ts: number;
  readonly dur?: number;
  /** The part of the duration in which the thread had a processor. */
  readonly tdur?: number;
  readonly args?: { readonly name?: string };
}

/** Milliseconds of each frame. */
export interface Frames {
  /** From its animation callback to the next one's. */
  readonly gap: number[];
  /** The animation callback alone, of processor time. */
  readonly callbackCpu: number[];
  /** Script in the main thread, garbage collection included: wall-clock time and processor time. */
  readonly script: number[];
  readonly scriptCpu: number[];
  /** All work of the main thread: script, style, layout, paint. */
  readonly busy: number[];
  readonly busyCpu: number[];
}

const scripts = new Set([
  'FunctionCall',
  'EvaluateScript',
  'v8.run',
  'v8.callFunction',
  'RunMicrotasks',
  'MinorGC',
  'MajorGC',
  'BlinkGC.AtomicPhase',
]);

/** Records a trace of the whole browser while fn runs. */
export async function trace(browser: CDPSession, fn: () => Promise<void>): Promise<TraceEvent[]> {
  await browser.send('Tracing.start', {
    transferMode: 'ReturnAsStream',
    traceConfig: {
      recordMode: 'recordAsMuchAsPossible',
      includedCategories: [
        'toplevel',
        'devtools.timeline',
        'disabled-by-default-devtools.timeline',
        'v8',
        'v8.execute',
        'blink_gc',
        'blink.user_timing',
        '__metadata',
      ],
    },
  });
  await fn();
  const complete = new Promise<string>((resolve) => browser.once('Tracing.tracingComplete', (e) => resolve(e.stream!)));
  await browser.send('Tracing.end');
  const handle = await complete;
  let text = '';
  for (;;) {
    const { data, eof } = await browser.send('IO.read', { handle, size: 1 << 22 });
    text += data;
    if (eof) break;
  }
  await browser.send('IO.close', { handle });
  return (JSON.parse(text) as { traceEvents: TraceEvent[] }).traceEvents;
}

/** Returns the values of marks named NAME:VALUE, with their times in microseconds. */
export function marks(events: readonly TraceEvent[], name: string): { readonly ts: number; readonly value: number }[] {
  const out = [];
  for (const e of events)
    if (e.name.startsWith(`${name}:`)) out.push({ ts: e.ts, value: Number(e.name.slice(name.length + 1)) });
  return out.sort((a, b) => a.ts - b.ts);
}

/** Returns the frames whose times wanted accepts, of the page that has most of them. */
export function frames(events: readonly TraceEvent[], wanted: (ts: number) => boolean): Frames {
  const counts = new Map<string, number>();
  const thread = (e: TraceEvent) => `${e.pid}/${e.tid}`;
  for (const e of events) if (e.name === 'FireAnimationFrame') counts.set(thread(e), (counts.get(thread(e)) ?? 0) + 1);
  const [main] = [...counts].sort((a, b) => b[1] - a[1])[0] ?? [];
  if (main === undefined) throw new Error('the trace has no frames');
  const own = events
    .filter((e) => e.ph === 'X' && thread(e) === main)
    .sort((a, b) => a.ts - b.ts || (b.dur ?? 0) - (a.dur ?? 0));
  const starts = own.filter((e) => e.name === 'FireAnimationFrame').map((e) => e.ts);
  const script = outermost(own.filter((e) => scripts.has(e.name)));
  const tasks = outermost(own.filter((e) => e.name === 'RunTask' || e.name === 'ThreadControllerImpl::RunTask'));
  const result: Frames = { gap: [], callbackCpu: [], script: [], scriptCpu: [], busy: [], busyCpu: [] };
  for (let i = 0; i + 1 < starts.length; i++) result.gap.push((starts[i + 1]! - starts[i]!) / 1000);
  for (const [list, wall, cpu] of [
    [script, result.script, result.scriptCpu],
    [tasks, result.busy, result.busyCpu],
  ] as const) {
    wall.push(...new Array<number>(result.gap.length).fill(0));
    cpu.push(...new Array<number>(result.gap.length).fill(0));
    let frame = -1;
    for (const e of list) {
      // A task belongs to the frame that its middle lies in, as the task of a callback begins before it.
      const at = e.ts + (e.dur ?? 0) / 2;
      while (frame + 1 < starts.length && starts[frame + 1]! <= at) frame++;
      if (frame < 0 || frame >= result.gap.length) continue;
      wall[frame]! += (e.dur ?? 0) / 1000;
      cpu[frame]! += (e.tdur ?? e.dur ?? 0) / 1000;
    }
  }
  for (const e of own)
    if (e.name === 'FireAnimationFrame' && e.ts !== starts.at(-1))
      result.callbackCpu.push((e.tdur ?? e.dur ?? 0) / 1000);
  const chosen = starts.map(wanted);
  const choose = (list: number[]) => list.filter((_, i) => chosen[i]);
  const { gap, callbackCpu, script: s, scriptCpu, busy, busyCpu } = result;
  return {
    gap: choose(gap),
    callbackCpu: choose(callbackCpu),
    script: choose(s),
    scriptCpu: choose(scriptCpu),
    busy: choose(busy),
    busyCpu: choose(busyCpu),
  };
}

/** Returns the events that lie in no other event of the list. */
function outermost(list: readonly TraceEvent[]): TraceEvent[] {
  const out: TraceEvent[] = [];
  let end = -Infinity;
  for (const e of list) {
    if (e.ts < end) continue;
    out.push(e);
    end = e.ts + (e.dur ?? 0);
  }
  return out;
}

/** Returns the value that a share of all values does not exceed. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? NaN;
}

export function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}
