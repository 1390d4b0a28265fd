import type { LiveComment } from './comment.js';

/** The newest comments, each once, found by their ids. */
export class Backlog {
  readonly #most: number;
  #list: LiveComment[] = [];
  readonly #byId = new Map<bigint, LiveComment>();

  /** @param most is how many it keeps, roughly: between that and half as many more. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The oldest first. The array is another one after each change. */
  get all(): readonly LiveComment[] {
    return this.#list;
  }

  get(id: bigint): LiveComment | undefined {
    return this.#byId.get(id);
  }

  /** Adds comments that are not there yet, and returns those. */
  add(comments: readonly LiveComment[]): LiveComment[] {
    const fresh = comments.filter((c) => !this.#byId.has(c.id));
    if (fresh.length === 0) return fresh;
    for (const c of fresh) this.#byId.set(c.id, c);
    let list = [...this.#list, ...fresh];
    if (list.length > this.#most * 1.5) {
      for (const c of list.slice(0, -this.#most)) this.#byId.delete(c.id);
      list = list.slice(-this.#most);
    }
    this.#list = list;
    return fresh;
  }

  /** Puts a comment into the place of the one with its id. Returns whether there is one. */
  replace(c: LiveComment): boolean {
    if (!this.#byId.has(c.id)) return false;
    this.#byId.set(c.id, c);
    this.#list = this.#list.map((old) => (old.id === c.id ? c : old));
    return true;
  }

  /** Removes comments, and returns them. */
  remove(of: (c: LiveComment) => boolean): LiveComment[] {
    const gone = this.#list.filter(of);
    if (gone.length === 0) return gone;
    for (const c of gone) this.#byId.delete(c.id);
    this.#list = this.#list.filter((c) => this.#byId.has(c.id));
    return gone;
  }

  clear(): void {
    this.#list = [];
    this.#byId.clear();
  }
}
