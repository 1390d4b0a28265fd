import { ProtocolError } from '../errors.js';
import { Cursor } from './cursor.js';

// Wire types as bits, for the set of those that a field may have.
const varint = 1 << 0;
const fixed64 = 1 << 1;
const bytes = 1 << 2;
const fixed32 = 1 << 5;
const numbers = varint | bytes; // packed or not

/** The wire types that the fields of a ServerFrame and of a Table may have, by number. */
export const frameFields = [
  0,
  varint,
  varint,
  varint,
  varint,
  numbers,
  bytes,
  bytes,
  bytes,
  fixed64,
  bytes,
  bytes,
  bytes,
  bytes,
  bytes,
  0, // a part, which was put together before
  varint,
];
export const tableFields = [
  0,
  varint,
  varint,
  varint,
  numbers,
  numbers,
  numbers,
  fixed32 | bytes,
  fixed64 | bytes,
  bytes,
  bytes,
  numbers,
];

/**
 * The fields of a message by their numbers: the last number of each, and where all values
 * are. It is made once for each type of message, and its memory is reused. Fields that
 * are unknown or have the wrong wire type are skipped.
 */
export class Fields {
  source: Uint8Array = new Uint8Array(0);
  /** The low 32 bits of the last varint of each field. */
  readonly last: number[];
  /** The number of values, or of parts of packed lists, of each field. */
  readonly count: number[];

  #view = new DataView(this.source.buffer);
  readonly #types: readonly number[];
  readonly #places: number[][];
  readonly #cursor = new Cursor();

  constructor(types: readonly number[]) {
    this.#types = types;
    this.last = types.map(() => 0);
    this.count = types.map(() => 0);
    this.#places = types.map(() => []);
  }

  /** Finds the fields of the message in a range of bytes. */
  scan(source: Uint8Array, view: DataView, start: number, end: number): void {
    const { last, count } = this;
    const c = this.#cursor;
    const types = this.#types;
    const places = this.#places;
    this.source = source;
    this.#view = view;
    last.fill(0);
    count.fill(0);
    c.reset(source, view, start, end);
    while (c.pos < end) {
      const tag = c.tag();
      const n = tag >>> 3;
      const type = tag & 7;
      if (n >= types.length || ((types[n] >> type) & 1) === 0) {
        c.pass(tag);
        continue;
      }
      let at = c.pos;
      if (type === 0) last[n] = c.uint32();
      else if (type === 2) {
        const length = c.uint32();
        at = c.skip(length);
      } else c.pass(tag);
      const i = 2 * count[n]++;
      places[n][i] = at;
      places[n][i + 1] = c.pos;
    }
  }

  /** Returns where value i of field n begins. */
  start(n: number, i: number): number {
    return this.#places[n][2 * i];
  }

  end(n: number, i: number): number {
    return this.#places[n][2 * i + 1];
  }

  /** Returns the bytes of value i of field n. */
  part(n: number, i: number): Uint8Array {
    return this.source.subarray(this.start(n, i), this.end(n, i));
  }

  /** Returns whether the last varint of a field has any bit set. */
  truth(n: number): boolean {
    return this.count[n] > 0 && this.part(n, this.count[n] - 1).some((b) => (b & 0x7f) !== 0);
  }

  /** Resets a cursor to all numbers of a field. */
  open(n: number, c: Cursor): void {
    const count = this.count[n];
    if (count < 2) {
      c.reset(this.source, this.#view, count && this.start(n, 0), count && this.end(n, 0));
      return;
    }
    // A packed list may come in several parts, each of whole values, but rarely does.
    let size = 0;
    for (let i = 0; i < count; i++) {
      const length = this.end(n, i) - this.start(n, i);
      const type = this.#types[n];
      if (
        type & fixed32
          ? length % 4
          : type & fixed64
            ? length % 8
            : length > 0 && this.source[this.end(n, i) - 1] >= 0x80
      ) {
        throw new ProtocolError('a list is cut short');
      }
      size += length;
    }
    const joined = new Uint8Array(size);
    size = 0;
    for (let i = 0; i < count; i++) {
      joined.set(this.part(n, i), size);
      size += this.end(n, i) - this.start(n, i);
    }
    c.reset(joined, new DataView(joined.buffer), 0, size);
  }
}

/** A Table message, with a cursor on each of its lists of numbers. */
export class TableReader extends Fields {
  readonly rows = new Cursor();
  readonly mixed = new Cursor();
  readonly wide = new Cursor();
  readonly floats = new Cursor();
  readonly doubles = new Cursor();
  readonly removed = new Cursor();
  /** The numbers of strings and blobs that were read. */
  strings = 0;
  blobs = 0;

  constructor() {
    super(tableFields);
  }

  override scan(source: Uint8Array, view: DataView, start: number, end: number): void {
    super.scan(source, view, start, end);
    this.strings = this.blobs = 0;
    this.open(4, this.rows);
    this.open(5, this.mixed);
    this.open(6, this.wide);
    this.open(7, this.floats);
    this.open(8, this.doubles);
    this.open(11, this.removed);
  }

  get component(): number {
    return this.last[1];
  }

  /** The mask of the rows in {@link TableReader.rows}: fields 1 to 32 here, those above in maskHigh. */
  get mask(): number {
    return this.last[2] | 0;
  }

  get maskHigh(): number {
    return this.last[3] | 0;
  }

  /** Returns the index of the next string of the table; nextBlob likewise that of the next bytes. */
  nextString(): number {
    if (this.strings >= this.count[9]) throw new ProtocolError('there are too few strings');
    return this.strings++;
  }

  nextBlob(): number {
    if (this.blobs >= this.count[10]) throw new ProtocolError('there are too few blobs');
    return this.blobs++;
  }

  /** Whether all lists but those of rows have been read to their ends. */
  get spent(): boolean {
    return (
      !(this.wide.more || this.floats.more || this.doubles.more) &&
      this.strings === this.count[9] &&
      this.blobs === this.count[10]
    );
  }
}
