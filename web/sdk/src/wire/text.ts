// UTF-8 by hand. Small platforms have no TextDecoder; it drops byte order marks, which
// count in hashes, and repairs what is to be refused; and for strings as short as most
// are, calling it takes longer.

import { BinaryReader, BinaryWriter } from '@bufbuild/protobuf/wire';

import { ProtocolError } from '../errors.js';

const invalid = 'a string is not UTF-8';

/** Returns the string in the bytes from start to end. */
export function decodeText(b: Uint8Array, start: number, end: number): string {
  let s = '';
  for (let i = start; i < end; ) {
    let c = b[i++];
    if (c >= 0x80) {
      const more = c >= 0xf0 ? 3 : c >= 0xe0 ? 2 : 1;
      if (c < 0xc2 || c > 0xf4 || i + more > end) throw new ProtocolError(invalid);
      c &= 0x3f >> more;
      for (let k = 0; k < more; k++) {
        const d = b[i++];
        if ((d & 0xc0) !== 0x80) throw new ProtocolError(invalid);
        c = (c << 6) | (d & 0x3f);
      }
      // Overlong, a surrogate, or beyond Unicode.
      if ((more === 2 && (c < 0x800 || (c & 0xf800) === 0xd800)) || (more === 3 && (c < 0x10000 || c > 0x10ffff))) {
        throw new ProtocolError(invalid);
      }
    }
    s += String.fromCodePoint(c);
  }
  return s;
}

/** Returns the bytes of a string. A lone surrogate becomes U+FFFD. */
export function encodeText(s: string): Uint8Array<ArrayBuffer> {
  const b: number[] = [];
  for (const ch of s) {
    let c = ch.codePointAt(0)!;
    if ((c & 0xfffff800) === 0xd800) c = 0xfffd;
    if (c < 0x80) {
      b.push(c);
      continue;
    }
    const more = c >= 0x10000 ? 3 : c >= 0x800 ? 2 : 1;
    b.push(((0xff00 >> (more + 1)) & 0xff) | (c >> (6 * more)));
    for (let k = more - 1; k >= 0; k--) b.push(0x80 | ((c >> (6 * k)) & 0x3f));
  }
  return Uint8Array.from(b);
}

/** Returns the protobuf runtime's reader of a message. */
export function readerOf(b: Uint8Array): BinaryReader {
  return new BinaryReader(b, (b) => decodeText(b, 0, b.length));
}

/** Returns the protobuf runtime's writer. */
export function newWriter(): BinaryWriter {
  return new BinaryWriter(encodeText);
}
