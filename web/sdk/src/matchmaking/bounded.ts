/** The most bytes of an answer, and of one message of a stream. The service's are far shorter. */
export const maxAnswer = 4 << 20;

type Fetch = typeof globalThis.fetch;

/** Returns a fetch whose answers fail once they are longer than any of the service's: a page must not hold what another one sends it. */
export function bounded(fetch: Fetch = (...a) => globalThis.fetch(...a)): Fetch {
  return async (input, init) => {
    const r = await fetch(input, init);
    if (r.body === null) return r;
    const streams = (r.headers.get('content-type') ?? '').startsWith('application/connect+');
    const body = r.body.pipeThrough(new TransformStream(streams ? eachMessage() : whole()));
    return new Response(body, { status: r.status, statusText: r.statusText, headers: r.headers });
  };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** Passes on an answer as long as it is short enough. */
function whole(): Transformer<Bytes, Bytes> {
  let n = 0;
  return {
    transform(chunk, out) {
      n += chunk.length;
      if (n > maxAnswer) throw tooLong(n);
      out.enqueue(chunk);
    },
  };
}

/** Passes on a stream as long as its messages are short enough. Each has a head of five bytes, of which the last four say its length. */
function eachMessage(): Transformer<Bytes, Bytes> {
  let left = 0; // bytes of the message that are to come
  let head = 0; // bytes of the head that have come
  let length = 0;
  return {
    transform(chunk, out) {
      for (let i = 0; i < chunk.length; ) {
        if (left > 0) {
          const n = Math.min(left, chunk.length - i);
          left -= n;
          i += n;
          continue;
        }
        length = head === 0 ? 0 : length * 256 + (chunk[i] ?? 0);
        i++;
        if (++head < 5) continue;
        if (length > maxAnswer) throw tooLong(length);
        [left, head] = [length, 0];
      }
      out.enqueue(chunk);
    },
  };
}

function tooLong(n: number): Error {
  return new Error(`an answer of ${n} bytes; the longest has ${maxAnswer}`);
}
