// The banner over the game, which is shown when something is wrong with the connection.

import type { StateChange } from '@tickroom/client';
import { connectionText } from '../../connection.ts';
import { type Key, onLanguage, t } from '../../i18n.ts';
import { el, text } from './dom.ts';

type Light = 'live' | 'wait' | 'off';

export class Banner {
  /** Called when the button to join again is pressed. */
  onAgain: () => void = () => {};
  /** Whether the page has to be reloaded. */
  old = false;
  readonly #root = el('banner');
  readonly #dot = this.#root.querySelector<HTMLElement>('.dot')!;
  readonly #title = el('banner-title');
  readonly #text = el('banner-text');
  readonly #button = el<HTMLButtonElement>('banner-again');
  /** Writes the current text again, in another language or with another time. */
  #say: () => void = () => {};
  #timer: ReturnType<typeof setTimeout> | undefined;
  #clock: ReturnType<typeof setInterval> | undefined;

  constructor() {
    this.#button.addEventListener('click', () => this.onAgain());
    onLanguage(() => this.#say());
  }

  /** Shows a change of the state of the connection. */
  state(s: StateChange): void {
    switch (s.state) {
      case 'connecting':
        // It usually takes too little time to be worth reading about.
        this.#later(500, () => this.#show('wait', () => [t('arena.state.connecting'), '']));
        break;
      case 'live':
        if (this.#root.dataset.kind !== 'news') this.hide();
        break;
      case 'reconnecting':
        this.#show('wait', () => {
          const seconds = s.retryAt === undefined ? 0 : Math.ceil((s.retryAt - performance.now()) / 1000);
          if (s.offline) return [t('arena.state.lost'), t('arena.state.offline')];
          return [t('arena.state.lost'), seconds > 0 ? t('arena.state.retry', { seconds }) : t('arena.state.trying')];
        });
        this.#clock = setInterval(() => this.#say(), 250);
        break;
      case 'closed':
        this.closed(s.code ?? 1000, s.reason ?? '');
        break;
    }
    document.body.dataset.state = s.state;
  }

  /** Shows that the connection is closed for good, and why. */
  closed(code: number, reason: string): void {
    this.old = code === 4006;
    this.#show('off', () => [t('arena.state.closed'), connectionText(code, reason)]);
    text(this.#button, t(this.old ? 'arena.state.reload' : 'arena.state.again'));
    this.#button.hidden = false;
    document.body.dataset.state = 'closed';
  }

  /** Shows a message for a moment. name is the winner of a match that is over, or empty. */
  news(what: 'resumed' | 'rejoined' | 'over', name = ''): void {
    this.#show('live', () => [
      t(`arena.state.${what}`),
      name ? t('arena.state.over.won', { name }) : t(`arena.state.${what}.text`),
    ]);
    this.#root.dataset.kind = 'news';
    this.#later(what === 'resumed' ? 2600 : 5000, () => this.hide());
  }

  /** Shows an error that the page can't recover from. */
  fail(title: Key, body: Key): void {
    this.#show('off', () => [t(title), t(body)]);
  }

  hide(): void {
    this.#stop();
    this.#say = () => {};
    this.#root.hidden = true;
    delete this.#root.dataset.kind;
  }

  #show(light: Light, words: () => [string, string]): void {
    this.#stop();
    this.#root.hidden = false;
    this.#root.dataset.kind = light;
    this.#dot.className = `dot ${light}`;
    this.#button.hidden = true;
    this.#say = () => {
      const [title, body] = words();
      text(this.#title, title);
      text(this.#text, body);
    };
    this.#say();
  }

  #later(ms: number, fn: () => void): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(fn, ms);
  }

  #stop(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
  }
}
