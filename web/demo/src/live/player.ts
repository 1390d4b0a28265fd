// The player: the picture, the buttons on it, hearts and comets.

import type { LiveComment, Overlay } from '@tickroom/client/live';
import { el } from '../arena/hud/dom.ts';
import { t } from '../i18n.ts';
import { Hearts } from './hearts.ts';
import { Stream } from './stream.ts';

/** How long the buttons stay after the pointer has moved, in milliseconds. */
const buttonsFor = 2600;

export class Player {
  overlay: Overlay<LiveComment> | undefined;
  /** Called when the viewer wants comments over the picture, or does not. */
  onShown: (visible: boolean) => void = () => {};
  readonly #root = el('player');
  readonly #stream = new Stream(el<HTMLCanvasElement>('stream'));
  readonly #hearts = new Hearts(el('hearts'));
  #quiet: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    el('stream-toggle').addEventListener('click', () => {
      this.#stream.paused = !this.#stream.paused;
      this.refresh();
    });
    el('shown').addEventListener('click', () => {
      const visible = el('shown').getAttribute('aria-pressed') !== 'true';
      this.shown(visible);
      this.onShown(visible);
    });
    el('pause').addEventListener('click', () => this.#pause());
    el('full').addEventListener('click', () => {
      const change = document.fullscreenElement ? document.exitFullscreen() : el('stage').requestFullscreen();
      change.catch(() => {}); // some browsers have none
    });
    el('full').hidden = !document.fullscreenEnabled;
    for (const name of ['pointermove', 'pointerdown', 'focusin'] as const)
      this.#root.addEventListener(name, () => this.#wake());
    document.addEventListener('keydown', (e) => {
      const typing = e.target instanceof HTMLInputElement || e.target instanceof HTMLButtonElement;
      if (e.ctrlKey || e.metaKey || e.altKey || typing) return;
      if (e.key === 'd' || e.key === 'D') el('shown').click();
      if (e.key === 'f' || e.key === 'F') el('full').click();
    });
    this.refresh();
    this.#wake();
  }

  /** Marks whether comments are shown. */
  shown(visible: boolean): void {
    el('shown').setAttribute('aria-pressed', String(visible));
    el<HTMLButtonElement>('pause').disabled = !visible;
  }

  /** Sets texts anew, which depend on what is pressed. */
  refresh(): void {
    const { paused } = this.#stream;
    el('stream-toggle').setAttribute('aria-pressed', String(paused));
    el('stream-toggle').setAttribute('aria-label', t(paused ? 'danmaku.stream.play' : 'danmaku.stream.pause'));
    const still = this.overlay?.paused ?? false;
    el('pause').setAttribute('aria-pressed', String(still));
    el('pause').setAttribute('aria-label', t(still ? 'danmaku.resume' : 'danmaku.pause'));
    el('still').hidden = !still;
  }

  /** Comments came. */
  beat(n: number): void {
    this.#stream.pulse(Math.min(0.3, n * 0.03));
  }

  gift(): void {
    this.#stream.comet();
  }

  /** Likes came. */
  liked(n: number): void {
    for (let i = 0; i < Math.min(4, n); i++) setTimeout(() => this.#hearts.rise(), i * 180);
  }

  #pause(): void {
    const { overlay } = this;
    if (!overlay) return;
    if (overlay.paused) overlay.resume();
    else overlay.pause();
    this.refresh();
  }

  #wake(): void {
    this.#root.classList.remove('quiet');
    clearTimeout(this.#quiet);
    this.#quiet = setTimeout(() => {
      const open = !el('panel').hidden || this.#root.querySelector(':focus-visible');
      if (!open) this.#root.classList.add('quiet');
    }, buttonsFor);
  }
}
