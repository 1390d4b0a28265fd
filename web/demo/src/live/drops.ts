// What was not shown, and why: freshness comes first, and nobody is left to wonder.

import { dropReasons, type LiveDrops } from '@tickroom/client/live';
import { text } from '../arena/hud/dom.ts';
import { number, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';

/** Shows the counters in an element that can be opened. here is how many this page had no room for. */
export function showDrops(root: HTMLDetailsElement, drops: LiveDrops, here: number): void {
  text(root.querySelector('summary')!, t('danmaku.drops', { shown: drops.shown, dropped: drops.dropped }));
  if (!root.open) {
    root.ontoggle = () => showDrops(root, drops, here);
    return;
  }
  const rows = dropReasons
    .filter((r) => drops.reasons[r] > 0)
    .sort((a, b) => drops.reasons[b] - drops.reasons[a])
    .map((r) => pair(t(`danmaku.drop.${r}`), drops.reasons[r]));
  root
    .querySelector('div')!
    .replaceChildren(
      el('p', {}, t('danmaku.drops.text')),
      el('dl', {}, ...rows, ...(here > 0 ? [pair(t('danmaku.drops.here'), here)] : [])),
    );
}

function pair(what: string, n: number): HTMLElement {
  return el('div', {}, el('dt', {}, what), el('dd', { class: 'num' }, number(n)));
}
