// The keyboard as a control.

type Held = 'left' | 'right' | 'up' | 'down' | 'fire';

const codes: Readonly<Record<string, Held>> = {
  ArrowLeft: 'left',
  KeyA: 'left',
  ArrowRight: 'right',
  KeyD: 'right',
  ArrowUp: 'up',
  KeyW: 'up',
  ArrowDown: 'down',
  KeyS: 'down',
  Space: 'fire',
};

export class Keys {
  /** Which way is back: against the flight. The game keeps it up to date. */
  back = 0;
  readonly #held = new Set<Held>();

  constructor(used: () => void) {
    window.addEventListener('keydown', (e) => {
      const what = codes[e.code];
      if (!what || e.ctrlKey || e.metaKey || e.altKey || typing(e)) return;
      // Not in somebody else's hands: a button that has the focus takes the space bar.
      if (
        e.code === 'Space' &&
        e.target instanceof HTMLElement &&
        e.target.closest('button, a, summary, [role=button]')
      )
        return;
      e.preventDefault();
      if (what === 'left' || what === 'right') used();
      this.#held.add(what);
    });
    window.addEventListener('keyup', (e) => {
      const what = codes[e.code];
      if (what) this.#held.delete(what);
    });
  }

  get turn(): number {
    return (this.#held.has('left') ? 1 : 0) - (this.#held.has('right') ? 1 : 0);
  }

  get thrust(): number {
    return this.#held.has('up') ? 1 : 0;
  }

  get brake(): boolean {
    return this.#held.has('down');
  }

  get fire(): boolean {
    return this.#held.has('fire');
  }

  release(): void {
    this.#held.clear();
  }
}

/** Whether a key goes into a field. */
export function typing(e: Event): boolean {
  const el = e.target;
  return el instanceof HTMLInputElement || el instanceof HTMLTextAreaElement || el instanceof HTMLSelectElement;
}
