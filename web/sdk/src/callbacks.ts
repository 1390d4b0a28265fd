/** Functions that want to be told of something. */
export class Callbacks<Args extends unknown[]> {
  #list: ((...args: Args) => void)[] = [];

  /** Adds a function; the result takes it away again. */
  add(fn: (...args: Args) => void): () => void {
    this.#list = [...this.#list, fn];
    return () => {
      this.#list = this.#list.filter((f) => f !== fn);
    };
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  /** Calls all of them. What one throws is reported, and stops nobody else. */
  call(...args: Args): void {
    for (const fn of this.#list) {
      try {
        fn(...args);
      } catch (err) {
        report(err);
      }
    }
  }
}

/** Says that a game's function has thrown, as the platform says it of any function. */
export function report(err: unknown): void {
  if (typeof reportError === 'function') reportError(err);
  else console.error(err);
}
