// What viewers give: super chats, the wall of givers, gifts and likes.

import { type Live, type LiveGift, type LiveState, type LiveSuperChat, withEmotes } from '@tickroom/client/live';
import { el as byId, text } from '../arena/hud/dom.ts';
import { type Key, number, onLanguage, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';
import { nameColour, nameOf } from './names.ts';
import { emote, giftPicture, gifts } from './pictures.ts';
import { money, timeOfDay } from './time.ts';

/** How long a gift stands over the picture after the last of its combo, in milliseconds. */
const comboFor = 4000;
/** The most that stand there. */
const maxCombos = 3;

export class Support {
  live: Live | undefined;
  readonly #strip = byId('paid-strip');
  readonly #paid = byId('pane-paid');
  readonly #givers = byId('pane-givers');
  readonly #combos = new Map<string, { node: HTMLElement; timer: ReturnType<typeof setTimeout> }>();
  #shown = '';
  #state: LiveState | undefined;

  constructor() {
    const how = byId<HTMLDialogElement>('how');
    byId('how-close').addEventListener('click', () => how.close());
    byId('how-copy').addEventListener('click', () => {
      void navigator.clipboard.writeText(how.querySelector('code')!.textContent).then(() => {
        text(byId('how-copy'), t('danmaku.gift.copied'));
        setTimeout(() => text(byId('how-copy'), t('danmaku.gift.copy')), 1500);
      });
    });
    this.#bar();
    onLanguage(() => {
      this.#bar();
      this.#shown = '';
      if (this.#state) this.show(this.#state);
    });
    setInterval(() => this.#fade(), 1000);
  }

  show(s: LiveState): void {
    this.#state = s;
    const what = JSON.stringify([s.superChats, s.givers], (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v));
    if (what === this.#shown) return;
    this.#shown = what;
    const { superChats } = s;
    this.#strip.replaceChildren(...superChats.map((c) => this.#chip(c)));
    this.#strip.hidden = superChats.length === 0;
    text(byId('tab-paid').querySelector('.count')!, superChats.length > 0 ? number(superChats.length) : '');
    this.#paid.replaceChildren(...superChats.map(paid));
    if (superChats.length === 0) this.#paid.append(el('p', { class: 'none' }, t('danmaku.paid.none')));
    this.#givers.replaceChildren(
      ...(s.givers.length > 0 ? [wall(s)] : [el('p', { class: 'none' }, t('danmaku.givers.none'))]),
    );
    this.#fade();
  }

  /** Shows a gift over the picture. */
  gift(g: LiveGift): void {
    const key = `${g.author} ${g.gift}`;
    const old = this.#combos.get(key);
    if (old) clearTimeout(old.timer);
    const times = el('b', { class: 'num' }, `×${number(g.combo)}`);
    const who = el('b', {}, g.name);
    who.style.color = nameColour(g.author);
    const node = el(
      'li',
      { class: old ? 'again' : '' },
      el('img', { src: giftPicture(g.gift), alt: '' }),
      el('span', {}, who, el('i', {}, t('danmaku.gift.gave', { gift: g.title || g.gift }))),
      times,
    );
    const list = byId('combos');
    if (old) old.node.replaceWith(node);
    else list.append(node);
    const timer = setTimeout(() => {
      node.remove();
      this.#combos.delete(key);
    }, comboFor);
    this.#combos.set(key, { node, timer });
    if (this.#combos.size <= maxCombos) return;
    const [first, oldest] = [...this.#combos][0]!;
    clearTimeout(oldest.timer);
    oldest.node.remove();
    this.#combos.delete(first);
  }

  #chip(c: LiveSuperChat): HTMLElement {
    const who = el('b', {}, c.name);
    const b = el(
      'button',
      { type: 'button', class: `chip level-${c.level}` },
      el('i', { 'aria-hidden': 'true' }),
      who,
      el('span', { class: 'num' }, money(c.amount, c.currency)),
    );
    b.dataset.from = `${c.from}`;
    b.dataset.until = `${c.until}`;
    b.setAttribute(
      'aria-label',
      `${c.name}, ${t('danmaku.chat.paid', { amount: money(c.amount, c.currency) })}: ${c.text}`,
    );
    b.addEventListener('click', () => byId('tab-paid').click());
    return el('li', {}, b);
  }

  /** What is left of a super chat's time is what is left of its colour. */
  #fade(): void {
    const now = this.live?.now ?? Date.now();
    for (const b of this.#strip.querySelectorAll<HTMLElement>('.chip')) {
      const [from, until] = [Number(b.dataset.from), Number(b.dataset.until)];
      const left = Math.max(0, Math.min(1, (until - now) / Math.max(1, until - from)));
      b.querySelector('i')!.style.transform = `scaleX(${left.toFixed(3)})`;
    }
  }

  #bar(): void {
    byId('gifts').replaceChildren(
      ...gifts.map((g) => {
        const name = t(`danmaku.gift.${g.id}` satisfies Key);
        const b = el(
          'button',
          { type: 'button', class: 'gift' },
          el('img', { src: g.picture, alt: '' }),
          el('span', {}, name),
          el('small', { class: 'num' }, t('danmaku.gift.price', { n: g.price })),
        );
        b.addEventListener('click', () => this.#how(g.id, name, g.price));
        return b;
      }),
    );
  }

  #how(gift: string, title: string, value: number): void {
    const show = this.live?.state.show || 'main';
    const how = byId<HTMLDialogElement>('how');
    how.querySelector('code')!.textContent = giftCall(location.origin, show, { gift, title, value });
    how.showModal();
  }
}

/** Returns the command line that gives a gift. */
export function giftCall(origin: string, show: string, g: { gift: string; title: string; value: number }): string {
  const json = { playerId: 'ann', name: 'Ann', count: 1, ...g };
  const body = { topic: `gifts/danmaku/${show}`, key: 'order-1', message: 'tickroom.danmaku.v1.Gift', json };
  return [
    `curl ${origin}/tickroom.v1.RoomService/Post \\`,
    `  -H 'Content-Type: application/json' \\`,
    `  -H "Authorization: Bearer $SERVICE_TOKEN" \\`,
    `  -d '${JSON.stringify(body, null, 2).replaceAll("'", "'\\''")}'`,
  ].join('\n');
}

function paid(c: LiveSuperChat): HTMLElement {
  return el(
    'article',
    { class: `paid level-${c.level}` },
    el(
      'header',
      {},
      nameOf(c.name, c.author),
      el('b', { class: 'num' }, money(c.amount, c.currency)),
      el('time', {}, timeOfDay(c.from)),
    ),
    el('p', {}, ...withEmotes(document, c.text, emote)),
  );
}

function wall(s: LiveState): HTMLElement {
  const list = el('ol', { class: 'givers' });
  for (const g of s.givers) {
    const value = el('span', { class: 'num' }, t('danmaku.givers.value', { n: g.value }));
    list.append(el('li', {}, el('span', { class: 'rank num' }, `${g.rank}`), nameOf(g.name, g.author), value));
  }
  return list;
}
