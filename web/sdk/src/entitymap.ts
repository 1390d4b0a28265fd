/** Entities with lower numbers are kept in pages. */
const small = 1 << 18;
/** The number of entities in a page. */
const page = 1 << 8;
const nothing: readonly undefined[] = new Array<undefined>(page).fill(undefined);

/**
 * A Map by the numbers of entities. Servers use the lowest free number, over and over, so
 * it is a table of pages, which is faster than a Map; large numbers are in a Map.
 * undefined can't be stored.
 */
export class EntityMap<T> {
  #pages: (readonly (T | undefined)[])[] = [];
  #far = new Map<number, T>();

  get(entity: number): T | undefined {
    if (entity >= small) return this.#far.get(entity);
    const i = entity >>> 8;
    return i < this.#pages.length ? this.#pages[i][entity & 255] : undefined;
  }

  has(entity: number): boolean {
    return this.get(entity) !== undefined;
  }

  set(entity: number, value: T): void {
    if (entity >= small) {
      this.#far.set(entity, value);
      return;
    }
    const i = entity >>> 8;
    while (this.#pages.length <= i) this.#pages.push(nothing);
    if (this.#pages[i] === nothing) this.#pages[i] = new Array<T | undefined>(page).fill(undefined);
    (this.#pages[i] as (T | undefined)[])[entity & 255] = value;
  }

  delete(entity: number): void {
    if (entity >= small) this.#far.delete(entity);
    else if (this.has(entity)) (this.#pages[entity >>> 8] as (T | undefined)[])[entity & 255] = undefined;
  }

  clear(): void {
    this.#pages = [];
    this.#far.clear();
  }
}
