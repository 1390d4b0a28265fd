// The list of who shot whom, newest last. Lines disappear after some seconds.

import { t } from '../../i18n.ts';
import { el, make } from './dom.ts';

const MOST = 5;
const FOR = 6000;

export class Feed {
  readonly #list = el('feed');
  #crowd = 0; // recent lines that do not concern the player

  kill(by: string, name: string, mine: 'by' | 'ship' | ''): void {
    // When there are many, lines that concern the player stay.
    if (mine === '' && this.#crowd >= MOST) return;
    const item = make('li', mine ? `mine ${mine}` : '');
    const sign = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    sign.setAttribute('viewBox', '0 0 24 12');
    sign.setAttribute('aria-hidden', 'true');
    const path = document.createElementNS(sign.namespaceURI, 'path');
    path.setAttribute('d', 'M1 6h13M10 2l5 4-5 4M19 2l4 8m0-8l-4 8');
    sign.append(path);
    item.append(make('b', '', by), sign, make('span', 'sr-only', ` ${t('arena.kill')} `), make('b', 'lost', name));
    this.#add(item);
  }

  clear(): void {
    this.#list.replaceChildren();
    this.#crowd = 0;
  }

  #add(item: HTMLElement): void {
    this.#list.append(item);
    this.#crowd++;
    while (this.#list.children.length > MOST) this.#list.firstElementChild!.remove();
    setTimeout(() => {
      this.#crowd = Math.max(0, this.#crowd - 1);
      item.classList.add('old');
      setTimeout(() => item.remove(), 400);
    }, FOR);
  }
}
