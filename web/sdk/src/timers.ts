import type { Clock } from './clock.js';

/** The longest time that platforms' timers take; they run longer ones at once. */
const longest = 2 ** 31 - 1;

/** Returns a clock by whose timers any time can pass, by one timer after another; Infinity never does. */
export function patient(clock: Clock): Clock {
  return {
    now: () => clock.now(),
    setTimeout(fn, ms) {
      const t = { timer: undefined as unknown };
      const wait = (left: number): void => {
        if (left === Infinity) return;
        t.timer = clock.setTimeout(() => (left > longest ? wait(left - longest) : fn()), Math.min(left, longest));
      };
      wait(ms);
      return t;
    },
    clearTimeout: (t) => clock.clearTimeout((t as { timer: unknown } | undefined)?.timer),
  };
}

/** Returns a time-out that a program has set. @throws RangeError for what is none. */
export function timeout(name: string, ms: number): number {
  if (ms >= 0) return ms;
  throw new RangeError(`${name} is ${ms}: it must be a number of milliseconds from 0; Infinity for no limit`);
}
