import { type Advice, rules, unlisted } from './gen/closerules.js';

/** What a client does about a close code; proto/tickroom/v1/close.proto says what each part means. */
export interface CloseRule {
  /** A sentence for people, in English. */
  readonly text: string;
  readonly advice: Advice;
  /** How long to wait at least, in milliseconds. */
  readonly wait: number;
  /** Whether the session may be resumed later. */
  readonly keepsSession: boolean;
  /** Whether a seat that was shown is still good. */
  readonly keepsSeat: boolean;
  /** Whether another room may take the player. */
  readonly otherRoom: boolean;
}

/** The rule for a close code, whether it is listed or not. */
export function closeRule(code: number): CloseRule {
  const packed = rules[code] ?? unlisted.find(([first, last]) => code >= first && code <= last)![2];
  const [text, advice, wait = 0, flags = 0] = packed;
  return { text, advice, wait, keepsSession: !!(flags & 1), keepsSeat: !!(flags & 2), otherRoom: !!(flags & 4) };
}
