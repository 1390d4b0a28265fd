// Pages that nobody looks at: another tab is in front, or the browser has put
// them to sleep.

import { expect } from 'vitest';

import { playing, seat, sound } from '../harness/arena.ts';
import type { View } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

/** From here on the page writes down which ticks it was sent, and when it was hidden. */
function record(view: View): Promise<void> {
  return view.page.evaluate(() => {
    const { room } = window.tickroom;
    const story: Story = { ticks: [], shownAt: -1 };
    Object.assign(window, { story });
    room!.on('snapshot', (tick) => story.ticks.push(tick));
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') story.shownAt = story.ticks.length;
    });
  });
}

interface Story {
  readonly ticks: number[];
  /** How many snapshots had come when the page was shown again. */
  shownAt: number;
}

declare global {
  interface Window {
    readonly story: Story;
  }
}

test('a hidden tab is told little, and comes back with one delta', async ({ serve, openTab, picture }) => {
  const server = await serve('--kind-option', 'arena.bots=8');
  const view = await openTab(`${server.url}/arena?name=Kim`);
  const before = await playing(view);
  await sound(view);
  await record(view);
  const frames = await view.page.evaluate(() => window.tickroom.perf.frames);
  expect(frames).toBeGreaterThan(0);

  const other = await openTab(`${server.url}/icon.svg`);
  other.expect(/favicon\.ico/);
  await view.until('the page is hidden', () => document.visibilityState === 'hidden');
  await view.until('snapshots come 32 ticks apart', () => {
    const [a, b, c] = window.story.ticks.slice(-3);
    return c! - b! === 32 && b! - a! === 32;
  });
  const hidden = await view.page.evaluate(() => ({
    frames: window.tickroom.perf.frames,
    drift: window.tickroom.room!.serverTick() - window.tickroom.room!.tick,
  }));
  expect(hidden.drift).toBeGreaterThan(0);

  await view.front();
  await view.until('every tick is told again', () => {
    const { ticks, shownAt } = window.story;
    const [a, b, c, d] = ticks.slice(-4);
    return shownAt > 0 && ticks.length >= shownAt + 4 && d! - c! === 1 && c! - b! === 1 && b! - a! === 1;
  });
  const { ticks, shownAt } = await view.page.evaluate(() => window.story);
  const gaps = ticks.slice(1).map((t, i) => t - ticks[i]!);
  // The last gap that was a whole 32 ticks was before the page was shown again, or
  // ended with the snapshot that was on its way.
  expect(gaps.lastIndexOf(32)).toBeLessThanOrEqual(shownAt);
  expect(await seat(view)).toEqual(before); // no full state was sent, and there was one connection
  await view.until('frames are drawn again', (n) => window.tickroom.perf.frames > n + 3, hidden.frames);
  await sound(view);
  await picture(view, 'shown again');
  expect((await server.status()).away).toBe(0);
});

test('a page that slept for longer than the server waits comes back into its seat', async ({ serve, openTab }) => {
  const server = await serve('--kind-option', 'arena.bots=8', '--idle-timeout', '2s', '--hold', '2m');
  const view = await openTab(`${server.url}/arena?name=Kim`);
  const before = await playing(view);
  // That a browser ends the connections of a page that it freezes is its own affair.
  view.expectOutage();
  const other = await openTab(`${server.url}/icon.svg`);
  other.expect(/favicon\.ico/);
  await view.until('the page is hidden', () => document.visibilityState === 'hidden');
  await view.lifecycle('frozen');
  await expect
    .poll(async () => (await server.status()).away, {
      timeout: 45_000,
      message: 'the server has given the connection up',
    })
    .toBe(1);
  await view.lifecycle('active');
  await view.front();
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 1,
  );
  expect(await seat(view)).toEqual({ ...before, resumes: 1 });
  await sound(view);
  await expect.poll(async () => (await server.status()).away).toBe(0);
});
