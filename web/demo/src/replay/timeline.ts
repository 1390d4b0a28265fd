// The line under the picture: where the replay is, and what happened when.

import { type About, type Look, lookOf, looks } from './story.ts';

const colours: Readonly<Record<Look, string>> = {
  other: 'rgb(135 147 194 / .55)',
  leave: '#ffc861',
  join: '#6df0a6',
  kill: '#ff6ad5',
  trouble: '#ff7186',
};
/** How high a mark is, as a part of the line. */
const heights: Readonly<Record<Look, number>> = { other: 0.3, leave: 0.45, join: 0.45, kill: 0.65, trouble: 1 };

export class Timeline {
  /** Called with the tick that somebody wants to go to. */
  onSeek: (tick: number) => void = () => {};
  readonly #range: HTMLInputElement;
  readonly #canvas: HTMLCanvasElement;
  #about: About | undefined;
  #held = false;

  constructor(range: HTMLInputElement, canvas: HTMLCanvasElement) {
    this.#range = range;
    this.#canvas = canvas;
    range.addEventListener('input', () => {
      this.#held = true;
      this.onSeek(Number(range.value));
    });
    range.addEventListener('change', () => (this.#held = false));
    new ResizeObserver(() => this.#draw()).observe(canvas);
  }

  set about(about: About) {
    this.#about = about;
    this.#range.min = String(about.first);
    this.#range.max = String(about.last);
    this.#range.disabled = false;
    this.#draw();
  }

  /** Shows where the replay is; text is that for those who can't see it. */
  show(tick: number, text: string): void {
    if (!this.#held) this.#range.value = String(tick);
    this.#range.setAttribute('aria-valuetext', text);
    const { first = 0, last = 1 } = this.#about ?? {};
    this.#range.style.setProperty('--at', String((tick - first) / Math.max(1, last - first)));
  }

  #draw(): void {
    const about = this.#about;
    const canvas = this.#canvas;
    const ratio = Math.min(2, devicePixelRatio || 1);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    if (width === 0 || !about) return;
    canvas.width = width;
    canvas.height = height;
    const ctx = canvas.getContext('2d')!;
    const thick = Math.max(1, Math.round(1.5 * ratio));
    // Those that lie upon each other are drawn once.
    for (const look of looks) {
      const seen = new Set<number>();
      ctx.fillStyle = colours[look];
      for (const m of about.marks) {
        const x = Math.round(((m.tick - about.first) / Math.max(1, about.last - about.first)) * (width - thick));
        if (lookOf(m.what) !== look || seen.has(x)) continue;
        seen.add(x);
        const h = Math.round(height * heights[look]);
        ctx.fillRect(x, height - h, look === 'trouble' ? 2 * thick : thick, h);
      }
    }
  }
}
