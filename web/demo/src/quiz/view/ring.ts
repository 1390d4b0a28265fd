// The countdown as a ring.

import { el, text } from '../../arena/hud/dom.ts';
import { t } from '../../i18n.ts';
import type { Countdown } from '../screen.ts';

export class Ring {
  readonly #root: HTMLElement;
  readonly #run: SVGCircleElement;
  readonly #text: HTMLElement;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #shown = Number.NaN;

  /** @param id of the ring's element. */
  constructor(id: string) {
    this.#root = el(id);
    this.#run = this.#root.querySelector<SVGCircleElement>('.run')!;
    this.#text = this.#root.querySelector<HTMLElement>('span')!;
  }

  /** Shows what is left, or nothing. */
  show(c: Countdown | undefined): void {
    this.#root.hidden = c === undefined;
    if (!c) return;
    const seconds = Math.ceil(c.left);
    // By whole seconds for those who want less to move.
    const part = this.#still.matches && c.left > 0 ? Math.min(1, (c.part * seconds) / c.left) : c.part;
    this.#run.style.strokeDashoffset = String(1 - part);
    if (seconds === this.#shown) return;
    this.#shown = seconds;
    text(
      this.#text,
      seconds < 100 ? String(seconds) : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`,
    );
    this.#root.classList.toggle('minutes', seconds >= 100);
    this.#root.setAttribute('aria-label', t('quiz.left', { n: seconds }));
    this.#root.classList.toggle('low', seconds <= 3);
  }
}
