/** A set of listeners. */
export class Callbacks<Args extends unknown[]> {
  #list: ((...args: Args) => void)[] = [];

  /** Adds a listener, and returns a function that removes it. */
  add(fn: (...args: Args) => void): () => void {
    this.#list = [...this.#list, fn];
    return () => {
      this.#list = this.#list.filter((f) => f !== fn);
    };
  }

  get any(): boolean {
    return this.#list.length > 0;
  }

  /** Calls all listeners. An exception of one is reported and does not keep the others from being called. */
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

/** Reports an exception of a game's listener the way the platform reports an uncaught one. */
export function report(err: unknown): void {
  if (typeof reportError === 'function') reportError(err);
  else console.error(err);
}
