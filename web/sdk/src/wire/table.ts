import { ProtocolError } from '../errors.js';
import { Cursor } from './cursor.js';
import { Spans, take } from './frame.js';

/** A Table message taken apart, with a cursor on each of its lists. */
export class TableReader {
  component = 0;
  mask = 0;
  maskHigh = 0;
  readonly rows = new Cursor();
  readonly mixed = new Cursor();
  readonly wide = new Cursor();
  readonly floats = new Cursor();
  readonly doubles = new Cursor();
  readonly strings = new Spans();
  readonly blobs = new Spans();
  readonly removed = new Cursor();
  /** The bytes that strings and blobs are ranges of. */
  source: Uint8Array = new Uint8Array(0);
  /** How many strings and blobs have been taken. */
  nextString = 0;
  nextBlob = 0;

  private readonly outer = new Cursor();
  private readonly lists = [this.rows, this.mixed, this.wide, this.floats, this.doubles, this.removed];
  private readonly parts = this.lists.map(() => new Spans());

  parse(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    const c = this.outer;
    c.reset(bytes, view, start, end);
    this.source = bytes;
    this.component = this.mask = this.maskHigh = this.nextString = this.nextBlob = 0;
    this.strings.count = this.blobs.count = 0;
    for (const p of this.parts) p.count = 0;
    while (c.pos < end) {
      const tag = c.tag();
      switch (tag) {
        case 0x08:
          this.component = c.uint32();
          break;
        case 0x10:
          this.mask = c.int32();
          break;
        case 0x18:
          this.maskHigh = c.int32();
          break;
        case 0x22:
          take(c, this.parts[0]);
          break;
        case 0x2a:
          take(c, this.parts[1]);
          break;
        case 0x32:
          take(c, this.parts[2]);
          break;
        case 0x3a:
          take(c, this.parts[3]);
          break;
        case 0x42:
          take(c, this.parts[4]);
          break;
        case 0x4a:
          take(c, this.strings);
          break;
        case 0x52:
          take(c, this.blobs);
          break;
        case 0x5a:
          take(c, this.parts[5]);
          break;
        case 0x20:
        case 0x28:
        case 0x30:
        case 0x3d:
        case 0x41:
        case 0x58: {
          // Not packed: the bytes of one value are the same as in a packed list.
          const at = c.pos;
          c.pass(tag);
          const n = tag >> 3;
          this.parts[n === 11 ? 5 : n - 4].push(at, c.pos);
          break;
        }
        default:
          c.pass(tag);
      }
    }
    for (let i = 0; i < this.lists.length; i++) this.open(this.lists[i], this.parts[i], bytes, view, i);
  }

  /** Whether all lists but those of rows have been used up. */
  get spent(): boolean {
    return (
      this.wide.pos === this.wide.end &&
      this.floats.pos === this.floats.end &&
      this.doubles.pos === this.doubles.end &&
      this.nextString === this.strings.count &&
      this.nextBlob === this.blobs.count
    );
  }

  private open(list: Cursor, parts: Spans, bytes: Uint8Array, view: DataView, kind: number): void {
    if (parts.count === 0) {
      list.clear();
      return;
    }
    if (parts.count === 1) {
      list.reset(bytes, view, parts.start(0), parts.end(0));
      return;
    }
    // A packed list may come in several parts, each of whole values. It seldom does.
    let size = 0;
    for (let i = 0; i < parts.count; i++) {
      const n = parts.end(i) - parts.start(i);
      if (kind === 3 ? n % 4 : kind === 4 ? n % 8 : n > 0 && bytes[parts.end(i) - 1] >= 0x80) {
        throw new ProtocolError('a part of a list is cut short');
      }
      size += n;
    }
    const joined = new Uint8Array(size);
    size = 0;
    for (let i = 0; i < parts.count; i++) {
      joined.set(bytes.subarray(parts.start(i), parts.end(i)), size);
      size += parts.end(i) - parts.start(i);
    }
    list.reset(joined, new DataView(joined.buffer), 0, size);
  }
}
