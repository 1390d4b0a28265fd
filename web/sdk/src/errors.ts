/** What a server sent breaks the protocol: the connection is closed with 4007. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The server's schema can't be used with the game's: the connection is closed with 4006. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** A room could not be joined. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  /** The close code that said so; 1006 if there was no connection. */
  readonly code: number;
  /** What the server said with it. */
  readonly reason: string;

  /** @internal */
  constructor(code: number, reason: string, text: string) {
    super(reason ? `${text} (${reason})` : text);
    this.code = code;
    this.reason = reason;
  }
}

/**
 * Why a command has no reply.
 *
 * - `unknown`: the room has no such command.
 * - `malformed`: the room could not decode it.
 * - `refused`: the game said no; the message says why, for people.
 * - `limited`: too many at once, or too large; it was not looked at.
 * - `timeout`: no reply came in time. It may have been done or not.
 * - `lost`: the session ended before the reply came. It may have been done or not.
 */
export type CommandErrorCode = 'unknown' | 'malformed' | 'refused' | 'limited' | 'timeout' | 'lost';

/** A command was refused, or nobody knows. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;

  /** @internal */
  constructor(code: CommandErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
