// Reads a quiz's state from the rows of its room, and from what the room tells the contestant.

import { quiz } from '@tickroom/client/games/quiz';

import type { Mark } from './marks.ts';
import type { Fate, Me, Mode, Phase, Question, QuizState, Result } from './state.ts';

/** The tables of a quiz's room, as far as they are read here. */
export interface Tables {
  readonly show: Iterable<quiz.Show>;
  readonly question: Iterable<quiz.Question>;
  readonly totals: Iterable<quiz.Totals>;
  readonly leader: Iterable<quiz.Leader>;
  readonly team: Iterable<quiz.Team>;
}

const phases: Readonly<Record<quiz.Phase, Phase>> = {
  [quiz.Phase.UNSPECIFIED]: '',
  [quiz.Phase.LOBBY]: 'lobby',
  [quiz.Phase.NEXT]: 'next',
  [quiz.Phase.OPEN]: 'open',
  [quiz.Phase.CLOSED]: 'closed',
  [quiz.Phase.REVEALED]: 'revealed',
  [quiz.Phase.OVER]: 'over',
};

const modes: Readonly<Record<quiz.Mode, Mode>> = {
  [quiz.Mode.UNSPECIFIED]: 'practice',
  [quiz.Mode.ELIMINATION]: 'elimination',
  [quiz.Mode.POINTS]: 'points',
  [quiz.Mode.PRACTICE]: 'practice',
};

const fates: Readonly<Record<quiz.Verdict, Fate>> = {
  [quiz.Verdict.UNSPECIFIED]: '',
  [quiz.Verdict.RIGHT]: 'right',
  [quiz.Verdict.WRONG]: 'wrong',
  [quiz.Verdict.MISSED]: 'missed',
  [quiz.Verdict.REVIVED]: 'revived',
  [quiz.Verdict.SAVED]: 'saved',
  [quiz.Verdict.SKIPPED]: 'skipped',
};

/** The options of a set, from 0. */
export function optionsOf(set: number): number[] {
  return [0, 1, 2, 3, 4, 5].filter((i) => (set & (1 << i)) !== 0);
}

/** Reads the rows of one room, and remembers what was seen when. */
export class Rows {
  #mine: quiz.Mine | undefined;
  #phase = '';
  #since = 0;

  /** Takes what the server says of the contestant. The newest one counts. */
  told(mine: quiz.Mine): void {
    this.#mine = mine;
  }

  /** Forgets what was told: the player is another one now. */
  forget(): void {
    this.#mine = undefined;
    this.#phase = '';
  }

  /** Returns the state. name is the contestant's, player its number; now is the show's time in microseconds. */
  read(tables: Tables, name: string, player: number, now: number): QuizState | undefined {
    const [show] = tables.show;
    if (!show) return undefined;
    const [totals] = tables.totals;
    const [row] = tables.question;
    const mine = this.#mine?.run === show.run || show.run === 0 ? this.#mine : undefined;
    const asked = row && row.number === show.question && show.question > 0 ? row : undefined;
    const phase = `${show.run} ${show.phase} ${show.question} ${show.nextAt}`;
    if (phase !== this.#phase) {
      this.#phase = phase;
      this.#since = now;
    }
    return {
      title: show.title,
      image: show.image,
      mode: modes[show.mode] ?? 'practice',
      questions: show.questions,
      revives: show.revives,
      teamSize: show.teamSize,
      contestants: totals?.contestants ?? 0,
      alive: totals?.alive ?? 0,
      spectators: totals?.spectators ?? 0,
      answered: totals?.answered ?? 0,
      winners: totals?.winners ?? 0,
      phase: phases[show.phase] ?? '',
      run: show.run,
      nextAt: Number(show.nextAt),
      since: this.#since,
      held: show.held,
      rehearsal: show.rehearsal,
      lost: show.lost,
      closed: show.closed,
      question: asked ? questionOf(asked, show, mine) : undefined,
      me: mine ? meOf(mine, name) : undefined,
      leaders: [...tables.leader]
        .map((l) => ({
          rank: l.rank,
          name: l.name,
          points: l.points,
          right: l.right,
          time: l.time / 100,
          alive: l.alive,
          mine: player > 0 && l.player === player,
        }))
        .sort((a, b) => a.rank - b.rank || b.points - a.points || a.time - b.time),
      teams: [...tables.team]
        .map(({ rank, name, members, alive, points }) => ({ rank, name, members, alive, points }))
        .sort((a, b) => a.rank - b.rank),
    };
  }
}

function questionOf(row: quiz.Question, show: quiz.Show, mine: quiz.Mine | undefined): Question {
  const n = row.options.length;
  const given = show.shuffled && mine?.question === row.number ? mine.order : [];
  const order = isOrder(given, n) ? given : Array.from({ length: n }, (_, i) => i);
  return {
    number: row.number,
    opensAt: Number(row.opensAt),
    closesAt: Number(row.closesAt),
    text: row.text,
    image: row.image,
    points: row.points,
    last: row.last,
    options: order.map((id) => ({ id, text: row.options[id] ?? '', image: row.optionImages[id] ?? '' })),
    result: show.phase === quiz.Phase.REVEALED || show.phase === quiz.Phase.OVER ? resultOf(row) : undefined,
  };
}

/** Reports whether a list has each number below n once. */
function isOrder(list: readonly number[], n: number): boolean {
  return list.length === n && new Set(list).size === n && list.every((i) => i < n);
}

function resultOf(row: quiz.Question): Result {
  return {
    right: optionsOf(row.key),
    counts: row.options.map((_, i) => row.counts[i] ?? 0),
    missed: row.missed,
    correct: row.right,
    out: row.out,
    revived: row.revived,
    saved: row.saved,
    skipped: row.skipped,
    note: row.note,
  };
}

function meOf(m: quiz.Mine, name: string): Me {
  return {
    playing: m.playing,
    name,
    team: m.team,
    points: m.points,
    right: m.right,
    time: m.time / 100,
    streak: m.streak,
    revives: m.revives,
    out: m.out,
    question: m.question,
    option: m.answered ? m.option : -1,
    took: m.elapsed / 100,
    fate: fates[m.verdict] ?? '',
    gained: m.gained,
    rank: m.rank,
    among: m.among,
    ranked: m.ranked,
    teamRank: m.teamRank,
    won: m.won,
    marks: m.verdicts.map((v): Mark => fates[v] || 'unknown'),
  };
}
