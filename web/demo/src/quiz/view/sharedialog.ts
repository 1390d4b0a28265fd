// The dialog with the card to share: by the system's own way where there is one, else as a picture
// to save and a text to copy.

import { el, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import { type Card, cardFile, cardText } from '../share.ts';
import type { QuizState } from '../state.ts';
import { finalFacts } from './final.ts';

/** Returns the card of a contestant's result. */
export function cardOf(s: QuizState, address: string): Card | undefined {
  const { me } = s;
  if (!me?.playing) return undefined;
  const ranked = s.mode !== 'practice' && me.rank > 0;
  let big = ranked ? `#${number(me.rank)}` : number(me.points);
  let under = ranked ? t('quiz.final.among', { n: me.among }) : t('quiz.fact.points');
  if (me.won) big = t('quiz.share.winner');
  else if (s.mode === 'elimination' && me.out > 0) under = t('quiz.share.out', { n: me.out });
  if (me.won && s.winners > 1) under = t('quiz.final.winners', { n: s.winners });
  return {
    title: s.title || t('quiz.title'),
    name: me.name,
    big,
    under,
    facts: finalFacts(s)
      .filter((f) => f.as !== 'rank' && !(f.as === 'points' && !ranked))
      .map((f) => ({ value: f.value, label: f.label })),
    marks: me.marks,
    address,
    won: me.won,
  };
}

export class ShareDialog {
  readonly #dialog = el<HTMLDialogElement>('card');
  #card: Card | undefined;
  #file: File | undefined;
  #url = '';

  constructor() {
    el('card-close').addEventListener('click', () => this.#dialog.close());
    this.#dialog.addEventListener('click', (e) => {
      if (e.target === this.#dialog) this.#dialog.close(); // beside the card
    });
    el('card-share').addEventListener('click', () => void this.#share());
    el('card-copy').addEventListener('click', () => void this.#copy());
  }

  async open(card: Card): Promise<void> {
    this.#card = card;
    this.#file = await cardFile(card);
    URL.revokeObjectURL(this.#url);
    this.#url = URL.createObjectURL(this.#file);
    const picture = el<HTMLImageElement>('card-picture');
    picture.src = this.#url;
    picture.alt = t('quiz.share.picture', { text: cardText(card) });
    el<HTMLAnchorElement>('card-save').href = this.#url;
    el('card-share').hidden = !canShare(this.#file);
    text(el('card-note'), '');
    if (!this.#dialog.open) this.#dialog.showModal();
  }

  async #share(): Promise<void> {
    if (!this.#card || !this.#file) return;
    try {
      await navigator.share({ files: [this.#file], title: this.#card.title, text: cardText(this.#card) });
    } catch (err) {
      // To change one's mind is no failure.
      if (!(err instanceof DOMException && err.name === 'AbortError')) text(el('card-note'), t('quiz.share.failed'));
    }
  }

  async #copy(): Promise<void> {
    if (!this.#card) return;
    try {
      await navigator.clipboard.writeText(cardText(this.#card));
      text(el('card-note'), t('quiz.share.copied'));
    } catch {
      text(el('card-note'), t('quiz.share.failed'));
    }
  }
}

function canShare(file: File): boolean {
  return typeof navigator.canShare === 'function' && navigator.canShare({ files: [file] });
}
