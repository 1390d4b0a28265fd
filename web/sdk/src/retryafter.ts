/** The most that is taken from a header, in milliseconds. */
const longest = 300_000;

/** Returns how long an HTTP header Retry-After asks to wait, in milliseconds, at most five minutes; 0 if there is none. */
export function retryAfter(header: string | null): number {
  if (!header) return 0;
  const ms = /^\s*[\d.]+\s*$/.test(header) ? 1000 * Number(header) : Date.parse(header) - Date.now();
  return ms > 0 ? Math.min(ms, longest) : 0;
}
