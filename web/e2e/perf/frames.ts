// Measures how long the arena's page takes for a frame with hundreds of things on the screen:
//
//	npm run perf -w e2e
//
// VISIBLE (500) is the least number of things, of which there are up to a quarter more;
// DURATION (30) the seconds to measure; WIDTH and HEIGHT (1280, 720) the size of the
// page. Without a graphics card a small page, 480 x 270, shows best what the script of a
// frame costs, as drawing does not delay it. Prints a table, and saves it with a picture
// in artifacts/.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { artifacts } from '../harness/build.ts';
import { crowd, most, viewport, wanted } from './crowd.ts';
import { frames, marks, mean, quantile, trace } from './trace.ts';

const seconds = Number(process.env.DURATION ?? 30);

export async function main(): Promise<void> {
  await crowd(async (view, browser) => {
    // The player is shot down now and then, and respawns where fewer things are.
    await view.page.evaluate(() => setInterval(() => performance.mark(`seen:${window.tickroom.perf.visible}`), 50));
    const events = await trace(await browser.cdp(), () =>
      view.page.evaluate((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)), seconds * 1000),
    );
    const own = await view.page.evaluate(() => [...window.tickroom.perf.frameScriptMs]);
    await view.page.screenshot({ path: join(artifacts, 'perf.png') });
    const seen = marks(events, 'seen');
    const enough = (n: number) => n >= wanted && n <= most;
    const f = frames(events, (ts) => enough(seen.findLast((m) => m.ts <= ts)?.value ?? 0));
    const all = seen.map((m) => m.value);
    const counts = all.filter(enough);
    const row = (what: string, values: readonly number[]) =>
      `${what.padEnd(46)}${[mean(values), quantile(values, 0.5), quantile(values, 0.95), quantile(values, 0.99)].map((v) => v.toFixed(2).padStart(9)).join('')}`;
    const stats = await view.page.evaluate(() => {
      const { stats } = window.tickroom.room!;
      return {
        desyncs: stats.desyncs,
        decodeMs: stats.decodeMs,
        bytesPerEntity: stats.bytesPerEntity,
        rows: stats.entities,
      };
    });
    const report = [
      `Chromium ${browser.version}, ${viewport.width} x ${viewport.height}, software GL; ${seconds} s`,
      `${f.gap.length} frames with ${wanted} to ${most} things in sight, median ${quantile(counts, 0.5)}; of all frames 80% had ${quantile(all, 0.1)} to ${quantile(all, 0.9)}`,
      `frames per second: median ${(1000 / quantile(f.gap, 0.5)).toFixed(1)}, mean ${(1000 / mean(f.gap)).toFixed(1)}`,
      '',
      `${'milliseconds per frame'.padEnd(46)}${['mean', 'p50', 'p95', 'p99'].map((h) => h.padStart(9)).join('')}`,
      row('between frames', f.gap),
      row('script in the main thread', f.script),
      row('  processor time of it', f.scriptCpu),
      row('  of that in the animation callback', f.callbackCpu),
      row('all of the main thread', f.busy),
      row('  processor time of it', f.busyCpu),
      row(
        "the page's own measure (tickroom.perf)",
        own.filter((v) => v > 0),
      ),
      '',
      `decoding a snapshot ${stats.decodeMs.toFixed(2)} ms, ${stats.rows} rows held, ${stats.bytesPerEntity.toFixed(1)} bytes per changed row, ${stats.desyncs} desyncs`,
      ...view.problems.map((p) => `the page complains: ${p}`),
    ].join('\n');
    console.log(report);
    writeFileSync(join(artifacts, 'perf.txt'), `${report}\n`);
  });
}
