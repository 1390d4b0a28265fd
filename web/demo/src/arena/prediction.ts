// Prediction and reconciliation of the own ship: it is shown as it will be when the
// server has the player's current input. The server's newest state of it (the Pilot
// row) is the base, on which the inputs that it does not include yet are applied, tick
// by tick. A correction (after a hit, or a late input) is not a jump but fades out.

import {
  type Control,
  controlOf,
  copyMotion,
  type FlightRules,
  HEADINGS,
  type Motion,
  newControl,
  newMotion,
  radians,
  type ShipInput,
  step,
} from './motion.ts';
import type { Terrain } from './terrain.ts';

/** The fields of Pilot that prediction needs. */
export interface PilotRow {
  readonly x: number;
  readonly y: number;
  readonly vx: number;
  readonly vy: number;
  readonly heading: number;
  readonly energy: number;
  readonly energyTick: number;
  readonly readyTick: number;
  readonly respawnTick: number;
  readonly rapidUntil: number;
  readonly boostUntil: number;
}

/** The constants of Rules that prediction needs. */
export interface PilotRules extends FlightRules {
  readonly energyRate: number;
  readonly energyShot: number;
  readonly fireEvery: number;
  readonly rapidEvery: number;
}

/** Returns rules with the server's own numbers, which were short decimals before they were sent as 32-bit floats. */
export function pilotRules(rules: PilotRules): PilotRules {
  const short = (v: number) => Number(v.toPrecision(7));
  return {
    shipRadius: short(rules.shipRadius),
    maxSpeed: short(rules.maxSpeed),
    boostSpeed: short(rules.boostSpeed),
    thrust: short(rules.thrust),
    drag: short(rules.drag),
    turnRate: short(rules.turnRate),
    energyRate: short(rules.energyRate),
    energyShot: short(rules.energyShot),
    fireEvery: short(rules.fireEvery),
    rapidEvery: short(rules.rapidEvery),
  };
}

/** The number of inputs that are kept, which is more than can be under way. */
const INPUTS = 128;
/** The most ticks that are predicted. Beyond them the ship stands still. */
const AHEAD = 30;
/** A correction of more units is a jump. */
const JUMP = 120;
/** Time constants of corrections, in seconds. */
const FADE = 0.12;
const FADE_TURN = 0.07;

const FULL = 100;

export class Prediction {
  /** The position at which the ship is drawn. */
  x = 0;
  y = 0;
  /** In radians. */
  heading = 0;
  /** Units per second. */
  vx = 0;
  vy = 0;
  alive = false;
  thrust = 0;
  /** Called when the ship is predicted to fire. */
  onFire: (tick: number, motion: Readonly<Motion>) => void = () => {};
  /** Called with how many ticks later than intended the server has applied an input; negative if earlier. */
  onApplied: (late: number) => void = () => {};
  /** The distance between the last prediction and what the server had, in units. */
  error = 0;

  readonly #dt: number;
  readonly #base = newMotion(); // as of the tick baseTick
  #baseTick = 0;
  #ack = 0;
  readonly #held = newControl(); // of the last input that the server has applied
  #boostUntil = 0;
  #rapidUntil = 0;
  #ready = 0;
  #energy = 0;
  #energyTick = 0;

  // Inputs under way, oldest first, in a ring.
  readonly #seq = new Uint32Array(INPUTS);
  readonly #tick = new Uint32Array(INPUTS); // in which each should be applied
  readonly #control: Control[] = Array.from({ length: INPUTS }, newControl);
  #first = 0;
  #count = 0;

  readonly #before = newMotion(); // as of the tick before #ahead
  readonly #after = newMotion(); // as of the tick #ahead
  #ahead = 0;
  #fired = 0; // the tick up to which shots have been reported

  // What is drawn is what is predicted, plus this.
  #ox = 0;
  #oy = 0;
  #oh = 0;
  #drawn = false;
  // As predicted for a tick.
  #cx = 0;
  #cy = 0;
  #ch = 0;
  #shown = 0;

  constructor(
    readonly rate: number,
    readonly rules: PilotRules,
    readonly terrain: Terrain,
  ) {
    this.#dt = 1 / rate;
  }

  /** The newest tick that there is an input for. */
  get tick(): number {
    return this.#ahead;
  }

  /** Returns the energy at a tick, 0 to 100. */
  energy(tick: number): number {
    return Math.min(FULL, this.#energy + Math.max(0, tick - this.#energyTick) * this.#dt * this.rules.energyRate);
  }

  /** Adds an input that was sent, to be applied in a tick. */
  sent(seq: number, tick: number, input: Readonly<ShipInput>): void {
    if (this.#count === INPUTS) this.#shift();
    const i = (this.#first + this.#count++) % INPUTS;
    this.#seq[i] = seq;
    this.#tick[i] = tick;
    controlOf(this.#control[i]!, input);
    this.thrust = this.#control[i]!.thrust;
    this.#advance(tick, true);
  }

  /** Reconciles with the server's state as of a tick, which includes the inputs up to ack. */
  rebase(pilot: PilotRow, tick: number, ack: number): void {
    let meant = 0;
    while (this.#count > 0 && this.#seq[this.#first]! <= ack) {
      Object.assign(this.#held, this.#control[this.#first]);
      meant = this.#tick[this.#first]!;
      this.#shift();
    }
    // Where snapshots skip ticks it is unknown.
    if (meant > 0 && tick === this.#baseTick + 1) this.onApplied(tick - meant);
    this.#ack = ack;
    this.#baseTick = tick;
    this.#base.x = pilot.x;
    this.#base.y = pilot.y;
    this.#base.vx = pilot.vx;
    this.#base.vy = pilot.vy;
    this.#base.heading = Math.round((pilot.heading * HEADINGS) / (2 * Math.PI)) & (HEADINGS - 1);
    this.#boostUntil = pilot.boostUntil;
    this.#rapidUntil = pilot.rapidUntil;
    this.#ready = pilot.readyTick;
    this.#energy = pilot.energy;
    this.#energyTick = pilot.energyTick;
    const alive = pilot.respawnTick === 0;
    if (!alive || !this.alive) this.#drawn = false;
    this.alive = alive;
    this.#compute(this.#shown);
    const x = this.#cx;
    const y = this.#cy;
    const h = this.#ch;
    // The state of the tick before stays, if the server is that far already.
    if (this.#ahead !== tick) copyMotion(this.#before, this.#base);
    const until = Math.max(this.#ahead, tick);
    this.#ahead = tick;
    copyMotion(this.#after, this.#base);
    this.#advance(Math.min(until, tick + AHEAD), false);
    if (this.#drawn) {
      // It stays where it is drawn; this is the difference from the new prediction.
      this.#compute(this.#shown);
      this.error = Math.hypot(x - this.#cx, y - this.#cy);
      this.#ox += x - this.#cx;
      this.#oy += y - this.#cy;
      this.#oh = turnBetween(0, this.#oh + turnBetween(this.#ch, h));
      if (Math.hypot(this.#ox, this.#oy) > JUMP) this.#ox = this.#oy = this.#oh = 0;
    }
  }

  /** Moves the ship to where it is drawn at a tick with a fraction. */
  show(tick: number, dt: number): void {
    this.#shown = tick;
    this.#compute(tick);
    if (!this.#drawn) {
      this.#ox = this.#oy = this.#oh = 0;
      this.#drawn = true;
    }
    const k = Math.exp(-dt / FADE);
    this.#ox *= k;
    this.#oy *= k;
    this.#oh *= Math.exp(-dt / FADE_TURN);
    this.x = this.#cx + this.#ox;
    this.y = this.#cy + this.#oy;
    this.heading = this.#ch + this.#oh;
    this.vx = this.#after.vx;
    this.vy = this.#after.vy;
  }

  #compute(tick: number): void {
    const a = this.#before;
    const b = this.#after;
    const k = Math.min(1, Math.max(0, tick - (this.#ahead - 1)));
    this.#cx = a.x + (b.x - a.x) * k;
    this.#cy = a.y + (b.y - a.y) * k;
    const from = radians(a.heading);
    this.#ch = from + turnBetween(from, radians(b.heading)) * k;
  }

  /** Predicts up to a tick. fresh: its shots have not been reported yet. */
  #advance(to: number, fresh: boolean): void {
    if (!this.alive) {
      this.#ahead = to;
      return;
    }
    if (to > this.#baseTick + AHEAD) return;
    let next = 0; // of the inputs
    let control = this.#held;
    while (this.#ahead < to) {
      const tick = ++this.#ahead;
      copyMotion(this.#before, this.#after);
      for (; next < this.#count; next++) {
        const i = (this.#first + next) % INPUTS;
        if (this.#tick[i]! > tick) break;
        control = this.#control[i]!;
      }
      control.boost = tick < this.#boostUntil;
      step(this.#after, control, this.#dt, this.rules, this.terrain);
      if (control.fire && tick >= this.#ready) this.#fire(tick, fresh);
    }
  }

  #fire(tick: number, fresh: boolean): void {
    const energy = Math.floor(this.energy(tick) * 4 + 0.5) / 4;
    if (energy < this.rules.energyShot) return;
    this.#energy = energy - this.rules.energyShot;
    this.#energyTick = tick;
    const every = tick < this.#rapidUntil ? this.rules.rapidEvery : this.rules.fireEvery;
    this.#ready = tick + Math.max(1, Math.round(every * this.rate));
    if (fresh && tick > this.#fired) {
      this.#fired = tick;
      this.onFire(tick, this.#after);
    }
  }

  #shift(): void {
    this.#first = (this.#first + 1) % INPUTS;
    this.#count--;
  }

  /** The prediction for the newest tick, for tests. */
  get motion(): Readonly<Motion> {
    return this.#after;
  }

  /** The newest input that the server has applied. */
  get acked(): number {
    return this.#ack;
  }
}

/** Returns how far to turn from one angle to another by the shorter way, -pi to pi. */
export function turnBetween(from: number, to: number): number {
  const d = (to - from) % (2 * Math.PI);
  return d > Math.PI ? d - 2 * Math.PI : d < -Math.PI ? d + 2 * Math.PI : d;
}
