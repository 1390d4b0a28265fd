// Two players in one arena, each with a page.

import { PNG } from 'pngjs';
import { expect } from 'vitest';

import { callsign, chase, playing, sound } from '../harness/arena.ts';
import type { View } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

/** An arena without bots. */
const duel = [
  '--kind-option',
  'arena.bots=0',
  '--kind-option',
  'arena.map=800',
  '--kind-option',
  'arena.obstacles=0',
  '--kind-option',
  'arena.radius=500',
];

/** Returns the number of colours of a picture. */
function colours(picture: Buffer): number {
  const { data } = PNG.sync.read(picture);
  const seen = new Set<number>();
  for (let i = 0; i < data.length; i += 4) seen.add((data[i]! << 16) | (data[i + 1]! << 8) | data[i + 2]!);
  return seen.size;
}

/** Returns where a view shows a ship that is not its own. */
function shown(view: View, ship: number): Promise<{ x: number; y: number; thrust: boolean } | undefined> {
  return view.page.evaluate((entity) => {
    const row = window.tickroom.room!.view().tables.ship.get(entity);
    return row && { x: row.x, y: row.y, thrust: row.thrust };
  }, ship);
}

test('two pages see each other move and shoot', async ({ serve, open, picture }) => {
  const server = await serve(...duel);
  const ann = await open(`${server.url}/arena?name=Ann`);
  const bob = await open(`${server.url}/arena?name=Bob`);
  const a = await playing(ann);
  const b = await playing(bob);
  expect(b.room).toBe(a.room);
  expect(b.player).not.toBe(a.player);
  expect([await callsign(ann), await callsign(bob)]).toEqual(['Ann', 'Bob']);
  for (const [view, other] of [
    [ann, { ...b, name: 'Bob' }],
    [bob, { ...a, name: 'Ann' }],
  ] as const) {
    await view.until(
      "the other's ship is there, with its name",
      (o) => {
        const { tables } = window.tickroom.room!;
        const shown = window.tickroom.room!.view().tables;
        return (
          tables.identity.get(o.ship)?.player === o.player &&
          shown.ship.has(o.ship) &&
          shown.identity.get(o.ship)?.name === o.name
        );
      },
      other,
    );
  }

  // Ann flies; Bob sees it.
  const from = (await shown(bob, a.ship))!;
  await ann.page.keyboard.down('KeyW');
  await bob.until("Ann's engine burns", (ship) => window.tickroom.room!.tables.ship.get(ship)?.thrust, a.ship);
  await bob.until(
    "Ann's ship is elsewhere",
    (o) => {
      const row = window.tickroom.room!.view().tables.ship.get(o.ship);
      return row && Math.hypot(row.x - o.x, row.y - o.y) > 40;
    },
    { ship: a.ship, ...from },
  );
  await ann.page.keyboard.up('KeyW');
  await bob.until(
    "Ann's engine is off",
    (ship) => window.tickroom.room!.tables.ship.get(ship)?.thrust === false,
    a.ship,
  );

  // She turns to him and fires, until he is shot down.
  await bob.page.evaluate(() => {
    const seen = { bullets: new Set<number>(), lowest: 1000 };
    Object.assign(window, { seen });
    const { tables } = window.tickroom.room!;
    tables.bullet.onAdd((row) => seen.bullets.add(row.ship));
    tables.vitals.onChange((row, entity) => {
      if (entity === window.tickroom.game!.ship) seen.lowest = Math.min(seen.lowest, row.health);
    });
  });
  await chase(ann, b.ship);
  await ann.page.mouse.down();
  await expect
    .poll(
      async () => {
        await chase(ann, b.ship);
        return bob.page.evaluate(
          (ship) =>
            window.tickroom.room!.tables.bullet.size > 0 &&
            (window as unknown as { seen: { bullets: Set<number> } }).seen.bullets.has(ship),
          a.ship,
        );
      },
      { timeout: 45_000, message: "Bob sees Ann's bullets" },
    )
    .toBe(true);
  await picture(ann, 'ann fires');
  await picture(bob, 'bob under fire');
  await expect
    .poll(
      async () => {
        await chase(ann, b.ship);
        return bob.page.evaluate(() => document.querySelectorAll('#feed li').length);
      },
      { timeout: 90_000, message: 'Ann has shot Bob down' },
    )
    .toBeGreaterThan(0);
  await ann.page.mouse.up();
  await ann.page.keyboard.up('KeyW');
  // Before anything that takes long, as the line disappears.
  for (const view of [bob, ann]) {
    await view.until('the feed tells who shot whom', () =>
      /Ann.*Bob/.test(document.getElementById('feed')!.textContent ?? ''),
    );
  }
  await picture(bob, 'bob shot down');
  expect(await bob.page.evaluate(() => (window as unknown as { seen: { lowest: number } }).seen.lowest)).toBeLessThan(
    100,
  );
  await ann.until('the kill counts', (ship) => (window.tickroom.room!.tables.score.get(ship)?.kills ?? 0) >= 1, a.ship);
  await bob.until('Bob is back', () => window.tickroom.game!.own.alive);
  for (const view of [ann, bob]) {
    await sound(view);
    await view.until('Ann leads', () => /^1\s*Ann/.test(document.querySelector('#leaders-list li')?.textContent ?? ''));
  }
  expect(colours(await picture(ann, 'afterwards'))).toBeGreaterThan(500);
});
