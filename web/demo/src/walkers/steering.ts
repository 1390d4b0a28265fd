// Controls: arrow keys or WASD, or a press on the place to walk to.

const keys: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  KeyA: [-1, 0],
  ArrowRight: [1, 0],
  KeyD: [1, 0],
  ArrowUp: [0, 1],
  KeyW: [0, 1],
  ArrowDown: [0, -1],
  KeyS: [0, -1],
};

export class Steering {
  readonly #held = new Set<string>();
  #pointer: { id: number; x: number; y: number } | undefined;
  #x = 0;
  #y = 0;
  #used = false;
  #direction = 0;

  constructor(canvas: HTMLElement) {
    addEventListener('keydown', (e) => {
      if (!keys[e.code] || e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLInputElement) return;
      e.preventDefault();
      this.#held.add(e.code);
      this.#used = true;
    });
    addEventListener('keyup', (e) => this.#held.delete(e.code));
    addEventListener('blur', () => this.#drop());
    document.addEventListener('visibilitychange', () => document.hidden && this.#drop());
    canvas.addEventListener('pointerdown', (e) => {
      canvas.setPointerCapture(e.pointerId);
      this.#pointer = { id: e.pointerId, x: e.clientX, y: e.clientY };
      this.#used = true;
    });
    canvas.addEventListener('pointermove', (e) => {
      if (this.#pointer?.id === e.pointerId) this.#pointer = { id: e.pointerId, x: e.clientX, y: e.clientY };
    });
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, () => (this.#pointer = undefined));
    canvas.addEventListener('contextmenu', (e) => e.preventDefault());
  }

  /** The position of the own walker on the screen. */
  at(x: number, y: number): void {
    this.#x = x;
    this.#y = y;
  }

  /** Returns the input to send; none until the player first moves, as until then the game moves the walker. */
  read(): { direction: number; stop: boolean } | undefined {
    if (!this.#used) return undefined;
    let dx = 0;
    let dy = 0;
    for (const code of this.#held) {
      dx += keys[code][0];
      dy += keys[code][1];
    }
    if (this.#pointer) {
      dx = this.#pointer.x - this.#x;
      dy = this.#y - this.#pointer.y;
      if (Math.hypot(dx, dy) < 6) dx = dy = 0;
    }
    const stop = dx === 0 && dy === 0;
    if (!stop) this.#direction = Math.atan2(dy, dx);
    return { direction: this.#direction, stop };
  }

  #drop(): void {
    this.#held.clear();
    this.#pointer = undefined;
  }
}
