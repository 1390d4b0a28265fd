/**
 * Whether anybody can see a room, and whether there is a network. In a page the document
 * and window tell; on other platforms pass an object of your own.
 */
export interface Surroundings {
  /** Whether the room is hidden. */
  readonly hidden: boolean;
  /**
   * Calls fn when something has changed: the network is gone (`offline`) or back
   * (`online`), `hidden` has changed (`visibility`), or the program was suspended and
   * goes on (`wake`).
   *
   * @returns a function that removes fn.
   */
  watch(fn: (what: 'offline' | 'online' | 'visibility' | 'wake') => void): () => void;
}

/** The page that the program runs in, if it runs in one. */
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
