/**
 * Where a room is shown: whether anybody looks, and whether there is a network.
 * A page knows; for other platforms, pass an object of your own.
 */
export interface Surroundings {
  /** Whether nobody can see the room. */
  readonly hidden: boolean;
  /**
   * Calls fn when something has changed: the network is gone (`offline`) or back
   * (`online`); `hidden` has changed (`visibility`); or the program was asleep and
   * goes on (`wake`).
   *
   * @returns a function that ends it.
   */
  watch(fn: (what: 'offline' | 'online' | 'visibility' | 'wake') => void): () => void;
}

/** The page that the program runs in, if it does. */
export const page: Surroundings = {
  get hidden() {
    return typeof document === 'object' && document.visibilityState === 'hidden';
  },
  watch(fn) {
    if (typeof window !== 'object' || typeof document !== 'object') return () => {};
    const list: [EventTarget, string, () => void][] = [
      [window, 'offline', () => fn('offline')],
      [window, 'online', () => fn('online')],
      [document, 'visibilitychange', () => fn('visibility')],
      [document, 'resume', () => fn('wake')],
      [window, 'pageshow', () => fn('wake')],
    ];
    for (const [target, name, handler] of list) target.addEventListener(name, handler);
    return () => {
      for (const [target, name, handler] of list) target.removeEventListener(name, handler);
    };
  },
};
