// How ships move. It computes what internal/kinds/arena/motion.go does, operation by
// operation, so that the page predicts its own ship exactly. A test compares the two,
// bit by bit.

import type { Moving, Terrain } from './terrain.ts';

/** The constants of Rules that motion needs. */
export interface FlightRules {
  readonly maxSpeed: number;
  readonly boostSpeed: number;
  readonly thrust: number;
  readonly drag: number;
  readonly turnRate: number;
  readonly shipRadius: number;
}

/** The number of headings in a full turn. */
export const HEADINGS = 65536;
const PER_HEADING = HEADINGS / (2 * Math.PI);

/**
 * The position, velocity and heading of a ship. After each step they are whole
 * numbers of the steps in which a Pilot row carries them: x and y multiples of 1/64
 * unit, vx and vy of 1/16 unit per second.
 */
export interface Motion extends Moving {
  heading: number; // 0 to HEADINGS - 1
}

/** What a pilot does in a tick, with values in their ranges. */
export interface Control {
  turn: number; // -1 to 1, positive to the left
  thrust: number; // 0 to 1
  fire: boolean;
  steer: boolean;
  aim: number; // 0 to HEADINGS - 1
  boost: boolean; // from the ship, not from the pilot
}

/** The fields of a ShipInput. */
export interface ShipInput {
  turn: number;
  thrust: number;
  fire: boolean;
  steer: boolean;
  aim: number;
}

export function newMotion(): Motion {
  return { x: 0, y: 0, vx: 0, vy: 0, heading: 0 };
}

export function newControl(): Control {
  return { turn: 0, thrust: 0, fire: false, steer: false, aim: 0, boost: false };
}

export function copyMotion(to: Motion, from: Readonly<Motion>): void {
  to.x = from.x;
  to.y = from.y;
  to.vx = from.vx;
  to.vy = from.vy;
  to.heading = from.heading;
}

/** Sets a control from an input, whose floats are sent with 32 bits. */
export function controlOf(to: Control, input: Readonly<ShipInput>): void {
  to.turn = clamp(Math.fround(input.turn), -1, 1);
  to.thrust = clamp(Math.fround(input.thrust), 0, 1);
  to.fire = input.fire;
  to.steer = input.steer;
  to.aim = headingOf(Math.fround(input.aim));
  to.boost = false;
}

/** Returns v limited to lo and hi, which have 0 between them, and 0 for NaN. */
function clamp(v: number, lo: number, hi: number): number {
  return Number.isNaN(v) ? 0 : Math.min(Math.max(v, lo), hi);
}

/** Returns the heading nearest to an angle; 0 for NaN and for angles too large to tell. */
export function headingOf(radians: number): number {
  const q = Math.floor(radians * PER_HEADING + 0.5);
  if (!(Math.abs(q) < 2 ** 52)) return 0;
  const n = q % HEADINGS;
  return n < 0 ? n + HEADINGS : n + 0; // no minus zero
}

/** Returns the angle of a heading, 0 to 2 pi. */
export function radians(heading: number): number {
  return heading / PER_HEADING;
}

function round(v: number, per: number): number {
  return Math.floor(v * per + 0.5) / per;
}

/** Moves a ship by one tick of dt seconds. */
export function step(m: Motion, c: Readonly<Control>, dt: number, rules: FlightRules, terrain: Terrain): void {
  const limit = rules.turnRate * dt * PER_HEADING;
  let turn = c.turn * limit;
  if (c.steer) turn = clamp(((c.aim - m.heading) << 16) >> 16, -limit, limit);
  m.heading = (m.heading + Math.floor(turn + 0.5)) & (HEADINGS - 1);

  const keep = Math.max(0, 1 - rules.drag * dt);
  let vx = m.vx * keep;
  let vy = m.vy * keep;
  if (c.thrust > 0) {
    const angle = radians(m.heading);
    const dv = rules.thrust * dt * c.thrust;
    vx += Math.cos(angle) * dv;
    vy += Math.sin(angle) * dv;
  } else if (Math.abs(vx) < 1 && Math.abs(vy) < 1) {
    vx = vy = 0;
  }
  const top = c.boost ? rules.boostSpeed : rules.maxSpeed;
  const v2 = vx * vx + vy * vy;
  if (v2 > top * top) {
    const f = top / Math.sqrt(v2);
    vx *= f;
    vy *= f;
  }
  const n = Math.ceil((top * dt) / rules.shipRadius);
  m.vx = vx;
  m.vy = vy;
  for (let i = 0; i < n; i++) {
    m.x += (m.vx * dt) / n;
    m.y += (m.vy * dt) / n;
    terrain.collide(m);
  }
  m.x = round(m.x, 64);
  m.y = round(m.y, 64);
  m.vx = round(m.vx, 16);
  m.vy = round(m.vy, 16);
}

/** Returns how far to turn from one angle to another by the shorter way, -pi to pi. */
export function turnBetween(from: number, to: number): number {
  const d = (to - from) % (2 * Math.PI);
  return d > Math.PI ? d - 2 * Math.PI : d < -Math.PI ? d + 2 * Math.PI : d;
}
