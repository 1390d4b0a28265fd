// The line at the bottom that says how the contestant stands.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { QuizState } from '../state.ts';
import { once } from './once.ts';

const icons = {
  points: 'M12 3l2.7 6.1 6.6.7-5 4.4 1.5 6.5L12 17.3 6.2 20.7l1.5-6.5-5-4.4 6.6-.7z',
  rank: 'M5 20V11h4v9M10 20V5h4v15M15 20v-6h4v6',
  streak: 'M12 3c1 4 5 5.5 5 10.5A5 5 0 0 1 7 14c0-2 1-3 1.5-4 .5 1.5 1 2 2 2.5C10 9 10.5 6 12 3z',
  revives: 'M12 20S4 15 4 9.5A4.5 4.5 0 0 1 12 7a4.5 4.5 0 0 1 8 2.5C20 15 12 20 12 20z',
} as const;

interface Item {
  readonly as: keyof typeof icons;
  readonly label: string;
  readonly value: string;
}

export class MeBar {
  readonly #facts = once((items: readonly Item[]) =>
    el('me-facts').replaceChildren(
      ...items.map(({ as, label, value }) => {
        const item = make('li', as);
        const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
        svg.setAttribute('viewBox', '0 0 24 24');
        svg.setAttribute('aria-hidden', 'true');
        const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
        path.setAttribute('d', icons[as]);
        svg.append(path);
        item.append(svg, make('span', 'sr-only', label), make('b', 'num', value));
        item.title = label;
        return item;
      }),
    ),
  );

  show(s: QuizState | undefined, screen: Screen | undefined, spectator: boolean): void {
    const { me } = s ?? {};
    el('me').hidden = !s || (!me?.playing && !spectator) || screen?.stage === 'over';
    if (!s) return;
    text(el('me-name'), me?.name ?? '');
    text(el('me-state'), standing(s));
    el('me').classList.toggle('gone', me?.out !== undefined && me.out > 0);
    this.#facts(me?.playing ? items(s) : []);
  }
}

function standing(s: QuizState): string {
  const { me } = s;
  if (!me?.playing) return t('quiz.me.watching');
  if (me.out > 0) return t('quiz.me.out', { n: me.out });
  if (me.team !== '') return me.team;
  return s.mode === 'elimination' ? t('quiz.me.in') : '';
}

function items(s: QuizState): Item[] {
  const me = s.me!;
  const list: Item[] = [];
  if (s.mode === 'elimination' && s.revives > 0 && me.out === 0)
    list.push({ as: 'revives', label: t('quiz.fact.revives'), value: number(me.revives) });
  if (me.streak > 1) list.push({ as: 'streak', label: t('quiz.fact.streak'), value: number(me.streak) });
  if (s.mode !== 'practice' && me.rank > 0)
    list.push({ as: 'rank', label: t('quiz.fact.rank'), value: `#${number(me.rank)}` });
  if (s.mode !== 'elimination') list.push({ as: 'points', label: t('quiz.fact.points'), value: number(me.points) });
  return list;
}
