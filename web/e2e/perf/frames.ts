// How long the arena's page takes for a frame with hundreds of things in sight:
//
//	npm run perf -w e2e
//
// VISIBLE (500) is how many there have to be, DURATION (15) how long is measured,
// WIDTH and HEIGHT (1280, 720) how large the page is. Prints a table, and keeps
// it with a picture in artifacts/.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { playing } from '../harness/arena.ts';
import { Browser } from '../harness/browser.ts';
import { artifacts, buildAll } from '../harness/build.ts';
import { Server } from '../harness/server.ts';
import { frames, marks, mean, quantile, trace } from './trace.ts';

const wanted = Number(process.env['VISIBLE'] ?? 500);
const seconds = Number(process.env['DURATION'] ?? 15);
const viewport = { width: Number(process.env['WIDTH'] ?? 1280), height: Number(process.env['HEIGHT'] ?? 720) };

export async function main(): Promise<void> {
  const { bin, remove } = await buildAll();
  process.env['TICKROOM_BIN'] = bin;
  const server = await Server.start(
    '--kind-option', 'arena.bots=900', '--kind-option', 'arena.map=1200', '--kind-option', 'arena.radius=1000', '--kind-option', 'arena.pickups=120', '--kind-option', 'arena.obstacles=12',
  );
  const browser = await Browser.launch();
  try {
    const view = await browser.open(`${server.url}/arena?name=Kim`, { viewport });
    await playing(view);
    await view.until(`${wanted} things are in sight`, (n) => window.tickroom.perf.visible >= n, wanted);
    // Code is compiled and pictures are made in the first seconds.
    await view.until('it has been shown for a while', () => window.tickroom.perf.frames >= 60);
    await view.page.keyboard.down('Space');
    // The player is shot down now and then, and comes back where less is to be seen.
    await view.page.evaluate(() => setInterval(() => performance.mark(`seen:${window.tickroom.perf.visible}`), 50));
    const events = await trace(await browser.cdp(), () => view.page.evaluate((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)), seconds * 1000));
    const own = await view.page.evaluate(() => [...window.tickroom.perf.frameScriptMs]);
    await view.page.screenshot({ path: join(artifacts, 'perf.png') });
    const seen = marks(events, 'seen');
    const f = frames(events, (ts) => (seen.findLast((m) => m.ts <= ts)?.value ?? 0) >= wanted);
    const counts = seen.map((m) => m.value).filter((v) => v >= wanted);
    const row = (what: string, values: readonly number[]) => `${what.padEnd(46)}${[mean(values), quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99)].map((v) => v.toFixed(2).padStart(9)).join('')}`;
    const stats = await view.page.evaluate(() => {
      const { stats } = window.tickroom.room!;
      return { desyncs: stats.desyncs, decodeMs: stats.decodeMs, bytesPerEntity: stats.bytesPerEntity, rows: stats.entities };
    });
    const report = [
      `Chromium ${browser.version}, ${viewport.width} x ${viewport.height}, software GL; ${seconds} s`,
      `${f.gap.length} frames with ${wanted} things or more in sight, median ${quantile(counts, 0.5)}, at most ${Math.max(...counts)}`,
      `frames per second: median ${(1000 / quantile(f.gap, 0.5)).toFixed(1)}, mean ${(1000 / mean(f.gap)).toFixed(1)}`,
      '',
      `${'milliseconds per frame'.padEnd(46)}${['mean', 'p50', 'p95', 'p99'].map((h) => h.padStart(9)).join('')}`,
      row('between frames', f.gap),
      row('script in the main thread', f.script),
      row('  processor time of it', f.scriptCpu),
      row('  of that in the animation callback', f.callbackCpu),
      row('all of the main thread', f.busy),
      row('  processor time of it', f.busyCpu),
      row("the page's own measure (tickroom.perf)", own.filter((v) => v > 0)),
      '',
      `decoding a snapshot ${stats.decodeMs.toFixed(2)} ms, ${stats.rows} rows held, ${stats.bytesPerEntity.toFixed(1)} bytes per changed row, ${stats.desyncs} desyncs`,
      ...view.problems.map((p) => `the page complains: ${p}`),
    ].join('\n');
    console.log(report);
    writeFileSync(join(artifacts, 'perf.txt'), `${report}\n`);
  } finally {
    await browser.close();
    await server.stop();
    remove();
  }
}
