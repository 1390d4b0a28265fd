import { quiz } from '@tickroom/client/games/quiz';
import { expect, test } from 'vitest';

import { controlsOf, type Desk, deskOf, type HostTables, partsOf } from './desk.ts';
import { fetchResults, resultsCSV, resultsJSON } from './results.ts';

const { Phase } = quiz;

function tables(change: { show?: object; question?: object; desk?: object } = {}): HostTables {
  return {
    show: [{ phase: Phase.OPEN, question: 2, questions: 5, run: 1, nextAt: 9n, maxCredit: 250, ...change.show }],
    question: [
      {
        number: 2,
        opensAt: 1n,
        closesAt: 9n,
        key: 0,
        counts: [],
        options: ['a', 'b', 'c'],
        optionImages: [],
        ...change.question,
      },
    ],
    totals: [{ contestants: 10, alive: 9 }],
    desk: [{ question: 2, counts: [3, 0, 1], meanCredit: 20, ...change.desk }],
    preview: [{ number: 3, text: 'next', options: [] }],
    house: [
      { id: 'quiz-2', contestants: 4 },
      { id: 'quiz-1', contestants: 6 },
    ],
    leader: [],
    team: [],
  } as unknown as HostTables;
}

test('answers are seen as they come in, then as they were counted', () => {
  const live = deskOf(tables())!;
  expect(live.answered).toBe(4);
  expect(live.asked!.bars.map((b) => [b.letter, b.count, b.share, b.right])).toEqual([
    ['A', 3, 0.75, false],
    ['B', 0, 0, false],
    ['C', 1, 0.25, false],
  ]);
  expect(live.houses.map((h) => h.id)).toEqual(['quiz-1', 'quiz-2']);
  const told = deskOf(tables({ question: { counts: [4, 2], key: 0b1 } }))!;
  expect(told.asked!.bars.map((b) => [b.count, b.right])).toEqual([
    [4, true],
    [2, false],
    [0, false],
  ]);
  // Those of the question before.
  expect(deskOf(tables({ desk: { question: 1 } }))!.answered).toBe(0);
  expect(deskOf({ ...tables(), desk: [] })).toBeUndefined();
});

test('what a host may do', () => {
  const at = (change: Partial<Desk>) => {
    const { main, allowed } = controlsOf({ ...deskOf(tables())!, ...change });
    return [main, ...[...allowed].sort()];
  };
  expect(at({ phase: Phase.UNSPECIFIED })).toEqual([undefined, 'load']);
  expect(at({ phase: Phase.LOBBY })).toEqual(['start', 'load', 'rehearse', 'start']);
  expect(at({ phase: Phase.NEXT })).toEqual(['next', 'end', 'hold', 'next']);
  expect(at({ phase: Phase.OPEN, held: true })).toEqual(['reveal', 'end', 'resume', 'reveal', 'skip']);
  expect(at({ phase: Phase.REVEALED })).toEqual(['next', 'end', 'hold', 'next', 'skip']);
  expect(at({ phase: Phase.REVEALED, next: undefined })).toEqual(['end', 'end', 'hold', 'skip']);
  expect(at({ phase: Phase.OVER })).toEqual(['reset', 'load', 'rehearse', 'reset', 'start']);
  expect(at({ phase: Phase.OPEN, rehearsal: true })).toContain('start');
});

test('a file is split between characters', () => {
  expect(partsOf('abcdef', 4)).toEqual(['abcd', 'ef']);
  expect(partsOf('a你好🎲', 4)).toEqual(['a你', '好', '🎲']);
  expect(partsOf('', 4)).toEqual([]);
});

const given = (choice: number, verdict: quiz.Verdict) => ({ choice, elapsed: 123, credit: 7, verdict });
const result = (name: string, rank: number, g: object[]) =>
  ({
    name,
    rank,
    team: '',
    won: rank === 1,
    alive: true,
    out: 0,
    points: 10,
    right: 1,
    time: 250,
    given: g,
  }) as unknown as quiz.Result;

test('results of all houses are fetched, of those that take a moment again', async () => {
  const asked: string[] = [];
  const all = await fetchResults(
    (after, house) => {
      asked.push(`${house} ${after}`);
      const waiting = house === 'b' && asked.length < 4;
      const names = waiting || (house === 'b' && after > 0) ? [] : [result(house, 1, [])];
      return Promise.resolve({ results: names, more: house === 'b', waiting } as unknown as quiz.ResultsReply);
    },
    ['a', 'b'],
  );
  expect(asked).toEqual(['a 0', 'b 0', 'b 0', 'b 0', 'b 1']);
  expect(all.map((r) => r.name)).toEqual(['a', 'b']);
});

test('results are fetched page by page, and written as files', async () => {
  const pages = [
    [result('Zoë', 0, []), result('Bob', 2, [given(2, quiz.Verdict.RIGHT), given(0, quiz.Verdict.MISSED)])],
    [result('=Ann', 1, [given(1, quiz.Verdict.REVIVED)])],
  ];
  const asked: number[] = [];
  const all = await fetchResults((after) => {
    asked.push(after);
    const i = asked.length - 1;
    return Promise.resolve({ results: pages[i], more: i === 0 } as unknown as quiz.ResultsReply);
  });
  expect(asked).toEqual([0, 2]);
  expect(all.map((r) => r.name)).toEqual(['=Ann', 'Bob', 'Zoë']);
  expect(resultsCSV(all).split('\r\n')).toEqual([
    '\ufeffrank,name,team,won,alive,out,points,right,seconds,q1,q1_seconds,q1_verdict,q2,q2_seconds,q2_verdict',
    "1,'=Ann,,true,true,,10,1,2.50,A,1.23,revived,,,",
    '2,Bob,,false,true,,10,1,2.50,B,1.23,right,,,missed',
    ',Zoë,,false,true,,10,1,2.50,,,,,,',
    '',
  ]);
  expect(JSON.parse(resultsJSON(all))[1]).toEqual({
    rank: 2,
    name: 'Bob',
    won: false,
    alive: true,
    points: 10,
    right: 1,
    seconds: 2.5,
    answers: [{ answer: 'B', seconds: 1.23, credit_ms: 7, verdict: 'right' }, { verdict: 'missed' }],
  });
});
