// The mouse: the ship turns towards it; the left button fires, the right one is
// thrust.

export class Mouse {
  x = 0;
  y = 0;
  fire = false;
  thrust = false;

  constructor(canvas: HTMLElement, used: () => void) {
    window.addEventListener('pointermove', (e) => {
      if (e.pointerType !== 'mouse') return;
      this.x = e.clientX;
      this.y = e.clientY;
      if (e.target === canvas && (e.movementX !== 0 || e.movementY !== 0)) used();
      this.#buttons(e);
    });
    canvas.addEventListener('pointerdown', (e) => {
      if (e.pointerType !== 'mouse') return;
      used();
      canvas.setPointerCapture(e.pointerId);
      this.x = e.clientX;
      this.y = e.clientY;
      this.#buttons(e, true);
      // A field that has the focus gives it back to the game.
      if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body)
        document.activeElement.blur();
    });
    canvas.addEventListener('pointerup', (e) => this.#buttons(e));
    canvas.addEventListener('pointercancel', () => this.release());
    canvas.addEventListener('contextmenu', (e) => e.preventDefault());
  }

  /** Buttons count if they were pressed over the canvas; they are let go anywhere. */
  #buttons(e: PointerEvent, down = false): void {
    if (e.pointerType !== 'mouse') return;
    const left = (e.buttons & 1) !== 0;
    const right = (e.buttons & 2) !== 0;
    this.fire = left && (this.fire || down);
    this.thrust = right && (this.thrust || down);
    // A second button while one is held comes as a move, not as a press.
    if (!down && (this.fire || this.thrust)) {
      this.fire = left;
      this.thrust = right;
    }
  }

  release(): void {
    this.fire = this.thrust = false;
  }
}
