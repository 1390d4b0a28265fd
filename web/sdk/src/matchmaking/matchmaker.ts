import { type Timestamp, timestampMs } from '@bufbuild/protobuf/wkt';
import { type CallOptions as ConnectOptions, createClient, type Transport } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';

import { type Clock, systemClock } from '../clock.js';
import { MatchmakingService } from '../gen/tickroom/v1/matchmaking_pb.js';
import { patient } from '../timers.js';
import type { TokenSource } from '../token.js';
import { type Assignment, assignmentOf } from './assignment.js';
import { bounded } from './bounded.js';
import type { Api, Caller } from './caller.js';
import { MatchmakingError, wrap } from './errors.js';
import { type Lobby, lobbyOf, type RoomList, type RoomQuery, roomOf } from './lobby.js';
import { type Self, selfOf } from './self.js';
import { Ticket, type TicketEvent } from './ticket.js';

/** Which server a matchmaker calls, and as which player. */
export interface MatchmakerOptions {
  /** The server's address, such as `https://play.example.com`. Default: that of the page. */
  url?: string;
  /**
   * Who the player is: a token, or a function that fetches a fresh one, which is called
   * when it is needed and again when the service has refused the last one. Without it
   * the player is a guest, if the server admits guests, and stays the same guest for as
   * long as the matchmaker is kept.
   */
  token?: TokenSource;
  /** The transport of the calls. Default: Connect over `fetch`, to {@link MatchmakerOptions.url}. */
  transport?: Transport;
  /** Clock and timers. Default: the platform's. */
  clock?: Clock;
  /** Returns numbers from 0 up to 1, which spread pauses. Default: Math.random. */
  random?: () => number;
}

/** Options of any call. */
export interface CallOptions {
  /** Aborts the call; cancels the ticket that was made by it. */
  signal?: AbortSignal;
}

/** The value of an attribute of a ticket. */
export type Attribute = number | string | boolean | readonly string[];

export interface QuickJoinRequest extends Self {
  /** The mode; on servers without modes, {@link QuickJoinRequest.kind}. */
  mode?: string;
  kind?: string;
  /** Which rooms are acceptable, in the query language. Default: all. */
  query?: string;
  /** The ids of rooms that are not; at most 16. */
  except?: string[];
  /**
   * What the room is to be like, by the options of its kind that clients may choose: it is one
   * that was made with just these, or a new one. Not with a mode.
   */
  options?: Record<string, string>;
}

/** Which room to watch: a certain one, or the one with the most players that can be watched. */
export type WatchRequest = Self &
  (
    | { code: string }
    | { room: string }
    | {
        kind?: string;
        mode?: string;
        /** What must be true of the room, in the query language. */
        query?: string;
      }
  );

export interface EnqueueRequest extends Self {
  mode: string;
  /** The ids of the other members of the party, who each call {@link Ticket.ready}. */
  party?: string[];
  /** What queries of other tickets can ask for. */
  attributes?: Record<string, Attribute>;
  /** What must be true of every other ticket in the match, in the query language. */
  query?: string;
  /** Whether a match that is running already is acceptable. Default: true. */
  backfill?: boolean;
}

/** The number of rooms that a request may except. */
const maxExcept = 16;

/** Finds rooms and fair matches for one player. */
export class Matchmaker {
  readonly #source: TokenSource | undefined;
  readonly #socket: string;
  readonly #caller: Caller;
  /** The newest token; empty if there is none yet. */
  #token = '';
  #playerId = '';
  #guestExpires: number | undefined;
  #fetching: Promise<string> | undefined;
  /** A guest's first call. Others wait for it, since each would make another guest. */
  #first: Promise<unknown> | undefined;

  constructor(o: MatchmakerOptions = {}) {
    const url = new URL(o.url ?? '/', typeof location === 'object' ? location.href : undefined);
    const base = url.href.replace(/^ws/, 'http').replace(/(\/ws)?\/?([?#].*)?$/, '');
    this.#socket = `${base.replace(/^http/, 'ws')}/ws`;
    this.#source = o.token;
    if (typeof o.token === 'string') this.#token = o.token;
    const api = createClient(
      MatchmakingService,
      o.transport ?? createConnectTransport({ baseUrl: base, useBinaryFormat: true, fetch: bounded() }),
    );
    this.#caller = {
      api,
      clock: patient(o.clock ?? systemClock),
      random: o.random ?? Math.random,
      call: (fn, signal) => this.#call(fn, signal),
      headers: async (fresh) => bearer(fresh ? await this.#fetch() : this.#token),
      renewable: typeof o.token === 'function',
      assignment: (m, spectator = false) =>
        assignmentOf(m, this.#socket, this.#source ?? (this.#token || undefined), spectator),
    };
  }

  /**
   * The player's id, the same in all rooms: that of the token, or a guest's. It is known from
   * the first answer with a seat or a ticket on, and empty before.
   */
  get playerId(): string {
    return this.#playerId;
  }

  /**
   * When the token of a guest expires, in milliseconds since 1970: whoever calls after it is another
   * guest. undefined for players with a token of their own, and before the first answer.
   */
  get guestExpires(): number | undefined {
    return this.#guestExpires;
  }

  /**
   * Returns a seat at once: in the match that the player is in, else in an open room with a
   * free place, else in a new room. If the room has no place after all when the player
   * comes, `connect` asks again, without that room.
   *
   * @throws {@link MatchmakingError}, like all calls.
   */
  async quickJoin(request: QuickJoinRequest = {}, options: CallOptions = {}): Promise<Assignment> {
    const { mode = '', kind = '', query = '', except = [], options: asked = {} } = request;
    const r = await this.#caller.call(
      (api, o) => api.quickJoin({ mode, kind, query, except, options: asked, self: selfOf(request) }, o),
      options.signal,
    );
    const a = this.#caller.assignment(r.assignment);
    if (a.rejoin || except.length >= maxExcept) return a;
    const other = { ...request, except: [...except, a.room] };
    return { ...a, again: (signal) => this.quickJoin(other, signal ? { signal } : {}) };
  }

  /**
   * Begins to wait for a match, alone or as the leader of a party. The ticket reports how it
   * is doing; the signal cancels it.
   */
  async enqueue(request: EnqueueRequest, options: CallOptions = {}): Promise<Ticket> {
    const { mode, party = [], query = '' } = request;
    const init = {
      mode,
      party,
      query,
      self: selfOf(request),
      attributes: attributesOf(request.attributes),
      noBackfill: request.backfill === false,
    };
    options.signal?.throwIfAborted();
    // An aborted call may have made a ticket all the same, which nobody would cancel.
    const asked = this.#caller.call((api, o) => api.enqueue(init, o));
    const r = await unlessAborted(asked, options.signal, async ({ ticket }) => {
      if (ticket) await new Ticket(this.#caller, ticket).cancel();
    });
    if (r.rejoin) return new Ticket(this.#caller, '', options.signal, this.#caller.assignment(r.rejoin));
    if (!r.ticket) throw new TypeError('the server answered with no ticket');
    return new Ticket(this.#caller, r.ticket, options.signal);
  }

  /**
   * Waits for a match: {@link Matchmaker.enqueue} and {@link Ticket.matched} in one.
   *
   * @param told is called whenever the ticket's state changes.
   * @throws {@link NoMatchError} if none was found in the time of the mode; the signal's reason if it was aborted.
   */
  async findMatch(
    request: EnqueueRequest,
    options: CallOptions = {},
    told?: (e: TicketEvent) => void,
  ): Promise<Assignment> {
    return (await this.enqueue(request, options)).matched(told);
  }

  /** Returns the ticket of a party that another player leads; call {@link Ticket.ready} next. */
  ticket(id: string, options: CallOptions = {}): Ticket {
    return new Ticket(this.#caller, id, options.signal);
  }

  /** Makes a private room, which others join by the code in the assignment, or an open one. */
  async createRoom(
    request: Self & { mode?: string; kind?: string; open?: boolean; options?: Record<string, string> } = {},
    options: CallOptions = {},
  ): Promise<Assignment> {
    const { mode = '', kind = '', open = false, options: asked = {} } = request;
    const r = await this.#caller.call(
      (api, o) => api.createRoom({ mode, kind, open, options: asked, self: selfOf(request) }, o),
      options.signal,
    );
    return this.#caller.assignment(r.assignment);
  }

  /** Returns a seat in a room, which is found by its code or, unless it is private, by its id. */
  async joinRoom(
    request: Self & ({ code: string } | { room: string }),
    options: CallOptions = {},
  ): Promise<Assignment> {
    const which = 'code' in request ? { code: request.code } : { room: request.room };
    const r = await this.#caller.call((api, o) => api.joinRoom({ ...which, self: selfOf(request) }, o), options.signal);
    return this.#caller.assignment(r.assignment);
  }

  /** Returns a spectator's seat in a room that is there. */
  async spectate(request: WatchRequest = {}, options: CallOptions = {}): Promise<Assignment> {
    let which: { code: string } | { room: string } | { kind: string; mode: string; query: string };
    if ('code' in request) which = { code: request.code };
    else if ('room' in request) which = { room: request.room };
    else which = { kind: request.kind ?? '', mode: request.mode ?? '', query: request.query ?? '' };
    const r = await this.#caller.call((api, o) => api.spectate({ ...which, self: selfOf(request) }, o), options.signal);
    return this.#caller.assignment(r.assignment, true);
  }

  /** Returns a page of the lobby, the list of open rooms. */
  async listRooms(request: RoomQuery = {}, options: CallOptions = {}): Promise<RoomList> {
    const { kind = '', mode = '', query = '', pageSize = 0, page = '' } = request;
    const r = await this.#caller.call(
      (api, o) => api.listRooms({ kind, mode, query, pageSize, pageToken: page }, o),
      options.signal,
    );
    return { next: r.nextPageToken, rooms: r.rooms.map(roomOf) };
  }

  /**
   * Iterates over the lobby: the list of open rooms as it is now, and again whenever something
   * in it has changed, about once a second at most. Lost connections do not end it; the signal
   * does, as does leaving the loop.
   *
   * ```ts
   * for await (const { rooms } of matchmaker.watchRooms({ kind: 'arena' })) show(rooms);
   * ```
   *
   * @throws {@link MatchmakingError} if the service refuses to tell.
   */
  watchRooms(request: Omit<RoomQuery, 'page'> = {}, options: CallOptions = {}): AsyncGenerator<Lobby, void, undefined> {
    return lobbyOf(this.#caller, request, options.signal);
  }

  // ------------------------------------------------------------------- calls

  async #call<R extends object>(fn: (api: Api, o: ConnectOptions) => Promise<R>, signal?: AbortSignal): Promise<R> {
    signal?.throwIfAborted();
    while (!this.#token && !this.#source && this.#first) await this.#first.catch(() => {});
    const done = this.#once(fn, signal);
    if (this.#token || this.#source) return done;
    this.#first = done;
    try {
      return await done;
    } finally {
      this.#first = undefined;
    }
  }

  async #once<R extends object>(fn: (api: Api, o: ConnectOptions) => Promise<R>, signal?: AbortSignal): Promise<R> {
    for (let again = false; ; again = true) {
      try {
        if (!this.#token && this.#caller.renewable) await this.#fetch();
        const o: ConnectOptions = { headers: bearer(this.#token) };
        if (signal) o.signal = signal;
        const r = await fn(this.#caller.api, o);
        const { guestToken, guestExpires, playerId } = r as {
          guestToken?: string;
          guestExpires?: Timestamp;
          playerId?: string;
        };
        if (guestToken) {
          this.#token = guestToken;
          this.#guestExpires = guestExpires && timestampMs(guestExpires);
        }
        if (playerId) this.#playerId = playerId;
        return r;
      } catch (err) {
        signal?.throwIfAborted();
        const e = wrap(err);
        if (again || !this.#caller.renewable || !(e instanceof MatchmakingError) || e.code !== 'unauthenticated')
          throw e;
        await this.#fetch();
      }
    }
  }

  /** Fetches a fresh token, once for all calls that wait for one. */
  #fetch(): Promise<string> {
    const source = this.#source as () => string | Promise<string>;
    this.#fetching ??= Promise.resolve()
      .then(source)
      .then((token) => {
        if (!token) throw new MatchmakingError('unauthenticated', 'there is no token');
        return (this.#token = token);
      })
      .finally(() => {
        this.#fetching = undefined;
      });
    return this.#fetching;
  }
}

function bearer(token: string): HeadersInit {
  return token ? { Authorization: `Bearer ${token}` } : {};
}

function attributesOf(list: Record<string, Attribute> = {}) {
  return Object.fromEntries(
    Object.entries(list).map(([name, v]) => {
      switch (typeof v) {
        case 'number':
          return [name, { value: { case: 'number' as const, value: v } }];
        case 'string':
          return [name, { value: { case: 'text' as const, value: v } }];
        case 'boolean':
          return [name, { value: { case: 'flag' as const, value: v } }];
      }
      return [name, { value: { case: 'set' as const, value: { items: [...v] } } }];
    }),
  );
}

/** Settles as p does, or is rejected when the signal is aborted; then late is called with the value of p. */
function unlessAborted<T>(
  p: Promise<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => Promise<void>,
): Promise<T> {
  if (!signal) return p;
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      reject(signal.reason as Error);
      p.then(late).catch(() => {}); // a ticket that can't be cancelled times out
    };
    signal.addEventListener('abort', abort, { once: true });
    p.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}
