// What is different in a page that the page /replay shows a room in: its address has "replay" in it.
//
// Such a page lives in the replay's time. That stands still when the replay does, and passes as fast, so that all
// that moves by the clock (what is between two snapshots, bullets, smoke) moves as it did in the
// room, and the library's estimates of the server's clock stay right. Each page imports this first.

import type { ClientOptions } from '@tickroom/client';

/** What the page around this one says: how fast time passes, how many milliseconds pass at once, and who is looked through, 0 for a spectator. */
export interface Pace {
  readonly pace?: number;
  readonly add?: number;
  readonly eyes?: number;
}

/** Whether the page shows a replay. */
export const replaying =
  typeof location !== 'undefined' && new URLSearchParams(location.search).has('replay') && window.parent !== window;

/** How the page connects: at once, when the replay has gone somewhere else. */
export const connecting: ClientOptions = replaying ? { backoff: { base: 1, max: 100 } } : {};

/** A clock that can stand still and run faster or slower than another one. Times are milliseconds. */
export class PacedClock {
  #pace = 0;
  #base: number;
  #since: number;

  constructor(now: number) {
    this.#base = this.#since = now;
  }

  /** Returns this clock's time at a time of the other one, which may be a little earlier than the last one was. */
  at(now: number): number {
    return this.#base + Math.max(0, now - this.#since) * this.#pace;
  }

  set({ pace = this.#pace, add = 0 }: Pace, now: number): void {
    this.#base = this.at(now) + add;
    this.#since = Math.max(now, this.#since);
    this.#pace = pace;
  }
}

function live(): void {
  document.body.dataset.replay = '';
  const real = performance.now.bind(performance);
  const draw = window.requestAnimationFrame.bind(window);
  const clock = new PacedClock(real());
  performance.now = () => clock.at(real());
  window.requestAnimationFrame = (fn) => draw((now) => fn(clock.at(now)));
  addEventListener('message', (e: MessageEvent<Pace>) => {
    if (e.source !== window.parent || e.origin !== location.origin) return;
    clock.set(e.data, real());
    if (e.data.eyes !== undefined) document.body.dataset.replay = e.data.eyes === 0 ? 'spectator' : 'player';
  });
  // Keys steer the replay, not what is in it.
  for (const type of ['keydown', 'keyup'] as const)
    addEventListener(
      type,
      (e) => {
        if (e.target instanceof HTMLInputElement || e.ctrlKey || e.metaKey || e.altKey) return;
        e.stopImmediatePropagation();
        if (e.key !== 'Tab') e.preventDefault();
        if (type === 'keydown') window.parent.postMessage({ key: e.key, shift: e.shiftKey }, location.origin);
      },
      true,
    );
  window.parent.postMessage({ ready: true }, location.origin);
}

if (replaying) live();
