/** What is done every so many milliseconds, in frames that come more often. */
export class Every {
  #last = 0;

  constructor(readonly ms: number) {}

  /** Reports whether it is time again, and if so begins anew. The clocks of frames may go back a little. */
  due(now: number): boolean {
    if (now - this.#last < this.ms && now >= this.#last) return false;
    this.#last = now;
    return true;
  }
}
