// Answers of a matchmaking service that means no good.

import { describe, expect, test } from 'vitest';

import { bounded, maxAnswer } from '../src/matchmaking/bounded.js';

/** Answers with chunks, and counts those that were taken. */
function service(type: string, chunks: Iterable<Uint8Array<ArrayBuffer>>) {
  let taken = 0;
  const all = chunks[Symbol.iterator]();
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    pull(c) {
      const next = all.next();
      if (next.done) return c.close();
      taken += next.value.length;
      c.enqueue(next.value);
    },
  });
  const fetch = bounded(() => Promise.resolve(new Response(body, { headers: { 'content-type': type }, status: 201 })));
  return { taken: () => taken, answer: async () => (await fetch('http://127.0.0.1')).arrayBuffer() };
}

function* endless(): Generator<Uint8Array<ArrayBuffer>> {
  for (;;) yield new Uint8Array(1 << 16);
}

const message = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(0, length >>> 24, length >>> 16, length >>> 8, length);

describe('answers are bounded', () => {
  test('one without an end is given up', async () => {
    const s = service('application/proto', endless());
    await expect(s.answer()).rejects.toThrow('the longest has');
    expect(s.taken()).toBeLessThan(maxAnswer + (1 << 20));
  });

  test('a short one comes as it is', async () => {
    const s = service('application/proto', [Uint8Array.of(1, 2), Uint8Array.of(3)]);
    expect([...new Uint8Array(await s.answer())]).toEqual([1, 2, 3]);
  });

  test('a message of a stream that says that it is long is given up at once', async () => {
    const s = service('application/connect+proto', [message(3), Uint8Array.of(1, 2, 3), message(2 ** 32 - 1)]);
    await expect(s.answer()).rejects.toThrow('an answer of 4294967295 bytes');
  });

  test('a stream may go on for as long as its messages are short', async () => {
    const one = new Uint8Array((1 << 20) + 5);
    one.set(message(1 << 20));
    const cut = [one.subarray(0, 3), one.subarray(3, 1000), one.subarray(1000)];
    const s = service('application/connect+proto', Array.from({ length: 6 }, () => cut).flat());
    expect((await s.answer()).byteLength).toBe(6 * one.length);
  });
});
