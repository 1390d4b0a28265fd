// Puts long messages together that come in parts; docs/protocol.md says how.

import { ProtocolError } from './errors.js';
import { decodePart } from './wire/messages.js';

/** The first byte of a message that is a part, and so holds nothing else: the tag of that field. */
const tag = (15 << 3) | 2;
/** The longest message in parts, in bytes. */
const longest = 1 << 24;

export class Parts {
  /** What has come of the message under way, in bytes. */
  have = 0;
  #whole: Uint8Array | undefined;

  /**
   * Takes a message that has arrived, and returns it; or, if it is a part, the whole with the
   * last one, and before that nothing.
   */
  take(bytes: Uint8Array): Uint8Array | undefined {
    let whole = this.#whole;
    if (bytes[0] !== tag) {
      if (whole)
        throw new ProtocolError(`another message where ${whole.length - this.have} bytes of one in parts are left`);
      return bytes;
    }
    const { data, left } = decodePart(bytes);
    const n = data.length + left;
    if (data.length === 0) throw new ProtocolError('an empty part');
    if (!whole) {
      if (n > longest) throw new ProtocolError(`a message of ${n} bytes in parts: the limit is ${longest}`);
      whole = this.#whole = new Uint8Array(n);
    } else if (n !== whole.length - this.have)
      throw new ProtocolError(`a part out of place: ${n} bytes where ${whole.length - this.have} are left`);
    whole.set(data, this.have);
    this.have += data.length;
    if (left > 0) return undefined;
    this.drop();
    if (whole[0] === tag) throw new ProtocolError('a part within parts');
    return whole;
  }

  /** Forgets what has come of a message that is not whole. */
  drop(): void {
    this.#whole = undefined;
    this.have = 0;
  }
}
