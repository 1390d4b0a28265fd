import { describe, expect, test } from 'vitest';

import { type Slip, screenOf } from './screen.ts';
import type { Me, Question, QuizState, Result } from './state.ts';

const s = 1e6;

const question: Question = {
  number: 3,
  opensAt: 100 * s,
  closesAt: 110 * s,
  text: 'Which planet is the largest?',
  image: '',
  points: 1000,
  last: false,
  // Shown in an order of the contestant's own.
  options: ['Jupiter', 'Mars', 'Venus'].map((text, i) => ({ id: [2, 0, 1][i], text, image: '' })),
  result: undefined,
};

const result: Result = {
  right: [2],
  counts: [10, 30, 60],
  missed: 5,
  correct: 60,
  out: 0,
  revived: 0,
  saved: 0,
  skipped: false,
  note: '',
};

const me: Me = {
  playing: true,
  name: 'Ann',
  team: '',
  points: 0,
  right: 0,
  time: 0,
  streak: 0,
  revives: 1,
  out: 0,
  question: 3,
  option: -1,
  took: 0,
  fate: '',
  gained: 0,
  rank: 0,
  among: 0,
  ranked: 2,
  teamRank: 0,
  won: false,
  marks: [],
};

function state(change: Partial<QuizState> = {}, mine: Partial<Me> = {}): QuizState {
  return {
    title: 'Planets',
    image: '',
    mode: 'points',
    questions: 8,
    revives: 1,
    teamSize: 0,
    contestants: 100,
    alive: 100,
    spectators: 3,
    answered: 0,
    winners: 0,
    phase: 'open',
    run: 1,
    nextAt: 0,
    since: 98 * s,
    held: false,
    rehearsal: false,
    lost: false,
    closed: false,
    question,
    me: { ...me, ...mine },
    leaders: [],
    teams: [],
    ...change,
  };
}

const slip: Slip = { run: 1, question: 3, option: 2, state: 'sending' };
const revealed = (mine: Partial<Me> = {}, r: Partial<Result> = {}) =>
  state(
    { phase: 'revealed', nextAt: 120 * s, since: 112 * s, question: { ...question, result: { ...result, ...r } } },
    mine,
  );

describe('time', () => {
  test('a question that is there already is seen when its time has come, whatever has arrived', () => {
    const before = screenOf(state(), undefined, 99.5 * s);
    expect(before).toMatchObject({ stage: 'ready', question: undefined, options: [], canAnswer: false, mood: 'ready' });
    expect(before.countdown).toEqual({ left: 0.5, part: 0.25 });
    expect(screenOf(state(), undefined, 100 * s)).toMatchObject({
      stage: 'open',
      question,
      canAnswer: true,
      mood: 'open',
    });
  });

  test('answers end when their time is over, whatever has arrived', () => {
    const at = (t: number) => screenOf(state(), undefined, t * s);
    expect(at(105).countdown).toEqual({ left: 5, part: 0.5 });
    expect(at(107.5).mood).toBe('hurry');
    expect(at(110)).toMatchObject({
      stage: 'suspense',
      canAnswer: false,
      countdown: undefined,
      verdict: { kind: 'late' },
    });
  });

  test('a show that is held says nothing of when it goes on, but an open question goes on to its end', () => {
    expect(screenOf(state({ held: true }), undefined, 105 * s)).toMatchObject({ stage: 'open', canAnswer: true });
    expect(screenOf(state({ phase: 'next', held: true, nextAt: 120 * s }), undefined, 115 * s)).toMatchObject({
      stage: 'between',
      countdown: undefined,
    });
    expect(screenOf(state({ phase: 'next', nextAt: 120 * s, since: 110 * s }), undefined, 115 * s)).toMatchObject({
      stage: 'ready',
      countdown: { left: 5, part: 0.5 },
    });
  });

  test('the lobby counts down to a start that is known', () => {
    expect(screenOf(state({ phase: 'lobby', question: undefined }), undefined, 0).countdown).toBeUndefined();
    expect(screenOf(state({ phase: 'lobby', nextAt: 8 * s, since: 0 }), undefined, 6 * s).countdown).toEqual({
      left: 2,
      part: 0.25,
    });
  });
});

describe('the answer', () => {
  test('on its way, there, lost, refused', () => {
    const at = (sl: Slip, mine = {}) => screenOf(state({}, mine), sl, 105 * s);
    expect(at(slip).verdict).toEqual({ kind: 'sending' });
    expect(at(slip).options.map((o) => o.state)).toEqual(['mine', 'other', 'other']);
    expect(at({ ...slip, state: 'failed' }).verdict).toEqual({ kind: 'failed' });
    expect(at({ ...slip, state: 'locked', took: 1.5 }).verdict).toEqual({ kind: 'locked', took: 1.5 });
    const refused = at({ ...slip, state: 'refused', reason: 'too late' });
    expect(refused.verdict).toEqual({ kind: 'refused', reason: 'too late' });
    expect(refused.canAnswer).toBe(true);
  });

  test('what the server has counts, also after the page was loaded again', () => {
    const again = screenOf(state({}, { option: 0, took: 2 }), undefined, 105 * s);
    expect(again).toMatchObject({ canAnswer: false, verdict: { kind: 'locked', took: 2 } });
    expect(again.options.map((o) => o.state)).toEqual(['other', 'mine', 'other']);
    expect(screenOf(state({}, { option: 0 }), slip, 105 * s).options[1].state).toBe('mine');
  });

  test('an answer of another run or question is none', () => {
    expect(screenOf(state({ run: 2 }), slip, 105 * s).canAnswer).toBe(true);
    expect(screenOf(state(), { ...slip, question: 2 }, 105 * s).canAnswer).toBe(true);
    expect(screenOf(state({}, { question: 2, option: 1 }), undefined, 105 * s).canAnswer).toBe(true);
  });

  test('who is out or only watches can choose nothing', () => {
    expect(screenOf(state({}, { out: 2 }), undefined, 105 * s)).toMatchObject({
      canAnswer: false,
      verdict: { kind: 'gone' },
    });
    expect(screenOf(state({}, { playing: false }), undefined, 105 * s)).toMatchObject({
      canAnswer: false,
      verdict: { kind: 'watching' },
    });
    expect(screenOf(state({ me: undefined }), undefined, 105 * s).options.map((o) => o.state)).toEqual([
      'shut',
      'shut',
      'shut',
    ]);
  });
});

describe('the result', () => {
  test('shows the key, the own answer, and how many chose what', () => {
    const right = screenOf(revealed({ option: 2, fate: 'right', gained: 850 }), undefined, 113 * s);
    expect(right).toMatchObject({
      stage: 'result',
      mood: 'right',
      verdict: { kind: 'right', gained: 850 },
      countdown: { left: 7, part: 0.875 },
    });
    expect(right.options.map((o) => [o.state, o.share])).toEqual([
      ['right', 0.6],
      ['plain', 0.1],
      ['plain', 0.3],
    ]);
    const wrong = screenOf(revealed({ option: 0, fate: 'wrong' }), undefined, 113 * s);
    expect(wrong).toMatchObject({ mood: 'wrong', verdict: { kind: 'wrong' } });
    expect(wrong.options.map((o) => o.state)).toEqual(['missed', 'wrong', 'plain']);
  });

  test('is known before the server has said what it means for the contestant', () => {
    expect(screenOf(revealed(), { ...slip, state: 'locked' }, 113 * s).verdict).toEqual({ kind: 'right', gained: 0 });
    expect(screenOf(revealed(), { ...slip, option: 1, state: 'locked' }, 113 * s).verdict).toEqual({
      kind: 'wrong',
      gained: 0,
    });
    expect(screenOf(revealed(), undefined, 113 * s).verdict).toEqual({ kind: 'missed', gained: 0 });
  });

  test('revives, teams, the end, and questions that were taken out', () => {
    const kind = (mine: Partial<Me>, r = {}) => screenOf(revealed(mine, r), undefined, 113 * s).verdict?.kind;
    expect(kind({ option: 0, fate: 'revived' })).toBe('revived');
    expect(kind({ option: 0, fate: 'saved' })).toBe('saved');
    expect(kind({ option: 0, fate: 'wrong', out: 3 })).toBe('out');
    expect(kind({ option: 0, fate: 'skipped' }, { skipped: true })).toBe('skipped');
    expect(kind({ out: 2 })).toBe('gone');
    const skipped = screenOf(revealed({ option: 0 }, { skipped: true }), undefined, 113 * s);
    expect(skipped.options.map((o) => o.state)).toEqual(['other', 'mine', 'other']);
    expect(screenOf(revealed({}, { counts: [] }), undefined, 113 * s).options[0].share).toBe(0);
  });
});

test('who has won is cheered', () => {
  expect(screenOf(state({ phase: 'over' }, { won: true }), undefined, 0)).toMatchObject({ stage: 'over', mood: 'won' });
  expect(screenOf(state({ phase: 'over' }), undefined, 0).mood).toBe('calm');
});
