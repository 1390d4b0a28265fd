// The line in which the viewer writes: with colour, size and place, emotes, an answer to somebody, what is left of
// the characters, and the time until the next comment may be written.

import { CommandError } from '@tickroom/client';
import type { Live, LiveComment, Position, SayOptions } from '@tickroom/client/live';
import { el as byId, text } from '../arena/hud/dom.ts';
import { type Key, onLanguage, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';
import { emote } from './pictures.ts';
import { timeOfDay } from './time.ts';

const colours = ['ffffff', 'ff7186', 'ffc861', '6df0a6', '54e3ee', '6ea8ff', 'a98bff', 'ff6ad5'] as const;
const sizes = ['small', 'normal', 'large'] as const;
const places = ['scroll', 'top', 'bottom'] as const;
const characters = new Intl.Segmenter(undefined, { granularity: 'grapheme' });
const remembered = 'tickroom.live.style';

/** Returns how many characters a reader counts in a text. */
export function length(s: string): number {
  let n = 0;
  for (const _ of characters.segment(s)) n++;
  return n;
}

/** Returns the numbers of those whom a text mentions as @name, at most 5, given who is known. */
export function mentioned(said: string, known: ReadonlyMap<string, bigint>): bigint[] {
  const found = new Set<bigint>();
  const lower = said.toLowerCase();
  for (const [name, author] of known)
    if (name !== '' && found.size < 5 && lower.includes(`@${name.toLowerCase()}`)) found.add(author);
  return [...found];
}

export class Composer {
  live: Live | undefined;
  readonly #form = byId<HTMLFormElement>('say');
  readonly #text = byId<HTMLInputElement>('text');
  readonly #send = byId<HTMLButtonElement>('send');
  readonly #left = byId('left');
  readonly #replying = byId('replying');
  #colour: (typeof colours)[number] = 'ffffff';
  #size: (typeof sizes)[number] = 'normal';
  #place: Position = 'scroll';
  #reply: LiveComment | undefined;
  #emotes = '';
  #maxText = 0;
  #modes = '';

  constructor() {
    this.#read();
    this.#form.addEventListener('submit', (e) => {
      e.preventDefault();
      void this.#say();
    });
    this.#text.addEventListener('input', () => this.#count());
    this.#text.addEventListener('keydown', (e) => {
      // Enter chooses a word of an input method.
      if (e.key === 'Enter' && e.isComposing) e.preventDefault();
      if (e.key === 'Escape' && this.#reply) this.reply(undefined);
    });
    this.#replying.querySelector('button')!.addEventListener('click', () => this.reply(undefined));
    this.#popover('style', 'styles', () => this.#styles());
    this.#popover('emote', 'emotes', () => this.#emoteGrid());
    setInterval(() => this.#wait(), 250);
    onLanguage(() => {
      this.#modes = '';
      this.reply(this.#reply);
      if (this.live) this.show(this.live);
    });
    this.#mark();
  }

  /** Takes over what the room says of modes, lengths and emotes. */
  show(live: Live): void {
    this.live = live;
    const { state } = live;
    this.#maxText = state.maxText;
    this.#emotes = state.emotes.filter((name) => emote(name) !== undefined).join(' ');
    byId('emote').hidden = this.#emotes === '';
    const m = state.modes;
    const words = (['followers', 'members', 'subscribers', 'emotesOnly', 'unique'] as const)
      .filter((mode) => m[mode])
      .map((mode) => t(`danmaku.say.${mode}`));
    if (m.slow > 0) words.unshift(t('danmaku.say.slow', { n: m.slow }));
    const now = words.join(' · ');
    if (now !== this.#modes) {
      this.#modes = now;
      byId('modes').replaceChildren(...words.map((w) => el('span', { class: 'mode' }, w)));
    }
    this.#count();
  }

  /** Tells the viewer what moderators have decided. */
  standing(s: { muted: boolean; until: number; reason: string }): void {
    const reason = s.reason || t('danmaku.say.muted.none');
    if (!s.muted) this.note(t('danmaku.say.unmuted'));
    else if (s.until > 0) this.note(t('danmaku.say.muted.until', { time: timeOfDay(s.until), reason }));
    else this.note(t('danmaku.say.muted', { reason }));
  }

  note(what: string): void {
    text(byId('refused'), what);
  }

  /** Answers a comment with the next one; undefined: none. */
  reply(c: LiveComment | undefined): void {
    this.#reply = c;
    this.#replying.hidden = c === undefined;
    if (!c) return;
    text(this.#replying.querySelector('span')!, t('danmaku.say.reply', { name: c.name }));
    this.#text.focus();
  }

  /** Writes a text at once, such as a lottery's word. */
  async write(said: string): Promise<void> {
    this.#text.value = said;
    await this.#say();
  }

  async #say(): Promise<void> {
    const { live } = this;
    const said = this.#text.value.trim();
    if (!live || said === '' || live.wait > 0) return;
    const known = new Map(live.comments.slice(-200).map((c) => [c.name, c.author]));
    const options: SayOptions = { size: this.#size, position: this.#place, mentions: mentioned(said, known) };
    if (this.#colour !== 'ffffff') options.colour = Number.parseInt(this.#colour, 16);
    if (this.#reply) options.replyTo = this.#reply.id;
    const reply = this.#reply;
    this.#text.value = '';
    this.#count();
    this.reply(undefined);
    this.note('');
    try {
      await live.say(said, options);
    } catch (err) {
      if (!(err instanceof CommandError)) throw err;
      this.note(t('danmaku.say.refused', { reason: err.message }));
      // Not lost, unless the viewer writes on already.
      if (this.#text.value !== '') return;
      this.#text.value = said;
      if (reply) this.reply(reply);
      this.#count();
    }
    this.#wait();
  }

  #count(): void {
    const left = this.#maxText === 0 ? 0 : this.#maxText - length(this.#text.value.trim());
    const near = this.#maxText > 0 && left <= Math.max(10, this.#maxText / 5);
    text(this.#left, near ? String(left) : '');
    this.#left.classList.toggle('over', left < 0);
    this.#left.title = near ? t('danmaku.say.left', { n: left }) : '';
  }

  #wait(): void {
    const wait = this.live?.wait ?? 0;
    text(
      this.#send.firstElementChild!,
      wait > 0 ? t('danmaku.say.wait', { n: Math.ceil(wait / 1000) }) : t('danmaku.say.send'),
    );
    this.#send.classList.toggle('waits', wait > 0);
  }

  #popover(button: string, of: string, fill: () => Node[]): void {
    const b = byId<HTMLButtonElement>(button);
    const pop = byId(of);
    const set = (open: boolean) => {
      if (open) pop.replaceChildren(...fill());
      pop.hidden = !open;
      b.setAttribute('aria-expanded', String(open));
    };
    b.addEventListener('click', () => set(pop.hidden !== false));
    pop.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      set(false);
      b.focus();
    });
    document.addEventListener('pointerdown', (e) => {
      if (!pop.hidden && !pop.parentElement!.contains(e.target as Node)) set(false);
    });
  }

  #styles(): Node[] {
    const choice = <T extends string>(
      name: Key,
      all: readonly T[],
      label: (v: T) => Key,
      now: string,
      set: (v: T) => void,
    ) => {
      const group = el('div', { class: `choices ${name.split('.').pop()}`, role: 'radiogroup', 'aria-label': t(name) });
      group.append(el('span', { class: 'label', 'aria-hidden': 'true' }, t(name)));
      for (const v of all) {
        const input = el('input', { type: 'radio', name, value: v });
        input.checked = v === now;
        input.addEventListener('change', () => {
          set(v);
          this.#keep();
        });
        const mark = el('span', {}, name.endsWith('colour') ? '' : t(label(v)));
        if (name.endsWith('colour')) mark.style.backgroundColor = `#${v}`;
        const l = el('label', { title: t(label(v)) }, input, mark);
        if (name.endsWith('colour')) input.setAttribute('aria-label', t(label(v)));
        group.append(l);
      }
      return group;
    };
    return [
      choice(
        'danmaku.say.colour',
        colours,
        (v) => `danmaku.colour.${v}`,
        this.#colour,
        (v) => (this.#colour = v),
      ),
      choice(
        'danmaku.say.size',
        sizes,
        (v) => `danmaku.say.size.${v}`,
        this.#size,
        (v) => (this.#size = v),
      ),
      choice(
        'danmaku.say.place',
        places,
        (v) => `danmaku.say.place.${v}`,
        this.#place,
        (v) => (this.#place = v),
      ),
    ];
  }

  #emoteGrid(): Node[] {
    return this.#emotes.split(' ').map((name) => {
      const b = el('button', { type: 'button', 'aria-label': name, title: `:${name}:` });
      b.append(el('img', { src: emote(name)!, alt: '' }));
      b.addEventListener('click', () => {
        const { selectionStart: from, selectionEnd: to } = this.#text;
        this.#text.setRangeText(`:${name}:`, from ?? 0, to ?? 0, 'end');
        this.#count();
        this.#text.focus();
      });
      return b;
    });
  }

  #mark(): void {
    const letter = byId('style').querySelector('b')!;
    letter.style.color = `#${this.#colour}`;
    letter.style.fontSize = { small: '14px', normal: '17px', large: '21px' }[this.#size];
    byId('style').dataset.place = this.#place;
  }

  #read(): void {
    try {
      const { colour, size, place } = JSON.parse(localStorage.getItem(remembered) ?? '{}') as Record<string, string>;
      this.#colour = colours.find((c) => c === colour) ?? 'ffffff';
      this.#size = sizes.find((s) => s === size) ?? 'normal';
      this.#place = places.find((p) => p === place) ?? 'scroll';
    } catch {
      // Storage may be forbidden, or hold something else.
    }
  }

  #keep(): void {
    this.#mark();
    try {
      localStorage.setItem(remembered, JSON.stringify({ colour: this.#colour, size: this.#size, place: this.#place }));
    } catch {
      // As above.
    }
  }
}
