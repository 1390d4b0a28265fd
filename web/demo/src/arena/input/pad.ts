// A gamepad: the left stick flies, the right one aims; triggers and the first
// button fire.

import type { ShipInput } from '../motion.ts';

const DEAD = 0.22;

export class Pad {
  #x = 0;
  #y = 0;
  #aimX = 0;
  #aimY = 0;
  #thrust = 0;
  #fire = false;

  /** Looks at the pad. Tells whether it is used now. */
  read(): boolean {
    // Asking costs something, and most have none.
    const pads = navigator.getGamepads?.();
    const pad = pads ? (pads[0] ?? pads[1] ?? null) : null;
    if (!pad?.connected) return false;
    this.#x = pad.axes[0] ?? 0;
    this.#y = -(pad.axes[1] ?? 0);
    this.#aimX = pad.axes[2] ?? 0;
    this.#aimY = -(pad.axes[3] ?? 0);
    this.#thrust = pad.buttons[6]?.value ?? 0;
    this.#fire =
      (pad.buttons[7]?.value ?? 0) > 0.3 || (pad.buttons[0]?.pressed ?? false) || (pad.buttons[5]?.pressed ?? false);
    return (
      Math.hypot(this.#x, this.#y) > DEAD ||
      Math.hypot(this.#aimX, this.#aimY) > DEAD ||
      this.#thrust > 0.1 ||
      this.#fire
    );
  }

  steer(out: ShipInput): void {
    out.fire ||= this.#fire;
    const fly = Math.hypot(this.#x, this.#y);
    const aim = Math.hypot(this.#aimX, this.#aimY);
    if (fly > DEAD) {
      out.steer = true;
      out.aim = Math.atan2(this.#y, this.#x);
      out.thrust = Math.min(1, fly);
    }
    if (aim > DEAD) {
      const wanted = out.aim;
      out.aim = Math.atan2(this.#aimY, this.#aimX);
      if (out.steer) out.thrust *= Math.max(0, Math.cos(out.aim - wanted));
      out.steer = true;
    }
    out.thrust = Math.max(out.thrust, this.#thrust);
  }
}
