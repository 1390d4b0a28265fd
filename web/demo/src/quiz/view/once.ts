import { language } from '../../i18n.ts';

/**
 * Returns a function that calls fn if what it is given differs from the last time, or the
 * language does: what is drawn anew with each frame would lose presses and focus.
 */
export function once<T>(fn: (what: T) => void): (what: T) => void {
  let before = '';
  return (what) => {
    const now = `${language()} ${JSON.stringify(what)}`;
    if (now === before) return;
    before = now;
    fn(what);
  };
}
