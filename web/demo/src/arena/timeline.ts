// Events that have come and are to be shown later, as the picture is a little in the past.

export class Timeline {
  readonly #coming: { readonly tick: number; readonly show: () => void }[] = [];

  /** Has show called when a tick is shown. */
  at(tick: number, show: () => void): void {
    this.#coming.push({ tick, show });
  }

  /** Shows all events up to a tick, in the order in which they came. */
  play(tick: number): void {
    for (let i = 0; i < this.#coming.length; ) {
      const c = this.#coming[i]!;
      if (c.tick > tick) {
        i++;
        continue;
      }
      this.#coming.splice(i, 1);
      c.show();
    }
  }

  clear(): void {
    this.#coming.length = 0;
  }
}
