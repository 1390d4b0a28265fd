// Whether a client comes back after its connection has ended, and how. Nothing here has
// a connection, a clock or chance: the Go client has the same in reconnect.go, and both
// play proto/vectors/reconnect.txt. docs/protocol.md says why the decisions are as they
// are.

import { closeRule } from './close.js';

/** Pauses between attempts to connect. */
export interface Backoff {
  /** The longest first pause, in milliseconds. Each one after an attempt that failed is a fifth longer. Default 250. */
  base?: number;
  /** The longest pause, in milliseconds. Default 15000. */
  max?: number;
}

/** A connection that was good for as long as the next pause might be begins them anew; these are the bounds of that. */
const goodLeast = 1_000;
const goodMost = 5_000;
/** A connection that was good for so long begins the count of refusals anew. */
const refusalsEnd = 50_000;
/** How many times in a row a client joins anew since the server's frames were refused. */
const maxRefusals = 3;
/** How long a client waits at least when no token could be fetched. */
const tokenWait = 1_000;

/** What a hello asks for: to join as the client was told to, to resume the session, or to join the room that it was in. */
export type Opening = 'join' | 'resume' | 'join the same room';

/** To come back, by such a hello, after a pause that is at random between two bounds; or not. */
export type Decision =
  | {
      readonly end: false;
      readonly opens: Opening;
      readonly min: number;
      readonly max: number;
      readonly newToken: boolean;
    }
  | { readonly end: true; readonly keep: boolean };

export class Reconnect {
  /** What the newest connection asked for, or the next one. */
  opens: Opening = 'join';
  /** Whether the player wants a certain room: then no other will do. */
  certain = false;
  /** Whether another token can be fetched. */
  renewable = false;
  /** Whether the hello shows a matchmaker's seat; not after the first welcome. */
  seat = false;

  // Since the beginning, and since the newest connection was opened.
  joined = false;
  live = false;
  since = 0;
  /** Of the next pause. */
  limit: number;
  /** In a row. */
  refusals = 0;
  /** Whether another token was fetched since the last welcome. */
  tried = false;

  readonly #base: number;
  readonly #max: number;

  constructor({ base = 250, max = 15_000 }: Backoff = {}) {
    this.#base = this.limit = base;
    this.#max = max;
  }

  /** The server has let the client in. */
  welcome(now: number): void {
    this.opens = 'resume';
    this.joined = this.live = true;
    this.since = now;
    this.seat = this.tried = false;
  }

  /** The connection has ended with a close code, or could not be made. */
  closed(code: number, now: number): Decision {
    const { advice, wait, keepsSession, keepsSeat, otherRoom } = closeRule(code);
    const end: Decision = { end: true, keep: keepsSession && this.opens === 'resume' };
    const wasLive = this.#lost(now);
    // A line or a server that was there, though not for long.
    if (wasLive && code < 4000 && advice === 'come back') this.limit = Math.min(this.limit, 2 * this.#base);
    const anew = advice === 'join anew';
    // The server has said that what was asked for is not there: there is no reason to
    // wait before asking for something else, and each is asked for once.
    if (!wasLive && this.opens !== 'join' && (anew || otherRoom)) {
      this.opens = anew && this.opens === 'resume' && !this.certain ? 'join the same room' : 'join';
      return { end: false, opens: this.opens, min: 0, max: 0, newToken: false };
    }
    switch (advice) {
      case 'join another room':
        if (this.certain) return end;
        this.opens = 'join';
        break;
      case 'join anew':
        this.opens = 'join';
        break;
      case 'get new token':
        if (!this.renewable || this.tried) return end;
        this.tried = true;
        return this.#pause(wait, true);
      case 'get new seat':
      case 'stay away':
        return end;
    }
    // Whoever asks for a certain room wants to know that it has no place; and a seat may be used up.
    if ((otherRoom && this.certain && !this.joined) || (this.seat && !keepsSeat)) return end;
    return this.#pause(wait);
  }

  /** This side has closed the connection for what the server sent: the state is wrong, here or there. */
  refused(now: number): Decision {
    this.#lost(now);
    this.opens = 'join';
    return ++this.refusals > maxRefusals ? { end: true, keep: false } : this.#pause(0);
  }

  /** No token could be fetched. */
  noToken(): Decision {
    return this.#pause(tokenWait);
  }

  #lost(now: number): boolean {
    const { live } = this;
    const good = live ? now - this.since : 0;
    if (good >= Math.min(Math.max(this.limit, goodLeast), goodMost)) this.limit = this.#base;
    if (good >= refusalsEnd) this.refusals = 0;
    this.live = false;
    return live;
  }

  #pause(wait: number, newToken = false): Decision {
    const max = Math.max(this.limit, 2 * wait);
    // Where the server asks for time it asks for less load.
    this.limit = Math.min(this.limit + Math.floor(this.limit / (wait > 0 ? 2 : 5)), this.#max);
    return { end: false, opens: this.opens, min: Math.floor(max / 2), max, newToken };
  }
}
