// What is around the arena's game: watching, talking, sound, languages, and the
// graph of the network.

import { expect } from 'vitest';

import { callsign, playing, sound } from '../harness/arena.ts';
import type { View } from '../harness/browser.ts';
import { bring } from '../harness/sdk.ts';
import { test } from '../harness/test.ts';

const some = ['--kind-option', 'arena.bots=8'];
const small = { viewport: { width: 640, height: 460 } };

/** Lets somebody play, so that there is a room to watch; returns what makes them leave it. */
async function first(open: (url: string) => Promise<View>, server: string): Promise<() => Promise<void>> {
  const view = await open('about:blank');
  await bring(view, server);
  await view.page.evaluate(async () => {
    const room = await window.library.connect('/ws', window.library.arena, { name: 'First' });
    Object.assign(window, { first: room });
  });
  return () => view.page.evaluate(() => (window as unknown as { first: { leave(): Promise<void> } }).first.leave());
}

test('the way in: a name, then a ship; help, and sound that stays as it was chosen', async ({
  serve,
  open,
  picture,
}) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena`);
  const leave = await first(open, server.url);
  await view.until(
    'the game goes on behind the way in',
    () => window.tickroom.room?.spectator && window.tickroom.game!.rivals > 0,
  );
  await picture(view, 'lobby');
  await leave();
  await view.page.fill('#name', '小明 Ann');
  await view.page.click('#play');
  await playing(view);
  expect(await callsign(view)).toBe('小明 Ann');
  expect(await view.page.evaluate(() => window.tickroom.room!.spectator)).toBe(false);
  await expect.poll(() => server.status(), { timeout: 45_000 }).toMatchObject({ players: 1, spectators: 0 });
  await view.page.keyboard.press('KeyH');
  await view.until('help is there', () => document.querySelector<HTMLDialogElement>('#help')!.open);
  await picture(view, 'help');
  await view.page.keyboard.press('Escape');
  await view.until('help is gone', () => !document.querySelector<HTMLDialogElement>('#help')!.open);
  const sounds = () => document.getElementById('tool-sound')!.getAttribute('aria-pressed');
  expect(await view.page.evaluate(sounds)).toBe('true');
  await view.page.click('#tool-sound');
  expect(await view.page.evaluate(sounds)).toBe('false');
  await view.page.reload({ waitUntil: 'domcontentloaded' });
  await playing(view);
  expect(await view.page.evaluate(sounds)).toBe('false');
  await view.page.keyboard.press('KeyM');
  expect(await view.page.evaluate(sounds)).toBe('true');
});

test('one can watch, choose whom, and join in', async ({ serve, open, picture }) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena?watch`, small);
  await view.until('nobody plays yet', () => !document.querySelector<HTMLElement>('#banner')!.hidden);
  const leave = await first(open, server.url);
  await view.until(
    'a ship is followed',
    () => window.tickroom.room?.spectator && window.tickroom.game!.ship > 0 && window.tickroom.game!.rivals > 0,
  );
  await leave();
  const followed = await view.page.evaluate(() => window.tickroom.game!.ship);
  await view.page.click('#watch-next');
  await view.until(
    'another is followed',
    (s) => window.tickroom.game!.ship > 0 && window.tickroom.game!.ship !== s,
    followed,
  );
  await view.until('by choice', () => document.getElementById('watch-auto')!.getAttribute('aria-pressed') === 'false');
  await view.until('with its name', () => document.getElementById('watch-name')!.textContent!.length > 1);
  await picture(view, 'watching');
  await sound(view);
  await view.page.click('#watch-auto');
  await view.until(
    'the game chooses again',
    () => document.getElementById('watch-auto')!.getAttribute('aria-pressed') === 'true',
  );
  await expect.poll(() => server.status()).toMatchObject({ spectators: 1 });
  const room = await view.page.evaluate(() => window.tickroom.room!.id);
  await view.page.click('#watch-play');
  expect(await playing(view)).toMatchObject({ room });
  await view.page.keyboard.press('KeyV');
  await view.until('watching again', () => window.tickroom.room?.spectator);
  await expect.poll(() => server.status(), { timeout: 45_000 }).toMatchObject({ players: 0, spectators: 1 });
});

test('two players talk', async ({ serve, open, picture }) => {
  const server = await serve(...some);
  const ann = await open(`${server.url}/arena?name=Ann`, small);
  const bob = await open(`${server.url}/arena?name=Bob`, small);
  await playing(ann);
  await playing(bob);
  await ann.page.keyboard.press('Enter');
  await ann.page.fill('#text', 'Hello, Bob. 你好 <b>');
  await ann.page.keyboard.press('Enter');
  for (const view of [ann, bob]) {
    await view.until('Ann is heard', () =>
      /Ann\s+Hello, Bob\. 你好 <b>/.test(document.getElementById('talk')!.textContent ?? ''),
    );
  }
  // Back in the game: keys fly.
  await ann.page.keyboard.down('KeyW');
  await ann.until(
    'keys fly again',
    () => window.tickroom.room!.tables.ship.get(window.tickroom.game!.ship)?.thrust || !window.tickroom.game!.own.alive,
  );
  await ann.page.keyboard.up('KeyW');
  await bob.page.keyboard.press('Enter');
  await bob.page.keyboard.type('Hi w a s d Ann');
  expect(await bob.page.evaluate(() => (document.getElementById('text') as HTMLInputElement).value)).toBe(
    'Hi w a s d Ann',
  );
  await picture(bob, 'says');
  await bob.page.keyboard.press('Enter');
  await ann.until('Bob is heard', () =>
    /Bob\s+Hi w a s d Ann/.test(document.getElementById('talk')!.textContent ?? ''),
  );
  await picture(ann, 'hears');
});

test('the page speaks Chinese and English', async ({ serve, open, picture }) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena`, { ...small, locale: 'zh-CN' });
  const title = () => document.getElementById('lobby-title')!.textContent;
  await view.until('it is Chinese', () => document.getElementById('lobby-title')!.textContent === '竞技场');
  expect(await view.page.evaluate(() => document.documentElement.lang)).toBe('zh-CN');
  await picture(view, 'chinese');
  await view.page.click('#lobby button[data-lang=en]');
  expect(await view.page.evaluate(title)).toBe('Arena');
  await view.page.reload({ waitUntil: 'domcontentloaded' });
  await view.until('it is still English', () => document.getElementById('lobby-title')!.textContent === 'Arena');
  // No text is missing in either language: a key would show as itself.
  for (const lang of ['en', 'zh']) {
    await view.page.click(`#lobby button[data-lang=${lang}]`);
    expect(
      await view.page.evaluate(
        () => /\b(arena|home|net|common|conn|lang)\.[a-z]+/.exec(document.body.textContent ?? '')?.[0],
      ),
    ).toBeUndefined();
  }
});

test('the netgraph worsens the network, and shows it', async ({ serve, open, picture }) => {
  const server = await serve(...some);
  const view = await open(`${server.url}/arena?name=Kim`);
  const before = await playing(view);
  await view.page.keyboard.press('KeyN');
  await view.page.waitForSelector('.netgraph canvas');
  const rtt = await view.until('the round trip is known', () => window.tickroom.room!.rtt);
  await view.page.fill('#net-delayMs', '400');
  await view.until('the round trip takes that much longer', (ms) => window.tickroom.room!.stats.rtt >= ms, 400);
  expect(rtt).toBeLessThan(400);
  await sound(view);
  await picture(view, 'delay');
  // A stall: for as long nothing comes, and then all of it.
  const tick = await view.page.evaluate(() => window.tickroom.room!.tick);
  await view.page.locator('.net-bad button').filter({ hasText: /^1 s$/ }).click();
  await view.until('there was a gap', () => Math.max(...window.tickroom.room!.stats.gaps) > 900);
  await view.until('and it is over', (t) => window.tickroom.room!.tick > t + 40, tick);
  // All as it is again.
  await view.page.locator('.net-bad button').first().click();
  await view.until('the round trip is short again', () => window.tickroom.room!.stats.rtt < 400);
  // The line is cut, and comes back.
  await view.page.locator('.net-bad button').last().click();
  await view.until(
    'it is back',
    () => window.tickroom.room!.state === 'live' && window.tickroom.room!.stats.resumes === 1,
  );
  expect(await view.page.evaluate(() => window.tickroom.room!.player)).toBe(before.player);
  await sound(view);
  await picture(view, 'after all that');
  await view.page.keyboard.press('F3');
  await view.until('the netgraph is gone', () => !document.querySelector('.netgraph'));
});

test('a match shows how long it goes on, and that it is over', async ({ serve, open, picture }) => {
  const server = await serve(...some, '--kind-option', 'arena.length=15');
  const view = await open(`${server.url}/arena?name=Kim`);
  const { room } = await playing(view);
  const clock = await view.until('the clock runs', () => {
    const clock = document.getElementById('clock')!;
    return !clock.hidden && clock.textContent;
  });
  expect(clock).toMatch(/^0:(0\d|1[0-5])$/);
  await view.until('it comes to its end', () => document.querySelector('#clock.low'));
  await picture(view, 'nearly over');
  await view.until('the page says that it is over', () =>
    /match is over/.test(document.getElementById('banner-title')!.textContent ?? ''),
  );
  // Another one is there at once.
  await playing(view);
  expect(await view.page.evaluate(() => window.tickroom.room!.id)).not.toBe(room);
  await picture(view, 'the next one');
});
