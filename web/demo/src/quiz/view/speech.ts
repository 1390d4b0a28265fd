// What a screen reader says: questions when they are shown, the time that is left at two moments,
// answers and results.

import { el, text } from '../../arena/hud/dom.ts';
import { t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { QuizState } from '../state.ts';
import { of } from './question.ts';
import { rightAnswer, verdictText } from './verdict.ts';

/** The seconds at which the time that is left is said. */
const moments = [10, 5] as const;

export class Speech {
  #before = '';
  #left = 0;

  show(s: QuizState, screen: Screen): void {
    const { stage, question, countdown } = screen;
    const now = `${s.run} ${question?.number ?? 0} ${stage} ${screen.verdict?.kind ?? ''}`;
    if (now !== this.#before) {
      const fresh = !this.#before.startsWith(`${s.run} ${question?.number ?? 0} ${stage} `);
      this.#before = now;
      if (fresh) this.#stage(s, screen);
      else this.#verdict(s, screen);
    }
    const left = stage === 'open' && countdown ? Math.ceil(countdown.left) : 0;
    if (left !== this.#left && moments.some((m) => m === left)) text(el('say'), t('quiz.left', { n: left }));
    this.#left = left;
  }

  #stage(s: QuizState, screen: Screen): void {
    const { stage, question } = screen;
    if (stage === 'open' && question) {
      const options = screen.options
        .map((o) => t('quiz.option', { key: String(o.key), text: o.text || t('quiz.option.picture') }))
        .join('; ');
      text(el('shout'), t('quiz.say.question', { of: of(s, question), text: question.text, options }));
    } else if (stage === 'suspense') text(el('say'), t('quiz.suspense'));
    else if (stage === 'result') {
      const [title, more] = screen.verdict ? verdictText(s, screen) : ['', ''];
      text(el('shout'), `${title} ${more} ${t('quiz.say.right', { answer: rightAnswer(screen) })}`.trim());
    } else if (stage === 'over') text(el('shout'), s.me?.won ? t('quiz.final.won') : t('quiz.final.over'));
    else text(el('shout'), '');
  }

  #verdict(s: QuizState, screen: Screen): void {
    if (!screen.verdict || screen.stage === 'result') return;
    const chosen = screen.options.find((o) => o.state === 'mine');
    if (screen.verdict.kind === 'locked' && chosen)
      text(el('say'), t('quiz.say.locked', { answer: chosen.text || String(chosen.key) }));
    else text(el('say'), verdictText(s, screen).join(' '));
  }
}
