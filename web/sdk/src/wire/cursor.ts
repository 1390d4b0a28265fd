import { ProtocolError } from '../errors.js';

/** Reads protobuf values from a range of bytes. It is made once and reset for each range. */
export class Cursor {
  #bytes: Uint8Array = new Uint8Array(0);
  #view = new DataView(this.#bytes.buffer);
  pos = 0;
  end = 0;

  /** Halves of the last 64-bit value, as signed 32-bit numbers. */
  low = 0;
  high = 0;

  reset(bytes: Uint8Array, view: DataView, start: number, end: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.pos = start;
    this.end = end;
  }

  /** Whether there is more to read. */
  get more(): boolean {
    return this.pos < this.end;
  }

  /** Reads a varint, and returns its low 32 bits as a signed number. */
  int32(): number {
    const b = this.#bytes;
    let p = this.pos;
    if (p < this.end) {
      const c = b[p];
      if (c < 0x80) {
        this.pos = p + 1;
        return c;
      }
      if (p + 1 < this.end) {
        const d = b[p + 1];
        if (d < 0x80) {
          this.pos = p + 2;
          return (c & 0x7f) | (d << 7);
        }
      }
    }
    let v = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (p >= this.end) throw new ProtocolError('a number is cut short');
      const c = b[p++];
      if (shift < 32) v |= (c & 0x7f) << shift;
      if (c < 0x80) {
        if (shift === 63 && c > 1) break;
        this.pos = p;
        return v;
      }
    }
    throw new ProtocolError('a number is too long');
  }

  /** Reads a varint, and returns its low 32 bits. */
  uint32(): number {
    return this.int32() >>> 0;
  }

  /** Reads a zigzag varint of 32 bits. */
  sint32(): number {
    const u = this.int32();
    return (u >>> 1) ^ -(u & 1);
  }

  /** Reads a zigzag varint of 64 bits into low and high. */
  sint64(): void {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.pos >= this.end) throw new ProtocolError('a number is cut short');
      const c = this.#bytes[this.pos++];
      const bits = c & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= bits << 28;
        high |= bits >>> 4;
      } else high |= bits << (shift - 32);
      if (c < 0x80) {
        if (shift === 63 && c > 1) break;
        const sign = -(low & 1);
        this.low = ((low >>> 1) | (high << 31)) ^ sign;
        this.high = (high >>> 1) ^ sign;
        return;
      }
    }
    throw new ProtocolError('a number is too long');
  }

  /** Skips a number of bytes, and returns where they begin. */
  skip(n: number): number {
    const at = this.pos;
    if (n > this.end - at) throw new ProtocolError('a value is cut short');
    this.pos = at + n;
    return at;
  }

  /** Reads the 32 bits of a float. */
  fixed32(): number {
    return this.#view.getInt32(this.skip(4), true);
  }

  /** Reads 64 bits into low and high. */
  fixed64(): void {
    const at = this.skip(8);
    this.low = this.#view.getInt32(at, true);
    this.high = this.#view.getInt32(at + 4, true);
  }

  /** Reads the tag of a field: its number times 8, plus the wire type. */
  tag(): number {
    const t = this.uint32();
    if (t < 8) throw new ProtocolError('a field has no number');
    return t;
  }

  /** Skips the value of a field of any wire type. */
  pass(tag: number, depth = 0): void {
    switch (tag & 7) {
      case 0:
        this.int32();
        return;
      case 1:
        this.skip(8);
        return;
      case 2:
        this.skip(this.uint32());
        return;
      case 5:
        this.skip(4);
        return;
      case 3:
        if (depth < 100) {
          for (;;) {
            const t = this.tag();
            if ((t & 7) !== 4) this.pass(t, depth + 1);
            else if (t === tag + 1) return;
            else break;
          }
        }
    }
    throw new ProtocolError('a field has no meaning');
  }
}
