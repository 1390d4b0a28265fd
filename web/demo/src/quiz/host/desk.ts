// What a host sees of a show, and may do at a moment: plain objects, made of the rows of the room.

import { quiz } from '@tickroom/client/games/quiz';

import { optionsOf, type Tables } from '../rows.ts';

/** The tables that hosts see beside those of all. */
export interface HostTables extends Tables {
  readonly desk: Iterable<quiz.Desk>;
  readonly preview: Iterable<quiz.Preview>;
  readonly house: Iterable<quiz.House>;
}

export interface Bar {
  /** From A. */
  readonly letter: string;
  readonly text: string;
  readonly image: string;
  readonly count: number;
  /** The part of all answers, from 0 to 1. */
  readonly share: number;
  readonly right: boolean;
}

export interface Asked {
  readonly number: number;
  readonly text: string;
  readonly image: string;
  readonly opensAt: number;
  readonly closesAt: number;
  readonly points: number;
  readonly last: boolean;
  readonly skipped: boolean;
  readonly note: string;
  readonly bars: readonly Bar[];
  /** What came of it; 0 before the reveal. */
  readonly right: number;
  readonly missed: number;
  readonly out: number;
  readonly revived: number;
}

export interface HouseLine {
  readonly id: string;
  readonly contestants: number;
  readonly alive: number;
  readonly spectators: number;
  readonly answered: number;
  readonly lost: boolean;
}

export interface Desk {
  readonly title: string;
  readonly mode: quiz.Mode;
  readonly phase: quiz.Phase;
  readonly run: number;
  readonly rehearsal: boolean;
  readonly held: boolean;
  readonly lost: boolean;
  readonly question: number;
  readonly questions: number;
  readonly nextAt: number;
  readonly contestants: number;
  readonly alive: number;
  readonly spectators: number;
  readonly winners: number;
  /** Answers to the question that is there. */
  readonly answered: number;
  readonly asked: Asked | undefined;
  readonly next: quiz.Preview | undefined;
  readonly houses: readonly HouseLine[];
  readonly credit: Credit;
  readonly source: string;
  readonly problem: string;
  readonly leaders: readonly {
    rank: number;
    name: string;
    points: number;
    right: number;
    time: number;
    alive: boolean;
  }[];
}

/** How answers' times were lessened for the way, and which answers were refused. */
export interface Credit {
  /** In milliseconds. */
  readonly mean: number;
  readonly greatest: number;
  readonly most: number;
  readonly credited: number;
  readonly capped: number;
  readonly early: number;
  readonly late: number;
  readonly barred: number;
}

/** Returns what the rows say, or undefined before there are any. */
export function deskOf(tables: HostTables): Desk | undefined {
  const [show] = tables.show;
  const [desk] = tables.desk;
  if (!show || !desk) return undefined;
  const [totals] = tables.totals;
  const [row] = tables.question;
  const [next] = tables.preview;
  const asked = row && row.number === show.question && show.question > 0 ? askedOf(row, desk) : undefined;
  return {
    title: show.title,
    mode: show.mode,
    phase: show.phase,
    run: show.run,
    rehearsal: show.rehearsal,
    held: show.held,
    lost: show.lost,
    question: show.question,
    questions: show.questions,
    nextAt: Number(show.nextAt),
    contestants: totals?.contestants ?? 0,
    alive: totals?.alive ?? 0,
    spectators: totals?.spectators ?? 0,
    winners: totals?.winners ?? 0,
    answered: asked ? asked.bars.reduce((sum, b) => sum + b.count, 0) : 0,
    asked,
    next: next && { ...next },
    houses: [...tables.house]
      .map(({ id, contestants, alive, spectators, answered, lost }) => ({
        id,
        contestants,
        alive,
        spectators,
        answered,
        lost,
      }))
      .sort((a, b) => (a.id < b.id ? -1 : 1)),
    credit: {
      mean: desk.meanCredit,
      greatest: desk.greatestCredit,
      most: show.maxCredit,
      credited: desk.credited,
      capped: desk.capped,
      early: desk.early,
      late: desk.late,
      barred: desk.barred,
    },
    source: desk.source,
    problem: desk.problem,
    leaders: [...tables.leader]
      .map(({ rank, name, points, right, time, alive }) => ({ rank, name, points, right, time: time / 100, alive }))
      .sort((a, b) => a.rank - b.rank),
  };
}

function askedOf(row: quiz.Question, desk: quiz.Desk): Asked {
  // What has been counted, or before that what has come in.
  const told = row.counts.length > 0;
  const counts = told ? row.counts : desk.question === row.number ? desk.counts : [];
  const all = row.options.reduce((sum, _, i) => sum + (counts[i] ?? 0), 0);
  const right = optionsOf(row.key);
  return {
    number: row.number,
    text: row.text,
    image: row.image,
    opensAt: Number(row.opensAt),
    closesAt: Number(row.closesAt),
    points: row.points,
    last: row.last,
    skipped: row.skipped,
    note: row.note,
    bars: row.options.map((text, i) => ({
      letter: letter(i),
      text,
      image: row.optionImages[i] ?? '',
      count: counts[i] ?? 0,
      share: all > 0 ? (counts[i] ?? 0) / all : 0,
      right: right.includes(i),
    })),
    right: row.right,
    missed: row.missed,
    out: row.out,
    revived: row.revived,
  };
}

/** Returns the letter of an option, from 0. */
export function letter(option: number): string {
  return String.fromCharCode(65 + option);
}

/** What a host can press. */
export type Control = 'rehearse' | 'start' | 'next' | 'reveal' | 'hold' | 'resume' | 'skip' | 'end' | 'reset' | 'load';

/** What each does, as the command says it. */
export const acts: Readonly<Record<Control, quiz.Act>> = {
  rehearse: quiz.Act.REHEARSE,
  start: quiz.Act.START,
  next: quiz.Act.NEXT,
  reveal: quiz.Act.REVEAL,
  hold: quiz.Act.HOLD,
  resume: quiz.Act.RESUME,
  skip: quiz.Act.SKIP,
  end: quiz.Act.END,
  reset: quiz.Act.RESET,
  load: quiz.Act.LOAD,
};

/** What makes sense now, with what is likely to be wanted first, if anything is. */
export interface Controls {
  readonly main: Control | undefined;
  readonly allowed: ReadonlySet<Control>;
}

/** Returns what a host may do now. The server has the last word. */
export function controlsOf(d: Desk): Controls {
  const { phase } = d;
  const { LOBBY, NEXT, OPEN, CLOSED, REVEALED, OVER, UNSPECIFIED } = quiz.Phase;
  const allowed = new Set<Control>();
  let main: Control | undefined;
  const add = (...c: Control[]): void => {
    for (const one of c) allowed.add(one);
  };
  switch (phase) {
    case UNSPECIFIED:
      add('load');
      break;
    case LOBBY:
      add('load', 'rehearse', 'start');
      main = 'start';
      break;
    case NEXT:
      add('next', 'end');
      main = 'next';
      break;
    case OPEN:
    case CLOSED:
      add('reveal', 'skip', 'end');
      main = 'reveal';
      break;
    case REVEALED:
      add('next', 'skip', 'end');
      main = d.next ? 'next' : 'end';
      break;
    case OVER:
      add('reset', 'load', 'rehearse', 'start');
      main = 'reset';
      break;
  }
  if (phase === NEXT || phase === OPEN || phase === CLOSED || phase === REVEALED) add(d.held ? 'resume' : 'hold');
  // A rehearsal can become the show at any time.
  if (d.rehearsal && phase !== LOBBY && phase !== UNSPECIFIED) add('start');
  if (phase === REVEALED && d.asked?.skipped) allowed.delete('skip');
  if (!d.next) allowed.delete('next');
  return { main: main && allowed.has(main) ? main : undefined, allowed };
}

/** Splits a text into parts of at most so many bytes of UTF-8, between characters. */
export function partsOf(text: string, bytes: number): string[] {
  const utf8 = new TextEncoder();
  const parts: string[] = [];
  let part = '';
  let size = 0;
  for (const c of text) {
    const n = utf8.encode(c).length;
    if (size + n > bytes) {
      parts.push(part);
      part = '';
      size = 0;
    }
    part += c;
    size += n;
  }
  if (part !== '') parts.push(part);
  return parts;
}
