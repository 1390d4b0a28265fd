/**
 * What a close code says about coming back: after a pause (`soon`), after a
 * longer one (`later`), to another room (`elsewhere`), with another token
 * (`token`), with another seat from the matchmaker (`seat`), or not (`stop`).
 */
export type Advice = 'soon' | 'later' | 'elsewhere' | 'token' | 'seat' | 'stop';

const codes: Readonly<Record<number, readonly [Advice, string]>> = {
  1000: ['stop', 'The connection was closed.'],
  1001: ['soon', 'The server is going away.'],
  1006: ['soon', 'The connection was lost.'],
  1008: ['stop', 'A message was too long.'],
  1009: ['stop', 'A message was too long.'],
  1011: ['soon', 'Something went wrong on the server.'],
  1013: ['later', 'The server is too busy.'],
  4000: ['soon', 'The hello came too late.'],
  4001: ['stop', 'The server refused the hello.'],
  4002: ['stop', 'There is no such room.'],
  4003: ['later', 'The room is full.'],
  4004: ['elsewhere', 'The room has ended.'],
  4005: ['elsewhere', 'The room has failed.'],
  4006: ['stop', 'This client is too old for the server, or too new.'],
  4007: ['stop', 'A message could not be understood.'],
  4008: ['later', 'Messages came too fast.'],
  4009: ['soon', 'The connection could not keep up.'],
  4010: ['soon', 'Nothing was heard for too long.'],
  4011: ['stop', 'You were removed from the game.'],
  4012: ['later', 'The server is full.'],
  4013: ['soon', 'The session is over.'],
  4014: ['stop', 'The session goes on elsewhere.'],
  4015: ['token', 'The server needs to know who you are.'],
  4016: ['token', 'The token has expired.'],
  4017: ['stop', 'You may not do that.'],
  4018: ['seat', 'The seat is not good any more.'],
  4019: ['stop', 'You are banned.'],
  4020: ['stop', 'You are there already, from another device.'],
  4021: ['later', 'You have too many connections or rooms.'],
};

/** What a close code means: what to do about it, and an English sentence for people. */
export function meaning(code: number): { advice: Advice; text: string } {
  const known = codes[code];
  if (known) return { advice: known[0], text: known[1] };
  if (code >= 4000) return { advice: 'stop', text: `The server closed the connection (${code}).` };
  const fault = code === 1002 || code === 1003 || code === 1007;
  return { advice: fault ? 'stop' : 'soon', text: `The connection ended (${code}).` };
}

/** Pauses between attempts to connect. */
export interface Backoff {
  /** The longest first pause, in milliseconds. Default 500. */
  base?: number;
  /** The longest pause, in milliseconds. Default 30000. */
  max?: number;
}

/**
 * The pause before an attempt, 0 being the first: exponential backoff with full
 * jitter, so that clients that were cut off together do not come back together.
 */
export function pause(advice: Advice, attempt: number, o: Backoff, random: () => number): number {
  const base = (o.base ?? 500) * (advice === 'later' ? 8 : 1);
  return random() * Math.min(o.max ?? 30_000, base * 2 ** Math.min(attempt, 20));
}
