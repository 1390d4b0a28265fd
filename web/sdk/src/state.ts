/**
 * What a room's connection is like.
 *
 * - `connecting`: there was none yet.
 * - `live`: the room is joined.
 * - `reconnecting`: the connection was lost; the room comes back by itself.
 * - `closed`: it is over.
 */
export type State = 'connecting' | 'live' | 'reconnecting' | 'closed';

/** A change of a room's {@link State}, or of its prospects. */
export interface StateChange {
  readonly state: State;
  /** The close code that led to it. */
  readonly code?: number;
  /** What the server said with the code. */
  readonly reason?: string;
  /** When the next attempt is made, in milliseconds of the room's clock (`performance.now()`). */
  readonly retryAt?: number;
  /** Which attempt that is since the room was live, from 1. */
  readonly attempt?: number;
  /**
   * The HTTP status of the answer where no connection could be made, while a room is being
   * joined; 0 if there was none. Undefined while that is not known.
   */
  readonly status?: number;
  /** Whether the platform says that there is no network. */
  readonly offline?: boolean;
  /** All of it in an English sentence. */
  readonly text: string;
}
