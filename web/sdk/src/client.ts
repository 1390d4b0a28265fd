import { type Clock, systemClock } from './clock.js';
import type { Backoff } from './close.js';
import type { InterpolationOptions } from './delay.js';
import { JoinError } from './errors.js';
import type { Game } from './game.js';
import { Room } from './room.js';
import type { StateChange, Store } from './session.js';
import { type SocketFactory, webSocket } from './socket.js';
import { page, type Surroundings } from './surroundings.js';
import type { TokenSource } from './token.js';

/** How a client connects. All of it can be left out in a browser. */
export interface ClientOptions {
  /** Opens connections. Default: the platform's WebSocket. */
  socket?: SocketFactory;
  /** Default: the platform's clock and timers. */
  clock?: Clock;
  /** Numbers from 0 up to 1, for pauses. Default: Math.random. */
  random?: () => number;
  /** Default: the page's visibility and network events, if there is a page. */
  surroundings?: Surroundings;
  /** Pauses between attempts to come back. */
  backoff?: Backoff;
}

/** How a room is joined. */
export interface JoinOptions {
  /** The kind of room, if the server has the game under another name. */
  kind?: string;
  /** What the player wants to be called: at most 64 bytes of UTF-8. */
  name?: string;
  /**
   * Who the player is: a token that the game's account service has signed, or a function
   * that fetches a fresh one. The function is called before the room is joined, again
   * before the token expires, and when the server has refused it. Without a token the
   * player is a guest, where the server takes those.
   */
  token?: TokenSource;
  /**
   * A seat from the matchmaker: good once, for this player and one room. After that the
   * session is kept like any other.
   */
  seat?: string;
  /** What the game asks of a joiner. */
  data?: Uint8Array;
  /** Ticks between two checks that the client holds exactly what it should. Default 0: no checks. */
  hashEvery?: number;
  /** A snapshot in every so many ticks; see {@link Room.setEvery}. Default 1. */
  every?: number;
  /** Ends the attempt to join. */
  signal?: AbortSignal;
  /** How long to try to join, in milliseconds. Default 20000. */
  timeoutMs?: number;
  /**
   * Keeps the session, so that a page that is loaded again comes back into its
   * seat: `sessionStorage`, or for all tabs of a browser `localStorage` (then the
   * tab that came last has the seat). The session's token is a secret.
   */
  storage?: Store;
  /** Under which key. Default: one of the URL and the kind. */
  storageKey?: string;
  /** How views are smoothed. */
  interpolation?: InterpolationOptions;
  /** Is called for changes of the state also before the room is joined. */
  onState?: (s: StateChange) => void;
}

/** A room on a server, and perhaps a seat in it: what an assignment of the matchmaker is. */
export interface Place {
  /** Of the server's WebSocket. */
  readonly url: string;
  /** The kind of room; empty or not given: the game's. */
  readonly kind?: string;
  /** A certain room; empty or not given: any of the kind. */
  readonly room?: string;
  /** See {@link JoinOptions.seat}. */
  readonly seat?: string;
  /** See {@link JoinOptions.token}. */
  readonly token?: TokenSource | undefined;
  /** Whether it is to watch from. */
  readonly spectator?: boolean;
}

/** A server to join rooms of. */
export class Client {
  readonly #url: string;
  readonly #options: ClientOptions;

  /** @param url of the server's WebSocket, such as `wss://example.com/ws`; in a page also `/ws`. */
  constructor(url: string, options: ClientOptions = {}) {
    this.#url = resolve(url);
    this.#options = options;
  }

  /**
   * Joins any room of the game with a free seat; the server makes one if there is
   * none. Done when the first snapshot is there. Until then the client tries again
   * when a connection can't be made.
   *
   * @throws {@link JoinError} when there is no use in trying, or after
   * {@link JoinOptions.timeoutMs}; the signal's reason when that is aborted.
   */
  joinOrCreate<G extends Game>(game: G, options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, '', false, options);
  }

  /** Joins a certain room. See {@link Client.joinOrCreate}; no other room will do, also when the session is gone. */
  join<G extends Game>(game: G, roomId: string, options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, roomId, false, options);
  }

  /** Watches a room of the game, a certain one or any, without a part in it. Not every game lets clients do so. */
  spectate<G extends Game>(game: G, roomId = '', options: JoinOptions = {}): Promise<Room<G>> {
    return this.#enter(game, roomId, true, options);
  }

  async #enter<G extends Game>(game: G, roomId: string, spectate: boolean, o: JoinOptions): Promise<Room<G>> {
    o.signal?.throwIfAborted();
    const clock = this.#options.clock ?? systemClock;
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
        hashEvery: o.hashEvery ?? 0,
        every: o.every ?? 1,
        socket: this.#options.socket ?? webSocket,
        clock,
        random: this.#options.random ?? Math.random,
        surroundings: this.#options.surroundings ?? page,
        backoff: this.#options.backoff ?? {},
        store: o.storage,
        storeKey: o.storageKey ?? `tickroom:${this.#url}:${kind}`,
        token: o.token,
        seat: o.seat ?? '',
      },
      o.interpolation ?? {},
    );
    let last: StateChange | undefined;
    room.on('state', (s) => {
      if (s.code !== undefined && s.state !== 'closed') last = s;
    });
    if (o.onState) room.on('state', o.onState);
    let timer: unknown;
    let abort: (() => void) | undefined;
    const ended = new Promise<never>((_, reject) => {
      timer = clock.setTimeout(() => {
        reject(new JoinError(last?.code ?? 1006, last?.reason ?? '', last?.text ?? 'The server does not answer.'));
      }, o.timeoutMs ?? 20_000);
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
      clock.clearTimeout(timer);
      o.signal?.removeEventListener('abort', abort!);
    }
  }
}

/**
 * Joins a room of a game in one call: any room of a server, whose URL is given, or the
 * one that the matchmaker has assigned. See {@link Client.joinOrCreate}.
 */
export function connect<G extends Game>(
  to: string | Place,
  game: G,
  options: ClientOptions & JoinOptions = {},
): Promise<Room<G>> {
  if (typeof to === 'string') return new Client(to, options).joinOrCreate(game, options);
  const { kind, room = '', seat = '', token, spectator } = to;
  const o: JoinOptions = { ...options, seat };
  if (kind) o.kind = kind;
  if (token) o.token = token;
  const client = new Client(to.url, options);
  return spectator ? client.spectate(game, room, o) : client.join(game, room, o);
}

/** A WebSocket's URL from one as pages have them. */
function resolve(url: string): string {
  if (/^wss?:/i.test(url)) return url;
  const base = typeof location === 'object' ? location.href : undefined;
  return new URL(url, base).href.replace(/^http/, 'ws');
}
