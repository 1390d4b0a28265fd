// The arena on a phone: two thumbs.

import type { CDPSession } from 'playwright-core';
import { expect } from 'vitest';

import { playing, sound } from '../harness/arena.ts';
import { phone } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

interface Finger {
  readonly id: number;
  x: number;
  y: number;
}

function touch(
  cdp: CDPSession,
  type: 'touchStart' | 'touchMove' | 'touchEnd',
  fingers: readonly Finger[],
): Promise<unknown> {
  return cdp.send('Input.dispatchTouchEvent', { type, touchPoints: fingers.map((f) => ({ ...f })) });
}

test('two thumbs fly and fire', async ({ serve, open, picture }) => {
  const server = await serve('--kind-option', 'arena.bots=0', '--kind-option', 'arena.obstacles=0');
  const view = await open(`${server.url}/arena?name=Thumb`, phone);
  const { ship } = await playing(view);
  await view.page.evaluate(() => {
    const fired = new Set<number>();
    Object.assign(window, { fired });
    window.tickroom.room!.tables.bullet.onAdd((b) => fired.add(b.ship));
  });
  const left: Finger = { id: 1, x: 90, y: 600 };
  const right: Finger = { id: 2, x: 300, y: 600 };

  // The left thumb goes up: so does the ship.
  await touch(view.cdp, 'touchStart', [left]);
  left.y = 540;
  await touch(view.cdp, 'touchMove', [left]);
  await view.until('the ship flies to the north', () => {
    const row = window.tickroom.room!.tables.ship.get(window.tickroom.game!.ship);
    return row?.thrust && Math.abs(row.heading - Math.PI / 2) < 0.3;
  });
  expect(await view.page.evaluate((s) => (window as unknown as { fired: Set<number> }).fired.has(s), ship)).toBe(false);

  // The right one goes to the right: the ship turns there, and fires.
  await touch(view.cdp, 'touchStart', [left, right]);
  right.x = 360;
  await touch(view.cdp, 'touchMove', [left, right]);
  await view.until('the ship points to the east', () => {
    const row = window.tickroom.room!.tables.ship.get(window.tickroom.game!.ship);
    return row && Math.cos(row.heading) > 0.95;
  });
  await view.until('it fires', (s) => (window as unknown as { fired: Set<number> }).fired.has(s), ship);
  await picture(view, 'two thumbs');
  await touch(view.cdp, 'touchEnd', []);
  await view.until('all is let go', () => {
    const row = window.tickroom.room!.tables.ship.get(window.tickroom.game!.ship);
    return row && !row.thrust && ![...document.querySelectorAll('.stick')].some((s) => s.classList.contains('held'));
  });
  // The page did not scroll, zoom, or become wider than the screen.
  expect(
    await view.page.evaluate(() => [
      scrollX,
      scrollY,
      visualViewport!.scale,
      document.documentElement.scrollWidth <= innerWidth,
    ]),
  ).toEqual([0, 0, 1, true]);
  await sound(view);
});
