// The vitals of few ships change at a time. Changes wait here until their ticks are
// shown, since reading the vitals of every ship in every frame takes longer than
// drawing them.

import type { VitalsRow } from './looks.ts';

/** The most changes that are kept. */
const MOST = 1 << 13;
const WORDS = 3; // tick, entity, vitals

/** Vitals that have come and are not shown yet, oldest first. */
export class PendingVitals {
  readonly #ring = new Uint32Array(MOST * WORDS);
  readonly #shown = { health: 0, shield: 0, protected: false, rapid: false, boost: false };
  #head = 0;
  #count = 0;

  /** Adds a ship's vitals as of a tick. Returns false if there are too many; then all are dropped. */
  add(tick: number, entity: number, v: VitalsRow): boolean {
    if (this.#count === MOST) {
      this.clear();
      return false;
    }
    const at = ((this.#head + this.#count++) % MOST) * WORDS;
    this.#ring[at] = tick;
    this.#ring[at + 1] = entity;
    this.#ring[at + 2] =
      Math.min(v.health, 255) |
      (Math.min(v.shield, 255) << 8) |
      (v.protected ? 1 << 16 : 0) |
      (v.rapid ? 1 << 17 : 0) |
      (v.boost ? 1 << 18 : 0);
    return true;
  }

  /** Calls fn for each change up to a tick, which may have a fraction. The row is reused. */
  play(tick: number, fn: (entity: number, v: VitalsRow) => void): void {
    const v = this.#shown;
    while (this.#count > 0) {
      const at = this.#head * WORDS;
      if (this.#ring[at]! > tick) return;
      this.#head = (this.#head + 1) % MOST;
      this.#count--;
      const packed = this.#ring[at + 2]!;
      v.health = packed & 255;
      v.shield = (packed >> 8) & 255;
      v.protected = (packed & (1 << 16)) !== 0;
      v.rapid = (packed & (1 << 17)) !== 0;
      v.boost = (packed & (1 << 18)) !== 0;
      fn(this.#ring[at + 1]!, v);
    }
  }

  clear(): void {
    this.#count = 0;
  }
}
