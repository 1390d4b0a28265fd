// Measures whether the memory of the arena's page grows in a room where players come and
// go:
//
//	MINUTES=30 npm run heap -w e2e
//
// Once a minute garbage is collected and the heap is measured. Prints the series and its
// growth per hour, and saves both with a plot in artifacts/.

import { type ChildProcess, spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { playing } from '../harness/arena.ts';
import { Browser, type View } from '../harness/browser.ts';
import { artifacts, buildAll } from '../harness/build.ts';
import { Server } from '../harness/server.ts';

const minutes = Number(process.env.MINUTES ?? 30);
/** The first minutes, in which caches and pools fill, are left out of the slope. */
const warmUp = Math.min(5, minutes / 4);

interface Sample {
  readonly minute: number;
  readonly heapMB: number;
  readonly nodes: number;
  readonly listeners: number;
  readonly frames: number;
  readonly rows: number;
  readonly kills: number;
}

export async function main(): Promise<void> {
  const { bin, remove } = await buildAll();
  process.env.TICKROOM_BIN = bin;
  const server = await Server.start('--kind-option', 'arena.bots=40', '--kind-option', 'arena.map=1600');
  const bots = spawn(
    bin,
    [
      'bots',
      '--server',
      server.url,
      '--kind',
      'arena',
      '--clients',
      '60',
      '--churn',
      '0.05',
      '--duration',
      `${minutes * 60 + 120}s`,
    ],
    { stdio: 'ignore' },
  );
  const browser = await Browser.launch();
  try {
    const view = await browser.open(`${server.url}/arena?name=Kim`, { viewport: { width: 640, height: 400 } });
    await playing(view);
    const samples = await measure(view);
    const report = tell(samples, view);
    console.log(report);
    writeFileSync(join(artifacts, 'heap.txt'), `${report}\n`);
    writeFileSync(join(artifacts, 'heap.svg'), plot(samples));
    await view.page.screenshot({ path: join(artifacts, 'heap.png') });
  } finally {
    await browser.close();
    await end(bots);
    await server.stop();
    remove();
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  child.kill('SIGTERM');
  await ended;
}

async function measure(view: View): Promise<Sample[]> {
  const { cdp, page } = view;
  await cdp.send('Performance.enable');
  await page.evaluate(() => {
    Object.assign(window, { kills: 0 });
    const feed = document.getElementById('feed')!;
    new MutationObserver((list) => {
      for (const m of list) (window as unknown as { kills: number }).kills += m.addedNodes.length;
    }).observe(feed, { childList: true });
  });
  await page.keyboard.down('Space');
  const samples: Sample[] = [];
  const began = Date.now();
  for (let minute = 0; minute <= minutes; minute++) {
    // The ship flies about, turning one way and the other.
    await page.keyboard[minute % 2 === 0 ? 'down' : 'up']('KeyA');
    await page.keyboard[minute % 3 === 0 ? 'down' : 'up']('KeyW');
    await page.evaluate(
      (ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)),
      Math.max(0, began + minute * 60_000 - Date.now()),
    );
    for (let i = 0; i < 3; i++) await cdp.send('HeapProfiler.collectGarbage');
    const { metrics } = await cdp.send('Performance.getMetrics');
    const metric = (name: string) => metrics.find((m) => m.name === name)?.value ?? NaN;
    const page_ = await page.evaluate(() => ({
      frames: window.tickroom.perf.frames,
      rows: window.tickroom.room!.stats.entities,
      kills: (window as unknown as { kills: number }).kills,
    }));
    const sample: Sample = {
      minute: (Date.now() - began) / 60_000,
      heapMB: metric('JSHeapUsedSize') / 1e6,
      nodes: metric('Nodes'),
      listeners: metric('JSEventListeners'),
      ...page_,
    };
    samples.push(sample);
    console.log(line(sample));
  }
  return samples;
}

function line(s: Sample): string {
  return `${s.minute.toFixed(1).padStart(5)} min  heap ${s.heapMB.toFixed(2).padStart(7)} MB  nodes ${String(s.nodes).padStart(5)}  listeners ${String(s.listeners).padStart(4)}  frames ${String(s.frames).padStart(7)}  rows ${String(s.rows).padStart(5)}  kills ${s.kills}`;
}

/** Returns the growth per hour of a straight line through the values, by least squares. */
function slope(samples: readonly Sample[], of: (s: Sample) => number): number {
  const used = samples.filter((s) => s.minute >= warmUp);
  const x = used.reduce((a, s) => a + s.minute, 0) / used.length;
  const y = used.reduce((a, s) => a + of(s), 0) / used.length;
  let above = 0;
  let below = 0;
  for (const s of used) {
    above += (s.minute - x) * (of(s) - y);
    below += (s.minute - x) ** 2;
  }
  return (above / below) * 60;
}

function tell(samples: readonly Sample[], view: View): string {
  return [
    ...samples.map(line),
    '',
    `growth per hour, without the first ${warmUp} minutes: heap ${slope(samples, (s) => s.heapMB).toFixed(2)} MB, nodes ${slope(samples, (s) => s.nodes).toFixed(0)}, listeners ${slope(samples, (s) => s.listeners).toFixed(0)}`,
    ...view.problems.map((p) => `the page complains: ${p}`),
  ].join('\n');
}

function plot(samples: readonly Sample[]): string {
  const [width, height, left, bottom] = [720, 320, 60, 40];
  const top = Math.max(...samples.map((s) => s.heapMB)) * 1.2;
  const x = (minute: number) => left + (minute / minutes) * (width - left - 20);
  const y = (mb: number) => height - bottom - (mb / top) * (height - bottom - 20);
  const marks = [0, 0.25, 0.5, 0.75, 1].map((k) => top * k);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${height}" fill="#fff"/>`,
    ...marks.map(
      (m) =>
        `<path d="M${left} ${y(m)}H${width - 20}" stroke="#ddd"/><text x="${left - 8}" y="${y(m) + 4}" text-anchor="end">${m.toFixed(1)}</text>`,
    ),
    `<polyline fill="none" stroke="#06c" stroke-width="2" points="${samples.map((s) => `${x(s.minute).toFixed(1)},${y(s.heapMB).toFixed(1)}`).join(' ')}"/>`,
    `<text x="${width / 2}" y="${height - 10}" text-anchor="middle">minutes, 0 to ${minutes}; MB of script heap after garbage collection</text>`,
    '</svg>',
  ].join('\n');
}
