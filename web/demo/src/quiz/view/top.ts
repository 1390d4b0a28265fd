// The bar at the top: the show's title, how many take part, and a mark for each question.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { QuizState } from '../state.ts';
import { once } from './once.ts';

export class Top {
  readonly #steps = once((marks: readonly string[]) => {
    el('steps').replaceChildren(...marks.map((m) => make('li', m)));
    el('steps').hidden = marks.length === 0;
  });

  show(s: QuizState | undefined, screen: Screen | undefined): void {
    text(el('title'), s?.title ?? '');
    el('crowd').hidden = s === undefined || screen?.stage === 'lobby';
    if (s) text(el('crowd-text'), crowd(s));
    this.#steps(s && screen ? steps(s, screen) : []);
  }
}

function crowd(s: QuizState): string {
  if (s.mode === 'elimination' && s.phase !== 'lobby' && s.alive < s.contestants)
    return t('quiz.crowd.of', { alive: number(s.alive), all: number(s.contestants) });
  return t('quiz.crowd', { n: s.contestants });
}

/** Returns a class for each question: what became of the own answer, or how far the show is. */
function steps(s: QuizState, screen: Screen): string[] {
  if (s.phase === '' || s.phase === 'lobby') return [];
  const at = s.question?.number ?? 0;
  const count = Math.max(s.questions, at);
  if (count > 40) return [];
  return Array.from({ length: count }, (_, i) => {
    const n = i + 1;
    const mark = s.me?.playing ? s.me.marks[i] : undefined;
    // The newest mark is part of the result, and shown with it.
    const told = n < at || screen.stage === 'result' || screen.stage === 'over' || s.phase === 'next';
    if (mark && told) return mark;
    if (n === at && screen.stage !== 'over') return 'now';
    return n <= at ? 'past' : '';
  });
}
