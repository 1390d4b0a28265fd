// The lobby: the open rooms of all servers, as they change.

import { expect } from 'vitest';

import { playing } from '../harness/arena.ts';
import { phone } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

test('the lobby lists rooms as they come and go, and leads into them', async ({ serve, open, picture }) => {
  const server = await serve('--kind-option', 'arena.bots=6');
  const view = await open(`${server.url}/lobby`, { viewport: { width: 1200, height: 800 } });
  await view.until('nothing is there', () => !document.getElementById('none')!.hidden);
  await picture(view, 'empty');
  const ann = await open(`${server.url}/arena?name=Ann`, { viewport: { width: 400, height: 300 } });
  await playing(ann);
  for (const show of ['tonight', 'tomorrow', 'friday'])
    await open(`${server.url}/live?show=${show}`, { viewport: { width: 400, height: 300 } });
  await open(`${server.url}/walkers?name=Kim`, { viewport: { width: 400, height: 300 } });
  await view.until('five are there', () => document.querySelectorAll('#list .room').length === 5);
  await picture(view, 'five rooms');

  await view.page.click('#kinds [data-kind="danmaku"]');
  await view.until('the shows alone', () => document.querySelectorAll('#list .room').length === 3);
  expect(await view.page.locator('#list a').first().getAttribute('href')).toMatch(/^\/live\?show=/);
  await view.page.click('#kinds [data-kind=""]');
  await view.page.fill('#query', 'kind = arena');
  await view.page.click('#tools button[type=submit]');
  await view.until('what is wrong is said', () => !document.getElementById('wrong')!.hidden);
  await picture(view, 'a wrong query');
  await view.page.fill('#query', 'kind == "arena"');
  await view.page.click('#tools button[type=submit]');
  await view.until('the arena alone', () => document.querySelectorAll('#list .room').length === 1);
  expect(new URL(view.page.url()).searchParams.get('query')).toBe('kind == "arena"');

  await view.page.click('#list a.primary');
  await view.page.waitForURL(/\/arena\?room=/);

  const small = await open(`${server.url}/lobby?lang=zh`, phone);
  await small.until('they are there', () => document.querySelectorAll('#list .room').length === 5);
  expect(await small.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  await picture(small, 'phone', true);
  await ann.page.close();
});
