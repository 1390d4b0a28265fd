// The matchmaking client against a service in the same process.

import type { MessageInitShape } from '@bufbuild/protobuf';
import { timestampFromMs } from '@bufbuild/protobuf/wkt';
import { Code, ConnectError, createRouterTransport, type HandlerContext, type ServiceImpl } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-web';
import { describe, expect, test, vi } from 'vitest';

import {
  type EnqueueRequest,
  MatchmakingService,
  TicketState,
  type WatchResponseSchema,
} from '../src/gen/tickroom/v1/matchmaking_pb.js';
import { Matchmaker, type MatchmakerOptions, MatchmakingError, type TicketEvent } from '../src/matchmaking/index.js';
import { FakeClock, settle } from './fake.js';

type Watch = MessageInitShape<typeof WatchResponseSchema>;
type Service = Partial<ServiceImpl<typeof MatchmakingService>>;

const waiting: Watch = { state: TicketState.WAITING, since: timestampFromMs(5000), waiting: 3 };
const matched: Watch = {
  state: TicketState.MATCHED,
  assignment: {
    kind: 'arena',
    room: 'r7',
    seat: 's7',
    mode: 'duel',
    team: 1,
    teams: [{ win: 0.5, seats: [{ player: 'ann', name: 'Ann', role: '' }] }],
  },
};

function setUp(service: Service, o: MatchmakerOptions = {}) {
  const clock = new FakeClock();
  const transport = createRouterTransport(
    ({ service: add }) => void add(MatchmakingService, { enqueue: () => ({ ticket: 't1' }), ...service }),
  );
  return { clock, m: new Matchmaker({ url: 'https://play.example.com', transport, clock, random: () => 1, ...o }) };
}

const bearer = (ctx: HandlerContext): string => ctx.requestHeader.get('Authorization') ?? '';

/** A service whose watches follow scripts, one after the other. */
function watches(...list: ((signal: AbortSignal) => AsyncGenerator<Watch>)[]): Service & { asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    watch: (q, ctx) => {
      asked.push(`${q.ticket} ${bearer(ctx)}`);
      return list[Math.min(asked.length, list.length) - 1](ctx.signal);
    },
  } as Service & { asked: string[] };
}

async function* says(...list: Watch[]): AsyncGenerator<Watch> {
  yield* list;
}

/** A watch that sends a list, and nothing more until the client closes it. */
async function* stays(signal: AbortSignal, ...list: Watch[]): AsyncGenerator<Watch> {
  yield* list;
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
}

// biome-ignore lint/correctness/useYield: a stream that fails before anything comes.
async function* fails(code: Code, text: string, seconds = 0): AsyncGenerator<Watch> {
  throw new ConnectError(text, code, seconds > 0 ? { 'Retry-After': String(seconds) } : undefined);
}

/** Advances the time until a promise is settled. */
async function through<T>(clock: FakeClock, p: Promise<T>): Promise<T> {
  let done = false;
  const end = (): void => void (done = true);
  p.then(end, end);
  for (let i = 0; i < 1000 && !done; i++) {
    await new Promise((resolve) => setImmediate(resolve));
    await clock.pass(100);
  }
  return p;
}

describe('a seat at once', () => {
  test('is asked for, and where it is', async () => {
    const seen = vi.fn();
    const { m } = setUp(
      {
        quickJoin: (q, ctx) => {
          seen(q.mode, q.kind, q.query, q.self, bearer(ctx));
          return {
            assignment: {
              url: q.mode === 'far' ? 'wss://eu1.example.com/ws' : '',
              kind: 'arena',
              room: 'r1',
              seat: 's1',
              expires: timestampFromMs(9000),
            },
          };
        },
      },
      { token: 'ann' },
    );
    const a = await m.quickJoin({
      kind: 'arena',
      name: 'Ann',
      roles: ['healer'],
      latencyMs: { eu: 20 },
      query: 'players > 3',
    });
    expect(a).toMatchObject({
      url: 'wss://play.example.com/ws',
      kind: 'arena',
      room: 'r1',
      seat: 's1',
      token: 'ann',
      spectator: false,
      expires: new Date(9000),
    });
    expect(seen).toHaveBeenCalledWith(
      '',
      'arena',
      'players > 3',
      expect.objectContaining({ name: 'Ann', roles: ['healer'], latencyMs: { eu: 20 } }),
      'Bearer ann',
    );
    expect((await m.quickJoin({ mode: 'far' })).url).toBe('wss://eu1.example.com/ws');
  });

  test('makes a guest known, once', async () => {
    let guests = 0;
    const { m } = setUp({
      quickJoin: async (_, ctx) => {
        await settle();
        return {
          assignment: { seat: bearer(ctx) || 'first' },
          guestToken: bearer(ctx) ? '' : `guest${++guests}`,
          guestExpires: bearer(ctx) ? undefined : timestampFromMs(1_767_225_600_000),
          playerId: 'guest:1',
        };
      },
    });
    expect(m.guestExpires).toBeUndefined();
    const list = await Promise.all([1, 2, 3, 4].map(() => m.quickJoin()));
    expect(m.playerId).toBe('guest:1');
    expect(m.guestExpires).toBe(1_767_225_600_000);
    expect(list.map((a) => [a.seat, a.token])).toEqual([
      ['first', 'guest1'],
      ...Array(3).fill(['Bearer guest1', 'guest1']),
    ]);
  });

  test('is asked for with a fresh token when one is refused', async () => {
    const quickJoin: Service['quickJoin'] = (_, ctx) => {
      if (bearer(ctx) !== 'Bearer t2') throw new ConnectError('it has expired', Code.Unauthenticated);
      return { assignment: { seat: 's' } };
    };
    let n = 0;
    const token = vi.fn(() => Promise.resolve(`t${++n}`));
    const { m } = setUp({ quickJoin }, { token });
    const a = await m.quickJoin();
    expect(a.token).toBe(token);
    expect(token).toHaveBeenCalledTimes(2);
    await expect(setUp({ quickJoin }, { token: () => 'bad' }).m.quickJoin()).rejects.toMatchObject({
      code: 'unauthenticated',
    });
    await expect(setUp({ quickJoin }, { token: 'bad' }).m.quickJoin()).rejects.toMatchObject({
      code: 'unauthenticated',
      message: 'it has expired',
    });
  });

  test('is refused with what was wrong, and when to come again', async () => {
    const { m } = setUp({
      quickJoin: () => {
        throw new ConnectError('Redis is away', Code.Unavailable, { 'Retry-After': '2.5' });
      },
    });
    const err = await m.quickJoin().catch((e: unknown) => e as MatchmakingError);
    expect(err).toBeInstanceOf(MatchmakingError);
    expect(err).toMatchObject({
      name: 'MatchmakingError',
      code: 'unavailable',
      message: 'Redis is away',
      retryAfterMs: 2500,
      temporary: true,
    });
    await expect(m.listRooms()).rejects.toMatchObject({ code: 'unimplemented', temporary: false });
    const signal = AbortSignal.abort(new Error('never mind'));
    await expect(m.quickJoin({}, { signal })).rejects.toThrow('never mind');
  });
});

describe('a seat in a room that has no place after all', () => {
  test('is asked for again, in another room', async () => {
    const seen: string[][] = [];
    const { m } = setUp({
      quickJoin: (q) => {
        seen.push(q.except);
        return { assignment: { room: `r${seen.length}`, seat: 's', rejoin: q.except.length === 2 } };
      },
    });
    const first = await m.quickJoin({ kind: 'arena' });
    const second = await first.again!();
    expect((await second.again!()).again).toBeUndefined();
    expect(seen).toEqual([[], ['r1'], ['r1', 'r2']]);
  });
});

describe('rooms', () => {
  test('are made, joined, listed and watched', async () => {
    const assignment = { room: 'r2', seat: 's2', code: 'ABCD' };
    const { m } = setUp({
      createRoom: (q) => ({ assignment: { ...assignment, mode: q.mode } }),
      joinRoom: (q) => ({ assignment: { ...assignment, room: q.code || q.room } }),
      spectate: (q) => ({ assignment: { ...assignment, mode: q.mode, kind: q.kind } }),
      listRooms: (q) => ({
        rooms: [
          {
            room: 'r1',
            players: 3,
            watching: 2,
            maxWatching: 9,
            locked: true,
            capacity: q.pageSize,
            created: timestampFromMs(7000),
            labels: {
              map: { value: { case: 'text', value: 'dust' } },
              level: { value: { case: 'number', value: 4 } },
              open: { value: { case: 'flag', value: true } },
              newer: {},
            },
            options: { map: 'dust' },
            show: 'tonight',
          },
        ],
        nextPageToken: 'more',
      }),
    });
    expect(await m.createRoom({ mode: 'duel' })).toMatchObject({ code: 'ABCD', mode: 'duel' });
    expect(await m.joinRoom({ code: 'ABCD' })).toMatchObject({ room: 'ABCD' });
    expect(await m.joinRoom({ room: 'r9' })).toMatchObject({ room: 'r9' });
    expect(await m.spectate({ room: 'r2' })).toMatchObject({ spectator: true });
    expect(await m.spectate({ kind: 'arena', mode: 'duel' })).toMatchObject({ kind: 'arena', mode: 'duel' });
    expect(await m.listRooms({ pageSize: 7 })).toEqual({
      next: 'more',
      rooms: [
        {
          room: 'r1',
          kind: '',
          mode: '',
          region: '',
          players: 3,
          capacity: 7,
          spectators: false,
          watching: 2,
          maxWatching: 9,
          locked: true,
          created: new Date(7000),
          labels: { map: 'dust', level: 4, open: true },
          options: { map: 'dust' },
          show: 'tonight',
        },
      ],
    });
  });

  test('are watched as a list', async () => {
    const asked: string[] = [];
    const { m, clock } = setUp({
      watchRooms: async function* (q, ctx) {
        asked.push(`${q.kind} ${q.query} ${q.pageSize}`);
        if (asked.length > 1) {
          yield { complete: true, rooms: [{ room: 'new' }] };
          await new Promise<void>((resolve) => ctx.signal.addEventListener('abort', () => resolve()));
          return;
        }
        yield { complete: true, rooms: [{ room: 'b', players: 1 }, { room: 'a' }], more: true };
        yield { more: true }; // the stream is alive
        yield { rooms: [{ room: 'b', players: 2 }, { room: 'c' }], gone: ['a'] };
        throw new ConnectError('going away', Code.Unavailable);
      },
    });
    const leave = new AbortController();
    const seen: [string, boolean, string | undefined][] = [];
    const done = (async () => {
      const { signal } = leave;
      for await (const l of m.watchRooms({ kind: 'arena', query: 'map == "ice"', pageSize: 2 }, { signal })) {
        seen.push([l.rooms.map((r) => `${r.room}${r.players}`).join(' '), l.more, l.away]);
        if (seen.length === 4) leave.abort();
      }
    })();
    await through(clock, done);
    expect(seen).toEqual([
      ['a0 b1', true, undefined],
      ['b2 c0', false, undefined],
      ['b2 c0', false, 'going away'],
      ['new0', false, undefined],
    ]);
    expect(asked).toEqual(Array(2).fill('arena map == "ice" 2'));
  });

  test('are not watched where the service refuses to tell', async () => {
    const { m } = setUp({});
    await expect(m.watchRooms().next()).rejects.toMatchObject({ code: 'unimplemented' });
  });
});

describe('a ticket', () => {
  test('says what it wants', async () => {
    let got: EnqueueRequest | undefined;
    const { m } = setUp({
      enqueue: (q) => {
        got = q;
        return { ticket: 't1' };
      },
    });
    const t = await m.enqueue({
      mode: 'duel',
      party: ['bob'],
      attributes: { level: 3, map: 'lava', ranked: true, langs: ['en', 'zh'] },
      query: 'level > 1',
      backfill: false,
    });
    expect(t.id).toBe('t1');
    expect(got).toMatchObject({ mode: 'duel', party: ['bob'], query: 'level > 1', noBackfill: true });
    expect(Object.entries(got!.attributes).map(([k, v]) => [k, v.value.case])).toEqual([
      ['level', 'number'],
      ['map', 'text'],
      ['ranked', 'flag'],
      ['langs', 'set'],
    ]);
  });

  test('tells how it goes, through a service that is away and streams that break', async () => {
    const service = watches(
      () => fails(Code.Unavailable, 'away', 2),
      () => says(waiting),
      async function* () {
        yield { state: TicketState.GATHERING, missing: ['bob'] };
        throw new TypeError('Failed to fetch');
      },
      () => says(matched),
    );
    const { m, clock } = setUp(service, { token: 'ann' });
    const events: TicketEvent[] = [];
    const a = await through(
      clock,
      m.findMatch({ mode: 'duel' }, {}, (e) => events.push(e)),
    );
    expect(a).toMatchObject({
      room: 'r7',
      seat: 's7',
      team: 1,
      url: 'wss://play.example.com/ws',
      teams: [{ win: 0.5, seats: [{ player: 'ann' }] }],
    });
    expect(events.map((e) => e.state)).toEqual(['away', 'waiting', 'away', 'gathering', 'away', 'matched']);
    expect(events[0]).toEqual({ state: 'away', why: 'away', retryInMs: 2200 });
    expect(events[1]).toEqual({ state: 'waiting', since: new Date(5000), waiting: 3 });
    expect(service.asked).toEqual(Array(4).fill('t1 Bearer ann'));
    expect(clock.pending).toBe(0);
  });

  test.each<[string, string, number]>([
    ['seconds', '45', 45_000],
    ['parts of one', '0.5', 500],
    ['a date', new Date(Date.now() + 90_000).toUTCString(), 89_000],
    ['too much', '86400', 300_000],
    ['nonsense', 'soon', 0],
  ])('waits for as long as an answer of HTTP asks: %s', async (_, header, ms) => {
    const m = new Matchmaker({
      url: 'https://play.example.com',
      token: 'ann',
      random: () => 0,
      transport: createConnectTransport({
        baseUrl: 'https://play.example.com',
        fetch: async () => new Response('<html>', { status: 503, headers: { 'Retry-After': header } }),
      }),
    });
    const abort = new AbortController();
    for await (const e of m.ticket('t1', { signal: abort.signal })) {
      if (e.state !== 'away') throw new Error(e.state);
      // A date is of whole seconds, and the machine may be slow.
      expect(e.retryInMs).toBeGreaterThanOrEqual(header.includes('GMT') ? ms - 60_000 : ms);
      expect(e.retryInMs).toBeLessThanOrEqual(ms + 1000);
      break;
    }
    await expect(m.quickJoin()).rejects.toMatchObject({ code: 'unavailable', temporary: true });
  });

  test.each([
    [TicketState.CANCELLED, 'cancelled'],
    [TicketState.TIMED_OUT, 'timed out'],
  ])('ends without a match: %i', async (state, name) => {
    const { m } = setUp(watches(() => says(waiting, { state })));
    await expect(m.findMatch({ mode: 'duel' })).rejects.toMatchObject({ name: 'NoMatchError', state: name });
    const events = [];
    for await (const e of await m.enqueue({ mode: 'duel' })) events.push(e.state);
    expect(events).toEqual(['waiting', name]);
  });

  test('that nobody knows is no ticket', async () => {
    const { m } = setUp(watches(() => fails(Code.NotFound, 'there is no such ticket')));
    await expect(m.ticket('x').matched()).rejects.toMatchObject({
      code: 'not_found',
      message: 'there is no such ticket',
    });
  });

  test('leads back into a match that runs', async () => {
    const { m } = setUp({ enqueue: () => ({ rejoin: { room: 'r9', seat: 's9', rejoin: true } }) });
    const t = await m.enqueue({ mode: 'duel' });
    expect(await t.matched()).toMatchObject({ room: 'r9', rejoin: true });
    expect(await t.cancel()).toBe(false);
  });

  test('is cancelled by its signal while it is being made', async () => {
    const cancel = vi.fn(() => ({ cancelled: true }));
    let made = (): void => {};
    const { m, clock } = setUp({
      enqueue: async () => {
        await new Promise<void>((resolve) => (made = resolve));
        return { ticket: 't1' };
      },
      cancel,
    });
    const stop = new AbortController();
    const found = m.findMatch({ mode: 'duel' }, { signal: stop.signal });
    await settle();
    stop.abort(new Error('never mind'));
    await expect(found).rejects.toThrow('never mind');
    expect(cancel).not.toHaveBeenCalled();
    made();
    await vi.waitFor(() => expect(cancel).toHaveBeenCalledTimes(1));
    expect(clock.pending).toBe(0);
    // Too late: nothing is asked for.
    await expect(m.enqueue({ mode: 'duel' }, { signal: stop.signal })).rejects.toThrow('never mind');
  });

  test('is cancelled by its signal', async () => {
    const cancel = vi.fn(() => ({ cancelled: true }));
    const { m, clock } = setUp({ ...watches((signal) => stays(signal, waiting)), cancel });
    const stop = new AbortController();
    const found = m.findMatch({ mode: 'duel' }, { signal: stop.signal }, () => stop.abort(new Error('never mind')));
    await expect(through(clock, found)).rejects.toThrow('never mind');
    expect(cancel).toHaveBeenCalledTimes(1);
    expect(clock.pending).toBe(0);
  });

  test('is watched anew when nothing was heard for long', async () => {
    const service = watches(
      (signal) => stays(signal, waiting),
      () => says(matched),
    );
    const { m, clock } = setUp(service);
    const events: string[] = [];
    await through(
      clock,
      m.findMatch({ mode: 'duel' }, {}, (e) => events.push(e.state)),
    );
    expect(events).toEqual(['waiting', 'away', 'matched']);
    expect(clock.time).toBeGreaterThan(46_000);
  });

  test('is watched with a fresh token when one has expired', async () => {
    let n = 0;
    const service = watches(
      () => fails(Code.Unauthenticated, 'it has expired'),
      () => says(matched),
    );
    const { m } = setUp(service, { token: () => `t${++n}` });
    await m.findMatch({ mode: 'duel' });
    expect(service.asked).toEqual(['t1 Bearer t1', 't1 Bearer t2']);
  });

  test('can be left alone, explained, and a party be ready', async () => {
    const { m } = setUp({
      ...watches((signal) => stays(signal, waiting)),
      explain: (q) => ({
        text: `nobody is there for ${q.ticket}`,
        needed: 2,
        obstacles: [{ reason: 'rating', players: 3, alone: 1 }],
      }),
      ready: () => ({ missing: ['bob'] }),
      cancel: () => ({ cancelled: true }),
    });
    const t = m.ticket('t1');
    for await (const e of t) {
      expect(e.state).toBe('waiting');
      break;
    }
    expect(await t.explain()).toMatchObject({
      text: 'nobody is there for t1',
      needed: 2,
      obstacles: [{ reason: 'rating', players: 3, alone: 1 }],
    });
    expect(await t.ready({ name: 'Ann' })).toEqual(['bob']);
    expect(await t.cancel()).toBe(true);
  });
});

test.each([
  ['https://play.example.com', 'wss://play.example.com/ws'],
  ['http://localhost:7777/', 'ws://localhost:7777/ws'],
  ['ws://localhost:7777/ws', 'ws://localhost:7777/ws'],
  ['https://example.com/games/?x#y', 'wss://example.com/games/ws'],
])('at %s rooms are at %s', async (url, socket) => {
  const { m } = setUp({ quickJoin: () => ({ assignment: { seat: 's' } }) }, { url });
  expect((await m.quickJoin()).url).toBe(socket);
});
