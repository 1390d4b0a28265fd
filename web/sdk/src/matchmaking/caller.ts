import type { CallOptions, Client } from '@connectrpc/connect';

import type { Clock } from '../clock.js';
import type { Assignment as AssignmentMessage, MatchmakingService } from '../gen/tickroom/v1/matchmaking_pb.js';
import type { Assignment } from './assignment.js';

/** The matchmaking service. */
export type Api = Client<typeof MatchmakingService>;

/** Calls the service as one player. A ticket calls by that of the matchmaker that made it. */
export interface Caller {
  readonly api: Api;
  readonly clock: Clock;
  /** Returns numbers from 0 up to 1, for pauses. */
  readonly random: () => number;
  /** Whether a fresh token can be had when the service has refused the last one. */
  readonly renewable: boolean;
  /** Calls the service by fn, with the player's token; a second time with a fresh one if the first was refused. */
  call<R extends object>(fn: (api: Api, o: CallOptions) => Promise<R>, signal?: AbortSignal): Promise<R>;
  /** Returns the headers to open a stream with, by a fresh token if fresh. */
  headers(fresh: boolean): Promise<HeadersInit>;
  /** Returns what a player is given for an answer's seat. */
  assignment(m: AssignmentMessage | undefined, spectator?: boolean): Assignment;
}
