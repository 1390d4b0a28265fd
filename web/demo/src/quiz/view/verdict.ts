// What is said of the contestant's own answer, below the options.

import { el, text } from '../../arena/hud/dom.ts';
import { t } from '../../i18n.ts';
import type { Screen, Verdict } from '../screen.ts';
import type { QuizState } from '../state.ts';
import { once } from './once.ts';

const icons: Readonly<Record<Verdict['kind'], string>> = {
  sending: 'M12 3a9 9 0 1 1-9 9',
  failed: 'M12 8v5m0 3.5v.5M12 3l9.5 17h-19z',
  locked: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9.5h-13z',
  refused: 'M6 6l12 12M18 6L6 18',
  late: 'M12 7v5l3 3M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z',
  watching: 'M2 12s4-6 10-6 10 6 10 6-4 6-10 6S2 12 2 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  gone: 'M2 12s4-6 10-6 10 6 10 6-4 6-10 6S2 12 2 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z',
  skipped: 'M5 5l7 7-7 7M13 5l7 7-7 7',
  right: 'M4.5 12.5l5 5 10-11',
  wrong: 'M6 6l12 12M18 6L6 18',
  missed: 'M12 7v5l3 3M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z',
  revived: 'M12 20S4 15 4 9.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.5C20 15 12 20 12 20z',
  saved: 'M12 20S4 15 4 9.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.5C20 15 12 20 12 20z',
  out: 'M6 6l12 12M18 6L6 18',
};

/** Returns the right answer in words. */
export function rightAnswer(s: Screen): string {
  return s.options
    .filter((o) => o.state === 'right' || o.state === 'missed')
    .map((o) => o.text || String(o.key))
    .join(' / ');
}

/** Returns what is said: a title, and what follows it. */
export function verdictText(s: QuizState, screen: Screen): readonly [string, string] {
  const v = screen.verdict!;
  switch (v.kind) {
    case 'locked':
      return [
        t('quiz.verdict.locked'),
        v.took > 0 ? t('quiz.verdict.locked.took', { time: v.took.toFixed(2) }) : t('quiz.verdict.locked.text'),
      ];
    case 'refused':
      return [t('quiz.verdict.refused'), v.reason];
    case 'right': {
      const others = (screen.result?.correct ?? 0) - 1;
      return [
        t('quiz.verdict.right'),
        others > 0 ? t('quiz.verdict.right.text', { n: others }) : t('quiz.verdict.right.alone'),
      ];
    }
    case 'wrong':
    case 'missed':
      return [t(`quiz.verdict.${v.kind}`), t('quiz.verdict.wrong.text', { answer: rightAnswer(screen) })];
    case 'revived':
      return [t('quiz.verdict.revived'), t('quiz.verdict.revived.text', { n: String(s.me?.revives ?? 0) })];
    case 'out':
      return [t('quiz.verdict.out'), t('quiz.verdict.out.text', { n: s.me?.out ?? 0, answer: rightAnswer(screen) })];
    default:
      return [t(`quiz.verdict.${v.kind}`), t(`quiz.verdict.${v.kind}.text`)];
  }
}

export class VerdictLine {
  /** Called when the answer is to be sent again at once. */
  onAgain: () => void = () => {};
  readonly #draw = once((v: { kind: Verdict['kind'] | ''; title: string; more: string }) => {
    const root = el('verdict');
    root.hidden = v.kind === '';
    if (v.kind === '') return;
    root.dataset.kind = v.kind;
    root.querySelector('path')!.setAttribute('d', icons[v.kind]);
    text(el('verdict-title'), v.title);
    text(el('verdict-text'), v.more);
    el('verdict-again').hidden = v.kind !== 'failed';
  });

  constructor() {
    el('verdict-again').addEventListener('click', () => this.onAgain());
  }

  show(s: QuizState, screen: Screen): void {
    if (
      screen.stage === 'suspense' &&
      (!screen.verdict || screen.verdict.kind === 'watching' || screen.verdict.kind === 'gone')
    ) {
      this.#draw({ kind: 'late', title: t('quiz.suspense'), more: t('quiz.suspense.text', { n: s.answered }) });
      return;
    }
    if (!screen.verdict) {
      this.#draw({ kind: '', title: '', more: '' });
      return;
    }
    const [title, more] = verdictText(s, screen);
    this.#draw({ kind: screen.verdict.kind, title, more });
  }
}
