// Fetches the server's status once a second while the page is visible.

/** The server's /status.json; see docs/status.md. */
export interface Status {
  readonly version: string;
  readonly uptime_seconds: number;
  readonly rooms: number;
  readonly players: number;
  readonly spectators: number;
  readonly away: number;
  readonly rates: Rates;
  readonly kinds: readonly KindStatus[];
  readonly open_rooms: readonly RoomStatus[];
  readonly history: { readonly messages_in: readonly number[]; readonly messages_out: readonly number[] };
}

export interface Rates {
  readonly messages_in: number;
  readonly messages_out: number;
  readonly bytes_in: number;
  readonly bytes_out: number;
  readonly ticks: number;
  readonly tick_ms: number;
}

export interface KindStatus {
  readonly kind: string;
  readonly doc: string;
  readonly watchable: boolean;
  readonly rooms: number;
  readonly players: number;
  readonly spectators: number;
}

export interface RoomStatus {
  readonly id: string;
  readonly kind: string;
  readonly players: number;
  readonly spectators: number;
  readonly away: number;
  readonly capacity: number;
  readonly entities: number;
  readonly tick_ms: number;
}

/** The result of a fetch: a status, no answer, or an answer that there is no status. */
export type Answer = Status | 'lost' | 'off';

const askEvery = 1000;
/** The pause after a failure, in milliseconds. */
const retryEvery = 4000;

/** Calls fn with each result. Returns a function that stops it. */
export function follow(fn: (answer: Answer) => void, url = '/status.json'): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let asking: AbortController | undefined;
  const ask = async (): Promise<void> => {
    clearTimeout(timer);
    if (document.hidden) return;
    asking?.abort();
    const mine = (asking = new AbortController());
    const answer = await get(url, AbortSignal.any([mine.signal, AbortSignal.timeout(5000)]));
    if (mine !== asking) return;
    fn(answer);
    // A server whose status is private will not change that.
    if (answer === 'off') document.removeEventListener('visibilitychange', look);
    else timer = setTimeout(() => void ask(), answer === 'lost' ? retryEvery : askEvery);
  };
  const look = () => void ask();
  document.addEventListener('visibilitychange', look);
  look();
  return () => {
    document.removeEventListener('visibilitychange', look);
    clearTimeout(timer);
    asking?.abort();
    asking = undefined;
  };
}

async function get(url: string, signal: AbortSignal): Promise<Answer> {
  try {
    const response = await fetch(url, { signal, cache: 'no-store' });
    if (response.status === 404) return 'off';
    if (!response.ok) return 'lost';
    return (await response.json()) as Status;
  } catch {
    return 'lost';
  }
}
