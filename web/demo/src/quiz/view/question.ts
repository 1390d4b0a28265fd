// A question: its text and picture, the countdown, the options, and what came of it.

import { el, make, text } from '../../arena/hud/dom.ts';
import { t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { Question, QuizState } from '../state.ts';
import { once } from './once.ts';
import { Options } from './options.ts';
import { Outcome } from './outcome.ts';
import { Ring } from './ring.ts';
import { VerdictLine } from './verdict.ts';

export class QuestionView {
  readonly options = new Options();
  readonly verdict = new VerdictLine();
  readonly #outcome = new Outcome();
  readonly #ring = new Ring('ring');
  readonly #head = once((what: { of: string; chips: readonly (readonly [string, string])[] }) => {
    text(el('q-of'), what.of);
    el('q-chips').replaceChildren(...what.chips.map(([as, words]) => make('span', `chip ${as}`, words)));
  });
  readonly #text = once((q: { number: number; text: string; image: string }) => {
    text(el('q-text'), q.text);
    el('q-text').classList.toggle('long', q.text.length > 90);
    const image = el<HTMLImageElement>('q-image');
    el('q-figure').hidden = q.image === '';
    if (q.image === '') image.removeAttribute('src');
    else image.src = q.image;
    // Each question begins at the top.
    if (q.number > 0) scrollTo({ top: 0 });
  });

  show(s: QuizState, screen: Screen): void {
    const q = screen.question;
    if (!q) return;
    el('question').dataset.stage = screen.stage;
    el('question').dataset.verdict = screen.verdict?.kind ?? '';
    this.#head({ of: of(s, q), chips: chips(s, q) });
    this.#text({ number: q.number, text: q.text, image: q.image });
    // A place of its own, so that nothing moves when it goes.
    this.#ring.show(screen.stage === 'open' ? screen.countdown : undefined);
    el('orb').hidden = screen.stage !== 'suspense';
    this.options.show(screen);
    this.verdict.show(s, screen);
    this.#outcome.show(s, screen);
    this.#next(s, screen);
  }

  #next(s: QuizState, screen: Screen): void {
    const line = el('q-next');
    line.hidden = screen.stage !== 'result';
    if (line.hidden) return;
    const ends = screen.question?.last || (s.questions > 0 && screen.question?.number === s.questions);
    const left = screen.countdown ? Math.ceil(screen.countdown.left) : 0;
    if (s.held) text(line, '');
    else if (ends) text(line, t('quiz.next.end'));
    else text(line, left > 0 ? t('quiz.next', { n: left }) : t('quiz.next.soon'));
  }
}

/** Returns which question it is. */
export function of(s: QuizState, q: Question): string {
  return s.questions > 0 ? t('quiz.of', { n: q.number, all: s.questions }) : t('quiz.number', { n: q.number });
}

function chips(s: QuizState, q: Question): (readonly [string, string])[] {
  const list: (readonly [string, string])[] = [];
  if (s.rehearsal) list.push(['amber', t('quiz.rehearsal')]);
  if (s.mode === 'elimination' && q.last && s.revives > 0) list.push(['magenta', t('quiz.last')]);
  if (s.mode !== 'elimination' && q.points > 0) list.push(['', t('quiz.points', { n: q.points })]);
  return list;
}
