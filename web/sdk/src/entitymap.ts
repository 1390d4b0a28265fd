/** Numbers of entities below it are small. */
const small = 1 << 15;

/**
 * What is kept for entities: as a Map by their numbers, and faster. Servers give
 * small numbers, and use them again, so most of it is a plain array. Neither
 * undefined nor a hole is a value.
 */
export class EntityMap<T> {
  #near: (T | undefined)[] = [];
  #far = new Map<number, T>();

  get(entity: number): T | undefined {
    return entity < small ? this.#near[entity] : this.#far.get(entity);
  }

  has(entity: number): boolean {
    return this.get(entity) !== undefined;
  }

  set(entity: number, value: T): void {
    if (entity >= small) {
      this.#far.set(entity, value);
      return;
    }
    while (this.#near.length <= entity) this.#near.push(undefined); // an array with holes would be slower
    this.#near[entity] = value;
  }

  delete(entity: number): void {
    if (entity >= small) this.#far.delete(entity);
    else if (entity < this.#near.length) this.#near[entity] = undefined;
  }

  clear(): void {
    this.#near = [];
    this.#far.clear();
  }
}
