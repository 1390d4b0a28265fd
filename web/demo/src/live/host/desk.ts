// What moderators have to look at: reports, who is muted, what is pinned, what was not shown, what was done.

import {
  dropReasons,
  type Live,
  type LiveDesk,
  type LiveState,
  type Moderation,
  withEmotes,
} from '@tickroom/client/live';
import { el as byId, text } from '../../arena/hud/dom.ts';
import { type Key, number, t } from '../../i18n.ts';
import { el } from '../../netgraph/dom.ts';
import { nameOf } from '../names.ts';
import { emote } from '../pictures.ts';
import { timeOfDay } from '../time.ts';

/** What the desk's buttons do. */
export interface DeskActions {
  /** Does something, and says if it was refused. */
  readonly act: (what: Promise<unknown>) => void;
  /** Asks how somebody is to be muted. */
  readonly mute: (author: bigint, name: string) => void;
}

export class DeskView {
  readonly #a: DeskActions;
  /** What each list shows, so that nothing is replaced under the pointer that has not changed. */
  readonly #shown = new Map<string, string>();

  constructor(actions: DeskActions) {
    this.#a = actions;
  }

  show(live: Live, m: Moderation): void {
    const { desk, state } = live;
    text(byId('reports-count'), desk.reports.length > 0 ? number(desk.reports.length) : '');
    this.#list('reports', desk.reports, 'danmaku.host.reports.none', (r) => this.#report(r, m));
    this.#list('mutes', desk.mutes, 'danmaku.host.mutes.none', (x) => this.#mute(x, m));
    byId('pins-box').hidden = state.pins.length === 0;
    this.#list('pins', state.pins, 'danmaku.host.log.none', (p) => this.#pin(p, m));
    this.#list('log', desk.log, 'danmaku.host.log.none', logEntry);
    this.#drops(state);
  }

  /** Has everything made anew, in another language. */
  forget(): void {
    this.#shown.clear();
  }

  #list<T>(id: string, all: readonly T[], none: Key, row: (t: T) => HTMLElement): void {
    const what = JSON.stringify(all, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v));
    if (this.#shown.get(id) === what) return;
    this.#shown.set(id, what);
    byId(id).replaceChildren(...(all.length > 0 ? all.map(row) : [el('li', { class: 'none' }, t(none))]));
  }

  #button(key: Key, press: () => void, style = ''): HTMLElement {
    const b = el('button', { type: 'button', class: `btn small ${style}` }, t(key));
    b.addEventListener('click', press);
    return b;
  }

  #report(r: LiveDesk['reports'][number], m: Moderation): HTMLElement {
    const viewers = el('span', { class: 'count' }, t('danmaku.host.reports.n', { n: r.viewers }));
    const body = el('p', {}, nameOf(r.name, r.author), ' ', ...withEmotes(document, r.text, emote));
    const head = el('p', { class: 'hint' }, viewers, ' ', r.reason);
    const row = el(
      'div',
      { class: 'row' },
      this.#button(
        'danmaku.host.delete',
        () => this.#a.act(m.delete(r.comment).then(() => m.settle(r.comment))),
        'danger',
      ),
      this.#button('danmaku.host.mute', () => this.#a.mute(r.author, r.name), 'danger'),
      this.#button('danmaku.host.settle', () => this.#a.act(m.settle(r.comment)), 'quiet'),
    );
    return el('li', { class: 'report' }, body, head, row);
  }

  #mute(x: LiveDesk['mutes'][number], m: Moderation): HTMLElement {
    const until =
      x.until > 0 ? t('danmaku.host.mutes.until', { time: timeOfDay(x.until) }) : t('danmaku.host.mutes.good');
    const words = [until, x.shadow ? t('danmaku.host.mutes.shadow') : '', x.reason, x.by].filter(Boolean).join(' · ');
    const unmute = this.#button('danmaku.host.unmute', () => this.#a.act(m.unmute(x.author)));
    return el(
      'li',
      { class: 'line' },
      el('div', {}, nameOf(x.name, x.author), el('p', { class: 'hint' }, words)),
      unmute,
    );
  }

  #pin(p: LiveState['pins'][number], m: Moderation): HTMLElement {
    const unpin = this.#button('danmaku.host.unpin', () => this.#a.act(m.unpin(p.comment)));
    return el('li', { class: 'line' }, el('div', {}, nameOf(p.name, p.author), ' ', p.text), unpin);
  }

  #drops({ drops }: LiveState): void {
    const what = JSON.stringify(drops);
    if (this.#shown.get('drops') === what) return;
    this.#shown.set('drops', what);
    const rows = dropReasons.filter((r) => drops.reasons[r] > 0).sort((a, b) => drops.reasons[b] - drops.reasons[a]);
    const most = Math.max(1, ...rows.map((r) => drops.reasons[r]));
    const list = el('dl', { class: 'bars' });
    for (const r of rows) {
      const bar = el('i', { 'aria-hidden': 'true' });
      bar.style.transform = `scaleX(${drops.reasons[r] / most})`;
      list.append(
        el('div', {}, bar, el('dt', {}, t(`danmaku.drop.${r}`)), el('dd', { class: 'num' }, number(drops.reasons[r]))),
      );
    }
    byId('drops').replaceChildren(rows.length > 0 ? list : el('p', { class: 'none' }, t('danmaku.host.drops.none')));
  }
}

function logEntry(e: LiveDesk['log'][number]): HTMLElement {
  return el(
    'li',
    {},
    el('time', { class: 'num' }, timeOfDay(e.at, true)),
    el('b', {}, e.by),
    el('code', {}, e.action),
    el('span', {}, e.about),
  );
}
