// The model of a live room, on a room whose events and rows the test makes.

import { beforeEach, describe, expect, test, vi } from 'vitest';

import { danmaku } from '../src/games/danmaku.js';
import type { CommandType, EventType, InitOf, Message, Room } from '../src/index.js';
import { Live, type LiveComment, Moderation, settings } from '../src/live/index.js';
import { light } from '../src/live/label.js';
import { createMessage } from '../src/message.js';

class FakeRoom {
  state = 'live' as const;
  readonly tables = Object.fromEntries(Object.keys(danmaku.components).map((name) => [name, [] as object[]])) as Record<
    keyof typeof danmaku.components,
    object[]
  >;
  readonly sent: unknown[] = [];
  answer: Message = { $typeName: 'none' };
  readonly #events = new Map<number, (e: Message) => void>();
  readonly #on = new Map<string, (what: unknown) => void>();

  onEvent(type: EventType, fn: (e: never, tick: number) => void): () => void {
    this.#events.set(type.id, fn as (e: Message) => void);
    return () => this.#events.delete(type.id);
  }

  on(event: string, fn: (what: never) => void): () => void {
    this.#on.set(event, fn as (what: unknown) => void);
    return () => this.#on.delete(event);
  }

  command(_: CommandType<Message, Message | undefined>, init: object): Promise<unknown> {
    this.sent.push(init);
    return Promise.resolve(this.answer);
  }

  serverTime(): number {
    return 5000;
  }

  leave(): Promise<void> {
    return Promise.resolve();
  }

  event<M extends Message>(type: EventType<M>, init: InitOf<M>): this {
    this.#events.get(type.id)?.(createMessage(type.message, init));
    return this;
  }

  /** Ends a snapshot. */
  snapshot(): void {
    this.#on.get('change')?.(1);
    this.#on.get('snapshot')?.(1);
  }
}

let room: FakeRoom;
let live: Live;
let batches: (readonly LiveComment[])[];

const said = (id: bigint, more: InitOf<danmaku.Comment> = {}): InitOf<danmaku.Comment> => ({
  id,
  author: 7n,
  name: 'Ann',
  text: `text ${id}`,
  ...more,
});

beforeEach(() => {
  room = new FakeRoom();
  live = new Live(room as unknown as Room<typeof danmaku>);
  batches = [];
  live.on('comments', (c) => batches.push(c));
});

describe('comments', () => {
  test('those of before come first, and are past', () => {
    room.event(danmaku.Welcome, { author: 9n, badges: 8, comments: [said(1n), said(2n, { author: 9n })] });
    room.event(danmaku.Comment, said(3n, { why: 2, color: 0xff8800, size: 2, place: 1, same: 3 }));
    expect(batches).toHaveLength(0);
    room.snapshot();
    expect(batches).toHaveLength(1);
    expect(live.comments.map((c) => [c.id, c.past, c.own, c.mention])).toEqual([
      [1n, true, false, false],
      [2n, true, true, false],
      [3n, false, false, true],
    ]);
    expect(live.comments[2]).toMatchObject({ colour: 0xff8800, size: 'large', position: 'top', count: 4, first: true });
    expect(live.author).toBe(9n);
    expect(live.moderator).toBe(true);
  });

  test('a comment that comes again is the same one', () => {
    const changed: LiveComment[] = [];
    live.on('changed', (c) => changed.push(c));
    room
      .event(danmaku.Comment, said(1n, { why: 4 }))
      .event(danmaku.Comment, said(1n))
      .snapshot();
    room.event(danmaku.Comment, said(1n)).snapshot();
    room.event(danmaku.Comment, said(2n)).snapshot();
    expect(live.comments.map((c) => [c.id, c.own])).toEqual([
      [1n, true],
      [2n, false],
    ]);
    expect(changed).toEqual([]);
    room.event(danmaku.Comment, said(2n, { why: 3 })).snapshot();
    expect(changed.map((c) => [c.id, c.mention])).toEqual([[2n, true]]);
    expect(batches.flat().map((c) => c.id)).toEqual([1n, 2n]);
  });

  test('a tally counts, before and after its comment was handed over', () => {
    const changed: number[] = [];
    live.on('changed', (c) => changed.push(c.count));
    room.event(danmaku.Comment, said(1n)).event(danmaku.Tally, { comment: 1n, same: 4 }).snapshot();
    expect(batches[0]?.[0]?.count).toBe(5);
    room.event(danmaku.Tally, { comment: 1n, same: 23 }).event(danmaku.Tally, { comment: 99n, same: 1 }).snapshot();
    expect(changed).toEqual([24]);
    expect(live.comment(1n)?.count).toBe(24);
  });

  test('one is removed, or all of an author', () => {
    const gone: bigint[] = [];
    live.on('removed', (list) => gone.push(...list.map((c) => c.id)));
    room
      .event(danmaku.Comment, said(1n))
      .event(danmaku.Comment, said(2n, { author: 8n }))
      .snapshot();
    room.event(danmaku.Comment, said(3n)).event(danmaku.Removed, { comment: 3n }).snapshot();
    expect(gone).toEqual([3n]);
    room.event(danmaku.Removed, { author: 7n }).snapshot();
    expect(gone).toEqual([3n, 1n]);
    expect(live.comments.map((c) => c.id)).toEqual([2n]);
    expect(live.comment(1n)).toBeUndefined();
  });

  test('some hundred are kept', () => {
    for (let i = 1n; i <= 2000n; i++) room.event(danmaku.Comment, said(i)).snapshot();
    expect(live.comments.length).toBeGreaterThanOrEqual(500);
    expect(live.comments.length).toBeLessThanOrEqual(750);
    expect(live.comments.at(-1)?.id).toBe(2000n);
    expect(live.comment(1n)).toBeUndefined();
  });

  test('other numbers of authors make all new', () => {
    const again = vi.fn();
    live.on('renumbered', again);
    room.event(danmaku.Welcome, { author: 9n, comments: [said(1n)] }).snapshot();
    room.event(danmaku.Welcome, { author: 9n, comments: [said(1n), said(2n)] }).snapshot();
    expect(again).not.toHaveBeenCalled();
    room.event(danmaku.Welcome, { author: 5n, comments: [said(2n, { author: 4n })] }).snapshot();
    expect(again).toHaveBeenCalledOnce();
    expect(live.comments.map((c) => c.author)).toEqual([4n]);
  });
});

test('what is written', async () => {
  room.answer = createMessage(danmaku.say.reply!, { comment: 4n, waitMs: 3000 });
  await expect(live.say('hi', { colour: 0xff, size: 'small', position: 'bottom', replyTo: 3n })).resolves.toBe(4n);
  expect(room.sent).toEqual([{ text: 'hi', color: 255, size: 1, place: 2, replyTo: 3n, mentions: [] }]);
  expect(live.wait).toBeGreaterThan(2000);
  expect(live.wait).toBeLessThanOrEqual(3000);
});

test('likes are gathered', async () => {
  vi.useFakeTimers();
  try {
    for (let i = 0; i < 130; i++) live.like();
    expect(room.sent).toEqual([]);
    await vi.advanceTimersByTimeAsync(1000);
    live.like();
    await vi.advanceTimersByTimeAsync(1000);
    expect(room.sent).toEqual([{ count: 100 }, { count: 1 }]);
  } finally {
    vi.useRealTimers();
  }
});

test('the state is made of rows', () => {
  const t = room.tables;
  t.stage.push({
    show: 'main',
    live: true,
    recording: false,
    startedMs: 3n,
    emotes: ['wave'],
    maxText: 60,
    tiers: [5, 20, 60],
  });
  t.audience.push({ viewers: 12, houses: 1, peak: 20, likes: 7n, comments: 3n, gifts: 2n });
  t.drops.push(drops(false, { crowded: 3n, collated: 9n, slow: 2n }), drops(true, { crowded: 1n }));
  t.poll.push(
    { poll: 1, question: 'A?', untilMs: 0n, closed: true },
    { poll: 2, question: 'B?', untilMs: 9n, closed: false },
  );
  t.choice.push(
    { poll: 2, choice: 2, text: 'no', votes: 3n },
    { poll: 2, choice: 1, text: 'yes', votes: 4n },
    { poll: 1, choice: 1, text: 'x', votes: 1n },
  );
  t.lottery.push({
    lottery: 1,
    word: 'w',
    prize: 'p',
    places: 1,
    untilMs: 0n,
    entrants: 4,
    drawn: true,
    winners: [7n],
    names: ['Ann'],
  });
  const states: number[] = [];
  live.on('state', (s) => states.push(s.viewers));
  room.snapshot();
  expect(states).toEqual([12]);
  const { state } = live;
  expect(state.drops.dropped).toBe(5);
  expect(state.drops.reasons.collated).toBe(9);
  expect(state.houseDrops.dropped).toBe(1);
  expect(state.polls.map((p) => [p.question, p.votes, p.choices.map((c) => c.text)])).toEqual([
    ['B?', 7, ['yes', 'no']],
    ['A?', 1, ['x']],
  ]);
  expect(state.lottery?.winners).toEqual([{ author: 7n, name: 'Ann' }]);
  expect(state.announcement).toBeUndefined();
  expect(live.state).toBe(state);
});

test('a moderator changes one mode, and the others stay', async () => {
  room.tables.modes.push({
    slow: 8,
    slowSet: 5,
    slowAuto: true,
    followers: true,
    members: false,
    subscribers: false,
    emotesOnly: false,
    unique: true,
  });
  await new Moderation(live).setModes({ emotesOnly: true });
  expect(room.sent).toEqual([
    { slow: 5, slowAuto: true, followers: true, members: false, subscribers: false, emotesOnly: true, unique: true },
  ]);
});

test('settings are held within bounds, and what is none is passed over', () => {
  const s = settings({ opacity: 0, fontSize: 9, most: 50, area: Number.NaN, top: false, bottom: 'no', nothing: 1 });
  expect(s).toMatchObject({ opacity: 0.1, fontSize: 2, most: 50, area: 0.75, top: false, bottom: true });
  expect(s).not.toHaveProperty('nothing');
  expect(settings('{}')).toEqual(settings());
});

test('dark letters are made lighter, and others stay', () => {
  expect(light(0xffc861)).toBe(0xffc861);
  expect(light(0)).toBe(0x737373);
  expect(light(0x0000ff)).toBe(0x6161ff);
});

function drops(house: boolean, some: object): object {
  const none = { said: 0n, shown: 0n, crowded: 0n, old: 0n, slow: 0n, busy: 0n, mode: 0n, word: 0n, muted: 0n };
  return { house, ...none, review: 0n, text: 0n, collated: 0n, repeated: 0n, ...some };
}
