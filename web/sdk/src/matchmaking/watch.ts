import type { Caller } from './caller.js';
import { MatchmakingError, wrap } from './errors.js';

/** The pause before a watch is opened again is a random part of a time that doubles; what the service asks for comes on top. */
const firstPause = 200;
const longestPause = 10_000;
/** A watch without a message for so long is opened again, as its connection may be dead. */
const silence = 45_000;

/** A message of a watch, or why there is none for the moment, and in how many milliseconds it is opened again. */
export type Watched<T> = { readonly message: T } | { readonly away: string; readonly retryInMs: number };

type Open<T> = (o: { headers: HeadersInit; signal: AbortSignal }) => AsyncIterable<T>;

/**
 * Opens a stream that goes on for as long as it is watched, again and again, and yields what
 * comes. It ends when the signal is aborted, or with an error after which there is nothing
 * to watch any more.
 */
export async function* watching<T>(
  caller: Caller,
  signal: AbortSignal | undefined,
  open: Open<T>,
): AsyncGenerator<Watched<T>, void, undefined> {
  let attempt = 0;
  let fresh = false;
  while (!signal?.aborted) {
    let lost: MatchmakingError;
    try {
      for await (const message of once(caller, signal, open, fresh)) {
        attempt = 0;
        fresh = false;
        yield { message };
      }
      lost = new MatchmakingError('unavailable', 'the stream ended, though there is more to come');
    } catch (err) {
      if (signal?.aborted) return;
      const e = wrap(err);
      if (!(e instanceof MatchmakingError)) throw e;
      if (e.code === 'unauthenticated' && caller.renewable && !fresh) {
        fresh = true;
        continue;
      }
      if (!goesOn.has(e.code)) throw e;
      lost = e;
    }
    const ms = caller.random() * Math.min(longestPause, firstPause * 2 ** Math.min(attempt++, 10)) + lost.retryAfterMs;
    yield { away: lost.message, retryInMs: ms };
    await pause(caller, signal, ms);
  }
}

/** Opens the stream once. */
async function* once<T>(
  caller: Caller,
  signal: AbortSignal | undefined,
  open: Open<T>,
  fresh: boolean,
): AsyncGenerator<T> {
  signal?.throwIfAborted();
  const { clock } = caller;
  const stream = new AbortController();
  const abort = (): void => stream.abort();
  signal?.addEventListener('abort', abort);
  let timer = clock.setTimeout(abort, silence);
  try {
    const headers = await caller.headers(fresh);
    for await (const message of open({ headers, signal: stream.signal })) {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(abort, silence);
      yield message;
    }
  } finally {
    clock.clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    stream.abort();
  }
}

function pause({ clock }: Caller, signal: AbortSignal | undefined, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = clock.setTimeout(end, ms);
    signal?.addEventListener('abort', end);
    if (signal?.aborted) end();
  });
}

/** Errors after which what is watched may still be there. */
const goesOn: ReadonlySet<string> = new Set([
  'unavailable',
  'unknown',
  'internal',
  'aborted',
  'canceled',
  'deadline_exceeded',
  'resource_exhausted',
  'data_loss',
]);
