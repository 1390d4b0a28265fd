// What the player does: keys, mouse, fingers and gamepads, brought together into
// one input per tick.

import type { ShipInput } from '../motion.ts';
import { turnBetween } from '../motion.ts';
import { Keys } from './keys.ts';
import { Mouse } from './mouse.ts';
import { Pad } from './pad.ts';
import { Sticks } from './sticks.ts';

export class Controls {
  readonly keys: Keys;
  readonly mouse: Mouse;
  readonly sticks: Sticks;
  readonly #pad = new Pad();
  readonly #out: ShipInput = { turn: 0, thrust: 0, fire: false, steer: false, aim: 0 };
  #last: 'keys' | 'mouse' | 'touch' | 'pad' = 'keys';

  constructor(canvas: HTMLElement, sticks: HTMLElement) {
    this.keys = new Keys(() => (this.#last = 'keys'));
    this.mouse = new Mouse(canvas, () => (this.#last = 'mouse'));
    this.sticks = new Sticks(canvas, sticks, () => (this.#last = 'touch'));
    const drop = () => this.release();
    window.addEventListener('blur', drop);
    document.addEventListener('visibilitychange', () => document.hidden && drop());
  }

  /** What the player used last. */
  get device(): 'keys' | 'mouse' | 'touch' | 'pad' {
    return this.#last;
  }

  /** Lets everything go. */
  release(): void {
    this.keys.release();
    this.mouse.release();
    this.sticks.release();
  }

  /**
   * What the player does now. (x, y) is where the ship is on the screen. The
   * object is used again.
   */
  read(x: number, y: number, heading: number): ShipInput {
    const out = this.#out;
    const { keys, mouse, sticks } = this;
    out.turn = keys.turn;
    out.thrust = keys.thrust;
    out.fire = keys.fire || mouse.fire;
    out.steer = false;
    out.aim = 0;
    if (this.#pad.read()) {
      this.#last = 'pad';
    }
    if (sticks.active) {
      sticks.steer(out);
    } else if (this.#last === 'pad') {
      this.#pad.steer(out);
    } else if (this.#last === 'mouse' || mouse.thrust) {
      // Keys that turn go before the mouse, as long as they are held.
      const dx = mouse.x - x;
      const dy = y - mouse.y;
      if (keys.turn === 0 && Math.hypot(dx, dy) > 6) {
        out.steer = true;
        out.aim = Math.atan2(dy, dx);
      }
      if (mouse.thrust) out.thrust = 1;
    }
    // To go the other way, the ship first turns.
    if (keys.brake && out.thrust === 0 && !out.steer) {
      out.steer = true;
      out.aim = keys.back;
      out.thrust = Math.abs(turnBetween(heading, keys.back)) < 0.5 ? 1 : 0;
    }
    return out;
  }
}
