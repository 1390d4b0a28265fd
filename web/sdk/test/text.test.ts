import { describe, expect, test } from 'vitest';

import { ProtocolError } from '../src/errors.js';
import { decodeText, encodeText } from '../src/wire/text.js';
import { Random } from './random.js';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

describe('text', () => {
  test('is what TextEncoder makes of it, all characters', () => {
    let all = '';
    for (let c = 0; c < 0x110000; c += c < 0x3000 ? 1 : 37)
      if (c < 0xd800 || c > 0xdfff) all += String.fromCodePoint(c);
    const bytes = encodeText(all);
    expect(Buffer.compare(bytes, new TextEncoder().encode(all))).toBe(0);
    expect(decodeText(bytes, 0, bytes.length)).toBe(all);
    expect(encodeText('a\ud800b\udc00')).toEqual(new TextEncoder().encode('a\ud800b\udc00'));
  });

  test('is refused where TextDecoder refuses it', () => {
    const r = new Random(1);
    for (let i = 0; i < 30_000; i++) {
      const b = Uint8Array.from({ length: 1 + r.int(5) }, () =>
        r.pick([r.int(256), 0x80 + r.int(64), 0xe0 + r.int(32), 0xf0, 0xf4, 0xed, 0xe0, 0x41]),
      );
      let want: string | undefined;
      try {
        want = decoder.decode(b);
      } catch {
        // not UTF-8
      }
      if (want === undefined)
        expect(() => decodeText(b, 0, b.length), Buffer.from(b).toString('hex')).toThrow(ProtocolError);
      else expect(decodeText(b, 0, b.length)).toBe(want);
    }
  });
});
