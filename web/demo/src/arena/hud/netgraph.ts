// The netgraph's button. The netgraph is loaded when it is first asked for.

import type { Netgraph as Panel } from '../../netgraph/index.ts';
import type { Entrance } from '../entrance.ts';
import { el } from './dom.ts';

export class Netgraph {
  #panel: Panel | null = null;
  #loading = false;

  constructor(readonly entrance: Entrance) {
    entrance.onRoom = () => this.#panel?.setRoom(entrance.room ?? undefined);
  }

  toggle(): void {
    if (this.#panel) {
      this.#panel.destroy();
      this.#panel = null;
      this.#show(false);
      // When the panel is closed the focus goes back to the game.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    } else void this.#load();
  }

  async #load(): Promise<void> {
    if (this.#loading) return;
    this.#loading = true;
    try {
      const { mountNetgraph } = await import('../../netgraph/index.ts');
      const { room, network } = this.entrance;
      this.#panel = mountNetgraph(room ?? undefined, {
        container: el('netgraph'),
        network,
        onClose: () => this.toggle(),
      });
      this.#show(true);
    } finally {
      this.#loading = false;
    }
  }

  #show(open: boolean): void {
    el('netgraph').hidden = !open;
    el('tool-net').setAttribute('aria-pressed', String(open));
  }
}
