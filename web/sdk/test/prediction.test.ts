import { describe, expect, test } from 'vitest';
import type { Message } from '../src/game.js';
import { component, field, Kind, message } from '../src/game.js';
import { walkers } from '../src/games/walkers.js';
import { type Correction, type PredictedRoom, Prediction, type PredictOptions } from '../src/prediction.js';
import type { RowIn } from '../src/row.js';
import type { Table } from '../src/table.js';
import { Platform } from './fake.js';
import { snapshot } from './frames.js';

interface Cart {
  x: number;
  angle: number;
  stopped: boolean;
  player: number;
}
const Cart = component<Cart>(1, 'Cart', [
  field(1, 'x', Kind.Quantised, 'x', { step: 1 / 64, smooth: 1 }),
  field(2, 'angle', Kind.Quantised, 'angle', { step: Math.PI / 128, wrapSteps: 256, smooth: 2 }),
  field(3, 'stopped', Kind.Bool),
  field(4, 'player', Kind.Uint),
]);
type Push = Message<'test.Push'> & { by: number };
const PushMessage = message<Push>('test.Push', [[1, 'by', 'float']]);
void PushMessage;

const rate = 20;
const perTick = 1000 / rate;

/** What both sides do in a tick. v is known to the server alone. */
function step(s: { x: number; angle: number; v: number }, input: Push): void {
  s.v = s.v * 0.5 + input.by;
  s.x = Math.round((s.x + s.v / rate) * 64) / 64;
  s.angle = (s.angle + Math.PI / 16) % (2 * Math.PI);
}

/** A server with one cart, and the room of its player, without a network. */
class Fake implements PredictedRoom {
  state = 'live';
  tick = 100;
  tickRate = rate;
  player = 1;
  inputAck = 0;
  neutralAfter = 0;
  pending: { seq: number; tick: number; input: Push }[] = [];
  /** How many ticks ahead inputs are made. */
  lead = 4;
  now = 0;
  /** What the server does with inputs: how many ticks later than meant it applies each. */
  delay: (seq: number) => number = () => 0;
  readonly cart = { x: 10, angle: 0, v: 0 };
  entity = 7;
  stopped = false;
  readonly corrections: Correction[] = [];

  #held: Push = push(0);
  #heldTick = 0;
  #mail: { seq: number; tick: number; input: Push }[] = [];
  #seq = 0;
  readonly #fns: Record<string, () => void> = {};

  predict(options: PredictOptions<Cart, { v: number }> = {}): Prediction<Cart, Push, { v: number }> {
    const table = this as unknown as Table<Cart>;
    return new Prediction<Cart, Push, { v: number }>(this, table, Cart, push(0), (s, i) => step(s, i), {
      extra: { v: 0 },
      onCorrection: (c) => this.corrections.push({ ...c }),
      ...options,
    });
  }

  // Of the room and the table.

  inputTick(): number {
    return 100 + this.lead + this.now / perTick;
  }

  input(init: object, { tick }: { tick: number }): number {
    const sent = { seq: ++this.#seq, tick, input: init as Push };
    this.pending.push(sent);
    this.#mail.push(sent);
    return this.#seq;
  }

  on(event: string, fn: () => void): () => void {
    this.#fns[event] = fn;
    return () => delete this.#fns[event];
  }

  get rows(): RowIn<Cart>[] {
    const { x, angle } = this.cart;
    return this.entity === 0 ? [] : [{ entity: this.entity, x, angle, stopped: this.stopped, player: 1 }];
  }

  get(entity: number): RowIn<Cart> | undefined {
    return this.rows.find((r) => r.entity === entity);
  }

  // The server.

  simulate(): void {
    this.tick++;
    while (this.#mail.length > 0 && this.#mail[0].tick + this.delay(this.#mail[0].seq) <= this.tick) {
      const { seq, input } = this.#mail.shift()!;
      this.#held = input;
      this.#heldTick = this.tick;
      this.inputAck = seq;
    }
    if (this.neutralAfter > 0 && this.tick - this.#heldTick >= this.neutralAfter) this.#held = push(0);
    step(this.cart, this.#held);
  }

  tell(event = 'snapshot'): void {
    this.pending = this.pending.filter((p) => p.seq > this.inputAck);
    this.#fns[event]?.();
  }

  /** Passes so many ticks, in frames; the server tells of each. */
  run(p: Prediction<Cart, Push, { v: number }>, ticks: number, frame: (x: number) => void = () => {}): void {
    for (let i = 0; i < ticks * 3; i++) {
      this.now += perTick / 3;
      p.update(() => push(Math.sin(this.now / 300) * 40), this.now);
      frame(p.row?.x ?? NaN);
      if (i % 3 !== 2) continue;
      this.simulate();
      this.tell();
    }
  }
}

function push(by: number): Push {
  return { $typeName: 'test.Push', by: Math.fround(by) } as Push;
}

describe('a prediction', () => {
  test.each([1, 4, 9])('is what the server says %i ticks later', (lead) => {
    const f = new Fake();
    f.lead = lead;
    const p = f.predict();
    const was = new Map<number, number>();
    for (let i = 0; i < 200; i++) {
      f.now += perTick;
      p.update(() => push(Math.sin(i / 7) * 40), f.now);
      was.set(Math.floor(p.tick) + 1, p.state.x);
      f.simulate();
      f.tell();
      const x = was.get(f.tick);
      if (x !== undefined) expect(x).toBe(f.cart.x);
    }
    expect(f.cart.x).not.toBe(10);
    expect(f.corrections).toEqual([]);
    expect(p.row).toMatchObject({ entity: 7, player: 1, stopped: false });
  });

  test('shows an input in the frame in which it is made', () => {
    const f = new Fake();
    const p = f.predict();
    f.now = perTick / 2;
    p.update(() => push(0), f.now);
    f.now = 1.5 * perTick;
    const before = p.row!.x;
    p.update(() => push(40), f.now);
    expect(p.row!.x).toBeGreaterThan(before + 0.5);
    // Half way between two ticks it is half way.
    expect(p.row!.x).toBeCloseTo(before + (40 / rate) * 0.5, 1);
    expect(p.row!.angle).toBeCloseTo(p.state.angle - Math.PI / 32, 5);
  });

  test('lets late inputs fade, and tells of them', () => {
    const f = new Fake();
    const p = f.predict();
    f.delay = (seq) => (seq % 10 === 0 ? 1 : 0);
    let last = NaN;
    let most = 0;
    f.run(p, 200, (x) => {
      if (!Number.isNaN(last)) most = Math.max(most, Math.abs(x - last));
      last = x;
    });
    expect(f.corrections.length).toBeGreaterThan(5);
    expect(f.corrections.every((c) => c.size > 0 && !c.jumped)).toBe(true);
    // In a third of a tick it never moves much further than it can.
    expect(most).toBeLessThan(2 * (80 / rate / 3));
  });

  test('halves what it was wrong by with each half-life', () => {
    const f = new Fake();
    const p = f.predict({ halfLifeMs: 50 });
    for (const by of [0, 0, 0]) {
      f.now += perTick;
      p.update(() => push(by), f.now);
      f.simulate();
      f.tell();
    }
    const { x } = p.row!;
    f.cart.x += 8; // it was pushed
    f.tell();
    expect(f.corrections).toEqual([{ tick: f.tick, size: 8, jumped: false }]);
    p.update(() => push(0), f.now);
    expect(p.row!.x).toBeCloseTo(x, 6);
    f.now += 50;
    p.update(() => push(0), f.now);
    expect(p.row!.x).toBeCloseTo(x + 4, 6);
    f.now += 100;
    p.update(() => push(0), f.now);
    expect(p.row!.x).toBeCloseTo(x + 7, 6);
  });

  test('jumps where it is off by more than the bound, and when the row is another one', () => {
    const f = new Fake();
    const p = f.predict({ jump: 5 });
    f.run(p, 5);
    f.cart.x += 50;
    f.tell();
    p.update(() => push(0), f.now);
    expect(Math.abs(p.row!.x - p.state.x)).toBeLessThan(5);
    expect(f.corrections.at(-1)).toMatchObject({ jumped: true });
    const told = f.corrections.length;
    f.entity = 8;
    f.cart.x = 3;
    f.tell();
    p.update(() => push(0), f.now);
    expect(p.entity).toBe(8);
    expect(p.row!.x).toBeLessThan(10);
    expect(f.corrections).toHaveLength(told);
  });

  test('has no row while there is none, or it is not alive; inputs go on', () => {
    const f = new Fake();
    const p = f.predict({ alive: (r) => !r.stopped });
    f.run(p, 5);
    f.stopped = true;
    const { inputAck } = f;
    f.run(p, 10);
    expect(p.row).toBeUndefined();
    expect(f.inputAck).toBeGreaterThan(inputAck + 5);
    f.stopped = false;
    f.entity = 0;
    f.run(p, 2);
    expect(p.row).toBeUndefined();
    f.entity = 9;
    f.run(p, 2);
    expect(p.row!.entity).toBe(9);
  });

  test('works through snapshots that skip ticks', () => {
    const f = new Fake();
    const p = f.predict();
    for (let i = 0; i < 200; i++) {
      f.now += perTick;
      p.update(() => push(Math.sin(i / 7) * 40), f.now);
      f.simulate();
      if (i % 8 === 0) f.tell();
    }
    expect(f.corrections).toEqual([]);
  });

  test('stands still without the server, and sends no more', () => {
    const f = new Fake();
    const p = f.predict();
    f.run(p, 20);
    const sent = f.pending.length;
    for (let i = 0; i < 600; i++) {
      f.now += 1000 / 60;
      p.update(() => push(40), f.now);
    }
    expect(f.pending.length - sent).toBeLessThanOrEqual(rate);
    const { x } = p.row!;
    f.now += 1000;
    p.update(() => push(40), f.now);
    expect(p.row!.x).toBe(x);
    // The server has gone on, and takes none of what was sent in the meantime but the last.
    f.delay = () => 0;
    while (f.tick < p.tick - 4) f.simulate();
    f.tell();
    f.run(p, 40);
    expect(Math.abs(p.state.x - f.cart.x)).toBeLessThan(20);
    f.corrections.length = 0;
    f.run(p, 40);
    expect(f.corrections).toEqual([]);
  });

  test('makes few inputs after a slow frame, and none twice when the clock is set back', () => {
    const f = new Fake();
    const p = f.predict();
    f.run(p, 5);
    const { pending } = f;
    const newest = pending.at(-1)!.tick;
    f.now += 4 * perTick;
    p.update(() => push(0), f.now);
    expect(f.pending.filter((i) => i.tick > newest).map((i) => i.tick - newest)).toEqual([2, 3, 4]);
    f.lead -= 3;
    f.now += perTick;
    p.update(() => push(0), f.now);
    const ticks = f.pending.map((i) => i.tick);
    expect(new Set(ticks).size).toBe(ticks.length);
  });

  test('is neutral where the room is, once inputs are missing', () => {
    const f = new Fake();
    f.neutralAfter = 2;
    const p = f.predict();
    f.run(p, 20);
    f.state = 'reconnecting';
    f.run(p, 20);
    f.state = 'live';
    f.run(p, 20);
    f.corrections.length = 0;
    f.run(p, 40);
    expect(f.corrections).toEqual([]);
    expect(f.cart.x).toBeCloseTo(f.cart.x);
  });

  test('begins anew in another session', () => {
    const f = new Fake();
    const p = f.predict();
    f.run(p, 10);
    f.tell('rejoined');
    expect(p.row).toBeUndefined();
    f.cart.x = 500;
    f.inputAck = 0;
    f.tell();
    p.update(() => push(0), f.now);
    expect(p.row!.x).toBeCloseTo(500, -1);
    expect(f.corrections).toEqual([]);
    p.stop();
    expect(p.row).toBeUndefined();
  });

  test('tells of what is fresh once', () => {
    const f = new Fake();
    const fresh: number[] = [];
    const p = new Prediction<Cart, Push>(
      f,
      f as unknown as Table<Cart>,
      Cart,
      push(0),
      (_, __, at) => {
        if (at.fresh) fresh.push(at.tick);
        expect(at.dt).toBe(1 / rate);
      },
      {},
    );
    f.run(p as never, 20);
    expect(fresh.length).toBeGreaterThan(15);
    expect(fresh).toEqual(fresh.map((_, i) => fresh[0] + i));
  });

  test('must have something that moves', () => {
    const f = new Fake();
    expect(() => f.predict({ show: [] })).toThrow(TypeError);
  });
});

describe('a room', () => {
  test('predicts its own row, and sends what the server needs to know', async () => {
    const p = new Platform();
    const room = await p.join();
    const me = room.predict(walkers.components.walker, (s, input, at) => {
      if (!input.stop) s.x += 10 * at.dt;
    });
    expect(room.inputTick()).toBeGreaterThan(0);
    for (let i = 0; i < 40; i++) {
      await p.clock.pass(1000 / 60);
      room.view();
      me.update(() => ({ direction: 0.1 }), p.clock.now());
      if (i % 3 === 0) p.socket.receive(snapshot(room.tick + 1, {}));
    }
    await p.clock.pass(50);
    const inputs = p.socket.take().flatMap((f) => f.inputs);
    expect(inputs.length).toBeGreaterThan(8);
    for (let i = 1; i < inputs.length; i++) expect(inputs[i].tick).toBe(inputs[i - 1].tick + 1);
    // It looks at a moment that is a little before the newest snapshot.
    const { tick, sees } = inputs.at(-1)!;
    expect(tick - sees / 16).toBeLessThanOrEqual(room.tick);
    expect(tick - sees / 16).toBeGreaterThan(room.tick - 6);
    expect(room.pending.at(-1)).toMatchObject({ tick, input: { direction: Math.fround(0.1) } });
    expect(me.row!.x).toBeGreaterThan(1);
    expect(() => room.predict(component<Cart>(99, 'Other', []), () => {})).toThrow(TypeError);
    expect(() => room.input({}, { tick: 1.5 })).toThrow(RangeError);
  });

  test('drops what could not be sent for long', async () => {
    const p = new Platform();
    const room = await p.join();
    await p.clock.pass(100);
    p.socket.take();
    p.socket.lose();
    for (let tick = 3; tick < 20; tick++) room.input({}, { tick });
    room.input({ stop: true }); // for no tick: it is as good as ever
    await p.clock.pass(1000);
    const s = p.accept({ welcome: { resumed: true }, frame: { tick: 20, full: true } });
    await p.clock.pass(100);
    const sent = s.take().flatMap((f) => f.inputs.map((i) => i.tick));
    expect(sent).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 0]);
    expect(room.stats.inputsDropped).toBe(7);
  });
});
