// A quiz as its pages know it, apart from how the rows of the room tell it. Times are
// microseconds since 1970 by the show's clock; 0: not known.

import type { Mark } from './marks.ts';

/** What a wrong answer costs, and what a right one brings. */
export type Mode = 'elimination' | 'points' | 'practice';

/** Where the show is, as the server says it; empty: nothing is there to be shown yet. */
export type Phase = '' | 'lobby' | 'next' | 'open' | 'closed' | 'revealed' | 'over';

export interface Option {
  /** Its place in the question, from 0, by which it is answered. */
  readonly id: number;
  readonly text: string;
  /** The address of a picture; empty: none. */
  readonly image: string;
}

export interface Question {
  /** From 1. */
  readonly number: number;
  /** When it is shown to all, and when answers end. */
  readonly opensAt: number;
  readonly closesAt: number;
  readonly text: string;
  readonly image: string;
  readonly points: number;
  /** Whether it is the last one, in which there are no revives. */
  readonly last: boolean;
  /** In the order in which this contestant is shown them. */
  readonly options: readonly Option[];
  /** What came of it, once that is told. */
  readonly result: Result | undefined;
}

/** What came of a question. */
export interface Result {
  /** The ids of the right options. */
  readonly right: readonly number[];
  /** How many chose each option, by its id. */
  readonly counts: readonly number[];
  /** How many had no answer in time, were right, went out, went on by a revive, and by their team. */
  readonly missed: number;
  readonly correct: number;
  readonly out: number;
  readonly revived: number;
  readonly saved: number;
  /** Whether it was taken out, at no cost to anybody. */
  readonly skipped: boolean;
  /** A word on the answer. */
  readonly note: string;
}

/** What became of the contestant's answer; empty: not known yet. */
export type Fate = '' | Mark;

/** The contestant who looks at the page. */
export interface Me {
  /** Whether one plays; else one only watches. */
  readonly playing: boolean;
  readonly name: string;
  readonly team: string;
  readonly points: number;
  readonly right: number;
  /** The sum of the answers' times, in seconds. */
  readonly time: number;
  readonly streak: number;
  readonly revives: number;
  /** The number of the question that put the contestant out; 0: none did. */
  readonly out: number;
  /** The question that what follows, up to gained, is about. */
  readonly question: number;
  /** The chosen option; -1: none. */
  readonly option: number;
  /** Seconds that the answer took; 0: not known. */
  readonly took: number;
  readonly fate: Fate;
  readonly gained: number;
  /** From 1, among so many, after the question ranked; 0: none yet. */
  readonly rank: number;
  readonly among: number;
  readonly ranked: number;
  readonly teamRank: number;
  readonly won: boolean;
  /** What became of the questions so far, by their order. */
  readonly marks: readonly Mark[];
}

export interface Leader {
  readonly rank: number;
  readonly name: string;
  readonly points: number;
  readonly right: number;
  /** The sum of the answers' times, in seconds. */
  readonly time: number;
  readonly alive: boolean;
  readonly mine: boolean;
}

export interface TeamLine {
  readonly rank: number;
  readonly name: string;
  readonly members: number;
  readonly alive: number;
  readonly points: number;
}

export interface QuizState {
  readonly title: string;
  /** The address of the show's own picture; empty: none. */
  readonly image: string;
  readonly mode: Mode;
  /** How many questions there are; 0: not known. */
  readonly questions: number;
  readonly revives: number;
  /** Most members of a team; 0: there are none. */
  readonly teamSize: number;
  readonly contestants: number;
  /** How many of them are still in the game. */
  readonly alive: number;
  readonly spectators: number;
  /** Answers to the question so far. */
  readonly answered: number;
  readonly winners: number;
  readonly phase: Phase;
  /** The number of the run, which rises with each start. */
  readonly run: number;
  /** When the phase ends by itself. */
  readonly nextAt: number;
  /** When the phase was first seen. */
  readonly since: number;
  /** Whether the host holds the show, and whether it is a rehearsal. */
  readonly held: boolean;
  readonly rehearsal: boolean;
  /** Whether the house does not hear from its show. */
  readonly lost: boolean;
  /** Whether those who come now only watch. */
  readonly closed: boolean;
  readonly question: Question | undefined;
  readonly me: Me | undefined;
  readonly leaders: readonly Leader[];
  readonly teams: readonly TeamLine[];
}
