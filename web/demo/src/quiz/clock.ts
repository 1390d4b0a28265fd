// The show's clock as the page sees it. All that happens at a time happens by this clock: the
// questions are shown, and answers end, in the same moment for everybody, whenever the
// snapshots arrive.

/** A difference beyond this is jumped over, in microseconds: the page slept, or the room is another one. */
const jump = 500_000;
/** How much faster or slower than time itself the clock may be until it is right. */
const stretch = 0.05;

/** A moment that the server has told: the room's tick at it, and the show's time in microseconds. */
export interface Anchor {
  readonly tick: number;
  readonly us: number;
}

/** What a room knows of the server's time. */
export interface Timed {
  readonly tickRate: number;
  serverTick(now: number): number;
  serverTime(now: number): number;
}

/**
 * Returns the show's time in microseconds as the room estimates it: by the server's clock, of which pongs tell, and until
 * one has come by when ticks come, which in a large house is later for who is written to last.
 */
export function showTime(room: Timed, anchor: Anchor, now: number): number {
  const wall = room.serverTime(now);
  return Number.isNaN(wall) ? anchor.us + ((room.serverTick(now) - anchor.tick) / room.tickRate) * 1e6 : wall * 1000;
}

export class ShowClock {
  #at: number | undefined; // the show's time when it was last asked for
  #asked = 0; // when that was, in milliseconds

  /**
   * Returns the show's time in microseconds. It does not go back, but for jumps.
   *
   * @param now is in milliseconds of `performance.now()`.
   * @param estimate is what {@link showTime} returns.
   */
  time(now: number, estimate: number): number {
    const before = this.#at;
    const passed = Math.max(0, now - this.#asked) * 1000;
    this.#asked = now;
    if (before === undefined || Math.abs(estimate - before - passed) > jump) return (this.#at = estimate);
    const most = passed * stretch;
    return (this.#at = before + passed + Math.max(-most, Math.min(most, estimate - before - passed)));
  }

  /** Forgets all, for another room. */
  reset(): void {
    this.#at = undefined;
  }
}
