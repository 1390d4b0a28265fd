// The row of tools, and their keyboard shortcuts.

import { t } from '../../i18n.ts';
import type { Entrance } from '../entrance.ts';
import { typing } from '../input/keys.ts';
import type { Sounds } from '../sound.ts';
import { reason } from './chat.ts';
import { el, text } from './dom.ts';
import type { Hud } from './hud.ts';
import { Netgraph } from './netgraph.ts';

export class Shortcuts {
  readonly #help = el<HTMLDialogElement>('help');
  readonly #net: Netgraph;

  constructor(
    readonly entrance: Entrance,
    readonly sounds: Sounds,
    readonly hud: Hud,
  ) {
    this.#net = new Netgraph(entrance);
    const sound = el('tool-sound');
    sounds.onMuted((muted) => sound.setAttribute('aria-pressed', String(!muted)));
    const press = (id: string, fn: () => void) =>
      el(id).addEventListener('click', () => {
        sounds.play('click', 0.5);
        fn();
      });
    press('tool-sound', () => this.#mute());
    press('tool-chat', () => hud.chat.open());
    press('tool-net', () => this.#net.toggle());
    press('tool-watch', () => this.#watch());
    press('tool-help', () => this.#openHelp());
    press('help-close', () => this.#help.close());
    el<HTMLFormElement>('rename').addEventListener('submit', (e) => {
      e.preventDefault();
      void this.#rename();
    });
    // A press outside the card closes it.
    this.#help.addEventListener('click', (e) => e.target === this.#help && this.#help.close());
    window.addEventListener('keydown', (e) => this.#key(e));
    // A button that was pressed with the mouse loses the focus, so that the space bar is
    // the game's; one that was reached by the keyboard keeps it.
    document.addEventListener('click', (e) => {
      if (e.detail > 0 && e.target instanceof Element) e.target.closest<HTMLElement>('#hud button')?.blur();
    });
  }

  #key(e: KeyboardEvent): void {
    if (e.repeat || e.ctrlKey || e.metaKey || e.altKey || e.isComposing) return;
    if (e.code === 'F3') {
      e.preventDefault();
      this.#net.toggle();
      return;
    }
    if (typing(e) || this.#help.open || this.hud.mode === 'lobby') return;
    switch (e.code) {
      case 'KeyM':
        this.#mute();
        break;
      case 'KeyN':
        this.#net.toggle();
        break;
      case 'KeyV':
        this.#watch();
        break;
      case 'KeyH':
        this.#openHelp();
        break;
      case 'ArrowLeft':
        if (this.hud.mode === 'watch') this.hud.onStep(-1);
        break;
      case 'ArrowRight':
        if (this.hud.mode === 'watch') this.hud.onStep(1);
        break;
      default:
        return;
    }
    e.preventDefault();
  }

  #openHelp(): void {
    el<HTMLInputElement>('new-name').value = this.entrance.name;
    text(el('rename-note'), '');
    this.#help.showModal();
  }

  async #rename(): Promise<void> {
    const note = el('rename-note');
    try {
      await this.entrance.rename(el<HTMLInputElement>('new-name').value.trim());
      text(note, t('arena.renamed'));
    } catch (err) {
      text(note, reason(err));
    }
  }

  #mute(): void {
    this.sounds.muted = !this.sounds.muted;
  }

  #watch(): void {
    void this.entrance.enter(this.hud.mode === 'watch' ? 'play' : 'watch');
  }
}
