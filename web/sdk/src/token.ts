// The token that identifies the player, and its renewal.

import type { Clock } from './clock.js';
import type { Auth, Welcome } from './wire/messages.js';

/** A token, or a function that fetches a fresh one. Tokens are secrets. */
export type TokenSource = string | (() => string | Promise<string>);

/** How long before it expires a token is renewed; a short-lived one after four fifths of its life. */
const lead = 60_000;
/** The pause after a failed attempt doubles from the first to the longest. */
const firstPause = 1_000;
const longestPause = 30_000;
/** How long to wait for a token to be fetched. */
const fetchWithin = 20_000;

/** What a session does with tokens. */
export interface TokenUser {
  /** Sends a new token to the server. */
  renew(token: string): void;
  /** Reports that a token could not be fetched or was refused. The session goes on. */
  trouble(why: string): void;
}

export class Token {
  /** The newest token; empty for a guest, and until there is one. */
  value = '';

  readonly #source: TokenSource | undefined;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #user: TokenUser;
  #fetching: Promise<string> | undefined;
  #timer: unknown;
  #failures = 0;
  #ended = false;
  /** The server's clock minus the client's, in milliseconds. */
  #ahead = 0;
  /** When the newest token expires, by the client's clock. */
  #last = Infinity;

  constructor(source: TokenSource | undefined, clock: Clock, random: () => number, user: TokenUser) {
    this.#source = source;
    this.#clock = clock;
    this.#random = random;
    this.#user = user;
    if (typeof source === 'string') this.value = source;
  }

  /** Whether a fresh token can be fetched. */
  get renewable(): boolean {
    return typeof this.#source === 'function';
  }

  /** Whether a token must be fetched before a connection is opened. */
  get stale(): boolean {
    return this.renewable && (this.value === '' || this.#clock.now() >= this.#last);
  }

  /** Fetches a fresh token; once for all callers that wait. Rejects if there is none. */
  fetch(): Promise<string> {
    this.#fetching ??= this.#ask().finally(() => {
      this.#fetching = undefined;
    });
    return this.#fetching;
  }

  async #ask(): Promise<string> {
    const source = this.#source as () => string | Promise<string>;
    let timer: unknown;
    const late = new Promise<never>((_, reject) => {
      timer = this.#clock.setTimeout(() => reject(new Error('it took too long')), fetchWithin);
    });
    try {
      const token = await Promise.race([Promise.resolve().then(source), late]);
      if (typeof token !== 'string' || token === '') throw new Error('there is none');
      this.#last = Infinity; // until the server has reported it
      return (this.value = token);
    } finally {
      this.#clock.clearTimeout(timer);
    }
  }

  /** Takes note of the expiry in a welcome. */
  welcomed(w: Welcome): void {
    this.#failures = 0;
    this.#ahead = Number(w.serverTime) / 1000 - this.#clock.now();
    this.#expires(w.expires);
  }

  /** Takes note of what the server reports of the token: its expiry, or an error. */
  heard(a: Auth): void {
    this.#expires(a.expires);
    if (a.error) this.#failed(`The server refused the new token: ${a.error}`);
    else if (!a.renew) this.#failures = 0;
    else if (this.renewable) this.#renewIn(0);
    else this.#user.trouble('The token is about to expire.');
  }

  /** Stops renewing while the connection is lost, or for good. */
  rest(forGood = false): void {
    this.#ended ||= forGood;
    this.#clock.clearTimeout(this.#timer);
  }

  #expires(at: bigint): void {
    this.#clock.clearTimeout(this.#timer);
    this.#last = Infinity;
    if (at === 0n) return;
    const now = this.#clock.now();
    const left = Math.max(0, Number(at) / 1000 - this.#ahead - now);
    this.#last = now + left;
    this.#renewIn(Math.max(firstPause, left - Math.min(lead, left / 5)));
  }

  #renewIn(ms: number): void {
    this.#clock.clearTimeout(this.#timer);
    if (!this.renewable || this.#ended) return;
    this.#timer = this.#clock.setTimeout(() => {
      this.fetch().then(
        (token) => {
          if (!this.#ended) this.#user.renew(token);
        },
        (err: unknown) =>
          this.#failed(`No token could be fetched: ${err instanceof Error ? err.message : String(err)}`),
      );
    }, ms);
  }

  #failed(why: string): void {
    if (this.#ended) return;
    const limit = Math.min(longestPause, firstPause * 2 ** Math.min(this.#failures++, 10));
    this.#renewIn(firstPause + this.#random() * limit);
    this.#user.trouble(why);
  }
}
