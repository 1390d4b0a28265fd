// What a question has come to, for the contestant and for all: points, rank, streak, who is left;
// and the leaders.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { Leader, QuizState } from '../state.ts';
import { once } from './once.ts';

/** The most leaders that are shown. */
const most = 5;

/** A number with what it is. */
export interface Fact {
  readonly label: string;
  readonly value: string;
  readonly more?: string;
  readonly as?: string;
}

/** Returns what the result of the question means. */
export function outcome(s: QuizState, screen: Screen): readonly Fact[] {
  const { result, question } = screen;
  if (!result || !question) return [];
  const { me } = s;
  const facts: Fact[] = [];
  const plays = me?.playing && (me.out === 0 || me.out >= question.number);
  if (plays && s.mode !== 'elimination') {
    facts.push({
      label: t('quiz.fact.points'),
      value: number(me.points),
      as: 'points',
      ...(me.question === question.number && me.gained > 0 ? { more: t('quiz.fact.gained', { n: me.gained }) } : {}),
    });
  }
  if (plays && s.mode !== 'practice') facts.push(rank(s, question.number));
  if (plays && me.streak > 1) facts.push({ label: t('quiz.fact.streak'), value: number(me.streak), as: 'streak' });
  if (s.mode === 'elimination') {
    facts.push({ label: t('quiz.fact.alive'), value: number(s.alive) });
    facts.push({ label: t('quiz.fact.out'), value: number(result.out), as: 'out' });
  } else facts.push({ label: t('quiz.fact.correct'), value: number(result.correct) });
  return facts;
}

function rank(s: QuizState, question: number): Fact {
  const { me } = s;
  const label = t('quiz.fact.rank');
  if (!me || me.ranked < question || me.rank === 0) return { label, value: t('quiz.fact.ranking'), as: 'waiting' };
  return { label, value: number(me.rank), more: `/ ${number(me.among)}`, as: 'rank' };
}

/** Sets facts as a list of definitions. */
export function define(list: HTMLElement, facts: readonly Fact[]): void {
  list.replaceChildren(
    ...facts.map((f) => {
      const box = make('div', f.as);
      const value = make('dd', 'num', f.value);
      if (f.more) value.append(make('small', '', f.more));
      box.append(make('dt', '', f.label), value);
      return box;
    }),
  );
}

export class Outcome {
  readonly #facts = once((facts: readonly Fact[]) => {
    el('outcome').hidden = facts.length === 0;
    define(el('outcome'), facts);
  });
  readonly #leaders = once((what: { mode: string; leaders: readonly Leader[] }) => {
    el('leaders').hidden = what.leaders.length === 0;
    el('leaders-list').replaceChildren(...what.leaders.map((l) => leader(l, what.mode)));
  });
  readonly #note = once((note: string) => {
    el('q-note').hidden = note === '';
    text(el('q-note'), note);
  });

  show(s: QuizState, screen: Screen): void {
    this.#facts(outcome(s, screen));
    this.#note(screen.result?.note ?? '');
    this.#leaders({
      mode: s.mode,
      leaders: screen.result && s.mode !== 'practice' && !screen.result.skipped ? s.leaders.slice(0, most) : [],
    });
  }
}

/** Returns a leader's line. */
export function leader(l: Leader, mode: string): HTMLElement {
  const item = make('li', l.mine ? 'mine' : '');
  item.classList.toggle('out', mode === 'elimination' && !l.alive);
  item.append(
    make('span', 'place num', String(l.rank)),
    make('b', '', l.mine ? `${l.name} (${t('quiz.you')})` : l.name),
    make('span', 'num', mode === 'points' ? number(l.points) : `${number(l.right)} ✓`),
    make(
      'small',
      'num',
      t('quiz.fact.seconds', { n: number(l.time, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) }),
    ),
  );
  return item;
}
