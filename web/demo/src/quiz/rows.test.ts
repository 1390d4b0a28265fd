import { quiz } from '@tickroom/client/games/quiz';
import { expect, test } from 'vitest';

import { optionsOf, Rows, type Tables } from './rows.ts';

const show = {
  phase: quiz.Phase.OPEN,
  question: 2,
  nextAt: 20_000_000n,
  held: false,
  lost: false,
  run: 3,
  rehearsal: false,
  title: 'Friday',
  mode: quiz.Mode.ELIMINATION,
  questions: 12,
  revives: 1,
  teamSize: 0,
  closed: true,
  shuffled: true,
  maxCredit: 250,
  image: '',
};
const question = {
  number: 2,
  opensAt: 10_000_000n,
  closesAt: 20_000_000n,
  key: 0,
  counts: [],
  missed: 0,
  right: 0,
  out: 0,
  revived: 0,
  saved: 0,
  skipped: false,
  text: 'Which?',
  image: '',
  options: ['a', 'b', 'c'],
  optionImages: ['/a.svg', '/b.svg', '/c.svg'],
  points: 0,
  last: false,
  note: '',
};
const mine = {
  run: 3,
  playing: true,
  question: 2,
  answered: true,
  option: 2,
  elapsed: 131,
  order: [1, 2, 0],
  verdicts: [quiz.Verdict.REVIVED],
  verdict: quiz.Verdict.UNSPECIFIED,
  revives: 0,
  rank: 4,
  among: 9,
  ranked: 1,
} as unknown as quiz.Mine;

function tables(change: { show?: object; question?: object; leader?: object[] } = {}): Tables {
  return {
    show: [{ ...show, ...change.show }],
    question: [{ ...question, ...change.question }],
    totals: [{ contestants: 9, alive: 8, answered: 5 }],
    leader: change.leader ?? [],
    team: [],
  } as unknown as Tables;
}

test('there is no state before there is a show', () => {
  const none = { ...tables(), show: [] };
  expect(new Rows().read(none, 'Ann', 1, 0)).toBeUndefined();
});

test('options are in the order that the contestant is shown, and keep their places', () => {
  const rows = new Rows();
  const before = rows.read(tables(), 'Ann', 1, 0)!;
  expect(before.me).toBeUndefined();
  expect(before.question!.options.map((o) => o.id)).toEqual([0, 1, 2]);
  rows.told(mine);
  const s = rows.read(tables(), 'Ann', 1, 0)!;
  expect(s.question!.options).toEqual([
    { id: 1, text: 'b', image: '/b.svg' },
    { id: 2, text: 'c', image: '/c.svg' },
    { id: 0, text: 'a', image: '/a.svg' },
  ]);
  expect(s.me).toMatchObject({ name: 'Ann', option: 2, took: 1.31, fate: '', marks: ['revived'], rank: 4 });
  // An order that is none.
  rows.told({ ...mine, order: [1, 1, 0] });
  expect(rows.read(tables(), 'Ann', 1, 0)!.question!.options.map((o) => o.id)).toEqual([0, 1, 2]);
});

test('what was told in another run does not count', () => {
  const rows = new Rows();
  rows.told({ ...mine, run: 2 });
  expect(rows.read(tables(), 'Ann', 1, 0)!.me).toBeUndefined();
});

test('there is a result when it is revealed', () => {
  const rows = new Rows();
  expect(rows.read(tables(), 'Ann', 1, 0)!.question!.result).toBeUndefined();
  const told = tables({ show: { phase: quiz.Phase.REVEALED }, question: { key: 0b101, counts: [4, 1], right: 4 } });
  expect(rows.read(told, 'Ann', 1, 0)!.question!.result).toMatchObject({
    right: [0, 2],
    counts: [4, 1, 0],
    correct: 4,
  });
  expect(optionsOf(0)).toEqual([]);
});

test('it is remembered when a phase was first seen', () => {
  const rows = new Rows();
  expect(rows.read(tables(), 'Ann', 1, 5)!.since).toBe(5);
  expect(rows.read(tables(), 'Ann', 1, 9)!.since).toBe(5);
  expect(rows.read(tables({ show: { phase: quiz.Phase.CLOSED } }), 'Ann', 1, 12)!.since).toBe(12);
  rows.forget();
  expect(rows.read(tables({ show: { phase: quiz.Phase.CLOSED } }), 'Ann', 1, 15)!.since).toBe(15);
});

test('leaders are in their order, and the own line is known', () => {
  const l = (rank: number, player: number) => ({
    rank,
    player,
    name: `p${player}`,
    points: 10 - rank,
    right: 1,
    time: 150,
    alive: true,
  });
  const s = new Rows().read(tables({ leader: [l(2, 0), l(1, 7), l(2, 3)] }), 'Ann', 3, 0)!;
  expect(s.leaders.map((x) => [x.rank, x.mine, x.time])).toEqual([
    [1, false, 1.5],
    [2, false, 1.5],
    [2, true, 1.5],
  ]);
});
