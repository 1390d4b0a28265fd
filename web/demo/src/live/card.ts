// The card of a comment: who wrote it, and what the viewer can do about it. It stands beside a comment of the list,
// or beside the one that the pointer holds on the picture.

import { Badge, type Live, type LiveComment, Moderation, withEmotes } from '@tickroom/client/live';
import { type Key, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';
import { nameOf } from './names.ts';
import { emote } from './pictures.ts';
import { timeOfDay } from './time.ts';

/** A place on the screen. */
export interface Spot {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What the card's buttons do that is the page's business. */
export interface CardActions {
  readonly reply: (c: LiveComment) => void;
  readonly hide: (c: LiveComment) => void;
  readonly follow: (c: LiveComment, follow: boolean) => Promise<void>;
  readonly follows: (c: LiveComment) => boolean;
  readonly note: (text: string) => void;
  readonly closed: () => void;
}

export class Card {
  readonly #root: HTMLElement;
  readonly #actions: CardActions;
  #back: HTMLElement | undefined;
  #comment: LiveComment | undefined;

  constructor(root: HTMLElement, actions: CardActions) {
    this.#root = root;
    this.#actions = actions;
    document.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape' || root.hidden) return;
      e.stopPropagation();
      this.close();
    });
    document.addEventListener('pointerdown', (e) => {
      if (!root.hidden && !root.contains(e.target as Node)) this.close();
    });
    root.addEventListener('pointerleave', (e) => {
      if (e.pointerType === 'mouse') this.let(); // that of a held comment goes with the pointer
    });
  }

  get comment(): LiveComment | undefined {
    return this.#comment;
  }

  /** Opens it at a place. back gets the focus afterwards; without it the card belongs to the pointer, and takes no focus. */
  open(live: Live, c: LiveComment, at: Spot, back?: HTMLElement): void {
    this.#comment = c;
    this.#back = back;
    const root = this.#root;
    root.setAttribute('aria-label', t('danmaku.card', { name: c.name }));
    const head = el(
      'p',
      { class: 'card-head' },
      nameOf(c.name, c.author, c.badges),
      el('time', {}, timeOfDay(c.at, true)),
    );
    const said = el('p', { class: 'card-text' }, ...withEmotes(document, c.text, emote));
    root.replaceChildren(head, ...(back ? [] : [said]), this.#buttons(live, c));
    root.classList.toggle('held', back === undefined);
    root.hidden = false;
    this.#place(at);
    if (back) root.querySelector('button')?.focus({ preventScroll: true });
  }

  /** Closes it if it belongs to the pointer. */
  let(): void {
    if (this.#back === undefined) this.close();
  }

  close(): void {
    if (this.#root.hidden) return;
    const within = this.#root.contains(document.activeElement);
    this.#root.hidden = true;
    this.#comment = undefined;
    if (within) this.#back?.focus({ preventScroll: true });
    this.#actions.closed();
  }

  #place(at: Spot): void {
    const { offsetWidth: w, offsetHeight: h } = this.#root;
    const left = Math.max(8, Math.min(innerWidth - w - 8, at.left + Math.min(24, at.width / 4)));
    const below = at.top + at.height - 2; // no gap between, in which the pointer would be elsewhere
    const top = Math.max(8, below + h + 8 <= innerHeight ? below : at.top - h + 2);
    this.#root.style.left = `${Math.round(left)}px`;
    this.#root.style.top = `${Math.round(top)}px`;
  }

  #buttons(live: Live, c: LiveComment): HTMLElement {
    const a = this.#actions;
    const row = el('div', { class: 'card-buttons' });
    const add = (key: Key, act: () => void | Promise<void>, style = '') => {
      const b = el('button', { type: 'button', class: `btn small ${style}` }, t(key));
      b.addEventListener('click', () => {
        this.close();
        Promise.resolve(act()).catch((err: unknown) => a.note(err instanceof Error ? err.message : String(err)));
      });
      row.append(b);
    };
    if (!live.room.spectator) add('danmaku.card.reply', () => a.reply(c));
    if (!c.own) {
      const follows = a.follows(c);
      add(follows ? 'danmaku.card.unfollow' : 'danmaku.card.follow', () => a.follow(c, !follows));
      add('danmaku.card.hide', () => a.hide(c));
      add('danmaku.card.report', async () => {
        await live.report(c.id);
        a.note(t('danmaku.card.reported'));
      });
    }
    if (!live.moderator) return row;
    const desk = new Moderation(live);
    row.append(el('span', { class: 'card-break' }));
    add('danmaku.card.delete', async () => void (await desk.delete(c.id)), 'danger');
    if ((c.badges & (Badge.host | Badge.moderator)) === 0 && !c.own)
      add('danmaku.card.mute', async () => void (await desk.mute(c.author, { seconds: 600 })), 'danger');
    add('danmaku.card.pin', async () => void (await desk.pin(c.id)));
    return row;
  }
}
