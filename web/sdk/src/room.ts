import type { Message } from '@bufbuild/protobuf';

import { Callbacks } from './callbacks.js';
import { type Clock, ServerClock } from './clock.js';
import { Delay, type Interpolation, type InterpolationOptions } from './delay.js';
import { CommandError, JoinError, ProtocolError, SchemaError } from './errors.js';
import type { CommandType, Component, EventType, Game, InputOf, RowOf } from './game.js';
import { checkCompatible, checkComponents } from './layout.js';
import { type InputLead, Lead } from './lead.js';
import { createMessage, decodeMessage, type InitOf, type MessageType } from './message.js';
import type { PendingInput } from './outbox.js';
import { type PredictedRoom, Prediction, type PredictOptions, type StateOf, type StepAt } from './prediction.js';
import { Replica } from './replica.js';
import { Session, type SessionOptions } from './session.js';
import type { State, StateChange } from './state.js';
import { Stats } from './stats.js';
import type { Rows, Table } from './table.js';
import { RoomView, type View } from './view.js';
import { Fields, frameFields } from './wire/fields.js';
import {
  decodeAuth,
  decodeEntityHash,
  decodeEvent,
  decodePong,
  decodeReply,
  decodeSchema,
  decodeWelcome,
  type Pong,
  type Welcome,
} from './wire/messages.js';
import * as Frame from './wire/serverframe.js';

/** After so many milliseconds without a view, what was kept for views is dropped. */
const viewIdle = 2_000;
/** The last view is what the player was looking at, if it is no older than so many milliseconds. */
const seenLately = 250;
/** After so many hashes without an answer to a mismatch, the session is given up. */
const explainPatience = 5;

/** A mismatch of the state hash. The room joins anew by itself. */
export interface Desync {
  /** The tick of the mismatch. */
  readonly tick: number;
  /** The entities that differ, if the server has listed its own. */
  readonly entities: readonly number[];
}

/** The events of a room with their values; see {@link Room.on}. */
export interface RoomEvents {
  /** The state of the connection, or the time of the next attempt, has changed. */
  state: StateChange;
  /**
   * A snapshot has been applied that added, changed or removed rows, one or many, and all
   * listeners of tables and events have been called: the moment to draw a page that shows
   * them anew. Its tick.
   */
  change: number;
  /** A snapshot has been applied, whether it changed rows or not, and all other listeners have been called. Its tick. */
  snapshot: number;
  /** The session was resumed after the connection was lost or the page reloaded. */
  resumed: { readonly full: boolean; readonly eventsMissed: boolean };
  /** The session was gone, and there is a new one: all rows are new, and the player's number may be. */
  rejoined: { readonly player: number; readonly room: string };
  desync: Desync;
  /**
   * A new token could not be fetched, or the server refused it. The room goes on until the
   * current one expires, and meanwhile tries again if the token comes from a function.
   */
  token: { readonly why: string };
  /** The room is closed for good. */
  closed: { readonly code: number; readonly reason: string };
}

/** The type of the inputs of {@link Room.pending}. */
type InputShape<G extends Game> = G extends { readonly input: MessageType<infer M> } ? M : never;

/**
 * A room that the client has joined: what it sees there and what it can do. It reconnects
 * by itself when the connection is lost. {@link Client} makes rooms.
 */
export class Room<G extends Game = Game> {
  /** The rows that the client sees, by the names of the game's components. */
  readonly tables: { readonly [K in keyof G['components']]: Table<RowOf<G['components'][K]>> };
  /** Resolves when the first snapshot has been applied. @internal */
  readonly joined: Promise<void>;

  readonly #game: G;
  readonly #counts = new Stats();
  readonly #clock: Clock;
  readonly #session: Session;
  readonly #replica = new Replica();
  readonly #server = new ServerClock();
  readonly #lead = new Lead();
  readonly #delay: Delay;
  readonly #shown: RoomView;
  readonly #frame = new Fields(frameFields);
  readonly #listeners = new Map<keyof RoomEvents, Callbacks<[never]>>();
  readonly #events = new Map<number, { message: MessageType; list: Callbacks<[Message, number]> }>();

  #welcome: Welcome | undefined;
  #fingerprint: bigint;
  #inputDone = 0;
  #viewedAt = -Infinity;
  #wrong: { tick: number; hashes: number } | undefined;
  #resumed: { eventsMissed: boolean } | undefined;
  /** Calls the listeners for the first message, when the game has had the time to add them. */
  #held: (() => void) | undefined;
  #settle: { resolve: () => void; reject: (err: Error) => void } | undefined;

  /** @internal */
  constructor(game: G, o: SessionOptions, interpolation: InterpolationOptions) {
    this.#game = game;
    this.#clock = o.clock;
    this.#fingerprint = game.fingerprint;
    this.#delay = new Delay(interpolation);
    const tables: Record<string, Rows> = {};
    for (const [name, c] of Object.entries(game.components)) tables[name] = this.#replica.own(c);
    this.tables = tables as unknown as Room<G>['tables'];
    this.#shown = new RoomView(tables);
    this.joined = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    const room = this;
    this.#session = new Session(o, {
      get tick() {
        return room.#replica.tick;
      },
      get fingerprint() {
        return room.#fingerprint;
      },
      receive: (bytes, now) => this.#receive(bytes, now),
      stateChanged: (s) => this.#stateChanged(s),
      tokenTrouble: (why) => this.#emit('token', { why }),
    });
  }

  /** @internal */
  start(): void {
    this.#session.start();
  }

  /** The room's id, by which others can join it. */
  get id(): string {
    return this.#welcome?.room ?? '';
  }

  get kind(): string {
    return this.#welcome?.kind ?? this.#game.kind;
  }

  /** The player's number in the room, from 1; rows may refer to it. */
  get player(): number {
    return this.#welcome?.player ?? 0;
  }

  /** The player's id, the same in all rooms; that of a guest is new in each session. */
  get playerId(): string {
    return this.#welcome?.playerId ?? '';
  }

  /** Whether the client only watches. */
  get spectator(): boolean {
    return this.#welcome?.spectator ?? false;
  }

  /** Ticks per second. */
  get tickRate(): number {
    return this.#welcome?.tickRate ?? 0;
  }

  /** Counts of what the room has received and sent. */
  get stats(): Stats {
    const counts = this.#counts;
    const session = this.#session;
    counts.bytesOut = session.bytesOut;
    counts.messagesOut = session.messagesOut;
    counts.reconnects = session.losses;
    counts.inputsDropped = session.outbox.dropped;
    return counts;
  }

  get state(): State {
    return this.#session.state;
  }

  /** The tick that the tables are of. */
  get tick(): number {
    return this.#replica.tick;
  }

  /** The number of the newest input that the tables include. */
  get inputAck(): number {
    return this.#inputDone;
  }

  /** The inputs that the tables don't include yet, oldest first, for a prediction to apply on top of them. */
  get pending(): readonly PendingInput<InputShape<G>>[] {
    return this.#session.outbox.inputs as unknown as readonly PendingInput<InputShape<G>>[];
  }

  /** How far ahead inputs are made that are meant for ticks; see {@link Room.inputTick}. */
  get lead(): InputLead {
    return this.#lead;
  }

  /**
   * Returns the tick, with a fraction, at which to show what the player steers itself: ahead of the
   * server by as long as an input takes to get there, and a little more. The input that is made
   * now is for the next whole tick, `Math.floor(room.inputTick()) + 1`. It runs up to 5% faster or
   * slower than the server's ticks so that inputs come in time, and jumps if it is wrong by more than
   * ten. Call it in each frame. 0 before the first snapshot.
   *
   * @param now is in milliseconds of `performance.now()`.
   */
  inputTick(now: number = this.#clock.now()): number {
    return this.#lead.tick(now, this.#server);
  }

  /** The shortest round trip of the last seconds, in milliseconds, up to one tick included; 0 before the first. */
  get rtt(): number {
    return this.#server.rtt;
  }

  /** How views are being smoothed at the moment. */
  get interpolation(): Interpolation {
    return this.#delay;
  }

  /** Returns an estimate of the server's tick now, with a fraction. now is in milliseconds of `performance.now()`. */
  serverTick(now: number = this.#clock.now()): number {
    return this.#server.serverTick(now);
  }

  /** Returns an estimate of the server's wall clock now, in milliseconds since 1970; NaN before the first pong. */
  serverTime(now: number = this.#clock.now()): number {
    return this.#server.serverTime(now);
  }

  /**
   * Calls fn whenever an event of the room happens.
   *
   * @returns a function that removes fn.
   */
  on<E extends keyof RoomEvents>(event: E, fn: (what: RoomEvents[E]) => void): () => void {
    let list = this.#listeners.get(event);
    if (!list) this.#listeners.set(event, (list = new Callbacks()));
    return list.add(fn as (what: never) => void);
  }

  /**
   * Calls fn for each of the game's events of a type, after the snapshot that it came with
   * has been applied. tick is when it happened, which may be before the snapshot's.
   *
   * @returns a function that removes fn.
   */
  onEvent<M extends Message>(type: EventType<M>, fn: (event: M, tick: number) => void): () => void {
    let l = this.#events.get(type.id);
    if (!l) this.#events.set(type.id, (l = { message: type.message, list: new Callbacks() }));
    return l.list.add(fn as unknown as (event: Message, tick: number) => void);
  }

  /**
   * Sends a command, and returns the game's reply. While the connection is lost commands
   * wait; after a resume those without a reply are sent again, and carried out once.
   *
   * @param options.timeoutMs is how long to wait for the reply, in milliseconds from 0; Infinity for as long as the room lives. Default 10000.
   * @throws {@link CommandError} if the command is refused or not answered; RangeError for a
   * time-out that is NaN or negative.
   */
  command<C extends Message, R extends Message | undefined>(
    type: CommandType<C, R>,
    init: InitOf<C>,
    options: { timeoutMs?: number } = {},
  ): Promise<R> {
    if (this.state === 'closed') return Promise.reject(new CommandError('lost', 'the room is closed'));
    return this.#session.command(type, init, options.timeoutMs ?? 10_000);
  }

  /**
   * Sends what the player does: the game's input message, or some of its fields.
   * All inputs of a server's tick go in one message, and are applied in order.
   *
   * With a tick the server applies it in that one, or in the next if it comes too late:
   * see {@link Room.inputTick}, and {@link Room.predict}, which does it all. Then the server is also
   * told which tick the player was looking at, in the last {@link Room.view}, so that the game can
   * judge what was hit by what was seen.
   *
   * @param options.tick is the tick that it is meant for. Default 0: as soon as possible.
   * @returns the number of the input. The tables include it when {@link Room.inputAck}
   * has come to it.
   * @throws RangeError for an input of more than 512 bytes, and for a tick that is no whole number from 0.
   */
  input(init: InputOf<G>, options: { readonly tick?: number } = {}): number {
    if (!this.#game.input) throw new TypeError(`${this.kind} has no input`);
    const tick = options.tick ?? 0;
    if (!(Number.isInteger(tick) && tick >= 0 && tick <= 0xffffffff)) throw new RangeError(`an input for tick ${tick}`);
    if (this.state === 'closed') return 0;
    const sees = this.#clock.now() - this.#viewedAt < seenLately ? this.#shown.tick : 0;
    const seq = this.#session.input(this.#game.input, init as InitOf<Message>, { tick, sees });
    if (tick > 0) this.#lead.sent(tick);
    return seq;
  }

  /**
   * In which tick in a row without an input of the player's the game takes an empty one; until then, and with 0 for ever,
   * the last one holds.
   */
  get neutralAfter(): number {
    return this.#welcome?.neutralAfter ?? 0;
  }

  /**
   * Predicts what the player steers: the row that is its own, of one of the game's components. Then there is no need to call
   * {@link Room.input}: call {@link Prediction.update} in each frame, and draw its {@link Prediction.row}.
   *
   * @param component describes the rows, such as `game.Dot`.
   * @param step does to the state what the server does in a tick: given the player's input it changes the values of the row.
   * @throws TypeError if the game has no such component, or no input, or nothing of the row moves.
   */
  predict<Row extends object, Extra extends object = object>(
    component: Component<Row>,
    step: (state: StateOf<Row, Extra>, input: InputShape<G>, at: StepAt) => void,
    options: PredictOptions<Row, Extra> = {},
  ): Prediction<Row, InputShape<G>, Extra> {
    const { components, input } = this.#game;
    const name = Object.keys(components).find((n) => components[n].id === component.id);
    if (!name) throw new TypeError(`${this.kind} has no component ${component.name}`);
    if (!input) throw new TypeError(`${this.kind} has no input`);
    const table = (this.tables as unknown as Record<string, Table<Row>>)[name];
    const neutral = createMessage(input, {}) as InputShape<G>;
    return new Prediction(this as unknown as PredictedRoom, table, component, neutral, step, options);
  }

  /**
   * Returns what to draw now: all rows a little in the past, between two snapshots, each
   * field interpolated as the schema asks for. How far in the past depends on how
   * regularly snapshots arrive. Call it once for each frame that is drawn. The next call
   * changes the result.
   *
   * @param now is in milliseconds of `performance.now()`, like the argument of a callback
   * of requestAnimationFrame.
   */
  view(now: number = this.#clock.now()): View<G> {
    const { perTick } = this.#server;
    const called = this.#clock.now();
    if (called - this.#viewedAt > viewIdle) this.#delay.restart();
    this.#viewedAt = called;
    if (this.#replica.tick > 0) {
      const tick = this.#delay.tick(now, this.#server.arrivedTick(now), this.#replica.tick, perTick);
      this.#delay.extrapolating = this.#shown.advance(tick, this.#replica, this.#delay.extrapolate / perTick);
    }
    return this.#shown as unknown as View<G>;
  }

  /**
   * Asks for a snapshot every so many ticks, rounded up to a power of two up to 32. The
   * server may send fewer. A hidden page asks for 32 by itself.
   */
  setEvery(every: number): void {
    this.#session.setEvery(every);
  }

  /** @internal */
  abandon(): void {
    this.#session.abandon();
  }

  /** Leaves the room and ends the session. Resolves when the server has confirmed it, or after a second. */
  leave(): Promise<void> {
    return this.#session.leave();
  }

  // ---------------------------------------------------------------- receiving

  #receive(bytes: Uint8Array, now: number): void {
    this.#release();
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const f = this.#frame;
    const counts = this.#counts;
    const session = this.#session;
    counts.messagesIn++;
    counts.bytesIn += bytes.length;
    f.scan(bytes, view, 0, bytes.length);
    // Protobuf allows a message to come in parts, which are to be merged.
    if (f.count[Frame.Welcome] > 0)
      this.#takeWelcome(decodeWelcome(Uint8Array.from(this.#parts(Frame.Welcome).flatMap((p) => [...p]))));
    else if (!this.#welcome) throw new ProtocolError('the first message has no welcome');
    for (const p of this.#parts(Frame.Auth)) session.auth(decodeAuth(p));
    for (const p of this.#parts(Frame.Pongs)) this.#takePong(decodePong(p), now);
    if (f.last[Frame.Tick] > 0) this.#takeSnapshot(bytes, view, now);
    for (const r of this.#parts(Frame.Replies)) session.outbox.reply(decodeReply(r));
    if (this.#wrong && (f.count[Frame.EntityHashes] > 0 || this.#wrong.hashes >= explainPatience)) this.#giveUp();
  }

  /** Returns the values of a field of the frame. */
  #parts(field: number): Uint8Array[] {
    const n = this.#frame.count[field];
    return n === 0 ? none : Array.from({ length: n }, (_, i) => this.#frame.part(field, i));
  }

  #takeWelcome(w: Welcome): void {
    if (this.state === 'live') throw new ProtocolError('a second welcome');
    if (!(w.tickRate > 0 && w.tickRate <= 1000)) throw new ProtocolError(`a tick rate of ${w.tickRate}`);
    const again = this.#welcome !== undefined;
    if (again && !w.resumed) {
      this.#replica.reset();
      this.#session.outbox.reset('the session is gone');
      this.#inputDone = 0;
      this.#wrong = undefined;
      this.#delay.reset();
    }
    if (!again || !w.resumed) this.#server.reset(w.tickRate);
    else this.#server.restart();
    this.#lead.restart();
    if (w.fingerprint !== this.#fingerprint) {
      if (!w.schema) throw new SchemaError('the server has another schema, and did not send it');
      const server = decodeSchema(w.schema);
      checkComponents(server);
      checkCompatible(Object.values(this.#game.components), server);
      this.#replica.reset();
      this.#replica.relayout(server);
      this.#fingerprint = w.fingerprint;
    }
    this.#welcome = w;
    if (w.resumed) {
      this.#session.outbox.resume(w.inputSeq, w.commandId);
      this.#resumed = w;
      this.#counts.resumes++;
    }
    this.#session.welcome(w);
    if (again && !w.resumed) this.#emit('rejoined', { player: w.player, room: w.room });
  }

  #takePong(p: Pong, now: number): void {
    const sent = Number(p.clientTime) / 1000;
    if (sent > now + 1) return; // it answers no ping of ours
    this.#server.sawPong(sent, Number(p.serverTime) / 1000, now);
    this.#counts.rtt = this.#server.lastRtt;
  }

  #takeSnapshot(bytes: Uint8Array, view: DataView, now: number): void {
    const f = this.#frame;
    const replica = this.#replica;
    const counts = this.#counts;
    const session = this.#session;
    if (now - this.#viewedAt > viewIdle) this.#shown.release();
    const start = this.#clock.now();
    const ticks = replica.apply(f, bytes, view);
    const { tick } = replica;
    counts.sawDecode(this.#clock.now() - start);
    counts.sawSnapshot(bytes.length, replica.changes, now);
    counts.entities = replica.rows;
    const full = f.truth(Frame.Full);
    if (full) counts.fullSnapshots++;
    else counts.skippedTicks += ticks - 1;
    const late = this.#server.sawTick(tick, now);
    this.#delay.saw(late, ticks);
    this.#lead.saw(late, this.#server.perTick, now);
    const early = f.last[Frame.InputEarly];
    this.#lead.heard(tick, f.count[Frame.InputEarly] > 0 ? (early >>> 1) ^ -(early & 1) : undefined);
    session.outbox.ack = tick;
    if (f.last[Frame.InputAck] > this.#inputDone) {
      this.#inputDone = f.last[Frame.InputAck];
      session.outbox.done(this.#inputDone);
    }
    replica.tell();
    if (f.count[Frame.Hash] > 0) this.#checkHash(this.#parts(Frame.Hash).at(-1)!);

    const changed = replica.changes > 0;
    const resumed = this.#resumed;
    this.#resumed = undefined;
    const events = this.#parts(Frame.Events).map(decodeEvent);
    const tell = (): void => {
      if (resumed) this.#emit('resumed', { full, eventsMissed: resumed.eventsMissed });
      for (const e of events) {
        const l = this.#events.get(e.event);
        if (l) l.list.call(decodeMessage(l.message, e.data), tick - e.age);
      }
      if (changed) this.#emit('change', tick);
      this.#emit('snapshot', tick);
    };
    if (!this.#settle) {
      tell();
      return;
    }
    // The first snapshot: whoever waits for the room has yet to add its listeners.
    this.#held = tell;
    this.#clock.setTimeout(() => this.#release(), 0);
    this.#settle.resolve();
    this.#settle = undefined;
  }

  /** Calls the listeners for the first message, if that has not been done yet. */
  #release(): void {
    const tell = this.#held;
    this.#held = undefined;
    tell?.();
  }

  #checkHash(b: Uint8Array): void {
    this.#counts.hashChecks++;
    if (this.#wrong) {
      this.#wrong.hashes++;
      return;
    }
    if (this.#replica.hash() === new DataView(b.buffer, b.byteOffset).getBigUint64(0, true)) return;
    this.#counts.desyncs++;
    this.#wrong = { tick: this.#replica.tick, hashes: 0 };
    this.#session.outbox.mismatch = true;
  }

  /** Reports that the state is wrong, and has the room join anew. */
  #giveUp(): void {
    const { tick } = this.#wrong!;
    const differ = new Set<number>();
    const hashes = this.#parts(Frame.EntityHashes).map(decodeEntityHash);
    if (hashes.length > 0) for (const t of this.#replica.tables) for (const e of t.entries) differ.add(e.entity);
    for (const h of hashes) {
      if (this.#replica.hash(h.entity) === h.hash) differ.delete(h.entity);
      else differ.add(h.entity);
    }
    this.#wrong = undefined;
    this.#emit('desync', { tick, entities: [...differ] });
    throw new ProtocolError(`the state of tick ${tick} was wrong`);
  }

  #stateChanged(s: StateChange): void {
    if (s.state === 'closed') this.#release();
    this.#emit('state', s);
    if (s.state !== 'closed') return;
    const code = s.code ?? 1006;
    const reason = s.reason ?? '';
    this.#settle?.reject(new JoinError(code, reason, s.text, s.status));
    this.#settle = undefined;
    this.#emit('closed', { code, reason });
  }

  #emit<E extends keyof RoomEvents>(event: E, what: RoomEvents[E]): void {
    this.#listeners.get(event)?.call(what as never);
  }
}

const none: Uint8Array[] = [];
