import { Callbacks } from '../callbacks.js';
import { type ClientOptions, connect, type JoinOptions, type Place } from '../client.js';
import { danmaku } from '../games/danmaku.js';
import type { Room } from '../room.js';
import type { StateChange } from '../state.js';
import { Backlog } from './backlog.js';
import { commentOf, type LiveComment } from './comment.js';
import type { Position } from './lanes.js';
import { type LiveDesk, type LiveState, readDesk, readState } from './state.js';

/** The comments that are kept. */
const kept = 500;
/** How often likes are sent, in milliseconds, and how many at most. */
const likeEvery = 1000;
const maxLikes = 100;

/** How many comments a viewer wants: 1, the fewest, to 3, the most; 0: only those that are meant for the viewer. */
export type Tier = 0 | 1 | 2 | 3;

/**
 * How a live room is joined. With a `storage` a page that is loaded again is the same viewer: the room tells
 * it the last comments, as it tells whoever comes. The session of each show has a key of its own.
 */
export interface LiveOptions extends ClientOptions, Omit<JoinOptions, 'data'> {
  /** The name of the show. Default: the server's. */
  show?: string;
  /** How many comments. Default 3. */
  tier?: Tier;
}

/** How a comment looks, and what it is about. */
export interface SayOptions {
  /** 0xRRGGBB. */
  colour?: number;
  size?: 'small' | 'normal' | 'large';
  position?: Position;
  /** The comment that it answers. */
  replyTo?: bigint;
  /** Numbers of the authors whom it mentions, at most 5. */
  mentions?: readonly bigint[];
}

/** A gift that was given. */
export interface LiveGift {
  /** Rises with each gift of the show. */
  readonly number: bigint;
  readonly author: bigint;
  readonly name: string;
  /** What the backend calls it. */
  readonly gift: string;
  /** How it is shown. */
  readonly title: string;
  readonly count: number;
  /** How many of them the giver has given in a row, these included. */
  readonly combo: number;
  readonly value: number;
}

/** The events of a live room with their values; see {@link Live.on}. */
export interface LiveEvents {
  /** New comments, the oldest first; those of before the viewer came, too, which are `past`. */
  comments: readonly LiveComment[];
  /** A comment was said again by others, or turns out to be meant for the viewer. */
  changed: LiveComment;
  /** Comments were taken away, by a moderator. */
  removed: readonly LiveComment[];
  gift: LiveGift;
  /** Somebody came in, and so many others. */
  entered: { readonly author: bigint; readonly name: string; readonly badges: number; readonly others: number };
  /** The state has changed: {@link Live.state}, and for moderators {@link Live.desk}. */
  state: LiveState;
  /** What moderators have decided about the viewer: muted until a time in milliseconds since 1970, 0 for good. */
  standing: { readonly muted: boolean; readonly until: number; readonly reason: string };
  /** The numbers of authors have changed: all comments are new, and mutes that the page knows by them are void. */
  renumbered: undefined;
  /** The state of the connection. */
  connection: StateChange;
}

/** Badges, of which {@link LiveComment.badges} has the sum. */
export const Badge = { follower: 1, member: 2, subscriber: 4, moderator: 8, host: 16 } as const;

const places: Readonly<Record<Position, number>> = { scroll: 0, top: 1, bottom: 2 };
const sizes = { normal: 0, small: 1, large: 2 } as const;

/**
 * A live room: its comments, gifts, polls and all else that is to be seen there, and what a viewer can do.
 * It comes back by itself when the connection is lost.
 */
export class Live {
  /** The room beneath, with the connection's statistics. */
  readonly room: Room<typeof danmaku>;
  readonly #backlog = new Backlog(kept);
  readonly #listeners = new Map<keyof LiveEvents, Callbacks<[never]>>();
  readonly #arrived: LiveComment[] = [];
  readonly #ends: (() => void)[] = [];
  #state: LiveState | undefined;
  #desk: LiveDesk | undefined;
  #author = 0n;
  #badges = 0;
  #likes = 0;
  #liking: ReturnType<typeof setTimeout> | undefined;
  #mayWrite = 0;

  /** Joins a live room. See {@link connect}. */
  static async join(to: string | Place, options: LiveOptions = {}): Promise<Live> {
    const { show, tier, ...rest } = options;
    const o: ClientOptions & JoinOptions = rest;
    if (show !== undefined) o.options = { ...o.options, show };
    if (o.storage && o.storageKey === undefined) {
      const { url, room } = typeof to === 'string' ? { url: to, room: '' } : to;
      o.storageKey = `tickroom live ${url} ${show ?? ''} ${room ?? ''}`;
    }
    if (tier !== undefined) o.data = enter(tier);
    const live = new Live(await connect(to, danmaku, o));
    // A session that is resumed has the tier that it had.
    if (tier !== undefined && o.storage) void live.setTier(tier).catch(() => undefined);
    return live;
  }

  /** Makes one of a room that was joined otherwise, at once after it was. */
  constructor(room: Room<typeof danmaku>) {
    this.room = room;
    const on = this.#ends;
    on.push(
      room.onEvent(danmaku.Welcome, (e) => this.#welcome(e)),
      room.onEvent(danmaku.Comment, (e) => this.#take(commentOf(e, this.#author))),
      room.onEvent(danmaku.Tally, (e) => this.#change(e.comment, (c) => ({ ...c, count: e.same + 1 }))),
      room.onEvent(danmaku.Removed, (e) => this.#remove(e)),
      room.onEvent(danmaku.Gifted, (e) => this.#emit('gift', { ...e, value: Number(e.value) })),
      room.onEvent(danmaku.Entered, (e) => this.#emit('entered', e)),
      room.onEvent(danmaku.Standing, (e) =>
        this.#emit('standing', { muted: e.muted, until: Number(e.untilMs), reason: e.reason }),
      ),
      room.on('change', () => {
        this.#state = this.#desk = undefined;
        if (this.#listeners.has('state')) this.#emit('state', this.state);
      }),
      room.on('snapshot', () => this.#flush()),
      room.on('state', (s) => this.#emit('connection', s)),
    );
  }

  /** The newest comments, the oldest first. The array is another one when they have changed. */
  get comments(): readonly LiveComment[] {
    return this.#backlog.all;
  }

  /** What is to be seen besides comments. Another object when it has changed. */
  get state(): LiveState {
    return (this.#state ??= readState(this.room.tables));
  }

  /** What moderators see besides. */
  get desk(): LiveDesk {
    return (this.#desk ??= readDesk(this.room.tables));
  }

  /** The viewer's own number, as in {@link LiveComment.author}; 0 before it is known. */
  get author(): bigint {
    return this.#author;
  }

  /** The sum of the viewer's badges. */
  get badges(): number {
    return this.#badges;
  }

  /** Whether the viewer may moderate. */
  get moderator(): boolean {
    return (this.#badges & (Badge.moderator | Badge.host)) !== 0;
  }

  /** Milliseconds until the viewer may write again, as far as is known. */
  get wait(): number {
    return Math.max(0, this.#mayWrite - performance.now());
  }

  /** The server's clock, in milliseconds since 1970. */
  get now(): number {
    const now = this.room.serverTime();
    return Number.isNaN(now) ? Date.now() : now;
  }

  /** Returns the comment with an id, if it is among those that are kept. */
  comment(id: bigint): LiveComment | undefined {
    return this.#backlog.get(id);
  }

  /**
   * Calls fn whenever an event happens.
   *
   * @returns a function that removes fn.
   */
  on<E extends keyof LiveEvents>(event: E, fn: (what: LiveEvents[E]) => void): () => void {
    let list = this.#listeners.get(event);
    if (!list) this.#listeners.set(event, (list = new Callbacks()));
    return list.add(fn as (what: never) => void);
  }

  // ---------------------------------------------------------------- what viewers do

  /**
   * Writes a comment. It comes back among the {@link LiveEvents.comments} before the promise resolves, or soon after.
   *
   * @returns the comment's id.
   * @throws CommandError with the reason for the viewer, if it was not taken.
   */
  async say(text: string, options: SayOptions = {}): Promise<bigint> {
    const said = await this.room.command(danmaku.say, {
      text,
      color: options.colour ?? 0,
      size: sizes[options.size ?? 'normal'],
      place: places[options.position ?? 'scroll'],
      replyTo: options.replyTo ?? 0n,
      mentions: [...(options.mentions ?? [])],
    });
    this.#mayWrite = performance.now() + said.waitMs;
    return said.comment;
  }

  /** Likes the stream once more. Likes are gathered, and sent once a second. */
  like(): void {
    this.#likes++;
    this.#liking ??= setTimeout(() => {
      const count = Math.min(maxLikes, this.#likes);
      this.#likes = 0;
      this.#liking = undefined;
      // A like that is lost with the connection is no loss.
      this.room.command(danmaku.like, { count }).catch(() => {});
    }, likeEvery);
  }

  /** Chooses how many comments come. */
  async setTier(tier: Tier): Promise<void> {
    await this.room.command(danmaku.setTier, { tier });
  }

  /** Says whose comments come in any case: at most 50 authors. */
  async follow(authors: readonly bigint[]): Promise<void> {
    await this.room.command(danmaku.follow, { authors: [...authors] });
  }

  /** Answers a poll. The first answer counts. */
  async vote(poll: number, choice: number): Promise<void> {
    await this.room.command(danmaku.vote, { poll, choice });
  }

  /** Reports a comment to the moderators. */
  async report(comment: bigint, reason = ''): Promise<void> {
    await this.room.command(danmaku.complain, { comment, reason });
  }

  /** Leaves the room. */
  async leave(): Promise<void> {
    clearTimeout(this.#liking);
    await this.room.leave();
    for (const end of this.#ends.splice(0)) end();
  }

  // ---------------------------------------------------------------- receiving

  #welcome(e: danmaku.Welcome): void {
    const again = this.#author !== 0n && this.#author !== e.author;
    this.#author = e.author;
    this.#badges = e.badges;
    if (again) {
      this.#backlog.clear();
      this.#arrived.length = 0;
      this.#emit('renumbered', undefined);
    }
    this.#arrived.push(...e.comments.map((c) => commentOf(c, e.author, true)));
  }

  #take(c: LiveComment): void {
    const before = this.#backlog.get(c.id) ?? this.#arrived.find((a) => a.id === c.id);
    if (!before) {
      this.#arrived.push(c);
      return;
    }
    // It came to the viewer alone before, and comes to all now, or the other way round.
    const own = before.own || c.own;
    const mention = before.mention || c.mention;
    const count = Math.max(before.count, c.count);
    this.#change(c.id, (b) => ({ ...b, own, mention, first: b.first || c.first, count }));
  }

  #change(id: bigint, by: (c: LiveComment) => LiveComment): void {
    const i = this.#arrived.findIndex((c) => c.id === id);
    if (i >= 0) {
      this.#arrived[i] = by(this.#arrived[i]);
      return;
    }
    const before = this.#backlog.get(id);
    if (!before) return;
    const after = by(before);
    if (after.count === before.count && after.mention === before.mention && after.own === before.own) return;
    this.#backlog.replace(after);
    this.#emit('changed', after);
  }

  #remove({ comment, author }: danmaku.Removed): void {
    this.#flush();
    const gone = this.#backlog.remove((c) => (author !== 0n ? c.author === author : c.id === comment));
    if (gone.length > 0) this.#emit('removed', gone);
  }

  /** Hands over the comments of a snapshot. */
  #flush(): void {
    if (this.#arrived.length === 0) return;
    const fresh = this.#backlog.add(this.#arrived.splice(0));
    if (fresh.length > 0) this.#emit('comments', fresh);
  }

  #emit<E extends keyof LiveEvents>(event: E, what: LiveEvents[E]): void {
    this.#listeners.get(event)?.call(what as never);
  }
}

/** Encodes the message Enter, which a hello brings. */
function enter(tier: Tier): Uint8Array {
  return Uint8Array.of(0x08, tier === 0 ? noTier : tier);
}

/** What stands for tier 0 in a hello, where 0 is what is usual. */
const noTier = 4;
