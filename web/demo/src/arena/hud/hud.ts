// Everything that is shown over the picture.

import { number, onLanguage, t } from '../../i18n.ts';
import { Banner } from './banner.ts';
import { Chat } from './chat.ts';
import { el, make, text } from './dom.ts';
import { Feed } from './feed.ts';
import { Leaders } from './leaders.ts';
import { Minimap } from './minimap.ts';
import { Vitals } from './vitals.ts';

/** What the page is doing: asking for a name, playing, or watching. */
export type Mode = 'lobby' | 'play' | 'watch';

export class Hud {
  readonly vitals = new Vitals();
  readonly leaders = new Leaders();
  readonly feed = new Feed();
  readonly chat = new Chat();
  readonly minimap = new Minimap();
  readonly banner = new Banner();
  /** Called when a spectator wants to follow the previous ship, the next, or one of the game's choice. */
  onStep: (step: -1 | 0 | 1) => void = () => {};

  readonly #fallen = el('fallen');
  readonly #fallenBy = el('fallen-by');
  readonly #fallenTime = el('fallen-time');
  readonly #ring = el('fallen-ring');
  readonly #watchbar = el('watchbar');
  readonly #watched = el('watch-name');
  readonly #auto = el<HTMLButtonElement>('watch-auto');
  readonly #numbers = el('numbers');
  readonly #clock = el('clock');
  readonly #toast = el('toast');
  #dead = false;
  #left = 0;
  #by = '';
  #mode: Mode = 'lobby';

  constructor() {
    el('watch-prev').addEventListener('click', () => this.onStep(-1));
    el('watch-next').addEventListener('click', () => this.onStep(1));
    this.#auto.addEventListener('click', () => this.onStep(0));
    onLanguage(() => (this.#dead = false));
  }

  get mode(): Mode {
    return this.#mode;
  }

  set mode(mode: Mode) {
    this.#mode = mode;
    document.body.dataset.mode = mode;
    this.vitals.show(mode === 'play');
    this.#watchbar.hidden = mode !== 'watch';
    this.chat.enabled = mode === 'play';
    if (mode !== 'play') {
      this.alive();
      this.chat.close();
    }
    el('tool-watch').setAttribute('aria-pressed', String(mode === 'watch'));
    el<HTMLButtonElement>('tool-chat').disabled = mode !== 'play';
  }

  /** Shows that the own ship was shot down and respawns in some seconds, of all that it takes. */
  fallen(by: string, seconds: number, all: number): void {
    const fresh = !this.#dead;
    if (fresh) {
      this.#dead = true;
      this.#fallen.hidden = false;
      document.body.classList.add('fallen');
    }
    const left = Math.max(0, Math.ceil(seconds));
    if (fresh || left !== this.#left || by !== this.#by) {
      this.#left = left;
      this.#by = by;
      text(this.#fallenBy, by ? t('arena.fallen.by', { name: by }) : '');
      text(this.#fallenTime, left > 0 ? t('arena.fallen.back', { seconds: left }) : t('arena.fallen.soon'));
    }
    this.#ring.style.strokeDashoffset = `${Math.round(Math.max(0, Math.min(1, seconds / all)) * 60) / 60}`;
  }

  alive(): void {
    if (!this.#dead && this.#fallen.hidden) return;
    this.#dead = false;
    this.#fallen.hidden = true;
    document.body.classList.remove('fallen');
  }

  /** Shows a text over the own ship for a moment. */
  toast(words: string, more = ''): void {
    this.#toast.replaceChildren(make('span', '', words), make('b', '', more));
    for (const running of this.#toast.getAnimations()) running.cancel();
    this.#toast.animate(
      [
        { opacity: 0, transform: 'translateY(8px) scale(.94)' },
        { opacity: 1, transform: 'none', offset: 0.08 },
        { opacity: 1, offset: 0.8 },
        { opacity: 0 },
      ],
      { duration: 2400, easing: 'ease-out' },
    );
  }

  /** Shows how many seconds of the match are left; Infinity in a room without an end. */
  time(left: number): void {
    const shown = Number.isFinite(left);
    this.#clock.hidden = !shown;
    if (!shown) return;
    const seconds = Math.max(0, Math.ceil(left));
    text(this.#clock, `${Math.trunc(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`);
    this.#clock.classList.toggle('low', seconds <= 10);
  }

  watching(name: string, auto: boolean): void {
    text(this.#watched, name || t('arena.watching.nobody'));
    const pressed = String(auto);
    if (this.#auto.getAttribute('aria-pressed') !== pressed) this.#auto.setAttribute('aria-pressed', pressed);
  }

  numbers(ping: number, fps: number): void {
    text(this.#numbers, t('arena.numbers', { ping: number(Math.round(ping)), fps: number(Math.round(fps)) }));
  }
}
