// The graph of the network, which is loaded when somebody asks for it.

import type { Entrance } from '../entrance.ts';
import { el } from './dom.ts';

export class Netgraph {
  #open = false;

  constructor(readonly entrance: Entrance) {}

  toggle(): void {
    this.#open = !this.#open;
    el('tool-net').setAttribute('aria-pressed', String(this.#open));
  }
}
