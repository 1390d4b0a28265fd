/** Random numbers that are the same in each run: mulberry32. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** Returns a number from 0 up to 1. */
  next = (): number => {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };

  /** Returns an integer from 0 up to n. */
  int(n: number): number {
    return Math.floor(this.next() * n);
  }

  chance(p: number): boolean {
    return this.next() < p;
  }

  pick<T>(list: readonly T[]): T {
    return list[this.int(list.length)];
  }

  /** Returns 32 bits, often with few or all of them set. */
  bits(): number {
    const b = (this.next() * 4294967296) >>> 0;
    return this.pick([b, b & 0xff, 0, 1, 0x7fffffff, 0x80000000, 0xffffffff]) >>> 0;
  }
}
