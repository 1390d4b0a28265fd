// What is to be said above all else: of the connection, and of a show that is held.

import type { StateChange } from '@tickroom/client';

import { el, text } from '../../arena/hud/dom.ts';
import { connectionText } from '../../connection.ts';
import { onLanguage, t } from '../../i18n.ts';
import type { QuizState } from '../state.ts';

type Light = 'live' | 'wait' | 'off';
type Words = () => readonly [title: string, text: string];

/** The close code of a page that is older than the server. */
const schema = 4006;

export class Banner {
  /** Called when the button is pressed. */
  onAgain: () => void = () => {};
  /** Whether only a newer page can help. */
  old = false;
  #connection: { light: Light; words: Words; button: boolean } | undefined;
  #show: Words | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    el('banner-again').addEventListener('click', () => this.onAgain());
    onLanguage(() => this.#draw());
    setInterval(() => this.#connection && this.#draw(), 500);
  }

  /** Shows a change of the state of the connection. */
  state(s: StateChange): void {
    clearTimeout(this.#timer);
    switch (s.state) {
      case 'connecting':
        // It usually takes too little time to be worth reading about.
        this.#timer = setTimeout(() => this.#set('wait', () => [t('quiz.state.connecting'), '']), 600);
        break;
      case 'live':
        this.#set(undefined);
        break;
      case 'reconnecting':
        this.#set('wait', () => {
          if (s.offline) return [t('quiz.state.lost'), t('quiz.state.offline')];
          const seconds = s.retryAt === undefined ? 0 : Math.ceil((s.retryAt - performance.now()) / 1000);
          return [t('quiz.state.lost'), seconds > 1 ? t('quiz.state.retry', { seconds }) : t('quiz.state.lost.text')];
        });
        break;
      case 'closed':
        this.closed(s.code ?? 1000, s.reason ?? '');
        break;
    }
  }

  /** Shows that the connection is closed for good, and why. */
  closed(code: number, reason: string): void {
    clearTimeout(this.#timer);
    this.old = code === schema;
    this.#set('off', () => [t('quiz.state.closed'), connectionText(code, reason)], true);
  }

  /** Shows for a moment that the connection is back. */
  news(what: 'back' | 'rejoined'): void {
    this.#set('live', () => [t(`quiz.state.${what}`), what === 'rejoined' ? t('quiz.state.rejoined.text') : '']);
    this.#timer = setTimeout(() => this.#set(undefined), what === 'back' ? 2200 : 6000);
  }

  /** Shows what is to be said of the show, unless the connection has more to say. */
  of(s: QuizState | undefined): void {
    // A question that is open goes on to its end, whether the show is held or not.
    const held = s?.held && s.phase !== 'open' && s.phase !== 'closed';
    const key = s?.lost ? 'quiz.lost' : held ? 'quiz.held' : undefined;
    const words: Words | undefined = key ? () => ['', t(key)] : undefined;
    if ((words === undefined) === (this.#show === undefined) && words?.()[1] === this.#show?.()[1]) return;
    this.#show = words;
    this.#draw();
  }

  #set(light: Light | undefined, words: Words = () => ['', ''], button = false): void {
    this.#connection = light ? { light, words, button } : undefined;
    this.#draw();
  }

  #draw(): void {
    const words = this.#connection?.words ?? this.#show;
    el('banner').hidden = words === undefined;
    if (!words) return;
    el('banner').classList.toggle('calm', this.#connection === undefined);
    const [title, more] = words();
    el('banner-dot').className = `dot ${this.#connection?.light ?? 'wait'}`;
    text(el('banner-title'), title);
    text(el('banner-text'), more);
    el('banner-again').hidden = this.#connection?.button !== true;
    text(el('banner-again'), t(this.old ? 'quiz.state.reload' : 'quiz.state.again'));
  }
}
