// Why no connection could be made. A browser's WebSocket tells nothing of what the server has
// answered, so the server is asked by an ordinary request.

import type { Clock } from './clock.js';
import { retryAfter } from './retryafter.js';

/** How long to wait for the answer. */
const answerWithin = 4_000;

/** Makes requests, as the platform's `fetch` does. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface Diagnosis {
  /** The HTTP status of the answer; 0 if there was none, or none that may be read. */
  readonly status: number;
  readonly text: string;
  /** How long the server asks to wait, in milliseconds. */
  readonly wait: number;
  /** Whether the next attempt would be answered in the same way. */
  readonly final: boolean;
}

/** Asks why there is no connection to the WebSocket with a URL. It does not reject. */
export async function diagnose(url: string, fetch: Fetch, clock: Clock): Promise<Diagnosis> {
  const stop = new AbortController();
  const timer = clock.setTimeout(() => stop.abort(), answerWithin);
  const usual = url.replace(/^(\w+:\/\/[^/?#]*).*/, '$1/ws');
  const ask = (mode: RequestMode, at = url): Promise<Response> =>
    fetch(at.replace(/^ws/i, 'http'), { mode, cache: 'no-store', credentials: 'omit', signal: stop.signal });
  try {
    let answer: Response;
    try {
      answer = await ask('cors');
    } catch {
      // There is none, or the page may not read it.
      const no = (text: string): Diagnosis => ({ status: 0, text, wait: 0, final: false });
      if (usual !== url && (await ask('cors', usual).catch(() => {})))
        return no(`There is no tickroom server at ${url}. There may be one at ${usual}.`);
      return ask('no-cors').then(
        () => no(`What answers at ${url} is no tickroom server.`),
        () => no(`Nothing answers at ${url}. Is the server running?`),
      );
    }
    const { status } = answer;
    const said = (await answer.text().catch(() => '')).trim();
    const wait = retryAfter(answer.headers.get('Retry-After'));
    const final = status === 403 || status === 404;
    if (status === 403 || status === 429 || status === 503)
      return { status, text: short(said) || `The server at ${url} answers with HTTP ${status}.`, wait, final };
    if (status === 426)
      return {
        status,
        text: `There is a server at ${url}, but the connection ended before it was open. Does something in between not pass WebSockets on?`,
        wait,
        final,
      };
    return {
      status,
      text: `At ${url} there is no tickroom server: the answer is HTTP ${status}. Its address usually ends in /ws.`,
      wait,
      final,
    };
  } finally {
    clock.clearTimeout(timer);
  }
}

/** Returns a sentence, but not a page of somebody in between. */
function short(said: string): string {
  return said.length > 300 || said.startsWith('<') ? '' : said;
}
