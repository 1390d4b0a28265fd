import type { Message } from '@bufbuild/protobuf';

import type { Component, Field } from './game.js';
import * as Kind from './kinds.js';
import type { InitOf } from './message.js';
import type { PendingInput } from './outbox.js';
import type { RowIn } from './row.js';
import type { Table } from './table.js';

/** When a step is made. */
export interface StepAt {
  /** The tick that the step ends with. */
  readonly tick: number;
  /** The length of a tick in seconds. */
  readonly dt: number;
  /**
   * Whether the tick is predicted for the first time: the moment for what is heard and seen at once, such as a
   * shot. Later the same tick may be predicted again, on what the server has said of the ticks before it.
   */
  readonly fresh: boolean;
}

/** A difference between what was predicted and what the server said. The object is reused. */
export interface Correction {
  /** The tick of the snapshot. */
  readonly tick: number;
  /** How far what is shown was off, in units of the fields that are shown: the length of the difference, without angles. */
  readonly size: number;
  /** Whether it is shown at once, since it is too large to fade. */
  readonly jumped: boolean;
}

/** What a step changes: the values of the own row, and what it needs besides. */
export type StateOf<Row, Extra = unknown> = { -readonly [K in keyof Row]: Row[K] } & Extra;

/** How something is predicted; all have defaults. */
export interface PredictOptions<Row, Extra extends object = object> {
  /**
   * Returns whether a row is the player's own. Default: its `player` is that of the room, or, of a component
   * without such a field, that it is the first row.
   */
  own?: (row: RowIn<Row>) => boolean;
  /**
   * What the step needs and no row has, such as a velocity that only the server knows: numbers, texts and
   * truth values, with what they are at first. It is predicted alone, and never corrected.
   */
  extra?: Extra;
  /** The fields that move between two ticks. Default: those that the schema smooths. */
  show?: readonly (keyof Row & string)[];
  /** Returns whether a row is to be predicted and shown: not while a player waits to come back, say. Default: always. */
  alive?: (row: RowIn<Row>) => boolean;
  /** After so many milliseconds half of a correction is gone. Default 100; 0 for at once. */
  halfLifeMs?: number;
  /** A correction that is larger is no mistake of the prediction, and is shown at once. Default Infinity. */
  jump?: number;
  /** Is told of each correction that is larger than the step in which a field travels. */
  onCorrection?: (c: Correction) => void;
}

/** What a prediction needs of a room. */
export interface PredictedRoom {
  readonly state: string;
  readonly tick: number;
  readonly tickRate: number;
  readonly player: number;
  readonly inputAck: number;
  readonly neutralAfter: number;
  readonly pending: readonly PendingInput<Message>[];
  inputTick(now?: number): number;
  input(init: InitOf<Message>, options: { readonly tick: number }): number;
  on(event: 'snapshot' | 'rejoined', fn: () => void): () => void;
}

type Values = Record<string, unknown>;

/** How many inputs are kept, which is more than can be under way, and of how many ticks the extra is remembered. */
const kept = 128;
/** How far beyond the newest snapshot is predicted, in milliseconds; nothing moves further, and no more inputs are made. */
const mostAhead = 1_000;
/** How many ticks' inputs are made at once: those that a slow frame has missed. */
const mostAtOnce = 3;

/** A field that moves: where its value is, and how it turns. */
interface Moving {
  readonly key: string;
  /** The length of a turn; 0: it is none. */
  readonly turn: number;
}

const source = Symbol('source');

/**
 * Predicts what a player steers: it is shown as it will be when the server has the newest input, so that the
 * player feels no delay. {@link Room.predict} makes it.
 *
 * The step is the game's own, the same as the server makes. It is made for each input on top of what
 * the server has said last; what it does otherwise than the server fades out.
 */
export class Prediction<Row extends object, Input extends Message, Extra extends object = object> {
  /** The tick that is shown, with a fraction. */
  tick = 0;
  /** The state at the newest tick that there is an input for. It is only to be read, and its values change. */
  readonly state: StateOf<Row, Extra>;
  /** The entity of the own row; 0: there is none. */
  entity = 0;

  readonly #room: PredictedRoom;
  readonly #table: Table<Row>;
  readonly #step: (state: StateOf<Row, Extra>, input: Input, at: StepAt) => void;
  readonly #options: PredictOptions<Row, Extra>;
  readonly #keys: readonly string[];
  readonly #extraKeys: readonly string[];
  readonly #moving: readonly Moving[];
  /** Of a correction's smallest size to be told. */
  readonly #least: number;
  readonly #jump: number;
  readonly #halfLife: number;
  readonly #neutral: Input;
  readonly #shown: RowIn<Row>;
  readonly #off: (() => void)[];
  #live = false;
  /** Whether it was shown, so that it must not jump. */
  #drawn = false;

  #ahead = 0;
  /** The newest tick that an input was made for, and that was predicted. */
  #made = 0;
  #predicted = 0;
  /** The last input that the server has applied, and the tick that it was for. */
  #held: Input;
  #heldTick = 0;
  readonly #at = { tick: 0, dt: 0, fresh: false };
  readonly #correction = { tick: 0, size: 0, jumped: false };

  // Inputs under way, oldest first, in a ring.
  readonly #seqs = new Uint32Array(kept);
  readonly #ticks = new Uint32Array(kept);
  readonly #inputs: Input[] = [];
  #first = 0;
  #count = 0;

  /** The extra after each tick, by tick. */
  readonly #extras: Values[] = [];
  readonly #extraTicks = new Uint32Array(kept);

  // The fields that move: after the tick before the newest, after the newest, as they are
  // predicted for now, and what is added to that.
  readonly #before: Float64Array;
  readonly #after: Float64Array;
  readonly #now: Float64Array;
  readonly #was: Float64Array;
  readonly #offset: Float64Array;
  /** What is shown. */
  readonly #values: Float64Array;
  #updatedAt = 0;

  /** @internal */
  constructor(
    room: PredictedRoom,
    table: Table<Row>,
    component: Component<Row>,
    neutral: Input,
    step: (state: StateOf<Row, Extra>, input: Input, at: StepAt) => void,
    options: PredictOptions<Row, Extra>,
  ) {
    this.#room = room;
    this.#table = table;
    this.#step = step;
    this.#options = options;
    this.#neutral = this.#held = neutral;
    this.#keys = component.fields.map((f) => f.key);
    this.#extraKeys = Object.keys(options.extra ?? {});
    const shown = component.fields.filter((f) =>
      options.show ? options.show.includes(f.key as never) : f.smooth !== 0,
    );
    this.#moving = shown.map((f) => ({ key: f.key, turn: f.wrapSteps * f.step }));
    if (shown.length === 0)
      throw new TypeError(
        `no field of ${component.name} moves: give some of them the option smooth in the schema, or name them in show`,
      );
    this.#least = shown.reduce((most, f) => (f.wrapSteps === 0 ? Math.max(most, f.step) : most), 1e-6);
    this.#jump = options.jump ?? Infinity;
    this.#halfLife = options.halfLifeMs ?? 100;
    const width = shown.length;
    this.#before = new Float64Array(width);
    this.#after = new Float64Array(width);
    this.#now = new Float64Array(width);
    this.#was = new Float64Array(width);
    this.#offset = new Float64Array(width);
    this.#values = new Float64Array(width);
    this.state = { ...empty(component.fields), ...options.extra } as StateOf<Row, Extra>;
    if (this.#extraKeys.length > 0) for (let i = 0; i < kept; i++) this.#extras.push({ ...options.extra });
    this.#shown = this.#makeShown(component.fields);
    this.#off = [room.on('snapshot', () => this.#rebase()), room.on('rejoined', () => this.#reset())];
    if (room.tick > 0) this.#rebase();
  }

  /**
   * The own row as it is to be shown now; undefined if there is none, or it is not alive. It is the same object each
   * time: {@link Prediction.update} changes its values.
   */
  get row(): RowIn<Row> | undefined {
    return this.#live ? this.#shown : undefined;
  }

  /**
   * Moves on to now, and makes the inputs of the ticks that have begun. Call it once in each frame.
   *
   * @param read returns what the player does: the game's input message, or some of its fields. It is called once for each tick.
   * @param now is in milliseconds of `performance.now()`.
   */
  update(read: () => InitOf<Input>, now: number = performance.now()): void {
    const room = this.#room;
    this.tick = room.inputTick(now);
    const passed = Math.max(0, now - this.#updatedAt);
    this.#updatedAt = now;
    if (this.tick > 0 && room.state === 'live') this.#makeInputs(read as () => InitOf<Message>);
    if (!this.#live) return;
    const { length } = this.#offset;
    const keep = this.#halfLife > 0 ? 2 ** (-passed / this.#halfLife) : 0;
    this.#compute();
    for (let i = 0; i < length; i++) {
      if (!this.#drawn) this.#offset[i] = 0;
      this.#offset[i] *= keep;
      this.#values[i] = this.#now[i] + this.#offset[i];
    }
    this.#drawn = true;
  }

  /** Ends it: the room goes on without. */
  stop(): void {
    for (const off of this.#off) off();
    this.#live = false;
  }

  // ----------------------------------------------------------------- inputs

  #makeInputs(read: () => InitOf<Message>): void {
    const room = this.#room;
    const newest = Math.floor(this.tick) + 1;
    // Without the server there is no use in going on: what is sent now would only come all at once.
    if (newest > room.tick + this.#most) return;
    // Of a clock that was set back nothing is sent twice.
    if (this.#made === 0 || newest - this.#made > kept) this.#made = newest - 1;
    for (let tick = Math.max(this.#made + 1, newest - mostAtOnce + 1); tick <= newest; tick++) {
      this.#made = tick;
      const seq = room.input(read(), { tick });
      const { pending } = room;
      const sent = pending[pending.length - 1];
      if (seq === 0 || sent?.seq !== seq) return;
      this.#add(seq, tick, sent.input as unknown as Input);
      if (this.#live) this.#advance(tick);
    }
  }

  /** The most ticks that are predicted. */
  get #most(): number {
    return Math.ceil((mostAhead / 1000) * this.#room.tickRate);
  }

  #add(seq: number, tick: number, input: Input): void {
    if (this.#count === kept) this.#shift();
    const i = (this.#first + this.#count++) % kept;
    this.#seqs[i] = seq;
    this.#ticks[i] = tick;
    this.#inputs[i] = input;
  }

  #shift(): void {
    this.#first = (this.#first + 1) % kept;
    this.#count--;
  }

  // ------------------------------------------------------------- prediction

  /** Predicts up to a tick, from the newest one. */
  #advance(to: number): void {
    const at = this.#at;
    at.dt = 1 / this.#room.tickRate;
    const { neutralAfter } = this.#room;
    let next = 0;
    let input = this.#held;
    let since = this.#heldTick;
    while (this.#ahead < to) {
      const tick = ++this.#ahead;
      for (; next < this.#count; next++) {
        const i = (this.#first + next) % kept;
        if (this.#ticks[i] > tick) break;
        input = this.#inputs[i];
        since = tick;
      }
      this.#before.set(this.#after);
      at.tick = tick;
      at.fresh = tick > this.#predicted;
      const starved = neutralAfter > 0 && tick - since >= neutralAfter;
      this.#step(this.state, starved ? this.#neutral : input, at);
      this.#predicted = Math.max(this.#predicted, tick);
      this.#read(this.#after);
      this.#remember(tick);
    }
  }

  #remember(tick: number): void {
    if (this.#extraKeys.length === 0) return;
    const i = tick % kept;
    this.#extraTicks[i] = tick;
    copy(this.#extras[i], this.state as Values, this.#extraKeys);
  }

  /** Reads the fields that move from the state. */
  #read(into: Float64Array): void {
    const moving = this.#moving;
    const state = this.state as Values;
    for (let i = 0; i < moving.length; i++) into[i] = state[moving[i].key] as number;
  }

  /** Computes the fields that move as they are predicted for now. */
  #compute(): void {
    const part = Math.min(1, Math.max(0, this.tick - (this.#ahead - 1)));
    const moving = this.#moving;
    for (let i = 0; i < moving.length; i++)
      this.#now[i] = this.#before[i] + between(this.#before[i], this.#after[i], moving[i].turn) * part;
  }

  // --------------------------------------------------------- reconciliation

  /** Goes back to what the server says, and predicts again from there. */
  #rebase(): void {
    const room = this.#room;
    const tick = room.tick;
    this.#confirm(room.inputAck);
    const row = this.#find();
    const alive = row !== undefined && (this.#options.alive?.(row) ?? true);
    const entity = row?.entity ?? 0;
    const same = alive && this.#live && entity === this.entity;
    this.#live = alive;
    this.entity = entity;
    if (!alive) {
      this.#drawn = false;
      this.#ahead = tick;
      return;
    }
    if (!same) this.#drawn = false;
    if (this.#drawn) {
      this.#compute();
      this.#was.set(this.#now);
    }
    copy(this.state as Values, row as unknown as Values, this.#keys);
    if (this.#extraKeys.length > 0 && this.#extraTicks[tick % kept] === tick)
      copy(this.state as Values, this.#extras[tick % kept], this.#extraKeys);
    const until = Math.max(tick, Math.min(this.#made, tick + this.#most));
    // The state of the tick before stays, if the server is that far already.
    const stays = this.#drawn && until === tick && this.#ahead === tick;
    this.#ahead = tick;
    this.#read(this.#after);
    if (!stays) this.#before.set(this.#after);
    this.#advance(until);
    if (this.#drawn) this.#correct(tick);
  }

  /** Lets what is shown stay where it is, and the difference fade. */
  #correct(tick: number): void {
    this.#compute();
    const moving = this.#moving;
    let off = 0;
    let all = 0;
    for (let i = 0; i < moving.length; i++) {
      const { turn } = moving[i];
      const d = between(this.#now[i], this.#was[i], turn);
      this.#offset[i] = turn > 0 ? between(0, this.#offset[i] + d, turn) : this.#offset[i] + d;
      if (turn > 0) continue;
      off += d * d;
      all += this.#offset[i] * this.#offset[i];
    }
    const c = this.#correction;
    c.tick = tick;
    c.size = Math.sqrt(off);
    c.jumped = Math.sqrt(all) > this.#jump;
    if (c.jumped) this.#offset.fill(0);
    if (c.size > this.#least) this.#options.onCorrection?.(c);
  }

  /** Forgets the inputs that the server has applied, but for the last one, which holds. */
  #confirm(ack: number): void {
    while (this.#count > 0 && this.#seqs[this.#first] <= ack) {
      this.#held = this.#inputs[this.#first];
      this.#heldTick = this.#ticks[this.#first];
      this.#shift();
    }
  }

  #find(): RowIn<Row> | undefined {
    const own = this.#options.own ?? this.#isOwn;
    const last = this.#table.get(this.entity);
    if (last && own(last)) return last;
    const { rows } = this.#table;
    for (let i = 0; i < rows.length; i++) if (own(rows[i])) return rows[i];
    return undefined;
  }

  readonly #isOwn = (row: RowIn<Row>): boolean => {
    const { player } = row as { readonly player?: unknown };
    return player === undefined || player === this.#room.player;
  };

  /** The session is another one. */
  #reset(): void {
    this.#live = this.#drawn = false;
    this.#count = this.#ahead = this.#made = this.#predicted = this.entity = this.#heldTick = 0;
    this.#held = this.#neutral;
    this.#extraTicks.fill(0);
    Object.assign(this.state, this.#options.extra);
  }

  #makeShown(fields: readonly Field[]): RowIn<Row> {
    const accessors: PropertyDescriptorMap = {
      entity: {
        enumerable: true,
        get(this: { [source]: { readonly entity: number } }) {
          return this[source].entity;
        },
      },
    };
    const values = this.#values;
    const state = this.state as Values;
    for (const f of fields) {
      const i = this.#moving.findIndex((m) => m.key === f.key);
      accessors[f.key] = { enumerable: true, get: i >= 0 ? () => values[i] : () => state[f.key] };
    }
    return Object.defineProperties({ [source]: this }, accessors) as unknown as RowIn<Row>;
  }
}

/** Returns how far it is from a to b; of a turn by the shorter way. */
function between(a: number, b: number, turn: number): number {
  if (turn === 0) return b - a;
  const d = (b - a) % turn;
  return d > turn / 2 ? d - turn : d < -turn / 2 ? d + turn : d;
}

function copy(to: Values, from: Values, keys: readonly string[]): void {
  for (let i = 0; i < keys.length; i++) to[keys[i]] = from[keys[i]];
}

/** Returns values for a state that is not known yet. */
function empty(fields: readonly Field[]): Values {
  const o: Values = {};
  for (const f of fields) {
    o[f.key] = f.repeated
      ? []
      : f.kind === Kind.String
        ? ''
        : f.kind === Kind.Bool
          ? false
          : f.kind === Kind.Int64 || f.kind === Kind.Uint64
            ? 0n
            : 0;
  }
  return o;
}
