// A session's connections: opening them, coming back when they are lost, noticing
// that they are dead, and sending at the server's pace.

import type { Message } from '@bufbuild/protobuf';
import type { Clock } from './clock.js';
import { type Advice, type Backoff, meaning, pause } from './close.js';
import * as CloseCode from './codes.js';
import { ProtocolError, SchemaError } from './errors.js';
import type { CommandType } from './game.js';
import type { InitOf, MessageType } from './message.js';
import { Outbox } from './outbox.js';
import type { Socket, SocketFactory } from './socket.js';
import type { Surroundings } from './surroundings.js';
import { Token, type TokenSource } from './token.js';
import { type Auth, encodeHello, type Welcome } from './wire/messages.js';

export const subprotocol = 'tickroom.v1';

/** How long a connection may take until the welcome has come. */
const welcomeWithin = 10_000;
/** How long a server may be silent, and how long after it was asked for a sign of life. */
const silence = 4_000;
const answerWithin = 3_000;
/** Between two pings; the first come faster. */
const pingEvery = 1_000;
const firstPings = 4;
/** A connection that was good for so long begins the pauses anew. */
const goodFor = 5_000;
/** How many times in a row a server may send nonsense. */
const maxRefusals = 3;
/** Between attempts while the platform says that it is offline. */
const offlinePause = 30_000;
/** How much of what was sent may wait in the socket. */
const maxBuffered = 16_384;
/** What a hidden page asks for: the lowest rate. */
const hiddenEvery = 32;

/**
 * What a room's connection is like.
 *
 * - `connecting`: there was none yet.
 * - `live`: the room is joined.
 * - `reconnecting`: the connection was lost; the room comes back by itself.
 * - `closed`: it is over.
 */
export type State = 'connecting' | 'live' | 'reconnecting' | 'closed';

/** A change of a room's {@link State}, or of its prospects. */
export interface StateChange {
  readonly state: State;
  /** The close code that led to it. */
  readonly code?: number;
  /** What the server said with the code. */
  readonly reason?: string;
  /** When the next attempt is made, in milliseconds of the room's clock (`performance.now()`). */
  readonly retryAt?: number;
  /** Which attempt that is, from 1. */
  readonly attempt?: number;
  /** Whether the platform says that there is no network. */
  readonly offline?: boolean;
  /** All of it in an English sentence. */
  readonly text: string;
}

/** What of a session outlives a page. */
interface Ticket {
  session: string;
  room: string;
  kind: string;
}

/** Where a room keeps its session, such as `sessionStorage`. */
export interface Store {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

export interface SessionOptions {
  url: string;
  kind: string;
  /** A certain room, or none; and then also whether it may be another one. */
  room: string;
  spectate: boolean;
  name: string;
  data: Uint8Array;
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
  readonly outbox: Outbox;
  /** Connections that were lost after a welcome. */
  losses = 0;
  bytesOut = 0;
  messagesOut = 0;

  readonly #o: SessionOptions;
  readonly #owner: SessionOwner;
  readonly #clock: Clock;
  readonly #token: Token;
  /** A token that the server did not take; another one is to be fetched. */
  #refusedToken: string | undefined;
  #seat: string;
  #socket: Socket | undefined;
  #generation = 0;
  #ticket: Ticket | undefined;
  /** The room that the hello asks for. */
  #room: string;
  #wish: number;
  #attempt = 0;
  /** How many messages in a row were refused, and whether the last one was. */
  #refusals = 0;
  #refused = false;
  #welcomed = false;
  #liveAt = 0;
  #offline = false;
  #perTick = 50;
  #pings = 0;
  #nextPing = 0;
  #heardAt = 0;
  /** By when something must be heard; 0: nothing was asked. */
  #deadline = 0;
  #slot = 0;
  #flushing = false;

  #retryTimer: unknown;
  #pulseTimer: unknown;
  #welcomeTimer: unknown;
  #flushTimer: unknown;
  readonly #unwatch: () => void;
  #left: (() => void) | undefined;

  constructor(o: SessionOptions, owner: SessionOwner) {
    this.#o = o;
    this.#owner = owner;
    this.#clock = o.clock;
    this.outbox = new Outbox(o.clock);
    this.#room = o.room;
    this.#wish = Math.max(1, o.every);
    this.#seat = o.seat;
    // Who has a new seat does not mean an old one.
    this.#ticket = o.seat ? undefined : this.#load();
    this.#token = new Token(o.token, o.clock, o.random, {
      renew: (token) => {
        if (!this.#welcomed) return; // the next hello has it
        this.outbox.token = token;
        this.flushSoon();
      },
      trouble: (why) => owner.tokenTrouble(why),
    });
    this.#unwatch = o.surroundings.watch((what) => this.#happened(what));
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
    this.#welcomed = this.#refused = false;
    let opened = false;
    const hello = (): void => {
      opened = true;
      if (current() && this.#socket) this.#send(this.#hello());
    };
    this.#welcomeTimer = this.#clock.setTimeout(() => this.#give(CloseCode.Lost, 'no answer'), welcomeWithin);
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
      if (current()) this.#end(CloseCode.Lost, err instanceof Error ? err.message : String(err));
      return;
    }
    if (!current()) return; // it failed at once
    this.#socket = socket;
    if (opened) hello();
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
        this.#retry(CloseCode.Unauthenticated, why, 'No token could be fetched.', 'later', this.#clock.now());
      },
    );
  }

  #hello(): Uint8Array {
    const t = this.#ticket;
    const o = this.#o;
    const hidden = o.surroundings.hidden;
    return encodeHello({
      kind: t ? t.kind : o.kind,
      room: t ? t.room : this.#room,
      name: o.name,
      fingerprint: this.#owner.fingerprint,
      hashEvery: o.hashEvery,
      every: hidden ? hiddenEvery : this.#wish,
      data: o.data,
      resume: t ? t.session : '',
      resumeTick: t ? this.#owner.tick : 0,
      spectate: o.spectate,
      token: this.#token.value,
      seat: t ? '' : this.#seat,
    });
  }

  #message(bytes: Uint8Array): void {
    const now = this.#clock.now();
    this.#heardAt = now;
    this.#deadline = 0;
    try {
      this.#owner.receive(bytes, now);
      if (!this.#welcomed) throw new ProtocolError('the first message has no welcome');
    } catch (err) {
      if (this.state === 'closed') return; // a callback has left the room
      // The runtime has errors of its own for what can't be decoded.
      if (err instanceof SchemaError) this.#give(CloseCode.Schema, err.message);
      else this.#refuse(String(err));
      return;
    }
    if (this.outbox.urgent) this.flushSoon(now);
  }

  /** The server has let the client in. Called by the owner, out of receive. */
  welcome(w: Welcome): void {
    const now = this.#clock.now();
    this.#clock.clearTimeout(this.#welcomeTimer);
    this.#welcomed = true;
    this.#ticket = { session: w.session, room: w.room, kind: w.kind };
    this.#save();
    this.#refusedToken = undefined;
    this.#seat = ''; // it was good once
    this.#token.welcomed(w);
    this.#perTick = 1000 / w.tickRate;
    if (w.maxMessage > 0) this.outbox.maxMessage = w.maxMessage;
    this.#liveAt = now;
    this.#offline = false;
    this.#slot = now;
    this.#pings = 0;
    this.#pulse();
    this.#change({ state: 'live', text: 'Connected.' });
  }

  /** The server says how long it knows the player. */
  auth(a: Auth): void {
    this.#token.heard(a);
  }

  /** Closes the connection for a server that sends what can't be. */
  #refuse(why: string): void {
    this.#refusals++;
    this.#refused = true;
    this.#give(CloseCode.BadMessage, why);
  }

  /** Gives the connection up. */
  #give(code: number, reason: string): void {
    const socket = this.#socket;
    this.#generation++;
    this.#socket = undefined;
    try {
      // It may stand after all, as far as the server knows: then this code keeps the
      // seat, which no code at all would not.
      socket?.close(code === CloseCode.Lost ? CloseCode.Idle : code, reason.slice(0, 40));
    } catch {
      // It was not even open.
    }
    this.#lost(code, reason);
  }

  #lost(code: number, reason: string): void {
    if (this.state === 'closed') return;
    this.#generation++;
    this.#socket = undefined;
    for (const t of [this.#pulseTimer, this.#welcomeTimer, this.#flushTimer]) this.#clock.clearTimeout(t);
    this.#flushTimer = undefined;
    const now = this.#clock.now();
    const resuming = this.#ticket !== undefined && !this.#welcomed;
    if (this.#welcomed) {
      this.losses++;
      if (now - this.#liveAt >= goodFor) this.#attempt = 0;
      if (now - this.#liveAt >= 10 * goodFor) this.#refusals = 0;
    }
    this.#welcomed = false;
    this.#token.rest();
    let { advice, text } = meaning(code);
    const anyRoom = this.#o.room === '';
    if (code === CloseCode.SessionGone || (resuming && gone(code))) {
      // The seat is gone. The same room may have another one; else any room will do.
      this.#room = code === CloseCode.SessionGone && this.#ticket ? this.#ticket.room : this.#o.room;
      this.#forget();
      advice = 'soon';
    } else if (anyRoom && this.#room !== '' && gone(code)) {
      this.#room = '';
      advice = 'soon';
    } else if (advice === 'elsewhere') {
      this.#forget();
      this.#room = '';
      if (!anyRoom) advice = 'stop';
    } else if (this.#refused) {
      // The state was wrong, here or there: begin anew.
      this.#forget();
      if (this.#refusals <= maxRefusals) advice = 'soon';
    }
    // Whoever asks for a certain room wants to know that there is no seat in it.
    if (code === CloseCode.RoomFull && !anyRoom && this.state === 'connecting') advice = 'stop';
    if (advice === 'token') {
      // The same one would be refused again, once more fetched too.
      if (!this.#token.renewable || this.#refusedToken !== undefined) advice = 'stop';
      this.#refusedToken = this.#token.value;
    }
    if (advice === 'stop' || advice === 'seat') this.#end(code, reason, text);
    else this.#retry(code, reason, text, advice, now);
  }

  #retry(code: number, reason: string, text: string, advice: Advice, now: number): void {
    const ms = this.#offline ? offlinePause : pause(advice, this.#attempt, this.#o.backoff, this.#o.random);
    this.#attempt++;
    this.#retryTimer = this.#clock.setTimeout(() => this.#open(), ms);
    this.#change({
      state: this.state === 'connecting' ? 'connecting' : 'reconnecting',
      code,
      reason,
      retryAt: now + ms,
      attempt: this.#attempt,
      offline: this.#offline,
      text: this.#offline ? 'There is no network.' : text,
    });
  }

  /** It is over. */
  #end(code: number, reason: string, text = meaning(code).text): void {
    if (this.state === 'closed') return;
    this.#generation++;
    this.#socket = undefined;
    this.#welcomed = false;
    for (const t of [this.#retryTimer, this.#pulseTimer, this.#welcomeTimer, this.#flushTimer])
      this.#clock.clearTimeout(t);
    this.#token.rest(true);
    this.#unwatch();
    // After these the seat is still there, for a later page or the other one.
    if (code !== CloseCode.Lost && code !== CloseCode.TakenOver && code !== CloseCode.TokenExpired) this.#forget();
    this.outbox.reset('the room is closed');
    this.#change({ state: 'closed', code, reason, text });
  }

  /** Ends the session and gives the seat up; done when the connection is closed, or soon. */
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
    this.#end(CloseCode.Done, '');
    try {
      socket?.close(CloseCode.Done, '');
    } catch {
      this.#left?.();
    }
    return done;
  }

  /** Ends all attempts, and keeps the seat for a later one. */
  abandon(): void {
    const socket = this.#socket;
    this.#end(CloseCode.Lost, '');
    try {
      socket?.close(CloseCode.Idle, '');
    } catch {
      // It was not even open.
    }
  }

  #change(s: StateChange): void {
    this.state = s.state;
    this.#owner.stateChanged(s);
  }

  // ------------------------------------------------------------ surroundings

  #happened(what: 'offline' | 'online' | 'visibility' | 'wake'): void {
    switch (what) {
      case 'offline':
        this.#offline = true;
        if (this.#welcomed) this.#check();
        else if (this.state !== 'closed' && !this.#socket) {
          this.#clock.clearTimeout(this.#retryTimer);
          this.#retry(CloseCode.Lost, '', '', 'soon', this.#clock.now());
        }
        return;
      case 'online':
        this.#offline = false;
        if (this.#welcomed) this.#check();
        else this.#now();
        return;
      case 'visibility':
        if (this.#welcomed) {
          this.outbox.every = this.#o.surroundings.hidden ? hiddenEvery : this.#wish;
          this.#check();
        } else if (!this.#o.surroundings.hidden) this.#now();
        return;
      case 'wake':
        if (this.#welcomed) this.#check();
        else this.#now();
    }
  }

  /** Tries at once, instead of after the pause. */
  #now(): void {
    if (this.state === 'closed' || this.#socket) return;
    this.#open();
  }

  /** Asks for a sign of life; without one the connection is given up. */
  #check(): void {
    this.#deadline = this.#clock.now() + answerWithin;
    this.outbox.ping = true;
    this.#flush();
    this.#pulseIn(answerWithin);
  }

  setEvery(every: number): void {
    this.#wish = Math.max(1, every);
    if (!this.#welcomed || this.#o.surroundings.hidden) return;
    this.outbox.every = this.#wish;
    this.flushSoon();
  }

  // ----------------------------------------------------------------- sending

  input(type: MessageType, init: InitOf<Message>): number {
    const seq = this.outbox.input(type, init, !this.#welcomed);
    this.flushSoon();
    return seq;
  }

  command<C extends Message, R extends Message | undefined>(
    type: CommandType<C, R>,
    init: InitOf<C>,
    timeout: number,
  ): Promise<R> {
    const reply = this.outbox.command(type, init, timeout);
    this.flushSoon();
    return reply;
  }

  #pulseIn(ms: number): void {
    this.#clock.clearTimeout(this.#pulseTimer);
    const due = this.#clock.now() + ms;
    this.#pulseTimer = this.#clock.setTimeout(() => this.#pulse(due), ms);
  }

  /** Pings, and looks whether the server is still there. due is when it should have been called. */
  #pulse(due = 0): void {
    const now = this.#clock.now();
    if (due > 0) {
      if (this.#deadline > 0 && now >= this.#deadline) {
        this.#give(CloseCode.Lost, 'no answer');
        return;
      }
      if (this.#deadline === 0 && now - this.#heardAt > silence) {
        // The program may have been asleep, and messages wait to be read: ask once
        // more before giving up.
        this.#check();
        return;
      }
    }
    if (now >= this.#nextPing || this.#pings === 0) {
      this.#pings++;
      this.#nextPing = now + (this.#pings < firstPings ? pingEvery / 4 : pingEvery) - 1;
      this.outbox.ping = true;
      this.flushSoon(now);
    }
    this.#pulseIn(
      Math.max(1, Math.min(this.#nextPing - now, this.#deadline > 0 ? this.#deadline - now : Infinity)) + 1,
    );
  }

  /** Sends what waits, at the next tick's time; all that comes until then goes along. */
  flushSoon(now = this.#clock.now()): void {
    if (!this.#welcomed || this.#flushing || this.#flushTimer !== undefined) return;
    // A timer that is late by a little must not cost a tick.
    const wait = this.#slot - now - this.#perTick / 4;
    if (wait <= 0) {
      this.#flushing = true;
      queueMicrotask(() => {
        this.#flushing = false;
        this.#flush();
      });
      return;
    }
    this.#flushTimer = this.#clock.setTimeout(() => {
      this.#flushTimer = undefined;
      this.#flush();
    }, wait);
  }

  #flush(): void {
    if (!this.#welcomed || !this.#socket || !this.outbox.urgent) return;
    const now = this.#clock.now();
    this.#slot = Math.max(this.#slot, now - this.#perTick / 4) + this.#perTick;
    if ((this.#socket.bufferedAmount ?? 0) > maxBuffered) return; // the next message takes it along
    this.#send(this.outbox.encode(now));
    if (this.outbox.urgent) this.flushSoon(now);
  }

  #send(data: Uint8Array): void {
    this.bytesOut += data.length;
    this.messagesOut++;
    try {
      this.#socket?.send(data);
    } catch {
      // A socket that can't send tells of its end.
    }
  }

  // ----------------------------------------------------------------- storage

  #load(): Ticket | undefined {
    try {
      const text = this.#o.store?.getItem(this.#o.storeKey);
      const t = text ? (JSON.parse(text) as Partial<Ticket>) : {};
      if (
        typeof t.session === 'string' &&
        typeof t.room === 'string' &&
        t.kind === this.#o.kind &&
        (this.#o.room === '' || this.#o.room === t.room)
      ) {
        return { session: t.session, room: t.room, kind: t.kind };
      }
    } catch {
      // Storage may be forbidden, or hold anything.
    }
    return undefined;
  }

  #save(): void {
    try {
      this.#o.store?.setItem(this.#o.storeKey, JSON.stringify(this.#ticket));
    } catch {
      // Then a reload is a new player.
    }
  }

  #forget(): void {
    this.#ticket = undefined;
    try {
      this.#o.store?.removeItem(this.#o.storeKey);
    } catch {
      // See save.
    }
  }
}

/** Whether a close code says that there is no seat in the room that was asked for. */
function gone(code: number): boolean {
  return code >= CloseCode.NoSuchRoom && code <= CloseCode.RoomFailed;
}
