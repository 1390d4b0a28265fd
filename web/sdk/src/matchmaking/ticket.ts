import { timestampDate } from '@bufbuild/protobuf/wkt';

import { TicketState, type WatchResponse } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { Assignment } from './assignment.js';
import type { Caller } from './caller.js';
import { MatchmakingError, NoMatchError, wrap } from './errors.js';
import { type Self, selfOf } from './self.js';

/** The pause before a watch is opened again is a random part of a time that doubles; what the service asks for comes on top. */
const firstPause = 200;
const longestPause = 10_000;
/** A watch without a message for so long is opened again, as its connection may be dead. */
const silence = 45_000;
/** How long to wait for a cancellation. */
const cancelWithin = 3_000;

/**
 * The state of a ticket.
 *
 * - `gathering`: members of the party are not ready yet.
 * - `waiting`: the ticket waits for a match.
 * - `away`: the connection or the service is lost; the ticket is still waiting, and the
 *   watch will be opened again.
 * - `matched`, `cancelled`, `timed out`: how the ticket has ended.
 */
export type TicketEvent =
  | { readonly state: 'gathering'; readonly missing: readonly string[] }
  | {
      readonly state: 'waiting';
      readonly since: Date | undefined;
      /** The number of tickets that wait for the same mode, this one included. */
      readonly waiting: number;
    }
  | { readonly state: 'away'; readonly why: string; readonly retryInMs: number }
  | { readonly state: 'matched'; readonly assignment: Assignment }
  | { readonly state: 'cancelled' | 'timed out' };

/** Something that keeps others from playing with a ticket. */
export interface Obstacle {
  readonly reason: string;
  /** The number of players that it excludes, and of those that nothing else excludes. */
  readonly players: number;
  readonly alone: number;
}

/** Why a ticket has not matched yet, and what would change that. */
export interface Explanation {
  /** The whole explanation as a text. */
  readonly text: string;
  readonly mode: string;
  /** The number of players that a match needs, the ticket's own included. */
  readonly needed: number;
  /** The number of other players who wait, and of those who could play with the ticket now. */
  readonly others: number;
  readonly could: number;
  readonly obstacles: readonly Obstacle[];
}

/** A ticket that waits for a match, made by {@link Matchmaker.enqueue}. */
export class Ticket implements AsyncIterable<TicketEvent> {
  /** The id, a secret of the ticket's players; empty if it leads back into a running match. */
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
   * Iterates over the ticket's states: the current one, and each that follows until the
   * ticket has ended. Lost connections do not end it. A loop that is left early leaves
   * the ticket waiting; the signal that it was made with cancels it, and then the
   * signal's reason is thrown.
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
        this.#caller.random() * Math.min(longestPause, firstPause * 2 ** Math.min(attempt++, 10)) + lost.retryAfterMs;
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
   * @param told is called whenever the ticket's state changes.
   * @throws {@link NoMatchError} if the ticket has ended without a match; {@link MatchmakingError}
   * if the service refuses the call; the signal's reason if it was aborted, which cancels the ticket.
   */
  async matched(told?: (e: TicketEvent) => void): Promise<Assignment> {
    for await (const e of this) {
      told?.(e);
      if (e.state === 'matched') return e.assignment;
      if (e.state === 'cancelled' || e.state === 'timed out') throw new NoMatchError(e.state);
    }
    throw new NoMatchError('cancelled');
  }

  /** Declares the player, a member of the party, ready. Returns the ids of the members who are not yet. */
  async ready(self: Self = {}): Promise<readonly string[]> {
    return (await this.#caller.call((api, o) => api.ready({ ticket: this.id, self: selfOf(self) }, o), this.#signal))
      .missing;
  }

  /** Cancels the ticket, for the whole party. Returns false if it had ended before. */
  async cancel(): Promise<boolean> {
    if (!this.id) return false;
    return (await this.#caller.call((api, o) => api.cancel({ ticket: this.id }, o))).cancelled;
  }

  /** Returns why the ticket has not matched yet, and what would change that. */
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
    return undefined; // a state of a newer server
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

  /** Cancels the ticket after the signal, and waits for the answer a little. */
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

/** Errors after which the ticket may still be waiting. */
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
