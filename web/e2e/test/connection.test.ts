// Connections that are lost in all the ways in which they can be, and come back
// by themselves.

import { expect } from 'vitest';

import { callsign, playing, type Seat, seat, sound } from '../harness/arena.ts';
import type { View } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

const some = ['--kind-option', 'arena.bots=8'];
/** A small window costs little to draw. */
const small = { viewport: { width: 560, height: 400 } };

/** Expects a view to be in the seat that it had, with all that it had seen: nothing was sent anew. */
async function sameSeat(view: View, before: Seat, resumes = 1): Promise<void> {
  expect(await seat(view)).toEqual({ ...before, resumes: before.resumes + resumes });
  await sound(view);
}

/** Waits for what the page says of its connection. */
function says(view: View, what: RegExp): Promise<unknown> {
  return view.until(
    `the page says ${what}`,
    ({ source, flags }) => {
      const banner = document.getElementById('banner')!;
      return !banner.hidden && new RegExp(source, flags).test(banner.innerText);
    },
    { source: what.source, flags: what.flags },
  );
}

/** Waits until the page says nothing more of its connection. */
function silent(view: View): Promise<unknown> {
  return view.until('the page has nothing to say', () => document.getElementById('banner')!.hidden);
}

/** Waits until the ship obeys. */
async function obeys(view: View): Promise<void> {
  await view.until('the ship is there', () => window.tickroom.game!.own.alive);
  const from = await view.page.evaluate(() => window.tickroom.room!.inputAck);
  await view.page.keyboard.down('KeyW');
  await view.until(
    'the engine burns, as the server says',
    (ack) => {
      const { room, game } = window.tickroom;
      // It may have been shot down, and come back.
      return room!.inputAck > ack && (room!.tables.ship.get(game!.ship)?.thrust || !game!.own.alive);
    },
    from,
  );
  await view.page.keyboard.up('KeyW');
}

test('a killed connection comes back by itself in its seat', async ({ serve, network, open, picture }) => {
  const server = await serve(...some);
  const proxy = await network(server);
  const view = await open(`${proxy.url}/arena?name=Kim`, small);
  const before = await playing(view);
  await sound(view);
  view.expectOutage();

  proxy.cut();
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 1,
  );
  await says(view, /back in your seat/i);
  await sameSeat(view, before);
  await obeys(view);
  await silent(view);

  // The second time it takes some attempts, and the page says so.
  proxy.refuse(true);
  proxy.cut();
  await says(view, /connection lost/i);
  await picture(view, 'lost');
  await expect.poll(async () => (await server.status()).away, { timeout: 45_000 }).toBe(1);
  proxy.refuse(false);
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 2,
  );
  await says(view, /back in your seat/i);
  await picture(view, 'back');
  await sameSeat(view, before, 2);
  await obeys(view);
  await expect.poll(async () => (await server.status()).away).toBe(0);
});

test('a connection that stalls goes on', async ({ serve, network, open }) => {
  const server = await serve(...some);
  const proxy = await network(server);
  const view = await open(`${proxy.url}/arena?name=Kim`, small);
  const before = await playing(view);
  const { resumes, ...same } = before;
  proxy.stall();
  await view.until(
    'two seconds of ticks are missing',
    () => window.tickroom.room!.serverTick() - window.tickroom.room!.tick > 40,
  );
  proxy.flow();
  await view.until(
    'they are there',
    () =>
      window.tickroom.room!.state === 'live' && window.tickroom.room!.serverTick() - window.tickroom.room!.tick < 10,
  );
  expect(await seat(view)).toMatchObject(same);
  await sound(view);
  await obeys(view);
});

test('a connection that leads nowhere for longer than the server waits comes back in its seat', async ({
  serve,
  network,
  open,
  picture,
}) => {
  const server = await serve(...some, '--idle-timeout', '2s', '--hold', '2m', '--hold-least', '2m');
  const proxy = await network(server);
  const view = await open(`${proxy.url}/arena?name=Kim`, small);
  const before = await playing(view);
  view.expectOutage();
  proxy.blackHole();
  await expect
    .poll(async () => (await server.status()).away, {
      timeout: 45_000,
      message: 'the server has given the connection up',
    })
    .toBe(1);
  await says(view, /connection lost/i);
  await picture(view, 'nowhere');
  proxy.heal();
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 1,
  );
  await sameSeat(view, before);
  await obeys(view);
});

test('without a network the page says so, and is back as soon as there is one', async ({
  serve,
  network,
  open,
  picture,
}) => {
  const server = await serve(...some);
  const proxy = await network(server);
  const view = await open(`${proxy.url}/arena?name=Kim`, small);
  const before = await playing(view);
  view.expectOutage();
  await view.page.context().setOffline(true);
  proxy.refuse(true);
  proxy.cut();
  await says(view, /there is no network/i);
  await picture(view, 'offline');
  proxy.refuse(false);
  await view.page.context().setOffline(false);
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 1,
  );
  await sameSeat(view, before);
});

for (const how of ['is restarted', 'dies']) {
  test(`when the server ${how} the page says so, then joins again`, async ({ serve, open, picture }) => {
    const server = await serve(...some);
    const view = await open(`${server.url}/arena?name=Kim`, small);
    const before = await playing(view);
    view.expectOutage();
    if (how === 'dies') await server.kill();
    else await server.stop();
    await says(view, /connection lost/i);
    expect(await view.page.evaluate(() => document.body.dataset.state)).toBe('reconnecting');
    await picture(view, 'gone');
    await server.start();
    await says(view, /joined again/i);
    await picture(view, 'again');
    expect((await playing(view)).room).not.toBe(before.room);
    expect(await callsign(view)).toBe('Kim');
    await sound(view);
    await obeys(view);
    await silent(view);
  });
}

test('a page that is loaded again comes back into its seat', async ({ serve, open }) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena?name=Kim`, small);
  const before = await playing(view);
  await view.page.reload({ waitUntil: 'domcontentloaded' });
  const after = await playing(view);
  expect(after).toEqual({ ...before, resumes: 1, fullSnapshots: 1 });
  await sound(view);
  await obeys(view);
  await expect.poll(() => server.status()).toMatchObject({ players: 1, away: 0 });
});

test('a session that goes on in another tab ends in the first, which says so', async ({
  serve,
  open,
  browser,
  picture,
}) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena?name=Kim`, small);
  const before = await playing(view);
  const stored = await view.page.evaluate(() => ({ ...sessionStorage }));
  const other = await browser.openBeside(view, `${server.url}/icon.svg`);
  other.expect(/favicon\.ico/);
  await other.page.evaluate((items) => {
    for (const [k, v] of Object.entries(items)) sessionStorage.setItem(k, v as string);
  }, stored);
  await other.goto(`${server.url}/arena?name=Kim`);
  expect(await playing(other)).toMatchObject({ player: before.player, ship: before.ship });
  await says(view, /another tab/i);
  await picture(view, 'elsewhere');
  await sound(other);
  // There it can be taken back.
  await view.page.click('#banner-again');
  await playing(view);
  await sound(view);
});

test('a room that is not there is said to be so', async ({ serve, open }) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena?room=nowhere&name=Kim`, small);
  await says(view, /room is not there/i);
  expect(await view.page.evaluate(() => document.body.dataset.state)).toBe('closed');
});
