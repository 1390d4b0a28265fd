import { timestampDate } from '@bufbuild/protobuf/wkt';

import { TicketState, type WatchResponse } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { Assignment } from './assignment.js';
import type { Caller } from './caller.js';
import { NoMatchError } from './errors.js';
import { type Self, selfOf } from './self.js';
import { watching } from './watch.js';

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
    const stream = watching(this.#caller, this.#signal, (o) => this.#caller.api.watch({ ticket: this.id }, o));
    for await (const w of stream) {
      if ('away' in w) {
        yield { state: 'away', why: w.away, retryInMs: w.retryInMs };
        continue;
      }
      const e = this.#event(w.message);
      if (!e) continue;
      yield e;
      if (e.state === 'matched' || e.state === 'cancelled' || e.state === 'timed out') return;
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
