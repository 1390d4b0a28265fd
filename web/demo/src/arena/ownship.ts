// The player's own ship, which is shown as it will be when the server has the newest input. Here is what a
// tick does to it; room.predict makes the rest.

import type { Prediction, Room, StateOf, StepAt } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import {
  controlOf,
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

/** A correction of more units is a jump. */
const JUMP = 120;
const FULL = 100;

type State = StateOf<arena.Pilot>;

export class OwnShip {
  /** Called when the ship is predicted to fire. */
  onFire: (tick: number, motion: Readonly<Motion>) => void = () => {};
  /** The distance between the last prediction and what the server had, in units. */
  error = 0;
  thrust = 0;

  readonly #prediction: Prediction<arena.Pilot, arena.ShipInput>;
  readonly #motion = newMotion();
  readonly #control = newControl();

  constructor(
    readonly room: Pick<Room<typeof arena>, 'predict' | 'tickRate'>,
    readonly rules: PilotRules,
    readonly terrain: Terrain,
  ) {
    this.#prediction = room.predict(arena.components.pilot, (s, input, at) => this.#step(s, input, at), {
      own: () => true, // nobody else's is sent
      alive: (row) => row.respawnTick === 0,
      show: ['x', 'y', 'heading'],
      jump: JUMP,
      onCorrection: (c) => {
        this.error = c.size;
      },
    });
  }

  /** The tick that the ship is shown at, with a fraction. */
  get tick(): number {
    return this.#prediction.tick;
  }

  get alive(): boolean {
    return this.#prediction.row !== undefined;
  }

  /** Where the ship is shown; the last place of one that is gone. */
  x = 0;
  y = 0;
  /** In radians. */
  heading = 0;

  /** Units per second. */
  get vx(): number {
    return this.#prediction.state.vx;
  }

  get vy(): number {
    return this.#prediction.state.vy;
  }

  /** Returns the energy at a tick, 0 to 100. */
  energy(tick: number): number {
    return this.#energy(this.#prediction.state, tick);
  }

  /** Moves on to a frame, and sends what the pilot does in the ticks that have begun. */
  update(now: number, read: () => Readonly<ShipInput>): void {
    this.#prediction.update(read, now);
    const { row } = this.#prediction;
    if (!row) return;
    this.x = row.x;
    this.y = row.y;
    this.heading = row.heading;
  }

  stop(): void {
    this.#prediction.stop();
  }

  #energy(s: State, tick: number): number {
    return Math.min(FULL, s.energy + (Math.max(0, tick - s.energyTick) * this.rules.energyRate) / this.room.tickRate);
  }

  #step(s: State, input: Readonly<ShipInput>, at: StepAt): void {
    const m = this.#motion;
    const c = this.#control;
    controlOf(c, input);
    c.boost = at.tick < s.boostUntil;
    this.thrust = c.thrust;
    m.x = s.x;
    m.y = s.y;
    m.vx = s.vx;
    m.vy = s.vy;
    m.heading = Math.round((s.heading * HEADINGS) / (2 * Math.PI)) & (HEADINGS - 1);
    step(m, c, at.dt, this.rules, this.terrain);
    s.x = m.x;
    s.y = m.y;
    s.vx = m.vx;
    s.vy = m.vy;
    s.heading = radians(m.heading);
    if (c.fire && at.tick >= s.readyTick) this.#fire(s, at);
  }

  #fire(s: State, at: StepAt): void {
    const energy = Math.floor(this.#energy(s, at.tick) * 4 + 0.5) / 4;
    if (energy < this.rules.energyShot) return;
    s.energy = energy - this.rules.energyShot;
    s.energyTick = at.tick;
    const every = at.tick < s.rapidUntil ? this.rules.rapidEvery : this.rules.fireEvery;
    s.readyTick = at.tick + Math.max(1, Math.round(every * this.room.tickRate));
    if (at.fresh) this.onFire(at.tick, this.#motion);
  }
}
