// The state of the connection: a light in the bar, and over the picture what is wrong with it.

import type { StateChange } from '@tickroom/client';
import { el, text } from '../arena/hud/dom.ts';
import { connectionText } from '../connection.ts';
import { onLanguage, t } from '../i18n.ts';

export class Banner {
  readonly #root = el('banner');
  readonly #light = el('connection');
  readonly #again = el<HTMLButtonElement>('again');
  #say: () => void = () => {};

  /** @param again is called when the viewer wants to join again. */
  constructor(again: () => void) {
    this.#again.addEventListener('click', again);
    onLanguage(() => this.#say());
  }

  connecting(): void {
    this.#show('connecting', () => undefined);
  }

  state(s: StateChange): void {
    if (s.state === 'closed') this.closed(s.code ?? 1000, s.reason ?? '');
    else
      this.#show(s.state, () =>
        s.state === 'reconnecting' ? [t('conn.reconnecting'), t('conn.reconnecting.text')] : undefined,
      );
  }

  closed(code: number, reason: string): void {
    this.#show('closed', () => [t('conn.closed'), connectionText(code, reason)]);
  }

  #show(state: StateChange['state'], words: () => [string, string] | undefined): void {
    const style = { live: 'live', connecting: 'wait', reconnecting: 'wait', closed: 'off' }[state];
    this.#light.querySelector('.dot')!.className = `dot ${style}`;
    this.#again.hidden = state !== 'closed';
    this.#say = () => {
      text(this.#light.lastElementChild!, t(`danmaku.state.${state}`));
      const said = words();
      this.#root.hidden = said === undefined;
      text(el('banner-title'), said?.[0] ?? '');
      text(el('banner-text'), said?.[1] ?? '');
    };
    this.#say();
    document.body.dataset.state = state;
  }
}
