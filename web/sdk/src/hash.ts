// The state hash: MurmurHash3 (x86, 32 bits) of a row's words with two seeds.

import * as Kind from './kinds.js';
import type { Layout, List, Plan } from './layout.js';
import { encodeText } from './wire/text.js';

/** Sums up the hashes of rows. */
export class StateHash {
  /** Halves of the sum, as signed 32-bit numbers. */
  low = 0;
  high = 0;

  #a = 0;
  #b = 0;
  #length = 0;

  reset(): void {
    this.low = this.high = 0;
  }

  /** The sum as an unsigned number of 64 bits. */
  get value(): bigint {
    return (BigInt(this.high >>> 0) << 32n) | BigInt(this.low >>> 0);
  }

  /** Adds the hash of the row whose cells begin at first. */
  add(layout: Layout, entity: number, cells: Int32Array, first: number, objects: readonly unknown[]): void {
    this.#a = 0x9747b28c | 0;
    this.#b = 0x1b873593;
    this.#length = 0;
    this.#word(layout.id);
    this.#word(entity);
    for (const p of layout.plans) {
      const at = first + p.at;
      if (p.object) this.#object(p, objects[p.at]);
      else if (cells[at] !== 0 || (p.wide && cells[at + 1] !== 0)) {
        this.#word(p.number);
        this.#word(cells[at]);
        if (p.wide) this.#word(cells[at + 1]);
      }
    }
    this.low = (this.low + finish(this.#a ^ this.#length)) | 0;
    this.high = (this.high + finish(this.#b ^ this.#length)) | 0;
  }

  #object(p: Plan, o: unknown): void {
    if (!p.repeated) {
      const b = p.kind === Kind.String ? encodeText(o as string) : (o as Uint8Array);
      if (b.length === 0) return;
      this.#word(p.number);
      this.#bytes(b);
      return;
    }
    const list = o as List;
    if (list.shown.length === 0) return;
    this.#word(p.number);
    for (const w of list.raw) this.#word(w);
    if (p.kind === Kind.String) for (const s of list.shown) this.#bytes(encodeText(s as string));
    if (p.kind === Kind.Bytes) for (const b of list.shown) this.#bytes(b as Uint8Array);
  }

  #word(w: number): void {
    let k = Math.imul(w, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    let h = this.#a ^ k;
    this.#a = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
    h = this.#b ^ k;
    this.#b = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
    this.#length += 4;
  }

  #bytes(b: Uint8Array): void {
    this.#word(b.length);
    for (let i = 0; i < b.length; i += 4) this.#word(b[i] | (b[i + 1] << 8) | (b[i + 2] << 16) | (b[i + 3] << 24));
  }
}

function finish(h: number): number {
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
