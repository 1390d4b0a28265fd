// A session's connections: opening them, and coming back when they are lost.

import type { Message } from '@bufbuild/protobuf';
import type { Clock } from './clock.js';
import { closeRule } from './close.js';
import { diagnose, type Fetch } from './diagnosis.js';
import { ProtocolError, SchemaError } from './errors.js';
import type { CommandType } from './game.js';
import * as CloseCode from './gen/closecodes.js';
import { Heartbeat } from './heartbeat.js';
import type { InitOf, MessageType } from './message.js';
import type { InputTiming, Outbox } from './outbox.js';
import { Parts } from './parts.js';
import { type Backoff, type Decision, Reconnect } from './reconnect.js';
import { type SavedSession, SavedSessions, type Store } from './saved.js';
import { Sender } from './sender.js';
import type { Socket, SocketFactory } from './socket.js';
import type { State, StateChange } from './state.js';
import type { Surroundings } from './surroundings.js';
import { Token, type TokenSource } from './token.js';
import { type Auth, encodeHello, type Welcome } from './wire/messages.js';

export const subprotocol = 'tickroom.v1';

/** How long a connection may take until the welcome has come, and between two parts of it. */
const welcomeWithin = 10_000;
/** Between attempts while the platform says that it is offline. */
const offlinePause = 30_000;
/** What a hidden page asks for: a snapshot in so many milliseconds, but not fewer than servers send. Its timers may run once a minute, so its snapshots are what it answers to. */
const hiddenPause = 2_000;
const maxEvery = 32;

export interface SessionOptions {
  url: string;
  kind: string;
  /** A certain room, or none; and then also whether it may be another one. */
  room: string;
  spectate: boolean;
  name: string;
  data: Uint8Array;
  options: Readonly<Record<string, string>>;
  hashEvery: number;
  every: number;
  socket: SocketFactory;
  clock: Clock;
  random: () => number;
  surroundings: Surroundings;
  backoff: Backoff;
  store: Store | undefined;
  storeKey: string;
  token: TokenSource | undefined;
  /** Of the matchmaker, for the first join; empty: none. */
  seat: string;
  /** To ask why no connection can be made; undefined: nobody can be asked. */
  fetch: Fetch | undefined;
  /** More has come of the first message than ever before. */
  progress(): void;
}

/** What a session is for. */
export interface SessionOwner {
  /** The last tick that is held, for a resume. */
  readonly tick: number;
  /** Of the schema that tables are read by. */
  readonly fingerprint: bigint;
  /** Takes a message; throws a ProtocolError or a SchemaError for one to be refused. */
  receive(bytes: Uint8Array, now: number): void;
  stateChanged(s: StateChange): void;
  /** No new token could be had. */
  tokenTrouble(why: string): void;
}

export class Session {
  state: State = 'connecting';
  /** Connections that were lost after a welcome. */
  losses = 0;

  readonly #o: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #clock: Clock;
  readonly #token: Token;
  readonly #store: SavedSessions;
  readonly #reconnect: Reconnect;
  readonly #sender: Sender;
  readonly #heartbeat: Heartbeat;
  /** A token that the server did not take; another one is to be fetched. */
  #refusedToken: string | undefined;
  #socket: Socket | undefined;
  #generation = 0;
  /** The session to resume, or the one before it is joined anew. */
  #saved: SavedSession | undefined;
  #wish: number;
  /** What the hello asked for. */
  #asked = 0;
  /** Of the room, in ticks per second; 0: not known yet. */
  #tickRate = 0;
  /** Since the room was live. */
  #attempt = 0;
  #offline = false;
  readonly #parts = new Parts();
  /** The most bytes that have come of the first message. */
  #furthest = 0;
  /** Whether the newest connection was open. */
  #opened = false;
  #asking = false;
  #last: StateChange | undefined;

  #retryTimer: unknown;
  #welcomeTimer: unknown;
  readonly #unwatch: () => void;
  #left: (() => void) | undefined;

  constructor(o: SessionOptions, owner: SessionOwner) {
    this.#o = o;
    this.#owner = owner;
    this.#clock = o.clock;
    this.#wish = Math.max(1, o.every);
    this.#store = new SavedSessions(o.store, o.storeKey);
    // Who has a new seat does not mean an old one.
    this.#saved = o.seat ? undefined : this.#store.load(o.kind, o.room, o.spectate);
    this.#sender = new Sender(o.clock);
    this.#heartbeat = new Heartbeat(o.clock, o.random, {
      ping: (atOnce) => {
        this.outbox.ping = true;
        if (atOnce) this.#sender.flush();
        else this.#sender.flushNow();
      },
      dead: () => this.#give(CloseCode.Lost, 'no answer'),
    });
    this.#token = new Token(o.token, o.clock, o.random, {
      renew: (token) => {
        if (!this.#live) return; // the next hello has it
        this.outbox.token = token;
        this.#sender.flushSoon();
      },
      trouble: (why) => owner.tokenTrouble(why),
    });
    this.#reconnect = new Reconnect(o.backoff);
    this.#reconnect.certain = (o.room || o.seat) !== '';
    this.#reconnect.renewable = this.#token.renewable;
    this.#reconnect.seat = o.seat !== '';
    if (this.#saved) this.#reconnect.opens = 'resume';
    this.#unwatch = o.surroundings.watch((what) => this.#happened(what));
  }

  get outbox(): Outbox {
    return this.#sender.outbox;
  }

  get bytesOut(): number {
    return this.#sender.bytes;
  }

  get messagesOut(): number {
    return this.#sender.messages;
  }

  /** Whether the server has let the client in, on this connection. */
  get #live(): boolean {
    return this.#reconnect.live;
  }

  /** Opens the first connection. */
  start(): void {
    this.#change({ state: 'connecting', text: 'Connecting.' });
    this.#open();
  }

  // ------------------------------------------------------------ connections

  #open(): void {
    this.#clock.clearTimeout(this.#retryTimer);
    const generation = ++this.#generation;
    const current = (): boolean => generation === this.#generation;
    const refused = this.#refusedToken;
    if (this.#token.stale || (refused !== undefined && refused === this.#token.value)) {
      this.#fetch(current, refused);
      return;
    }
    this.#opened = false;
    const hello = (): void => {
      if (current()) this.#opened = true;
      if (current() && this.#socket) this.#sender.send(this.#socket, this.#hello());
    };
    this.#expectWelcome();
    let socket: Socket;
    try {
      socket = this.#o.socket(this.#o.url, subprotocol, {
        open: hello,
        message: (data) => {
          if (current()) this.#message(data instanceof Uint8Array ? data : new Uint8Array(data));
        },
        close: (code, reason) => {
          if (current()) this.#lost(code, reason);
          else this.#left?.();
        },
      });
    } catch (err) {
      if (current()) this.#end(CloseCode.Lost, err instanceof Error ? err.message : String(err), true);
      return;
    }
    if (!current()) return; // it failed at once
    this.#socket = socket;
    if (this.#opened) hello();
  }

  /** Gives the connection up if nothing more comes of a welcome. */
  #expectWelcome(): void {
    this.#clock.clearTimeout(this.#welcomeTimer);
    this.#welcomeTimer = this.#clock.setTimeout(() => this.#give(CloseCode.Lost, 'no answer'), welcomeWithin);
  }

  /** Gets a fresh token, and then a connection. */
  #fetch(current: () => boolean, refused: string | undefined): void {
    this.#token.fetch().then(
      (token) => {
        if (!current()) return;
        if (token === refused) this.#lost(CloseCode.Unauthenticated, 'there is no other token');
        else this.#open();
      },
      (err: unknown) => {
        if (!current()) return;
        const why = err instanceof Error ? err.message : String(err);
        this.#generation++;
        this.#decided(this.#reconnect.noToken(), CloseCode.Unauthenticated, why, 'No token could be fetched.');
      },
    );
  }

  #hello(): Uint8Array {
    const o = this.#o;
    const { opens, seat } = this.#reconnect;
    // Of a seat that was used the room is left: perhaps another one than the seat's.
    const of = opens === 'join' && (seat || !o.seat) ? o : (this.#saved ?? o);
    const resume = opens === 'resume' && this.#saved;
    return encodeHello({
      kind: of.kind,
      room: of.room,
      name: o.name,
      fingerprint: this.#owner.fingerprint,
      hashEvery: o.hashEvery,
      every: (this.#asked = this.#every),
      data: o.data,
      resume: resume ? resume.session : '',
      resumeTick: resume ? this.#owner.tick : 0,
      spectate: o.spectate,
      token: this.#token.value,
      seat: seat ? o.seat : '',
      parts: true,
      orJoin: !!resume && !this.#reconnect.certain,
      options: o.options,
    });
  }

  #message(bytes: Uint8Array): void {
    const now = this.#clock.now();
    this.#heartbeat.heard(now);
    try {
      const whole = this.#parts.take(bytes);
      if (!whole) {
        this.#partCame();
        return;
      }
      this.#owner.receive(whole, now);
      if (!this.#live) throw new ProtocolError('the first message has no welcome');
    } catch (err) {
      if (this.state === 'closed') return; // a callback has left the room
      // The runtime has errors of its own for what can't be decoded.
      if (err instanceof SchemaError) this.#give(CloseCode.Schema, err.message);
      else this.#give(CloseCode.BadMessage, String(err), true);
      return;
    }
    if (this.outbox.urgent) this.#sender.flushSoon(now);
  }

  /** A long message is on its way, and so is not late. */
  #partCame(): void {
    if (!this.#live) this.#expectWelcome();
    if (this.#parts.have <= this.#furthest) return;
    this.#furthest = this.#parts.have;
    this.#o.progress();
  }

  /** The server has let the client in. Called by the owner, out of receive. */
  welcome(w: Welcome): void {
    this.#clock.clearTimeout(this.#welcomeTimer);
    this.#reconnect.welcome(this.#clock.now());
    this.#saved = { session: w.session, room: w.room, kind: w.kind, ...(w.spectator && { spectator: true }) };
    this.#store.save(this.#saved);
    this.#refusedToken = undefined;
    this.#token.welcomed(w);
    if (w.maxMessage > 0) this.outbox.maxMessage = w.maxMessage;
    this.#offline = false;
    this.#attempt = 0;
    this.#tickRate = w.tickRate;
    if (this.#every !== this.#asked) this.outbox.every = this.#every;
    this.#sender.begin(this.#socket, 1000 / w.tickRate);
    this.#heartbeat.begin();
    this.#change({ state: 'live', text: 'Connected.' });
  }

  /** The server says how long it knows the player. */
  auth(a: Auth): void {
    this.#token.heard(a);
  }

  /** Gives the connection up, perhaps since what the server sent was refused. */
  #give(code: number, reason: string, refused = false): void {
    const socket = this.#socket;
    this.#rest();
    try {
      // It may stand after all, as far as the server knows: then this code keeps the
      // session, which no code at all would not.
      socket?.close(code === CloseCode.Lost ? CloseCode.Idle : code, reason.slice(0, 40));
    } catch {
      // It was not even open.
    }
    this.#lost(code, reason, refused);
  }

  /** Nothing is sent or heard any more. */
  #rest(): void {
    this.#generation++;
    this.#socket = undefined;
    this.#sender.stop();
    this.#parts.drop();
    this.#heartbeat.stop();
    this.#clock.clearTimeout(this.#welcomeTimer);
    this.#clock.clearTimeout(this.#retryTimer);
  }

  #lost(code: number, reason: string, refused = false): void {
    if (this.state === 'closed') return;
    this.#rest();
    this.#token.rest();
    if (this.#live) this.losses++;
    const now = this.#clock.now();
    const text = this.#opened ? closeRule(code).text : 'No connection could be made.';
    this.#decided(refused ? this.#reconnect.refused(now) : this.#reconnect.closed(code, now), code, reason, text);
    if (!this.#opened && !this.#reconnect.joined) void this.#askWhy();
  }

  /** Asks why no connection could be made to a server that a program wants to join at. */
  async #askWhy(): Promise<void> {
    const { url, fetch } = this.#o;
    if (!fetch || this.#asking || this.#offline || (this.state as State) === 'closed') return;
    this.#asking = true;
    const generation = this.#generation;
    const why = await diagnose(url, fetch, this.#clock);
    this.#asking = false;
    if (this.#reconnect.joined || (this.state as State) === 'closed') return;
    const { status, text } = why;
    if (why.final) {
      const socket = this.#socket;
      this.#end(CloseCode.Lost, '', true, text, status);
      this.#drop(socket);
      return;
    }
    let retryAt = this.#last?.retryAt ?? 0;
    const wait = why.wait + this.#o.random() * why.wait;
    if (generation === this.#generation && wait > 0 && retryAt < this.#clock.now() + wait) {
      this.#clock.clearTimeout(this.#retryTimer);
      this.#retryTimer = this.#clock.setTimeout(() => this.#open(), wait);
      retryAt = this.#clock.now() + wait;
    }
    this.#change({ ...this.#last!, retryAt, text, status });
  }

  #decided(d: Decision, code: number, reason: string, text = closeRule(code).text): void {
    if (d.end) {
      this.#end(code, reason, d.keep, text);
      return;
    }
    if (d.newToken) this.#refusedToken = this.#token.value;
    if (d.opens !== 'resume' && this.#saved) this.#store.forget();
    this.#retryIn(d.min + this.#o.random() * (d.max - d.min), code, reason, text);
  }

  #retryIn(ms: number, code: number, reason: string, text: string): void {
    if (this.#offline) {
      ms = offlinePause;
      text = 'There is no network.';
    }
    this.#retryTimer = this.#clock.setTimeout(() => this.#open(), ms);
    this.#change({
      state: this.state === 'connecting' ? 'connecting' : 'reconnecting',
      code,
      reason,
      retryAt: this.#clock.now() + ms,
      attempt: ++this.#attempt,
      offline: this.#offline,
      text,
    });
  }

  /** It is over; perhaps the session is kept for a later page. */
  #end(code: number, reason: string, keep: boolean, text = closeRule(code).text, status?: number): void {
    if (this.state === 'closed') return;
    this.#rest();
    this.#reconnect.live = false;
    this.#token.rest(true);
    this.#unwatch();
    if (!keep) this.#store.forget();
    this.outbox.reset('the room is closed');
    this.#change({ state: 'closed', code, reason, text, ...(status === undefined ? {} : { status }) });
  }

  /** Ends the session; done when the connection is closed, or soon. */
  leave(): Promise<void> {
    if (this.state === 'closed') return Promise.resolve();
    const socket = this.#socket;
    const done = new Promise<void>((resolve) => {
      if (!socket) {
        resolve();
        return;
      }
      const timer = this.#clock.setTimeout(resolve, 1000);
      this.#left = () => {
        this.#clock.clearTimeout(timer);
        resolve();
      };
    });
    this.#end(CloseCode.Normal, '', false);
    try {
      socket?.close(CloseCode.Normal, '');
    } catch {
      this.#left?.();
    }
    return done;
  }

  /** Ends all attempts, and keeps the session for a later one. */
  abandon(): void {
    const socket = this.#socket;
    this.#end(CloseCode.Lost, '', true);
    this.#drop(socket);
  }

  /** Closes a connection, if there is one, with a code that keeps the session. */
  #drop(socket: Socket | undefined): void {
    try {
      socket?.close(CloseCode.Idle, '');
    } catch {
      // It was not even open.
    }
  }

  #change(s: StateChange): void {
    this.state = s.state;
    this.#last = s;
    this.#owner.stateChanged(s);
  }

  // ------------------------------------------------------------ surroundings

  #happened(what: 'offline' | 'online' | 'visibility' | 'wake'): void {
    const { hidden } = this.#o.surroundings;
    if (what === 'offline' || what === 'online') this.#offline = what === 'offline';
    if (this.#live) {
      if (what === 'visibility') this.outbox.every = this.#every;
      this.#heartbeat.check();
    } else if (this.state === 'closed' || this.#socket) return;
    else if (what === 'offline') {
      this.#clock.clearTimeout(this.#retryTimer);
      this.#retryIn(0, CloseCode.Lost, '', '');
    } else if (what !== 'visibility' || !hidden) this.#open(); // at once, instead of after the pause
  }

  /** The rate of snapshots to ask for, in ticks from one to the next. */
  get #every(): number {
    if (!this.#o.surroundings.hidden) return this.#wish;
    if (this.#tickRate === 0) return maxEvery; // until the welcome
    const ticks = (hiddenPause / 1000) * this.#tickRate;
    return Math.min(maxEvery, 2 ** Math.floor(Math.log2(Math.max(1, ticks))));
  }

  setEvery(every: number): void {
    this.#wish = Math.max(1, every);
    if (!this.#live || this.#o.surroundings.hidden) return;
    this.outbox.every = this.#wish;
    this.#sender.flushSoon();
  }

  // ----------------------------------------------------------------- sending

  input(type: MessageType, init: InitOf<Message>, timing: InputTiming): number {
    const seq = this.outbox.input(type, init, timing, !this.#live);
    if (timing.tick > 0) this.#sender.flushInput();
    else this.#sender.flushSoon();
    return seq;
  }

  command<C extends Message, R extends Message | undefined>(
    type: CommandType<C, R>,
    init: InitOf<C>,
    timeout: number,
  ): Promise<R> {
    const reply = this.outbox.command(type, init, timeout);
    this.#sender.flushSoon();
    return reply;
  }
}
