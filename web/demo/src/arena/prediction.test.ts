import { describe, expect, test } from 'vitest';
import { controlOf, copyMotion, HEADINGS, type Motion, newControl, newMotion, type ShipInput, step } from './motion.ts';
import { type PilotRow, type PilotRules, Prediction, turnBetween } from './prediction.ts';
import { Terrain } from './terrain.ts';

const rules: PilotRules = {
  shipRadius: 12,
  maxSpeed: 150,
  boostSpeed: 210,
  thrust: 240,
  drag: 0.6,
  turnRate: 4.2,
  energyRate: 22,
  energyShot: 7,
  fireEvery: 0.2,
  rapidEvery: 0.1,
};
const terrain = new Terrain(2000, 12, [{ x: 1200, y: 1000, radius: 60, halfWidth: 0, halfHeight: 0 }]);
const rate = 20;

/** A server with one ship, which applies each input a number of ticks after it was sent. */
class Server {
  tick = 100;
  ack = 0;
  readonly motion = newMotion();
  readonly #control = newControl();
  readonly #mail: { at: number; seq: number; input: ShipInput }[] = [];

  constructor() {
    this.motion.x = 1000;
    this.motion.y = 1000;
  }

  send(at: number, seq: number, input: ShipInput): void {
    this.#mail.push({ at, seq, input: { ...input } });
  }

  run(): PilotRow {
    this.tick++;
    while (this.#mail[0] && this.#mail[0].at <= this.tick) {
      const { seq, input } = this.#mail.shift()!;
      controlOf(this.#control, input);
      this.ack = seq;
    }
    step(this.motion, this.#control, 1 / rate, rules, terrain);
    return this.pilot();
  }

  pilot(more: Partial<PilotRow> = {}): PilotRow {
    const m = this.motion;
    return {
      x: m.x,
      y: m.y,
      vx: m.vx,
      vy: m.vy,
      heading: (m.heading * 2 * Math.PI) / HEADINGS,
      energy: 100,
      energyTick: 100,
      readyTick: 0,
      respawnTick: 0,
      rapidUntil: 0,
      boostUntil: 0,
      ...more,
    };
  }
}

function input(n: number): ShipInput {
  return { turn: Math.sin(n / 7), thrust: n % 20 < 14 ? 1 : 0, fire: false, steer: n % 30 > 20, aim: n / 10 };
}

describe('a ship of which the server hears some ticks later', () => {
  test.each([1, 2, 4, 7])('is where the server will say, %i ticks ahead', (lead) => {
    const server = new Server();
    const ship = new Prediction(rate, rules, terrain);
    ship.rebase(server.pilot(), server.tick, 0);
    const will = new Map<number, Motion>(); // the prediction for each tick
    for (let n = 1; n < 200; n++) {
      const at = server.tick + lead;
      server.send(at, n, input(n));
      ship.sent(n, at, input(n));
      const expected = newMotion();
      copyMotion(expected, ship.motion);
      will.set(at, expected);
      const pilot = server.run();
      ship.rebase(pilot, server.tick, server.ack);
      ship.show(at - 0.5, 1 / rate);
      const was = will.get(server.tick);
      if (was) {
        expect(was, `tick ${server.tick}`).toEqual(server.motion);
        expect(ship.error).toBe(0);
      }
    }
    expect(server.motion.x).not.toBe(1000);
  });
});

test('a late input is a small difference that fades out, not a jump', () => {
  const server = new Server();
  const ship = new Prediction(rate, rules, terrain);
  ship.rebase(server.pilot(), server.tick, 0);
  let [x, y] = [NaN, NaN];
  let worst = 0;
  let differed = 0;
  for (let n = 1; n < 300; n++) {
    const at = server.tick + 3;
    server.send(at + (n % 5 === 0 ? 1 : 0), n, input(n));
    ship.sent(n, at, input(n));
    ship.rebase(server.run(), server.tick, server.ack);
    if (ship.error > 0) differed++;
    for (let k = 0; k < 3; k++) {
      ship.show(at - 1 + k / 3, 1 / 60);
      if (!Number.isNaN(x)) worst = Math.max(worst, Math.hypot(ship.x - x, ship.y - y) * 60);
      [x, y] = [ship.x, ship.y];
    }
  }
  expect(differed).toBeGreaterThan(10);
  // Never much faster than ships fly.
  expect(worst).toBeLessThan(1.6 * rules.maxSpeed);
});

test('shots are told of once, as the gun and the energy allow', () => {
  const server = new Server();
  const ship = new Prediction(rate, rules, terrain);
  const shots: number[] = [];
  ship.onFire = (tick) => shots.push(tick);
  ship.rebase(server.pilot({ energyTick: 100 }), 100, 0);
  const hold: ShipInput = { turn: 0, thrust: 0, fire: true, steer: false, aim: 0 };
  for (let n = 1; n <= 12; n++) {
    ship.sent(n, 100 + n, hold);
    // The server is some ticks behind, and has fired nothing yet.
    ship.rebase(server.pilot(), 100, 0);
  }
  expect(shots).toEqual([101, 105, 109]);
  // With energy for one shot.
  shots.length = 0;
  ship.rebase(server.pilot({ energy: 7, energyTick: 112 }), 112, 12);
  for (let n = 13; n <= 24; n++) ship.sent(n, 100 + n, hold);
  expect(shots).toEqual([113, 119]);
});

test('a dead ship does not move, and the next one appears at its place', () => {
  const server = new Server();
  const ship = new Prediction(rate, rules, terrain);
  ship.rebase(server.pilot(), 100, 0);
  ship.sent(1, 101, input(1));
  ship.show(100.5, 0.016);
  ship.rebase(server.pilot({ respawnTick: 160 }), 101, 1);
  expect(ship.alive).toBe(false);
  for (let n = 2; n < 60; n++) ship.sent(n, 100 + n, input(n));
  server.motion.x = 300;
  ship.rebase(server.pilot(), 160, 59);
  ship.show(160, 0.016);
  expect(ship.alive).toBe(true);
  expect(ship.x).toBe(300);
});

test('without the server the ship stops after a while', () => {
  const server = new Server();
  const ship = new Prediction(rate, rules, terrain);
  ship.rebase(server.pilot(), 100, 0);
  for (let n = 1; n < 300; n++)
    ship.sent(n, 100 + n, { turn: 0, thrust: 1, fire: false, steer: true, aim: Math.PI / 2 });
  ship.show(399, 0.016);
  expect(ship.y - 1000).toBeLessThan(rules.maxSpeed * 1.5);
  expect(ship.y).toBeGreaterThan(1000);
});

test('the short way round', () => {
  expect(turnBetween(0.1, 2 * Math.PI - 0.1)).toBeCloseTo(-0.2);
  expect(turnBetween(2 * Math.PI - 0.1, 0.1)).toBeCloseTo(0.2);
  expect(turnBetween(1, 2)).toBeCloseTo(1);
});

test('tells how late inputs are', () => {
  const server = new Server();
  const ship = new Prediction(rate, rules, terrain);
  const late: number[] = [];
  ship.onApplied = (ticks) => late.push(ticks);
  ship.rebase(server.pilot(), server.tick, 0);
  const delays = [0, 0, 1, 0, -1, 0];
  delays.forEach((delay, i) => {
    const at = server.tick + 2;
    server.send(at + delay, i + 1, input(i));
    ship.sent(i + 1, at, input(i));
    ship.rebase(server.run(), server.tick, server.ack);
  });
  for (let i = 0; i < 4; i++) ship.rebase(server.run(), server.tick, server.ack);
  // The late third, the fourth and the early fifth came in one tick: the newest counts.
  expect(late).toEqual([0, 0, -1, 0]);
});
