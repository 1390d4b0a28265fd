// A room of the lobby, or a show, as it is shown.

import { number, t } from '../i18n.ts';
import { kinds as pages } from '../kinds.ts';
import { address } from '../landing/rooms.ts';
import { el } from '../netgraph/dom.ts';
import { type Entry, free } from './entries.ts';

/** A card in the list. */
export interface Card {
  readonly node: HTMLElement;
  /** Shows what has changed. */
  update(e: Entry): void;
}

/** Returns the card of an entry. It is the same one as long as the entry is there, so that its links stay. */
export function cardOf(first: Entry): Card {
  const page = pages.find((p) => p.name === first.kind);
  const name = first.show || first.room;
  const bar = el('i');
  const places = el('span', { class: 'num' });
  const more = el('span', { class: 'facts' });
  const chips = el('ul', { class: 'labels' });
  const state = el('span', { class: 'state' });
  const node = el(
    'li',
    { class: 'room panel' },
    el('p', { class: 'eyebrow' }, page ? t(`${page.name}.title`) : first.kind, ' ', state),
    el('h2', {}, name),
    el('span', { class: 'bar', 'aria-hidden': 'true' }, bar),
    el('p', { class: 'count' }, places, more),
    chips,
  );
  let join: HTMLAnchorElement | undefined;
  if (page) {
    const at = `/${page.page ?? page.name}`;
    const which: Record<string, string> = first.show ? { show: first.show } : { room: first.room };
    join = el(
      'a',
      { class: 'btn small primary', href: address(at, which), 'aria-label': t('lobby.join.this', { room: name }) },
      t('lobby.join'),
    );
    const ways = el('p', { class: 'ways' }, join);
    if (page.watchable && first.spectators)
      ways.append(
        el(
          'a',
          {
            class: 'btn small',
            href: address(at, { ...which, watch: '' }),
            'aria-label': t('lobby.watch.this', { room: name }),
          },
          t('lobby.watch'),
        ),
      );
    node.append(ways);
  }
  let players = first.players;
  const update = (e: Entry): void => {
    // Set here, as the page's policy forbids styles in HTML.
    bar.style.width = `${Math.max(e.players > 0 ? 2 : 0, Math.min(100, (100 * e.players) / Math.max(1, e.capacity)))}%`;
    put(places, t('lobby.places', { players: number(e.players), capacity: number(e.capacity) }));
    const facts = [
      e.houses > 1 ? t('lobby.houses', { n: e.houses }) : '',
      e.watching > 0 ? t('lobby.watching', { n: e.watching }) : '',
      e.region,
    ].filter(Boolean);
    put(more, facts.map((fact) => ` · ${fact}`).join(''));
    put(state, e.locked ? t('lobby.locked') : free(e) === 0 ? t('lobby.full') : '');
    node.classList.toggle('shut', e.locked || free(e) === 0);
    if (chips.childElementCount !== e.labels.length || e.labels.some((l, i) => chips.children[i]?.textContent !== l))
      chips.replaceChildren(...e.labels.map((l) => el('li', {}, l)));
    if (e.players !== players) {
      players = e.players;
      node.classList.remove('changed');
      void node.offsetWidth; // so that it begins anew
      node.classList.add('changed');
    }
  };
  update(first);
  return { node, update };
}

function put(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}
