// What a room has told of and the picture, which is a little in the past, has not
// come to yet.

export class Timeline {
  readonly #coming: { readonly tick: number; readonly show: () => void }[] = [];

  /** Calls show when the picture has come to a tick. */
  at(tick: number, show: () => void): void {
    this.#coming.push({ tick, show });
  }

  /** Shows everything up to a tick, in the order in which it came. */
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
