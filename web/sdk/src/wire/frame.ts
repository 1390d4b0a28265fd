import type { Cursor } from './cursor.js';

/** Ranges of bytes, in a list whose memory is used again. */
export class Spans {
  count = 0;
  readonly at: number[] = [];

  push(start: number, end: number): void {
    const i = 2 * this.count++;
    this.at[i] = start;
    this.at[i + 1] = end;
  }

  start(i: number): number {
    return this.at[2 * i];
  }

  end(i: number): number {
    return this.at[2 * i + 1];
  }
}

/** Puts the value of a length-delimited field into spans. */
export function take(c: Cursor, spans: Spans): void {
  const n = c.uint32();
  const at = c.skip(n);
  spans.push(at, at + n);
}

/** A ServerFrame taken apart: numbers, and where in the bytes the rest is. */
export class Frame {
  tick = 0;
  skip = 0;
  full = false;
  inputAck = 0;
  hasHash = false;
  hashLow = 0;
  hashHigh = 0;
  readonly removed = new Spans();
  readonly set = new Spans();
  readonly delta = new Spans();
  readonly events = new Spans();
  readonly entityHashes = new Spans();
  readonly welcome = new Spans();
  readonly replies = new Spans();
  readonly pongs = new Spans();

  /** The tick that the snapshot builds on, if it is not full. */
  get base(): number {
    return this.tick - 1 - this.skip;
  }

  parse(c: Cursor): void {
    this.tick = this.skip = this.inputAck = 0;
    this.full = this.hasHash = false;
    this.removed.count = this.set.count = this.delta.count = this.events.count = 0;
    this.entityHashes.count = this.welcome.count = this.replies.count = this.pongs.count = 0;
    while (c.pos < c.end) {
      const tag = c.tag();
      switch (tag) {
        case 0x08:
          this.tick = c.uint32();
          break;
        case 0x10:
          this.skip = c.uint32();
          break;
        case 0x18:
          this.full = c.truth();
          break;
        case 0x20:
          this.inputAck = c.uint32();
          break;
        case 0x28: {
          // Not packed: the bytes of one number are the same as in a packed list.
          const at = c.pos;
          c.int32();
          this.removed.push(at, c.pos);
          break;
        }
        case 0x2a:
          take(c, this.removed);
          break;
        case 0x32:
          take(c, this.set);
          break;
        case 0x3a:
          take(c, this.delta);
          break;
        case 0x42:
          take(c, this.events);
          break;
        case 0x49:
          c.fixed64();
          this.hasHash = true;
          this.hashLow = c.low;
          this.hashHigh = c.high;
          break;
        case 0x52:
          take(c, this.entityHashes);
          break;
        case 0x5a:
          take(c, this.welcome);
          break;
        case 0x62:
          take(c, this.replies);
          break;
        case 0x6a:
          take(c, this.pongs);
          break;
        default:
          c.pass(tag);
      }
    }
  }
}
