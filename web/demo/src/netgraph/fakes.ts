// A clock for tests.

import type { Clock } from '@tickroom/client';

/** A clock that a test advances. */
export class FakeClock implements Clock {
  #time = 1000;
  #timers: { id: number; at: number; fn: () => void }[] = [];
  #next = 1;

  now(): number {
    return this.#time;
  }

  setTimeout(fn: () => void, ms: number): unknown {
    const id = this.#next++;
    this.#timers.push({ id, at: this.#time + ms, fn });
    return id;
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((t) => t.id !== timer);
  }

  get waiting(): number {
    return this.#timers.length;
  }

  /** Advances the time, and runs the timers that are due meanwhile. */
  pass(ms: number): void {
    const end = this.#time + ms;
    for (;;) {
      const due = this.#timers.filter((t) => t.at <= end).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((t) => t !== due);
      this.#time = Math.max(this.#time, due.at);
      due.fn();
    }
    this.#time = end;
  }
}
