// How ships are doing changes in few of them at a time; what has changed waits here
// until its tick is shown. (To ask every ship in every frame takes longer than to
// draw it.)

import type { VitalsRow } from './looks.ts';

/** More than this many are not kept. */
const MOST = 1 << 13;
const WORDS = 3; // tick, entity, vitals

/** Vitals that were told and not shown yet, oldest first. */
export class PendingVitals {
  readonly #ring = new Uint32Array(MOST * WORDS);
  readonly #shown = { health: 0, shield: 0, protected: false, rapid: false, boost: false };
  #head = 0;
  #count = 0;

  /** Takes down how a ship is doing as of a tick; false: there are too many, and all of them are gone. */
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

  /** Calls fn for each up to a tick, which need not be whole. The row is used again. */
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
