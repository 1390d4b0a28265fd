/** A timer for what is to be done less often than every frame. */
export class Every {
  #last = 0;

  constructor(readonly ms: number) {}

  /** Has ms passed, whenever that was. */
  restart(): void {
    this.#last = -Infinity;
  }

  /** Returns whether ms have passed since it last returned true. now may go back a little, as the times of frames do. */
  due(now: number): boolean {
    if (now - this.#last < this.ms && now >= this.#last) return false;
    this.#last = now;
    return true;
  }
}
