// Measures what an overlay costs with a hundred comments on the screen:
//
//	npm run danmaku -w e2e
//
// COMMENTS (100) is how many there are; DURATION (20) the seconds to measure; WIDTH and HEIGHT (1280, 720) the size of
// the picture, which stands still. Prints a table: frames, what the main thread did for them, garbage collections, and
// the processor time of the page's process and of the one that draws, which without a graphics card is most of it.

import { type AddressInfo, createServer } from 'node:net';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import { Browser } from '../harness/browser.ts';
import { frames, mean, quantile, trace } from './trace.ts';

const wanted = Number(process.env.COMMENTS ?? 100);
const seconds = Number(process.env.DURATION ?? 20);
const [width, height] = [Number(process.env.WIDTH ?? 1280), Number(process.env.HEIGHT ?? 720)];

const page = `
  import { Overlay } from '@tickroom/client/live';
  document.body.style.margin = '0';
  const player = document.body.appendChild(document.createElement('div'));
  player.style.cssText = 'width:${width}px;height:${height}px;background:linear-gradient(#123,#426)';
  const overlay = new Overlay(player, { settings: { most: ${wanted}, area: 1, fontSize: 0.7 } });
  const words = '这是一条弹幕 hello everyone 主播好厉害 666 哈哈哈哈 what a play 前方高能 泪目'.split(' ');
  let n = 0;
  // As many as fill the screen, as a busy room has them: own ones, colours, sizes and places among them.
  setInterval(() => {
    const { onScreen, waiting } = overlay.counts;
    for (let k = onScreen + waiting; k < ${wanted} + 6; k++) {
      const text = words[n % words.length] + ' ' + words[(n * 7) % words.length] + ' ' + n;
      overlay.show({ text, colour: n % 3 ? undefined : 0xffc861, own: n % 29 === 0, size: n % 7 ? 'normal' : 'large' });
      n++;
    }
  }, 40);
  Object.assign(window, { overlay, seen: [], frames: 0 });
  setInterval(() => seen.push(overlay.counts.onScreen), 250);
  const frame = () => { window.frames++; requestAnimationFrame(frame); };
  if (!${JSON.stringify(process.env.UNSEEN === '1')}) requestAnimationFrame(frame);
`;

declare const window: { seen: number[]; frames: number; overlay: { counts: { shown: number; dropped: number } } };

/** Returns a URL at which there is an empty page. */
async function emptyPage(): Promise<{ url: string; close: () => void }> {
  const answer =
    'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 15\r\nConnection: close\r\n\r\n<!doctype html>';
  const s = createServer((c) => c.once('data', () => c.end(answer)).on('error', () => {}));
  await new Promise<void>((resolve) => s.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(s.address() as AddressInfo).port}/`, close: () => s.close() };
}

export async function main(): Promise<void> {
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: fileURLToPath(new URL('..', import.meta.url)) },
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    conditions: ['tickroom-source'],
  });
  const empty = await emptyPage();
  const browser = await Browser.launch();
  try {
    const view = await browser.open(empty.url, { viewport: { width, height } });
    await view.page.evaluate(outputFiles[0]!.text);
    await view.until('the screen is full', () => window.seen.at(-1)! >= 60);
    await new Promise((resolve) => setTimeout(resolve, 9000));
    const cdp = await browser.cdp();
    const cpu = async (type: string) =>
      (await cdp.send('SystemInfo.getProcessInfo')).processInfo
        .filter((p) => p.type === type)
        .reduce((sum, p) => sum + p.cpuTime, 0);
    const before = [await cpu('renderer'), await cpu('GPU'), performance.now()] as const;
    const start = await view.page.evaluate(() => {
      window.seen.length = 0;
      return window.frames;
    });
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    const after = [await cpu('renderer'), await cpu('GPU'), performance.now()] as const;
    const took = (after[2] - before[2]) / 1000;
    const { drawn, seen, counts } = await view.page.evaluate(() => ({
      drawn: window.frames,
      seen: window.seen,
      counts: { ...window.overlay.counts },
    }));
    const events = await trace(cdp, () => new Promise((resolve) => setTimeout(resolve, 5000)));
    const f = process.env.UNSEEN === '1' ? undefined : frames(events, () => true);
    const collections = events.filter((e) => e.name === 'MinorGC' && e.ph === 'X').length;
    console.log(`Chromium ${browser.version}, ${width} x ${height}, drawn by the processor; ${took.toFixed(0)} s`);
    console.log(
      `comments on the screen: median ${quantile(seen, 0.5)}, least ${Math.min(...seen)}; ${JSON.stringify(counts)}`,
    );
    console.log(
      `processor seconds a second: page ${((after[0] - before[0]) / took).toFixed(3)}, drawing ${((after[1] - before[1]) / took).toFixed(3)}`,
    );
    if (!f) return;
    console.log(
      `frames a second ${((drawn - start) / took).toFixed(1)}; collections of garbage ${(collections / 5).toFixed(1)} a second`,
    );
    const row = (what: string, v: readonly number[]) =>
      console.log(
        `${what.padEnd(40)}${[mean(v), quantile(v, 0.5), quantile(v, 0.95), quantile(v, 0.99)].map((x) => x.toFixed(2).padStart(8)).join('')}`,
      );
    console.log(
      `${'milliseconds a frame'.padEnd(40)}${['mean', 'p50', 'p95', 'p99'].map((h) => h.padStart(8)).join('')}`,
    );
    row('between frames', f.gap);
    row('script in the main thread, processor', f.scriptCpu);
    row('all of the main thread, processor', f.busyCpu);
  } finally {
    await browser.close();
    empty.close();
  }
}
