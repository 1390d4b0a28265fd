/** The server broke the protocol. The connection is closed with 4007. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** The server's schema does not fit the game's. The connection is closed with 4006. */
export class SchemaError extends Error {
  override readonly name = 'SchemaError';
}

/** A room could not be joined. */
export class JoinError extends Error {
  override readonly name = 'JoinError';
  /** The close code that says most of why: the server's last one; 1006 if there was no connection. */
  readonly code: number;
  /** The server's reason, which may be empty. */
  readonly reason: string;
  /**
   * Where no connection could be made, the HTTP status of what answers at the address, such
   * as 403 for a page whose origin the server does not allow; 0 if nothing does. Undefined
   * if there was a connection, or nobody could be asked.
   */
  readonly status: number | undefined;

  /** @internal */
  constructor(code: number, reason: string, text: string, status?: number) {
    super(reason ? `${text} (${reason})` : text);
    this.code = code;
    this.reason = reason;
    this.status = status;
  }
}

/**
 * Why a command was not answered.
 *
 * - `unknown`: the room has no such command.
 * - `malformed`: the room could not decode the command.
 * - `refused`: the game refused it; the message is the reason, to be shown to players.
 * - `limited`: too many commands at once, or one that is too large; the game has not seen it.
 * - `timeout`: no reply came in time. The command may have been carried out or not.
 * - `lost`: the session ended before the reply came. The command may have been carried out or not.
 */
export type CommandErrorCode = 'unknown' | 'malformed' | 'refused' | 'limited' | 'timeout' | 'lost';

/** A command was refused, or what became of it is unknown. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly code: CommandErrorCode;

  /** @internal */
  constructor(code: CommandErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
