// The landing page, and walkers.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { callsign, playing } from '../harness/arena.ts';
import { phone } from '../harness/browser.ts';
import { buildServer } from '../harness/build.ts';
import { Server } from '../harness/server.ts';
import { test } from '../harness/test.ts';

test('the landing page shows what the server is doing, and leads into the arena', async ({ serve, open, picture }) => {
  const server = await serve('--kind-option', 'arena.bots=12');
  const view = await open(server.url, { viewport: { width: 1000, height: 700 } });
  await view.until('nobody plays', () => document.getElementById('n-players')!.textContent === '0');
  await picture(view, 'alone');
  const players = [];
  for (const name of ['Ann', 'Bob']) {
    const p = await open(`${server.url}/arena?name=${name}`, { viewport: { width: 400, height: 300 } });
    await playing(p);
    players.push(p);
  }
  await view.until('two play', () => document.getElementById('n-players')!.textContent === '2');
  await view.until('there are rooms, and messages', () => {
    const n = (id: string) => Number(document.getElementById(id)!.textContent!.replace(/[^\d.]/g, ''));
    return n('n-rooms') >= 1 && n('n-messages') > 0;
  });
  await picture(view, 'two play');
  await picture(view, 'whole', true);
  await players[1]!.page.close();
  await view.until('one has left', () => document.getElementById('n-players')!.textContent === '1');
  await view.page.fill('#name', 'Cat');
  await view.page.click('#enter button[type=submit]');
  await view.page.waitForURL(/\/arena/);
  await playing(view);
  expect(await callsign(view)).toBe('Cat');
});

test('the landing page fits a phone', async ({ serve, open, picture }) => {
  const server = await serve('--kind-option', 'arena.bots=12');
  const view = await open(`${server.url}/?lang=zh`, phone);
  await view.until('the numbers are there', () => document.getElementById('n-players')!.textContent === '0');
  expect(await view.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await picture(view, 'top');
});

test('walkers walk', async ({ serve, open, picture }) => {
  const server = await serve('--kind-option', 'walkers.npcs=20');
  const view = await open(`${server.url}/walkers?name=Kim`);
  await view.until('twenty-one walkers', () => /21/.test(document.getElementById('numbers')!.textContent ?? ''));
  await picture(view, 'walkers');
});

test('a server that was built without the pages says how to build them', async ({ ends, open, picture }) => {
  const dir = mkdtempSync(join(tmpdir(), 'tickroom-bare-'));
  ends.add(async () => rmSync(dir, { recursive: true, force: true }));
  const server = await Server.startOther(buildServer(dir, undefined));
  ends.add(() => server.stop());
  for (const path of ['/', '/arena?name=Kim']) {
    const view = await open(server.url + path);
    await view.until(
      'it says how',
      () => /make web/.test(document.body.innerText) && /make run/.test(document.body.innerText),
    );
    await picture(view, path);
  }
});
