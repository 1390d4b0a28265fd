import type { RoomInfo } from '@tickroom/client/matchmaking';
import { expect, test } from 'vitest';

import { entriesOf, sort, steady } from './entries.ts';

const room = (room: string, more: Partial<RoomInfo> = {}): RoomInfo => ({
  room,
  kind: 'arena',
  mode: '',
  region: '',
  players: 0,
  capacity: 10,
  spectators: false,
  watching: 0,
  maxWatching: 0,
  locked: false,
  created: undefined,
  labels: {},
  options: {},
  show: '',
  ...more,
});

test('the houses of a show are one entry', () => {
  const house = { kind: 'danmaku', show: 'tonight', capacity: 10_000, players: 4000 };
  const [a, show, other] = entriesOf([
    room('arena-1', { labels: { map: 'ring', ranked: true, full: false, level: 3 } }),
    room('h1', { ...house, locked: true, created: new Date(2000), region: 'eu' }),
    room('h2', { ...house, show: 'tomorrow' }),
    room('h3', { ...house, players: 12, created: new Date(1000), region: 'us' }),
  ]);
  expect(a).toMatchObject({ room: 'arena-1', houses: 1, labels: ['level 3', 'map ring', 'ranked'] });
  expect(show).toMatchObject({
    room: '',
    show: 'tonight',
    houses: 2,
    players: 4012,
    capacity: 20_000,
    locked: false,
    created: 1000,
    region: '',
  });
  expect(other).toMatchObject({ show: 'tomorrow', houses: 1 });
});

test('sorting', () => {
  const all = entriesOf([
    room('a', { players: 3, created: new Date(1) }),
    room('b', { players: 9, created: new Date(3) }),
    room('c', { players: 3, capacity: 4, created: new Date(2) }),
    room('d', { players: 0, locked: true }),
  ]);
  const by = (sorting: 'players' | 'free' | 'newest') => sort([...all], sorting).map((e) => e.room);
  expect(by('players')).toEqual(['b', 'a', 'c', 'd']);
  expect(by('free')).toEqual(['a', 'b', 'c', 'd']);
  expect(by('newest')).toEqual(['b', 'c', 'a', 'd']);
});

test('what is about to be pressed stays where it is', () => {
  expect(steady(['a', 'b', 'c'], ['d', 'c', 'a'])).toEqual(['a', 'c', 'd']);
  expect(steady([], ['b', 'a'])).toEqual(['b', 'a']);
});
