// What stands over the chat: an announcement, pinned comments, polls and a lottery. A node is made anew only when
// what it shows has changed, so that nothing is replaced under the finger that presses it.

import { type Live, type LiveLottery, type LivePoll, type LiveState, withEmotes } from '@tickroom/client/live';
import { number, onLanguage, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';
import { nameOf } from './names.ts';
import { emote } from './pictures.ts';
import { span } from './time.ts';

export class Notices {
  live: Live | undefined;
  /** Called with a text that the viewer wants to say: the word of a lottery. */
  onSay: (word: string) => void = () => {};
  /** Called with an error that the viewer should see. */
  onError: (err: unknown) => void = () => {};
  readonly #root: HTMLElement;
  readonly #shown = new Map<string, { what: string; node: HTMLElement }>();
  /** What the viewer has voted for, by poll. */
  readonly #voted = new Map<number, number>();
  readonly #dismissed = new Set<string>();
  #state: LiveState | undefined;

  constructor(root: HTMLElement) {
    this.#root = root;
    setInterval(() => this.#times(), 1000);
    onLanguage(() => {
      this.#shown.clear();
      root.replaceChildren();
      if (this.#state) this.show(this.#state);
    });
  }

  show(s: LiveState): void {
    this.#state = s;
    const want: [key: string, what: unknown, make: () => HTMLElement][] = [];
    if (!s.live && s.show !== '') want.push(['alone', '', () => el('p', { class: 'notice warn' }, t('danmaku.alone'))]);
    const { announcement } = s;
    if (announcement) want.push([`announcement ${announcement.text}`, '', () => this.#announcement(announcement.text)]);
    for (const p of s.pins)
      want.push([
        `pin ${p.comment}`,
        p.text,
        () =>
          this.#closable(
            `pin ${p.comment}`,
            'pin',
            el('p', { class: 'small' }, t('danmaku.pinned', { name: p.by })),
            el('p', {}, nameOf(p.name, p.author), ' ', ...withEmotes(document, p.text, emote)),
          ),
      ]);
    for (const p of s.polls) want.push([`poll ${p.poll}`, [p, this.#voted.get(p.poll)], () => this.#poll(p)]);
    const { lottery } = s;
    if (lottery) want.push([keyOf(lottery), lottery, () => this.#lottery(lottery)]);
    this.#bring(want.filter(([key]) => !this.#dismissed.has(key)));
    this.#times();
  }

  #bring(want: readonly [key: string, what: unknown, make: () => HTMLElement][]): void {
    const keys = new Set(want.map(([key]) => key));
    for (const [key, { node }] of this.#shown) {
      if (keys.has(key)) continue;
      node.remove();
      this.#shown.delete(key);
    }
    let at: Element | null = this.#root.firstElementChild;
    for (const [key, value, make] of want) {
      const what = JSON.stringify(value, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v));
      const old = this.#shown.get(key);
      if (old && old.what === what) {
        at = old.node.nextElementSibling;
        continue;
      }
      const node = make();
      if (old) {
        const focused = old.node.contains(document.activeElement)
          ? [...old.node.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement)
          : -1;
        old.node.replaceWith(node);
        if (focused >= 0) node.querySelectorAll('button')[focused]?.focus({ preventScroll: true });
      } else this.#root.insertBefore(node, at);
      at = node.nextElementSibling;
      this.#shown.set(key, { what, node });
    }
  }

  #announcement(text: string): HTMLElement {
    const what = el('p', { class: 'small' }, t('danmaku.announcement'));
    return this.#closable(`announcement ${text}`, 'announcement', what, el('p', {}, text));
  }

  #closable(key: string, style: string, ...content: Node[]): HTMLElement {
    const x = el('button', { type: 'button', class: 'x', 'aria-label': t('danmaku.hide') });
    x.innerHTML = '<svg viewBox="0 0 16 16" aria-hidden="true"><path d="M4 4l8 8M12 4l-8 8"/></svg>';
    const node = el('section', { class: `notice ${style}` }, el('div', {}, ...content), x);
    x.addEventListener('click', () => {
      this.#dismissed.add(key);
      node.remove();
    });
    return node;
  }

  #poll(p: LivePoll): HTMLElement {
    const mine = this.#voted.get(p.poll);
    const open = !p.closed && mine === undefined;
    const choices = el('ul', { class: open ? 'choose' : 'result' });
    for (const c of p.choices) {
      const share = p.votes > 0 ? c.votes / p.votes : 0;
      const text = el('span', { class: 'choice' }, c.text);
      const votes = el('span', { class: 'num' }, number(share, { style: 'percent' }));
      const bar = el('i', { 'aria-hidden': 'true' });
      bar.style.transform = `scaleX(${share})`;
      if (open) {
        const b = el('button', { type: 'button' }, bar, text, votes);
        b.addEventListener('click', () => this.#vote(p.poll, c.choice));
        choices.append(el('li', {}, b));
      } else choices.append(el('li', { class: mine === c.choice ? 'mine' : '' }, bar, text, votes));
    }
    const until = el('span', p.closed || p.until === 0 ? {} : { 'data-until': `${p.until}` });
    if (p.closed) until.textContent = t('danmaku.poll.closed');
    const foot = el('p', { class: 'small foot' }, el('span', {}, t('danmaku.poll.votes', { n: p.votes })), until);
    const what = el('p', { class: 'small' }, t('danmaku.poll'));
    return this.#closable(`poll ${p.poll}`, 'poll', what, el('h2', {}, p.question), choices, foot);
  }

  #vote(poll: number, choice: number): void {
    this.#voted.set(poll, choice);
    this.live?.vote(poll, choice).catch((err: unknown) => {
      this.#voted.delete(poll);
      this.onError(err);
      if (this.#state) this.show(this.#state);
    });
    if (this.#state) this.show(this.#state);
  }

  #lottery(l: LiveLottery): HTMLElement {
    const key = keyOf(l);
    const head = [
      el('p', { class: 'small' }, t('danmaku.lottery')),
      el('h2', {}, t('danmaku.lottery.prize', { n: l.places, prize: l.prize })),
    ];
    if (l.drawn) {
      const names = l.winners.map((w) => w.name).join(', ');
      const drawn = names === '' ? t('danmaku.lottery.nobody') : t('danmaku.lottery.drawn', { names });
      return this.#closable(key, 'lottery', ...head, el('p', {}, drawn));
    }
    const b = el('button', { type: 'button', class: 'btn small' }, t('danmaku.lottery.say', { word: l.word }));
    b.addEventListener('click', () => this.onSay(l.word));
    const until = el('span', l.until > 0 ? { 'data-until': `${l.until}` } : {});
    const foot = el('p', { class: 'small foot' }, el('span', {}, t('danmaku.lottery.in', { n: l.entrants })), until);
    return this.#closable(key, 'lottery', ...head, b, foot);
  }

  /** Brings what is left of times up to date. */
  #times(): void {
    const now = this.live?.now ?? Date.now();
    for (const node of this.#root.querySelectorAll<HTMLElement>('[data-until]')) {
      const text = t('danmaku.poll.left', { time: span(Math.max(0, Number(node.dataset.until) - now)) });
      if (node.textContent !== text) node.textContent = text;
    }
  }
}

/** Returns the key of a lottery: one that has been drawn is news, also to those who have hidden it before. */
function keyOf(l: LiveLottery): string {
  return `lottery ${l.lottery}${l.drawn ? ' drawn' : ''}`;
}
