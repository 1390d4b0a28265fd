// The figures of a show, each with its course over the last two minutes.

import type { LiveState } from '@tickroom/client/live';
import { text } from '../../arena/hud/dom.ts';
import { type Key, number, t } from '../../i18n.ts';
import { el } from '../../netgraph/dom.ts';

/** Seconds of the graphs. */
export const seconds = 120;

/** What is counted, and how it is read from the state: as it is, or as its growth a second. */
const figures = [
  { name: 'viewers', of: (s: LiveState) => s.viewers, grows: false, light: 'var(--cyan)' },
  { name: 'said', of: (s: LiveState) => s.drops.said, grows: true, light: 'var(--blue)' },
  { name: 'shown', of: (s: LiveState) => s.drops.shown, grows: true, light: 'var(--green)' },
  { name: 'dropped', of: (s: LiveState) => s.drops.dropped, grows: true, light: 'var(--red)' },
  { name: 'likes', of: (s: LiveState) => s.likes, grows: true, light: 'var(--magenta)' },
  { name: 'gifts', of: (s: LiveState) => s.gifts, grows: false, light: 'var(--amber)' },
] as const;

/** The course of a figure: one value for each second. */
export class Course {
  readonly values: number[] = [];
  readonly #grows: boolean;
  #last: number | undefined;

  /** @param grows is whether it is the growth of what is taken. */
  constructor(grows: boolean) {
    this.#grows = grows;
  }

  /** Takes the value of another second. */
  take(value: number): void {
    const before = this.#last;
    this.#last = value;
    if (!this.#grows) this.values.push(value);
    // What is counted may begin again, with a show that does.
    else if (before !== undefined) this.values.push(Math.max(0, value - before));
    if (this.values.length > seconds) this.values.shift();
  }

  /** The mean of the last five seconds for what grows, as it comes in bursts; else the last value. */
  get now(): number {
    if (!this.#grows) return this.values.at(-1) ?? 0;
    const few = this.values.slice(-5);
    return few.length === 0 ? 0 : few.reduce((a, b) => a + b, 0) / few.length;
  }

  /** Returns the course as a path in a box of 100 x 30. */
  path(): string {
    const most = Math.max(1, ...this.values);
    const step = 100 / (seconds - 1);
    const from = seconds - this.values.length;
    return this.values
      .map((v, i) => `${i === 0 ? 'M' : 'L'}${((from + i) * step).toFixed(1)} ${(29 - (v / most) * 27).toFixed(1)}`)
      .join('');
  }
}

export class Counters {
  readonly #courses = figures.map((f) => new Course(f.grows));
  readonly #nodes: { value: HTMLElement; note: HTMLElement; line: SVGPathElement }[] = [];

  constructor(root: HTMLElement) {
    for (const f of figures) {
      const value = el('dd', { class: 'num value' });
      const note = el('dd', { class: 'note' });
      const graph = el('dd', { class: 'graph', 'aria-hidden': 'true' });
      graph.innerHTML = '<svg viewBox="0 0 100 30" preserveAspectRatio="none"><path/></svg>';
      const box = el('div', {}, el('dt', { 'data-t': `danmaku.host.n.${f.name}` satisfies Key }), value, note, graph);
      box.style.setProperty('--light', f.light);
      root.append(box);
      this.#nodes.push({ value, note, line: graph.querySelector('path')! });
    }
  }

  /** Is called once a second. */
  tick(s: LiveState): void {
    for (const [i, f] of figures.entries()) {
      this.#courses[i]!.take(f.of(s));
      this.#nodes[i]!.line.setAttribute('d', this.#courses[i]!.path());
    }
    this.show(s);
  }

  show(s: LiveState): void {
    for (const [i, f] of figures.entries()) {
      const { now } = this.#courses[i]!;
      const digits = f.grows && now < 10 ? 1 : 0;
      text(this.#nodes[i]!.value, number(now, { maximumFractionDigits: digits, minimumFractionDigits: digits }));
      const note =
        f.name === 'viewers'
          ? t('danmaku.host.n.peak', { n: s.peak })
          : f.name === 'gifts'
            ? ''
            : t('danmaku.host.n.all', { n: f.of(s) });
      text(this.#nodes[i]!.note, note);
    }
  }
}
