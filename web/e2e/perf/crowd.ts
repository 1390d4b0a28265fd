// The arena's page with hundreds of things on the screen, to be measured.

import { spawnSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

import type { CDPSession } from 'playwright-core';

import { playing } from '../harness/arena.ts';
import { Browser, type View } from '../harness/browser.ts';
import { buildAll } from '../harness/build.ts';
import { Server } from '../harness/server.ts';

/** The least and the most things on the screen. */
export const wanted = Number(process.env.VISIBLE ?? 500);
export const most = wanted * 1.25;
export const viewport = { width: Number(process.env.WIDTH ?? 1280), height: Number(process.env.HEIGHT ?? 720) };

/**
 * Runs the page's process on one processor and everything else, the server included, on
 * another, where that is possible. Drawing without a graphics card uses all processors,
 * and a player's machine runs no server with a thousand bots: the frames of a page that
 * has to wait for a processor say nothing of their cost.
 */
async function apart(browser: CDPSession, server: Server): Promise<void> {
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  const cores = availableParallelism();
  if (cores < 2) return;
  const rest = `1-${cores - 1}`;
  const place = (pid: number, where: string) => spawnSync('taskset', ['-a', '-p', '-c', where, `${pid}`]).status === 0;
  const done = [
    ...processInfo.map(({ id, type }) => place(id, type === 'renderer' ? '0' : rest)),
    place(server.pid, rest),
    place(process.pid, rest),
  ];
  if (done.includes(false)) console.log('taskset is missing: the page shares its processor with the drawing');
}

/** Opens the page in a room of a thousand bots, and calls fn when enough of them are on the screen. */
export async function crowd(
  fn: (view: View, browser: Browser) => Promise<void>,
  options: { minify?: boolean } = {},
): Promise<void> {
  const { bin, remove } = await buildAll(options);
  process.env.TICKROOM_BIN = bin;
  const server = await Server.start(
    '--kind-option',
    'arena.bots=1000',
    '--kind-option',
    'arena.map=1160',
    '--kind-option',
    'arena.radius=1000',
    '--kind-option',
    'arena.pickups=120',
    '--kind-option',
    'arena.obstacles=12',
  );
  const browser = await Browser.launch();
  try {
    const view = await browser.open(`${server.url}/arena?name=Kim`, { viewport });
    await playing(view);
    await view.until(`${wanted} things are in sight`, (n) => window.tickroom.perf.visible >= n, wanted);
    // In the first seconds code is compiled and pictures are made, which is not to be measured.
    await view.until('it has been shown for a while', () => window.tickroom.perf.frames >= 400);
    await apart(await browser.cdp(), server);
    await view.page.keyboard.down('Space');
    await fn(view, browser);
  } finally {
    await browser.close();
    await server.stop();
    remove();
  }
}
