// The own ship, as it will be when the server has heard of what the player does
// now. The server's last word on it (the Pilot row) is taken on, tick by tick,
// with the inputs that it does not include yet. What the server says next differs
// now and then (somebody's bullet, a late input): the difference is not jumped
// but faded out.

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

/** What Pilot tells, as far as prediction needs it. */
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

/** The rules that prediction needs. */
export interface PilotRules extends FlightRules {
  readonly energyRate: number;
  readonly energyShot: number;
  readonly fireEvery: number;
  readonly rapidEvery: number;
}

/** Returns rules with the numbers that the server has: what travels as a float of 32 bits was a short decimal. */
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

/** Inputs that are remembered: more than can be under way. */
const INPUTS = 128;
/** Ticks that are computed ahead at most; beyond them the ship stands. */
const AHEAD = 30;
/** A difference of more units than this is a jump. */
const JUMP = 120;
/** Time constants of what fades, in seconds. */
const FADE = 0.12;
const FADE_TURN = 0.07;

const FULL = 100;

export class Prediction {
  /** Where the ship is drawn. */
  x = 0;
  y = 0;
  /** In radians. */
  heading = 0;
  /** Units per second. */
  vx = 0;
  vy = 0;
  alive = false;
  thrust = 0;
  /** Called when the ship fires, as far as this side knows. */
  onFire: (tick: number, motion: Readonly<Motion>) => void = () => {};
  /** Called when the server tells of an input how many ticks later (or, less than 0, earlier) it was applied than meant. */
  onApplied: (late: number) => void = () => {};
  /** The last difference between what was expected and what the server said, in units. */
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
  readonly #tick = new Uint32Array(INPUTS); // for which each is meant
  readonly #control: Control[] = Array.from({ length: INPUTS }, newControl);
  #first = 0;
  #count = 0;

  readonly #before = newMotion(); // as of the tick before #ahead
  readonly #after = newMotion(); // as of the tick #ahead
  #ahead = 0;
  #fired = 0; // tick up to which shots have been told of

  // What is drawn is what is computed, and this.
  #ox = 0;
  #oy = 0;
  #oh = 0;
  #drawn = false;
  // As computed for some tick.
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

  /** The newest tick that an input was given for. */
  get tick(): number {
    return this.#ahead;
  }

  /** Energy at a tick, 0 to 100. */
  energy(tick: number): number {
    return Math.min(FULL, this.#energy + Math.max(0, tick - this.#energyTick) * this.#dt * this.rules.energyRate);
  }

  /** Notes an input that was sent, to be applied in a tick. */
  sent(seq: number, tick: number, input: Readonly<ShipInput>): void {
    if (this.#count === INPUTS) this.#shift();
    const i = (this.#first + this.#count++) % INPUTS;
    this.#seq[i] = seq;
    this.#tick[i] = tick;
    controlOf(this.#control[i]!, input);
    this.thrust = this.#control[i]!.thrust;
    this.#advance(tick, true);
  }

  /** Takes the server's word: the state as of a tick, with the inputs up to ack. */
  rebase(pilot: PilotRow, tick: number, ack: number): void {
    let meant = 0;
    while (this.#count > 0 && this.#seq[this.#first]! <= ack) {
      Object.assign(this.#held, this.#control[this.#first]);
      meant = this.#tick[this.#first]!;
      this.#shift();
    }
    // Between snapshots that skip ticks there is no telling.
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
    // What was computed of the tick before stays, if the server is that far already.
    if (this.#ahead !== tick) copyMotion(this.#before, this.#base);
    const until = Math.max(this.#ahead, tick);
    this.#ahead = tick;
    copyMotion(this.#after, this.#base);
    this.#advance(Math.min(until, tick + AHEAD), false);
    if (this.#drawn) {
      // It is drawn where it was: what is computed now and what was differ by this.
      this.#compute(this.#shown);
      this.error = Math.hypot(x - this.#cx, y - this.#cy);
      this.#ox += x - this.#cx;
      this.#oy += y - this.#cy;
      this.#oh = turnBetween(0, this.#oh + turnBetween(this.#ch, h));
      if (Math.hypot(this.#ox, this.#oy) > JUMP) this.#ox = this.#oy = this.#oh = 0;
    }
  }

  /** Puts the ship where it is drawn at a tick, fractions included. */
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

  /** Computes on to a tick. fresh: its shots have not been told of yet. */
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

  /** For tests: what is computed as of the newest tick. */
  get motion(): Readonly<Motion> {
    return this.#after;
  }

  /** The newest input that the server has applied. */
  get acked(): number {
    return this.#ack;
  }
}

/** How far to turn from one angle to another, the short way: -pi to pi. */
export function turnBetween(from: number, to: number): number {
  const d = (to - from) % (2 * Math.PI);
  return d > Math.PI ? d - 2 * Math.PI : d < -Math.PI ? d + 2 * Math.PI : d;
}
