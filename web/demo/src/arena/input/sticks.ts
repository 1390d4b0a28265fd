// Two sticks for thumbs, wherever they touch: on the left half of the screen one
// that flies, on the right half one that aims and fires.

import type { ShipInput } from '../motion.ts';
import { turnBetween } from '../motion.ts';

const REACH = 56; // pixels from the middle of a stick to its edge
const DEAD = 0.16; // of that, in which nothing happens

class Stick {
  id = -1; // of the pointer; -1: nobody touches it
  x = 0; // -1 to 1
  y = 0; // upwards
  #cx = 0;
  #cy = 0;
  readonly #knob: HTMLElement;

  constructor(readonly el: HTMLElement) {
    this.#knob = el.firstElementChild as HTMLElement;
  }

  get held(): boolean {
    return this.id !== -1;
  }

  get far(): number {
    return Math.min(1, Math.hypot(this.x, this.y));
  }

  get angle(): number {
    return Math.atan2(this.y, this.x);
  }

  press(id: number, x: number, y: number): void {
    this.id = id;
    this.#cx = x;
    this.#cy = y;
    this.el.classList.add('held');
    this.move(x, y);
  }

  move(x: number, y: number): void {
    let dx = x - this.#cx;
    let dy = y - this.#cy;
    const far = Math.hypot(dx, dy);
    if (far > REACH * 1.25) {
      // The stick comes after a thumb that goes far.
      const k = 1 - (REACH * 1.25) / far;
      this.#cx += dx * k;
      this.#cy += dy * k;
      dx -= dx * k;
      dy -= dy * k;
    }
    this.x = dx / REACH;
    this.y = -dy / REACH;
    const limit = Math.min(1, REACH / (Math.hypot(dx, dy) || 1));
    this.el.style.transform = `translate(${this.#cx}px, ${this.#cy}px)`;
    this.#knob.style.transform = `translate(${dx * limit}px, ${dy * limit}px)`;
  }

  release(): void {
    this.id = -1;
    this.x = this.y = 0;
    this.el.classList.remove('held');
    this.el.style.transform = '';
    this.#knob.style.transform = '';
  }
}

export class Sticks {
  /** Whether somebody has touched the screen. */
  touched = matchMedia('(pointer: coarse)').matches;
  readonly #fly: Stick;
  readonly #aim: Stick;

  constructor(canvas: HTMLElement, root: HTMLElement, used: () => void) {
    this.#fly = new Stick(root.querySelector<HTMLElement>('[data-stick=fly]')!);
    this.#aim = new Stick(root.querySelector<HTMLElement>('[data-stick=aim]')!);
    document.body.classList.toggle('touch', this.touched);
    canvas.addEventListener('pointerdown', (e) => {
      if (e.pointerType === 'mouse') return;
      e.preventDefault();
      if (!this.touched) document.body.classList.toggle('touch', (this.touched = true));
      used();
      const stick = e.clientX < window.innerWidth / 2 ? this.#fly : this.#aim;
      if (stick.held) return;
      try {
        canvas.setPointerCapture(e.pointerId);
      } catch {
        // The finger may be off the glass again.
      }
      stick.press(e.pointerId, e.clientX, e.clientY);
      if (document.activeElement instanceof HTMLElement && document.activeElement !== document.body)
        document.activeElement.blur();
    });
    canvas.addEventListener('pointermove', (e) => this.#of(e)?.move(e.clientX, e.clientY));
    for (const end of ['pointerup', 'pointercancel'] as const)
      canvas.addEventListener(end, (e) => this.#of(e)?.release());
    // Neither zooming nor scrolling while playing.
    canvas.addEventListener('touchstart', (e) => e.preventDefault(), { passive: false });
  }

  #of(e: PointerEvent): Stick | undefined {
    return this.#fly.id === e.pointerId ? this.#fly : this.#aim.id === e.pointerId ? this.#aim : undefined;
  }

  get active(): boolean {
    return this.#fly.held || this.#aim.held;
  }

  release(): void {
    this.#fly.release();
    this.#aim.release();
  }

  /** A ship flies and fires where its nose is: who aims flies there too, as far as that is the way wanted. */
  steer(out: ShipInput): void {
    const fly = this.#fly.far;
    const aim = this.#aim.far;
    if (this.#aim.held && aim > DEAD) {
      out.steer = true;
      out.aim = this.#aim.angle;
      out.fire = true;
    }
    if (!this.#fly.held || fly <= DEAD) return;
    const thrust = Math.min(1, (fly - DEAD) / (0.8 - DEAD));
    if (out.steer) {
      out.thrust = thrust * Math.max(0, Math.cos(turnBetween(this.#fly.angle, out.aim)));
    } else {
      out.steer = true;
      out.aim = this.#fly.angle;
      out.thrust = thrust;
    }
  }
}
