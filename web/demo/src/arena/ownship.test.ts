import { type Message, Prediction, type RowIn, type Table } from '@tickroom/client';
import type { arena } from '@tickroom/client/games/arena';
import { expect, test } from 'vitest';
import { controlOf, HEADINGS, newControl, newMotion, type ShipInput, step, turnBetween } from './motion.ts';
import { OwnShip, type PilotRules } from './ownship.ts';
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
const NOTHING: ShipInput = { turn: 0, thrust: 0, fire: false, steer: false, aim: 0 };

/** A server with one ship, and the room of its pilot, whose inputs are ahead ticks ahead of it. */
class Server {
  readonly tickRate = rate;
  readonly state = 'live';
  readonly player = 1;
  readonly neutralAfter = 0;
  tick = 100;
  inputAck = 0;
  pending: { seq: number; tick: number; input: Message }[] = [];
  /** The time of the page, in ticks. */
  now = 100;
  ahead = 3;
  readonly motion = newMotion();
  more: Partial<arena.Pilot> = {};

  readonly #control = newControl();
  #mail: { seq: number; tick: number; input: ShipInput }[] = [];
  #seq = 0;
  #told: (() => void)[] = [];

  constructor() {
    this.motion.x = 1000;
    this.motion.y = 1000;
  }

  readonly predict = ((component: never, step: never, options: never) =>
    new Prediction(this, this as unknown as Table<object>, component, NOTHING as never, step, options)) as never;

  inputTick(): number {
    return this.now + this.ahead;
  }

  input(init: object, { tick }: { tick: number }): number {
    const sent = { seq: ++this.#seq, tick, input: { ...init } as Message };
    this.pending.push(sent);
    this.#mail.push(sent as never);
    return this.#seq;
  }

  on(event: string, fn: () => void): () => void {
    if (event === 'snapshot') this.#told.push(fn);
    return () => {};
  }

  get rows(): RowIn<arena.Pilot>[] {
    const m = this.motion;
    const row = {
      entity: 1,
      ship: 5,
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
      protectedUntil: 0,
    };
    return [{ ...row, ...this.more }];
  }

  get(): undefined {
    return undefined;
  }

  simulate(): void {
    this.tick++;
    while (this.#mail[0] && this.#mail[0].tick <= this.tick) {
      const { seq, input } = this.#mail.shift()!;
      controlOf(this.#control, input);
      this.inputAck = seq;
    }
    step(this.motion, this.#control, 1 / rate, rules, terrain);
  }

  tell(): void {
    for (const fn of this.#told) fn();
  }

  /** Passes a tick: a frame, and what the server makes of it. */
  run(ship: OwnShip, input: ShipInput): void {
    this.now++;
    ship.update(this.now * 50, () => input);
    this.simulate();
    this.tell();
  }
}

function input(n: number): ShipInput {
  return { turn: Math.sin(n / 7), thrust: n % 20 < 14 ? 1 : 0, fire: false, steer: n % 30 > 20, aim: n / 10 };
}

test.each([1, 2, 4, 7])('the own ship is where the server will have it, %i ticks ahead', (ahead) => {
  const server = new Server();
  server.ahead = ahead;
  const ship = new OwnShip(server, rules, terrain);
  for (let n = 1; n < 200; n++) server.run(ship, input(n));
  expect(ship.error).toBe(0);
  expect(server.motion.x).not.toBe(1000);
  expect(ship.alive).toBe(true);
});

test('shots are told of once, as the gun and the energy allow', () => {
  const server = new Server();
  server.more = { energyTick: 100 };
  const ship = new OwnShip(server, rules, terrain);
  const shots: number[] = [];
  ship.onFire = (tick) => shots.push(tick);
  const hold = { ...NOTHING, fire: true };
  // The server is behind, and has fired nothing yet.
  for (let n = 1; n <= 12; n++) {
    server.now++;
    ship.update(server.now * 50, () => hold);
    server.tell();
  }
  expect(shots).toEqual(shots.map((_, i) => shots[0]! + 4 * i));
  expect(shots).toHaveLength(3);
});

test('a gun without energy does not fire', () => {
  const server = new Server();
  server.more = { energy: 7, energyTick: 104 };
  const ship = new OwnShip(server, rules, terrain);
  const shots: number[] = [];
  ship.onFire = (tick) => shots.push(tick);
  for (let n = 1; n <= 12; n++) {
    server.now++;
    ship.update(server.now * 50, () => ({ ...NOTHING, fire: true }));
  }
  expect(shots.length).toBeGreaterThan(1);
  expect(shots[1]! - shots[0]!).toBe(6); // it is loaded for the second one meanwhile
});

test('a dead ship does not move, and the next one appears at its place', () => {
  const server = new Server();
  const ship = new OwnShip(server, rules, terrain);
  for (let n = 1; n < 20; n++) server.run(ship, input(n));
  server.more = { respawnTick: 160 };
  server.tell();
  expect(ship.alive).toBe(false);
  for (let n = 20; n < 40; n++) server.run(ship, NOTHING);
  server.more = {};
  server.motion.x = 300;
  server.motion.vx = server.motion.vy = 0;
  server.tell();
  ship.update(server.now * 50, () => NOTHING);
  expect(ship.alive).toBe(true);
  expect(ship.x).toBeCloseTo(300, 0);
});

test('the short way round', () => {
  expect(turnBetween(0.1, 2 * Math.PI - 0.1)).toBeCloseTo(-0.2);
  expect(turnBetween(2 * Math.PI - 0.1, 0.1)).toBeCloseTo(0.2);
  expect(turnBetween(1, 2)).toBeCloseTo(1);
});
