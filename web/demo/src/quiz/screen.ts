// What the page shows of a quiz at a moment: a plain object, made of what the server has told, of
// the answer that is under way, and of the show's clock alone.

import type { Option, Question, QuizState, Result } from './state.ts';

/**
 * Where the show is for the eye: as the server says it, but for what happens at a time. between:
 * the next question is still to come; ready: it comes at a time that is known; suspense: answers
 * are over and the key is not there.
 */
export type Stage = 'loading' | 'lobby' | 'between' | 'ready' | 'open' | 'suspense' | 'result' | 'over';

/** What the page's colours say. */
export type Mood = 'calm' | 'ready' | 'open' | 'hurry' | 'suspense' | 'right' | 'wrong' | 'out' | 'won';

/** An answer from the moment in which it is given. */
export interface Slip {
  readonly run: number;
  readonly question: number;
  readonly option: number;
  /** failed: it has not arrived, and can be sent again. refused: the server does not take it. */
  readonly state: 'sending' | 'locked' | 'failed' | 'refused';
  /** Why it was refused. */
  readonly reason?: string;
  /** Seconds that it took, once it is locked. */
  readonly took?: number;
}

export interface OptionView extends Option {
  /** The key that chooses it, from 1. */
  readonly key: number;
  /** mine: chosen; other: not the chosen one; missed: the right one, which is not the chosen one; plain: wrong, and not chosen. */
  readonly state: 'open' | 'shut' | 'mine' | 'other' | 'right' | 'missed' | 'wrong' | 'plain';
  /** The part of all answers, from 0 to 1; undefined before the result. */
  readonly share: number | undefined;
  readonly count: number;
}

export interface Countdown {
  /** Seconds, with a fraction. */
  readonly left: number;
  /** What is left of the whole time, from 1 to 0. */
  readonly part: number;
}

/** What is said of the contestant's own answer. */
export type Verdict =
  | { readonly kind: 'sending' | 'failed' | 'late' | 'watching' | 'gone' }
  | { readonly kind: 'locked'; readonly took: number }
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'skipped' | 'right' | 'wrong' | 'missed' | 'revived' | 'saved' | 'out'; readonly gained: number };

export interface Screen {
  readonly stage: Stage;
  readonly mood: Mood;
  readonly countdown: Countdown | undefined;
  /** The question, as far as it may be seen. */
  readonly question: Question | undefined;
  readonly options: readonly OptionView[];
  readonly verdict: Verdict | undefined;
  /** The result that is being shown. */
  readonly result: Result | undefined;
  /** Whether an option can be chosen now. */
  readonly canAnswer: boolean;
}

/** The seconds of the end in which the page hurries. */
const hurry = 3.05;

/** Returns what to show at a moment of the show's clock, in microseconds. */
export function screenOf(s: QuizState, slip: Slip | undefined, now: number): Screen {
  const stage = stageOf(s, now);
  const question = stage === 'open' || stage === 'suspense' || stage === 'result' ? s.question : undefined;
  const own = slip && question && slip.run === s.run && slip.question === question.number ? slip : undefined;
  const mine = question ? chosen(s, own, question.number) : -1;
  const canAnswer = stage === 'open' && inGame(s, question!.number) && mine < 0;
  const result = stage === 'result' ? question!.result : undefined;
  const verdict = question ? verdictOf(s, question, stage, own, mine, result) : undefined;
  return {
    stage,
    mood: moodOf(s, stage, verdict, now),
    countdown: countdownOf(s, stage, now),
    question,
    options: question ? optionsOf(question, result, mine, canAnswer) : [],
    verdict,
    result,
    canAnswer,
  };
}

function stageOf(s: QuizState, now: number): Stage {
  const asked = s.question;
  switch (s.phase) {
    case '':
      return 'loading';
    case 'lobby':
      return 'lobby';
    case 'over':
      return 'over';
    case 'next':
      return s.nextAt > 0 && !s.held ? 'ready' : 'between';
    case 'open':
    case 'closed':
    case 'revealed':
      // The question is there a moment before it may be seen.
      if (!asked || now < asked.opensAt) return 'ready';
      if (s.phase === 'revealed' && asked.result) return 'result';
      return s.phase === 'open' && now < asked.closesAt ? 'open' : 'suspense';
  }
}

/** Reports whether the contestant may answer a question, or might have. */
function inGame(s: QuizState, question: number): boolean {
  const { me } = s;
  return me?.playing === true && (me.out === 0 || me.out >= question);
}

/** Returns the option that the contestant has chosen, which the server knows best; -1: none. */
function chosen(s: QuizState, slip: Slip | undefined, question: number): number {
  if (s.me?.question === question && s.me.option >= 0) return s.me.option;
  return slip && slip.state !== 'refused' ? slip.option : -1;
}

function verdictOf(
  s: QuizState,
  q: Question,
  stage: Stage,
  slip: Slip | undefined,
  mine: number,
  result: Result | undefined,
): Verdict | undefined {
  const { me } = s;
  if (!inGame(s, q.number)) return { kind: me?.playing ? 'gone' : 'watching' };
  if (result) return resultVerdict(s, q, result, mine);
  const confirmed = me?.question === q.number && me.option >= 0;
  if (confirmed) return { kind: 'locked', took: me.took };
  if (slip?.state === 'refused') return { kind: 'refused', reason: slip.reason ?? '' };
  if (slip?.state === 'locked') return { kind: 'locked', took: slip.took ?? 0 };
  if (slip) return { kind: slip.state };
  return stage === 'suspense' ? { kind: 'late' } : undefined;
}

function resultVerdict(s: QuizState, q: Question, result: Result, mine: number): Verdict {
  const me = s.me!;
  const gained = me.question === q.number ? me.gained : 0;
  if (result.skipped) return { kind: 'skipped', gained };
  if (me.out === q.number) return { kind: 'out', gained };
  const told = me.question === q.number ? me.fate : '';
  if (told !== '' && told !== 'unknown') return { kind: told, gained };
  // What the server says of the own answer follows in a moment.
  if (mine < 0) return { kind: 'missed', gained };
  return { kind: result.right.includes(mine) ? 'right' : 'wrong', gained };
}

function moodOf(s: QuizState, stage: Stage, verdict: Verdict | undefined, now: number): Mood {
  switch (stage) {
    case 'loading':
    case 'lobby':
    case 'between':
      return 'calm';
    case 'ready':
      return 'ready';
    case 'open':
      return (s.question!.closesAt - now) / 1e6 < hurry ? 'hurry' : 'open';
    case 'suspense':
      return 'suspense';
    case 'result':
      switch (verdict?.kind) {
        case 'right':
          return 'right';
        case 'out':
          return 'out';
        case 'wrong':
        case 'missed':
        case 'revived':
        case 'saved':
          return 'wrong';
        default:
          return 'calm';
      }
    case 'over':
      return s.me?.won ? 'won' : 'calm';
  }
}

function countdownOf(s: QuizState, stage: Stage, now: number): Countdown | undefined {
  switch (stage) {
    case 'ready':
      return s.question && s.phase !== 'next'
        ? countdown(now, s.question.opensAt, s.since)
        : countdown(now, s.nextAt, s.since);
    case 'open':
      return countdown(now, s.question!.closesAt, s.question!.opensAt);
    case 'lobby':
    case 'result':
    case 'over':
      return s.held ? undefined : countdown(now, s.nextAt, s.since);
    default:
      return undefined;
  }
}

function countdown(now: number, at: number, from: number): Countdown | undefined {
  if (at === 0) return undefined;
  const left = Math.max(0, at - now);
  return { left: left / 1e6, part: at > from ? Math.min(1, left / (at - from)) : 0 };
}

function optionsOf(q: Question, result: Result | undefined, mine: number, canAnswer: boolean): readonly OptionView[] {
  const all = result ? result.counts.reduce((sum, n) => sum + n, 0) : 0;
  return q.options.map((o, i) => {
    const count = result?.counts[o.id] ?? 0;
    let state: OptionView['state'];
    if (result && !result.skipped) {
      const right = result.right.includes(o.id);
      if (o.id === mine) state = right ? 'right' : 'wrong';
      else state = right ? 'missed' : 'plain';
    } else if (mine >= 0) state = o.id === mine ? 'mine' : 'other';
    else state = canAnswer ? 'open' : 'shut';
    return { ...o, key: i + 1, state, count, share: result ? (all > 0 ? count / all : 0) : undefined };
  });
}
