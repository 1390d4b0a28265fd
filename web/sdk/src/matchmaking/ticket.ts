import { timestampDate } from '@bufbuild/protobuf/wkt';

import { TicketState, type WatchResponse } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { Assignment } from './assignment.js';
import type { Caller } from './caller.js';
import { MatchmakingError, NoMatchError, wrap } from './errors.js';
import { type Self, selfOf } from './self.js';

/** The pause before a watch is begun again: a random part of a time that doubles. */
const firstPause = 200;
const longestPause = 10_000;
/** After so long without a word a watch is begun again: the connection may be dead. */
const silence = 45_000;
/** How long a cancellation may take. */
const cancelWithin = 3_000;

/**
 * How a ticket is doing.
 *
 * - `gathering`: members of the party are not ready yet.
 * - `waiting`: it waits for a match.
 * - `away`: the connection is lost, or the service is away; the ticket goes on, and so
 *   does the watch, by itself.
 * - `matched`, `cancelled`, `timed out`: how it has ended.
 */
export type TicketEvent =
  | { readonly state: 'gathering'; readonly missing: readonly string[] }
  | {
      readonly state: 'waiting';
      readonly since: Date | undefined;
      /** Tickets that wait for the same mode, this one included. */
      readonly waiting: number;
    }
  | { readonly state: 'away'; readonly why: string; readonly retryInMs: number }
  | { readonly state: 'matched'; readonly assignment: Assignment }
  | { readonly state: 'cancelled' | 'timed out' };

/** What keeps others from playing with a ticket. */
export interface Obstacle {
  readonly reason: string;
  /** Players whom it holds of, and those whom nothing else keeps out. */
  readonly players: number;
  readonly alone: number;
}

/** Why a ticket has not matched yet, and what would. */
export interface Explanation {
  /** All of it, for people. */
  readonly text: string;
  readonly mode: string;
  /** Players that a match needs, the ticket's own among them. */
  readonly needed: number;
  /** Others who wait, and those of them who could play with the ticket now. */
  readonly others: number;
  readonly could: number;
  readonly obstacles: readonly Obstacle[];
}

/** A ticket that waits for a match. {@link Matchmaker.enqueue} makes them. */
export class Ticket implements AsyncIterable<TicketEvent> {
  /** A secret of its players; empty for a way back into a match that runs. */
  readonly id: string;

  readonly #caller: Caller;
  readonly #signal: AbortSignal | undefined;
  readonly #back: Assignment | undefined;

  /** @internal */
  constructor(caller: Caller, id: string, signal?: AbortSignal, back?: Assignment) {
    this.#caller = caller;
    this.id = id;
    this.#signal = signal;
    this.#back = back;
  }

  /**
   * How the ticket is doing, now and at each change, until it has ended. Lost connections
   * do not end it. Leaving the loop early leaves the ticket waiting; the signal that the
   * ticket was made with cancels it, and its reason is thrown.
   *
   * ```ts
   * for await (const e of ticket) show(e.state);
   * ```
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<TicketEvent, void, undefined> {
    if (this.#back) {
      yield { state: 'matched', assignment: this.#back };
      return;
    }
    let attempt = 0;
    let fresh = false;
    for (;;) {
      let lost: MatchmakingError;
      try {
        for await (const w of this.#watch(fresh)) {
          attempt = 0;
          fresh = false;
          const e = this.#event(w);
          if (!e) continue;
          yield e;
          if (e.state === 'matched' || e.state === 'cancelled' || e.state === 'timed out') return;
        }
        lost = new MatchmakingError('unavailable', 'the stream ended before the ticket did');
      } catch (err) {
        if (this.#signal?.aborted) break;
        const e = wrap(err);
        if (!(e instanceof MatchmakingError)) throw e;
        if (e.code === 'unauthenticated' && this.#caller.renewable && !fresh) {
          fresh = true;
          continue;
        }
        if (!goesOn.has(e.code)) throw e;
        lost = e;
      }
      const ms =
        this.#caller.random() * Math.min(longestPause, firstPause * 2 ** Math.min(attempt++, 10)) +
        Math.min(lost.retryAfterMs, longestPause);
      yield { state: 'away', why: lost.message, retryInMs: ms };
      await this.#pause(ms);
      if (this.#signal?.aborted) break;
    }
    await this.#giveUp();
    this.#signal?.throwIfAborted();
  }

  /**
   * Waits for the match.
   *
   * @param told is called with how it goes meanwhile.
   * @throws {@link NoMatchError} when the ticket has ended without one; {@link MatchmakingError}
   * when the service refuses to tell; the signal's reason, and then the ticket is cancelled.
   */
  async matched(told?: (e: TicketEvent) => void): Promise<Assignment> {
    for await (const e of this) {
      told?.(e);
      if (e.state === 'matched') return e.assignment;
      if (e.state === 'cancelled' || e.state === 'timed out') throw new NoMatchError(e.state);
    }
    throw new NoMatchError('cancelled');
  }

  /** Says that the player, a member of the party, is ready, and gives the ids of those who are not yet. */
  async ready(self: Self = {}): Promise<readonly string[]> {
    return (await this.#caller.call((api, o) => api.ready({ ticket: this.id, self: selfOf(self) }, o), this.#signal))
      .missing;
  }

  /** Ends the ticket, for the whole party. False: it had ended before. */
  async cancel(): Promise<boolean> {
    if (!this.id) return false;
    return (await this.#caller.call((api, o) => api.cancel({ ticket: this.id }, o))).cancelled;
  }

  /** Why it has not matched yet, and what would. */
  async explain(): Promise<Explanation> {
    const r = await this.#caller.call((api, o) => api.explain({ ticket: this.id }, o), this.#signal);
    const { text, mode, needed, others, could } = r;
    return {
      text,
      mode,
      needed,
      others,
      could,
      obstacles: r.obstacles.map(({ reason, players, alone }) => ({ reason, players, alone })),
    };
  }

  async *#watch(fresh: boolean): AsyncGenerator<WatchResponse> {
    this.#signal?.throwIfAborted();
    const { api, clock } = this.#caller;
    const stream = new AbortController();
    const abort = (): void => stream.abort();
    this.#signal?.addEventListener('abort', abort);
    let timer = clock.setTimeout(abort, silence);
    try {
      const headers = await this.#caller.headers(fresh);
      for await (const w of api.watch({ ticket: this.id }, { headers, signal: stream.signal })) {
        clock.clearTimeout(timer);
        timer = clock.setTimeout(abort, silence);
        yield w;
      }
    } finally {
      clock.clearTimeout(timer);
      this.#signal?.removeEventListener('abort', abort);
      stream.abort();
    }
  }

  #event(w: WatchResponse): TicketEvent | undefined {
    switch (w.state) {
      case TicketState.GATHERING:
        return { state: 'gathering', missing: w.missing };
      case TicketState.WAITING:
        return { state: 'waiting', since: w.since && timestampDate(w.since), waiting: w.waiting };
      case TicketState.MATCHED:
        return { state: 'matched', assignment: this.#caller.assignment(w.assignment) };
      case TicketState.CANCELLED:
        return { state: 'cancelled' };
      case TicketState.TIMED_OUT:
        return { state: 'timed out' };
    }
    return undefined; // a newer server's
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        this.#caller.clock.clearTimeout(timer);
        this.#signal?.removeEventListener('abort', end);
        resolve();
      };
      const timer = this.#caller.clock.setTimeout(end, ms);
      this.#signal?.addEventListener('abort', end);
      if (this.#signal?.aborted) end();
    });
  }

  /** Cancels after the signal; what comes of it nobody waits for long. */
  async #giveUp(): Promise<void> {
    const { clock } = this.#caller;
    let timer: unknown;
    const late = new Promise<void>((resolve) => {
      timer = clock.setTimeout(resolve, cancelWithin);
    });
    await Promise.race([this.cancel().catch(() => {}), late]);
    clock.clearTimeout(timer);
  }
}

/** After these the ticket is still there, as far as is known. */
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
