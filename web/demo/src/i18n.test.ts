import { existsSync, readdirSync, readFileSync } from 'node:fs';

import { expect, test } from 'vitest';

import { choose, format, type Key } from './i18n.ts';
import { kinds } from './kinds.ts';
import { address } from './landing/rooms.ts';
import { en } from './messages/en.ts';
import { zh } from './messages/zh.ts';

test('the first language of those wished for that there is', () => {
  expect(choose([null, 'fr-FR', 'zh-TW', 'en'])).toBe('zh');
  expect(choose(['en-US', 'zh'])).toBe('en');
  expect(choose(['zha', 'de', ''])).toBe('en');
  expect(choose([])).toBe('en');
});

test('parameters, numbers and forms', () => {
  expect(format('en', 'home.kind.rooms', { n: 1 })).toBe('1 room');
  expect(format('en', 'home.kind.rooms', { n: 12_345 })).toBe('12,345 rooms');
  expect(format('zh', 'home.kind.rooms', { n: 1 })).toBe('1 个房间');
  expect(format('en', 'home.room.join.this', { room: 'arena-{n}' })).toBe('Join arena-{n}');
  expect(format('en', 'home.room.join.this')).toBe('Join {room}');
});

test('both languages name the same parameters', () => {
  for (const key of Object.keys(en) as Key[]) {
    const names = (s: string) => [...new Set(s.match(/\{\w+\}/g))].sort();
    expect(names(zh[key]), key).toEqual(names(en[key]));
  }
});

const demo = new URL('..', import.meta.url);
const folders = kinds.map((k) => k.page ?? k.name);
const hosts = folders.map((folder) => `${folder}/host/index.html`).filter((page) => existsSync(new URL(page, demo)));

/** Pages that are of no kind. */
const others = ['lobby', 'replay'];

test.each([
  'index.html',
  ...others.map((folder) => `${folder}/index.html`),
  ...folders.map((folder) => `${folder}/index.html`),
  ...hosts,
])('%s asks for texts that there are', (page) => {
  const html = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
  const keys = [...html.matchAll(/data-t(?:-\w+)?="([^"]+)"/g)].map((m) => m[1]);
  expect(keys.length).toBeGreaterThan(2);
  for (const key of keys) expect(en).toHaveProperty([key]);
});

test('pages and kinds are the same', () => {
  const demo = new URL('..', import.meta.url);
  const pages = readdirSync(demo).filter((dir) => existsSync(new URL(`${dir}/index.html`, demo)));
  expect(pages.sort()).toEqual([...folders, ...others].sort());
});

test('addresses of ways in', () => {
  expect(address('/arena', {})).toBe('/arena');
  expect(address('/arena', { room: 'arena-1', watch: '' })).toBe('/arena?room=arena-1&watch');
  expect(address('/arena', { name: 'Zoë & co' })).toBe('/arena?name=Zo%C3%AB%20%26%20co');
});
