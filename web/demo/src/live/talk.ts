// What is said: it goes over the picture, into the list, and to those who hear the page; and its card says what
// can be done about it.

import type { Held, Live, LiveComment, LiveEvents, LiveGift, LiveState, Overlay } from '@tickroom/client/live';
import { el, text } from '../arena/hud/dom.ts';
import { t } from '../i18n.ts';
import { Card } from './card.ts';
import { ChatList } from './chatlist.ts';
import type { Composer } from './composer.ts';
import { commentRow, enteredRow, giftRow, keyOf } from './rows.ts';
import { Speech } from './speech.ts';

/** Comments of one window come together; over the picture they are spread over its length, in milliseconds. */
const window = 200;

export class Talk {
  live: Live | undefined;
  readonly #overlay: Overlay<LiveComment>;
  readonly #composer: Composer;
  readonly #list = new ChatList(el('chat'), el<HTMLButtonElement>('newest'));
  readonly #card: Card;
  readonly #speech = new Speech(
    (sentence) => text(el('speech'), sentence),
    (n, { name, text }) =>
      n === 1 ? t('danmaku.tell.one', { name, text }) : t('danmaku.tell.many', { n, name, text }),
  );
  readonly #hidden = new Set<bigint>();
  readonly #followed = new Set<bigint>();
  #entered = 0;
  #polls = new Set<number>();
  #toast: ReturnType<typeof setTimeout> | undefined;

  constructor(overlay: Overlay<LiveComment>, composer: Composer) {
    this.#overlay = overlay;
    this.#composer = composer;
    this.#card = new Card(el('card'), {
      reply: (c) => composer.reply(c),
      hide: (c) => this.#hide(c),
      follow: (c, follow) => this.#follow(c, follow),
      follows: (c) => this.#followed.has(c.author),
      note: (what) => this.note(what),
      closed: () => overlay.release(),
    });
    this.#list.onPick = (key, node) => {
      const c = key.startsWith('c') ? this.live?.comment(BigInt(key.slice(1))) : undefined;
      if (c && this.live) this.#card.open(this.live, c, node.getBoundingClientRect(), node);
    };
    setInterval(() => this.#speech.tick(performance.now()), 250);
    el('aloud').addEventListener('click', () => {
      this.#speech.comments = !this.#speech.comments;
      this.refresh();
    });
    this.refresh();
  }

  comments(all: readonly LiveComment[]): void {
    const shown = all.filter((c) => !this.#hidden.has(c.author));
    const fresh = shown.filter((c) => !c.past);
    for (const [i, c] of fresh.entries()) {
      this.#overlay.show(c, c.own ? 0 : (i * window) / fresh.length);
      if (c.mention) this.#speech.tell(t('danmaku.tell.mention', { name: c.name, text: c.text }));
      else if (!c.own) this.#speech.heard(c);
    }
    this.#list.add(shown.map(commentRow));
    el('chat-empty').hidden = this.#list.size > 0;
  }

  changed(c: LiveComment): void {
    this.#list.change(commentRow(c));
  }

  removed(gone: readonly LiveComment[]): void {
    const ids = new Set(gone.map((c) => c.id));
    const keys = new Set(gone.map((c) => keyOf(c.id)));
    this.#overlay.remove((c) => ids.has(c.id));
    this.#list.remove((key) => keys.has(key));
    if (this.#card.comment && ids.has(this.#card.comment.id)) this.#card.close();
  }

  /** Everything that was known by authors' numbers is void. */
  renumbered(): void {
    this.#hidden.clear();
    this.#followed.clear();
    this.#overlay.clear();
    this.#list.clear();
    this.#card.close();
  }

  gift(g: LiveGift): void {
    this.#list.add([giftRow(g)]);
    el('chat-empty').hidden = true;
    this.#speech.tell(t('danmaku.tell.gift', { name: g.name, n: g.count, gift: g.title || g.gift }));
  }

  entered(e: LiveEvents['entered']): void {
    this.#list.add([enteredRow(e, ++this.#entered)]);
    el('chat-empty').hidden = true;
  }

  state(s: LiveState): void {
    for (const p of s.polls) {
      if (this.#polls.has(p.poll) || p.closed) continue;
      this.#polls.add(p.poll);
      this.#speech.tell(t('danmaku.tell.poll', { question: p.question }));
    }
  }

  /** The pointer rests on a comment over the picture, or has left it. */
  held(held: Held<LiveComment> | undefined): void {
    if (!held) this.#card.let();
    if (!held || !this.live) return;
    const player = el('player').getBoundingClientRect();
    const { left, top, width, height } = held;
    this.#card.open(this.live, held.line, { left: player.left + left, top: player.top + top, width, height });
  }

  /** Shows a line for a moment. */
  note(what: string, undo?: () => void): void {
    const toast = el('toast');
    toast.replaceChildren(what);
    if (undo) {
      const b = document.createElement('button');
      b.type = 'button';
      b.className = 'btn small quiet';
      b.textContent = t('danmaku.card.undo');
      b.addEventListener('click', () => {
        undo();
        toast.hidden = true;
      });
      toast.append(' ', b);
    }
    toast.hidden = false;
    clearTimeout(this.#toast);
    this.#toast = setTimeout(() => (toast.hidden = true), 6000);
  }

  /** Sets texts anew, in another language. */
  refresh(): void {
    const aloud = el('aloud');
    aloud.setAttribute('aria-pressed', String(this.#speech.comments));
    aloud.setAttribute('aria-label', t(this.#speech.comments ? 'danmaku.tell.on' : 'danmaku.tell.off'));
    aloud.title = aloud.getAttribute('aria-label')!;
    this.#list.refresh();
  }

  #hide(c: LiveComment): void {
    this.#hidden.add(c.author);
    this.#overlay.remove((o) => o.author === c.author);
    const keys = new Set(this.live?.comments.filter((o) => o.author === c.author).map((o) => keyOf(o.id)));
    this.#list.remove((key) => keys.has(key));
    this.note(t('danmaku.card.hidden', { name: c.name }), () => this.#hidden.delete(c.author));
    this.#composer.reply(undefined);
  }

  async #follow(c: LiveComment, follow: boolean): Promise<void> {
    if (follow) this.#followed.add(c.author);
    else this.#followed.delete(c.author);
    await this.live?.follow([...this.#followed]);
  }
}
