import { type Clock, systemClock } from './clock.js';
import type { InterpolationOptions } from './delay.js';
import type { Fetch } from './diagnosis.js';
import { JoinError } from './errors.js';
import type { Game } from './game.js';
import { Lost, RoomFull } from './gen/closecodes.js';
import type { Backoff } from './reconnect.js';
import { Room } from './room.js';
import type { Store } from './saved.js';
import { byHTTP, type SocketFactory, webSocket } from './socket.js';
import type { StateChange } from './state.js';
import { page, type Surroundings } from './surroundings.js';
import { patient, timeout } from './timers.js';
import type { TokenSource } from './token.js';

/** How a client connects. In a browser every option has a default that works. */
export interface ClientOptions {
  /** Opens connections. Default: the platform's WebSocket. */
  socket?: SocketFactory;
  /** Clock and timers. Default: the platform's. */
  clock?: Clock;
  /** Returns numbers from 0 up to 1, which spread pauses. Default: Math.random. */
  random?: () => number;
  /** Whether anybody looks and whether there is a network. Default: what the page reports, if there is one. */
  surroundings?: Surroundings;
  /** The pauses between attempts to reconnect. */
  backoff?: Backoff;
  /**
   * Asks the server by HTTP why no connection can be made, since a WebSocket does not tell;
   * false: nobody asks. Default: the platform's `fetch`, if the sockets are WebSockets.
   */
  fetch?: Fetch | false;
}

/** How a room is joined. */
export interface JoinOptions {
  /** The kind of room. Default: the game's own name. */
  kind?: string;
  /** The name that the player wishes to have: at most 64 bytes of UTF-8. */
  name?: string;
  /**
   * Who the player is: a token that the game's account service has signed, or a function
   * that fetches a fresh one. The function is called before the room is joined, again
   * before the token expires, and when the server has refused it. Without a token the
   * player is a guest, if the server admits guests.
   */
  token?: TokenSource;
  /**
   * A seat from the matchmaker, valid once, for this player and one room. Afterwards the
   * session is resumed like any other.
   */
  seat?: string;
  /**
   * What the room is to be like, by the options of its kind that clients may choose. The
   * room is one that was made with just these, or a new one. Not looked at when a certain room is joined.
   */
  options?: Readonly<Record<string, string>>;
  /** Data for the game, which it reads when the player joins. */
  data?: Uint8Array;
  /** Ticks between two checks that the client holds exactly the state that it should. Default 0: no checks. */
  hashEvery?: number;
  /** The number of ticks from one snapshot to the next; see {@link Room.setEvery}. Default 1. */
  every?: number;
  /** Aborts the attempt to join. */
  signal?: AbortSignal;
  /**
   * How long to try to join, in milliseconds from 0; Infinity for ever. Default 20000. It
   * begins anew whenever more of the first state has arrived than ever before: a long
   * state on a slow line takes the time that it takes.
   */
  timeoutMs?: number;
  /**
   * Where the session is saved, so that a page that is reloaded resumes it:
   * `sessionStorage`, or `localStorage` for one session in all tabs of a browser, which
   * the tab that came last has. A saved session is a secret.
   */
  storage?: Store;
  /** The key in {@link JoinOptions.storage}. Default: made of the URL and the kind. */
  storageKey?: string;
  /** How views are smoothed. */
  interpolation?: InterpolationOptions;
  /** Called when the state of the connection changes, from the first attempt to join on. */
  onState?: (s: StateChange) => void;
}

/** A room on a server, perhaps with a seat in it, such as an assignment of the matchmaker. */
export interface Place {
  /** The URL of the server's WebSocket. */
  readonly url: string;
  /** The kind of room; empty or undefined for the game's own. */
  readonly kind?: string;
  /** The room's id; empty or undefined for any room of the kind. */
  readonly room?: string;
  /** See {@link JoinOptions.seat}. */
  readonly seat?: string;
  /** See {@link JoinOptions.token}. */
  readonly token?: TokenSource | undefined;
  /** Whether to watch, without a part in the game. */
  readonly spectator?: boolean;
  /** Finds another place, when the room has none after all. */
  readonly again?: ((signal?: AbortSignal) => Promise<Place>) | undefined;
}

/** A server whose rooms can be joined. */
export class Client {
  readonly #url: string;
  readonly #options: ClientOptions;

  /** @param url of the server's WebSocket, such as `wss://example.com/ws`; in a page also `/ws`. */
  constructor(url: string, options: ClientOptions = {}) {
    this.#url = resolve(url);
    const { base = 0, max = 0 } = options.backoff ?? {};
    timeout('backoff.base', base);
    timeout('backoff.max', max);
    this.#options = options;
  }

  /**
   * Joins any room of the game that has a free place; the server makes one if there is
   * none. Resolves when the first snapshot has been applied. Until then the client tries
   * again whenever a connection fails.
   *
   * @throws {@link JoinError} when another attempt would be of no use, or after
   * {@link JoinOptions.timeoutMs}, with the reason why the attempts have failed; RangeError
   * for a time-out that is NaN or negative; the signal's reason when the signal is aborted.
   */
  joinOrCreate<G extends Game>(game: G, options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, '', false, options);
  }

  /** Joins the room with an id, and never another one, even after the session is gone. See {@link Client.joinOrCreate}. */
  join<G extends Game>(game: G, roomId: string, options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, roomId, false, options);
  }

  /**
   * Watches the room with an id, or the one with the most players that can be watched, without
   * a part in the game. No room is made for it. Not every game has spectators. Who plays may
   * watch beside that.
   */
  spectate<G extends Game>(game: G, roomId = '', options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, roomId, true, options);
  }

  async #enter<G extends Game>(game: G, roomId: string, spectate: boolean, o: JoinOptions): Promise<Room<G>> {
    o.signal?.throwIfAborted();
    const within = timeout('timeoutMs', o.timeoutMs ?? 20_000);
    const clock = patient(this.#options.clock ?? systemClock);
    const socket = this.#options.socket ?? webSocket;
    let last: StateChange | undefined;
    let timer: unknown;
    let late: () => void = () => {};
    const wait = (): void => {
      clock.clearTimeout(timer);
      timer = clock.setTimeout(late, within);
    };
    let joining = true;
    const kind = o.kind ?? game.kind;
    const room = new Room(
      game,
      {
        url: this.#url,
        kind,
        room: roomId,
        spectate,
        name: o.name ?? '',
        data: o.data ?? new Uint8Array(0),
        options: o.options ?? {},
        hashEvery: o.hashEvery ?? 0,
        every: o.every ?? 1,
        socket,
        clock,
        random: this.#options.random ?? Math.random,
        surroundings: this.#options.surroundings ?? page,
        backoff: this.#options.backoff ?? {},
        store: o.storage,
        storeKey: o.storageKey ?? `tickroom:${this.#url}:${kind}`,
        token: o.token,
        seat: o.seat ?? '',
        fetch: this.#options.fetch === false ? undefined : (this.#options.fetch ?? platformFetch(socket)),
        progress: () => {
          if (joining) wait();
        },
      },
      o.interpolation ?? {},
    );
    room.on('state', (s) => {
      // That a connection was lost says less than what came before it.
      if (s.code !== undefined && s.state !== 'closed' && (!last || s.code !== Lost || s.status !== undefined))
        last = s;
    });
    if (o.onState) room.on('state', o.onState);
    let abort: (() => void) | undefined;
    const ended = new Promise<never>((_, reject) => {
      late = () => {
        const { code = Lost, reason = '', text = `There is no answer from ${this.#url}.`, status } = last ?? {};
        reject(new JoinError(code, reason, `Not joined in ${within} ms. ${text}`, status));
      };
      wait();
      abort = () => reject(o.signal!.reason as Error);
      o.signal?.addEventListener('abort', abort);
    });
    try {
      room.start();
      await Promise.race([room.joined, ended]);
      return room;
    } catch (err) {
      room.abandon();
      throw err;
    } finally {
      joining = false;
      clock.clearTimeout(timer);
      o.signal?.removeEventListener('abort', abort!);
    }
  }
}

/** The number of other places that are asked for after the first. */
const maxAgain = 3;

/**
 * Joins a room of a game in one call: any room of the server with a URL, or the room that
 * the matchmaker has assigned. See {@link Client.joinOrCreate}.
 */
export async function connect<G extends Game>(
  to: string | Place,
  game: G,
  options: ClientOptions & JoinOptions = {},
): Promise<Room<G>> {
  if (typeof to === 'string') return new Client(to, options).joinOrCreate(game, options);
  for (let left = maxAgain; ; left--) {
    try {
      return await enter(to, game, options);
    } catch (err) {
      if (!(err instanceof JoinError) || err.code !== RoomFull || !to.again || left === 0) throw err;
      to = await to.again(options.signal);
    }
  }
}

function enter<G extends Game>(to: Place, game: G, options: ClientOptions & JoinOptions): Promise<Room<G>> {
  const { kind, room = '', seat = '', token, spectator } = to;
  const o: JoinOptions = { ...options, seat };
  if (kind) o.kind = kind;
  if (token) o.token = token;
  const client = new Client(to.url, options);
  return spectator ? client.spectate(game, room, o) : client.join(game, room, o);
}

/** The platform's fetch, if it can tell something of the sockets of a factory. */
function platformFetch(socket: SocketFactory): Fetch | undefined {
  return byHTTP(socket) && typeof fetch === 'function' ? (url, init) => fetch(url, init) : undefined;
}

/** Returns the URL of a WebSocket for a URL that may be relative to the page. */
function resolve(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const base = typeof location === 'object' ? location.href : undefined;
  return new URL(url, base).href.replace(/^http/, 'ws');
}
