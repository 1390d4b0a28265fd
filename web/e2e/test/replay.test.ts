// A match in the arena, played by a page and bots, kept by the operator, and shown again.

import { expect } from 'vitest';

import { playing } from '../harness/arena.ts';
import { phone, type View } from '../harness/browser.ts';
import { Journals, serveReplay } from '../harness/replay.ts';
import { test } from '../harness/test.ts';

/** What the page within the page shows: the tick that it has, the one that is on its screen, and the ship in the middle. */
interface Within {
  readonly tick: number;
  readonly shown: number;
  readonly ship: number;
  readonly x: number;
  readonly y: number;
}

/** Waits until the page within the page shows a tick, and returns what it shows. */
function within(view: View, tick: number): Promise<Within> {
  return view.until(
    `tick ${tick} is shown`,
    (tick) => {
      const w = (document.getElementById('room') as HTMLIFrameElement).contentWindow as Window | null;
      const room = w?.tickroom?.room;
      const game = w?.tickroom?.game;
      if (!room || !game || room.tick !== tick || room.state !== 'live' || game.ship === 0) return undefined;
      const row = room.tables.ship.get(game.ship);
      return { tick: room.tick, shown: room.view().tick, ship: game.ship, x: row?.x ?? 0, y: row?.y ?? 0 };
    },
    tick,
  );
}

/** Goes to a tick by the line. */
async function seek(view: View, tick: number): Promise<Within> {
  await view.page.locator('#at').evaluate((at: HTMLInputElement, to) => {
    at.value = String(to);
    at.dispatchEvent(new Event('input'));
    at.dispatchEvent(new Event('change'));
  }, tick);
  return within(view, tick);
}

test('a recorded match is sought, stepped and watched', async ({ serve, open, picture, ends }) => {
  const journals = new Journals();
  ends.add(async () => journals.remove());
  const server = await serve(...journals.flags, '--kind-option', 'arena.bots=6');
  const ann = await open(`${server.url}/arena?name=Ann`);
  const seat = await playing(ann);
  await ann.page.keyboard.down('KeyW');
  await ann.until('some seconds were played', (room) => (window.tickroom.room!.tick > 160 ? room : ''), seat.room);
  await ann.page.keyboard.up('KeyW');
  const file = await journals.keep(server, seat.room);
  await ann.page.context().close();

  const replay = await serveReplay(file);
  ends.add(replay.stop);
  const view = await open(replay.url, { viewport: { width: 1100, height: 700 } });
  const about = await view.until('the page knows what it shows', () => window.replay.about);
  expect(about.players.map((p) => p.name)).toContain('Ann');
  expect(about.marks.some((m) => m.what === 'join')).toBe(true);
  expect(about.marks.some((m) => m.what === 'operator')).toBe(true);

  // Back and forth: a place looks the same whichever way one has come.
  const there = await seek(view, 120);
  await seek(view, 30);
  expect(await seek(view, 120)).toMatchObject({ x: there.x, y: there.y, ship: there.ship });

  // From Ann's eyes.
  const own = about.players.find((p) => p.name === 'Ann')!;
  await view.page.locator('#eyes').selectOption(String(own.player));
  await view.until(
    'Ann is looked through',
    (n) => window.replay.state.eyes === n && window.replay.state.there,
    own.player,
  );
  const hers = await within(view, 120);
  expect(hers.ship).toBe(seat.ship);

  // Steps, by keys, also while the page within has the keys.
  await view.page.keyboard.press('.');
  await within(view, 121);
  await view.page.locator('#room').contentFrame().locator('body').press('.');
  await within(view, 122);
  await view.page.keyboard.press(',');
  await within(view, 121);
  await picture(view, 'desktop');

  // It runs slowly, stands still, and so does what is shown; then it runs fast, to the end.
  await seek(view, 20);
  await view.page.locator('#speed').selectOption('0.25');
  await view.page.keyboard.press('k');
  await view.until('it runs', () => window.replay.state.playing && window.replay.state.tick > 22);
  await view.page.keyboard.press('k');
  await view.until('it stands', () => !window.replay.state.playing);
  await within(view, await view.page.evaluate(() => window.replay.state.tick));
  await view.page.locator('#speed').selectOption('16');
  await view.page.keyboard.press('k');
  await view.until('it is at the end', () => {
    const { state } = window.replay;
    return !state.playing && state.speed === 16 && state.tick === window.replay.about.last;
  });
  await view.page.keyboard.press('Home');
  await view.until('it is at the beginning', () => window.replay.state.tick === 1);
  await view.page.keyboard.press('n');
  await view.until('it is somewhere else', () => window.replay.state.tick > 1);

  const small = await open(replay.url, phone);
  await small.until('the page knows what it shows', () => window.replay.about);
  await seek(small, 150);
  expect(await small.page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await picture(small, 'phone');
});

test.for(['walkers', 'live'])('a room of %s is shown again', async (page, { serve, open, picture, ends }) => {
  const journals = new Journals();
  ends.add(async () => journals.remove());
  const server = await serve(...journals.flags);
  const ann = await open(`${server.url}/${page}?name=Ann`);
  const status = await ann.until('a room is played', async () => {
    const { open_rooms } = (await (await fetch('/status.json')).json()) as { open_rooms?: { id: string }[] };
    return open_rooms?.[0];
  });
  await ann.until('some seconds were played', () => performance.now() > 5000);
  const file = await journals.keep(server, status.id);
  await ann.page.context().close();
  const replay = await serveReplay(file);
  ends.add(replay.stop);
  const view = await open(replay.url, { viewport: { width: 1100, height: 700 } });
  const last = await view.until('the page knows what it shows', () => window.replay.about?.last);
  await view.page.keyboard.press('End');
  await view.until(
    'it is at the end',
    (last) => window.replay.state.tick === last && window.replay.took.length > 0,
    last,
  );
  await view.until('there is no notice', () => (document.getElementById('notice') as HTMLElement).hidden);
  await picture(view, 'end');
});
