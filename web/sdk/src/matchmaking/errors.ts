import { Code, ConnectError } from '@connectrpc/connect';

import { retryAfter } from '../retryafter.js';

/** Why a call failed: the codes of Connect, which are those of gRPC. */
export type MatchmakingErrorCode =
  | 'canceled'
  | 'unknown'
  | 'invalid_argument'
  | 'deadline_exceeded'
  | 'not_found'
  | 'already_exists'
  | 'permission_denied'
  | 'resource_exhausted'
  | 'failed_precondition'
  | 'aborted'
  | 'out_of_range'
  | 'unimplemented'
  | 'internal'
  | 'unavailable'
  | 'data_loss'
  | 'unauthenticated';

/** A call to the matchmaking service has failed. */
export class MatchmakingError extends Error {
  override readonly name = 'MatchmakingError';
  readonly code: MatchmakingErrorCode;
  /** How long the service asks to wait, in milliseconds, at most five minutes; 0 if it does not. */
  readonly retryAfterMs: number;

  /** @internal */
  constructor(code: MatchmakingErrorCode, message: string, retryAfterMs = 0, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.retryAfterMs = retryAfterMs;
  }

  /** Whether the same call may succeed a moment later. */
  get temporary(): boolean {
    return this.code === 'unavailable' || this.code === 'resource_exhausted' || this.code === 'aborted';
  }
}

/** A ticket has ended without a match. */
export class NoMatchError extends Error {
  override readonly name = 'NoMatchError';
  /** Whether the ticket was cancelled, or no match was found in the time of the mode. */
  readonly state: 'cancelled' | 'timed out';

  /** @internal */
  constructor(state: 'cancelled' | 'timed out') {
    super(state === 'cancelled' ? 'the ticket was cancelled' : "no match was found in the mode's time");
    this.state = state;
  }
}

/** Returns an error of Connect as a MatchmakingError, and any other error as it is. @internal */
export function wrap(err: unknown): Error {
  if (err instanceof MatchmakingError || err instanceof NoMatchError || err instanceof TypeError) return err;
  const e = ConnectError.from(err);
  const wait = retryAfter(e.metadata.get('Retry-After'));
  return new MatchmakingError(nameOf(e.code), e.rawMessage || nameOf(e.code), wait, err);
}

/** Returns `failed_precondition` for `FailedPrecondition`. */
function nameOf(code: Code): MatchmakingErrorCode {
  const name = Code[code] ?? 'Unknown';
  return name.replace(/[A-Z]/g, (c, i) => (i > 0 ? '_' : '') + c.toLowerCase()) as MatchmakingErrorCode;
}
