// Tokens and seats of a session.

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, test, vi } from 'vitest';
import { walkers } from '../src/games/walkers.js';
import { ClientFrameSchema, ServerFrameSchema } from '../src/gen/tickroom/v1/frame_pb.js';
import { CloseCode, connect } from '../src/index.js';
import { decodeAuth, decodeWelcome, encodeFrame, encodeHello } from '../src/wire/messages.js';
import { FakeStore, Platform, settle } from './fake.js';
import { snapshot, welcome } from './frames.js';

const resumed = { ...welcome, resumed: true };
const hello = (p: Platform) => p.socket.sent[0]?.hello;
/** Returns a welcome of a server at 1000 s, whose token expires after some seconds. */
const goodFor = (seconds: number) => ({
  serverTimeUs: 1_000_000_000n,
  expiresUs: BigInt(1000 + seconds) * 1_000_000n,
  playerId: 'ann',
});
const tokens = () => {
  let n = 0;
  return vi.fn(async () => `t${++n}`);
};

describe('the wire', () => {
  test('agrees with the stock runtime', () => {
    const h = fromBinary(
      ClientFrameSchema,
      encodeHello({
        kind: 'k',
        room: '',
        name: '',
        fingerprint: 0n,
        hashEvery: 0,
        every: 0,
        data: new Uint8Array(0),
        resume: '',
        resumeTick: 0,
        spectate: false,
        token: 'to',
        parts: false,
        orJoin: false,
        seat: 'se',
      }),
    );
    expect(h.hello).toMatchObject({ token: 'to', seat: 'se' });
    const f = fromBinary(
      ClientFrameSchema,
      encodeFrame({ ack: 0, inputs: [], commands: [], ping: undefined, every: 0, mismatch: false, token: 'new' }),
    );
    expect(f.token).toBe('new');
    const server = create(ServerFrameSchema, {
      welcome: { playerId: 'ann', expiresUs: -5n, serverTimeUs: 9n },
      auth: { expiresUs: 1n << 60n, error: 'no', renew: true },
    });
    const sub = (m: Uint8Array): Uint8Array => m.subarray(2);
    expect(
      decodeWelcome(sub(toBinary(ServerFrameSchema, create(ServerFrameSchema, { welcome: server.welcome! })))),
    ).toMatchObject({ playerId: 'ann', expires: -5n, serverTime: 9n });
    expect(decodeAuth(sub(toBinary(ServerFrameSchema, create(ServerFrameSchema, { auth: server.auth! }))))).toEqual({
      expires: 1n << 60n,
      error: 'no',
      renew: true,
    });
  });
});

describe('joining', () => {
  test('says who the player is, and shows the seat once', async () => {
    const p = new Platform();
    const store = new FakeStore();
    store.setItem('key', JSON.stringify({ session: 'old', room: 'walkers-1', kind: 'walkers' }));
    const room = await p.join({ token: 'tok', seat: 'seat-1', storage: store, storageKey: 'key' });
    expect(p.sockets[0].sent[0].hello).toMatchObject({ token: 'tok', seat: 'seat-1', resume: '' });
    p.socket.lose();
    await p.clock.pass(1000);
    p.accept({ welcome: { ...resumed, playerId: 'ann' } });
    expect(hello(p)).toMatchObject({ token: 'tok', seat: '', resume: welcome.session });
    expect(room.playerId).toBe('ann');
  });

  test('waits for the token', async () => {
    const p = new Platform();
    let give = (_: string): void => {};
    const joining = p.client().joinOrCreate(walkers, { token: () => new Promise((r) => (give = r)) });
    await settle();
    expect(p.sockets).toHaveLength(0);
    give('late');
    await settle();
    p.accept();
    expect(hello(p)).toMatchObject({ token: 'late' });
    await joining;
  });

  test('tries again when no token can be fetched, and says so in the end', async () => {
    const p = new Platform();
    const token = vi.fn(() => Promise.reject(new Error('the account service is away')));
    const joining = p.client().joinOrCreate(walkers, p.options({ token, timeoutMs: 15_000 }));
    joining.catch(() => {});
    await p.clock.pass(15_000);
    expect(token.mock.calls.length).toBeGreaterThan(1);
    expect(p.sockets).toHaveLength(0);
    await expect(joining).rejects.toMatchObject({
      code: CloseCode.Unauthenticated,
      reason: 'the account service is away',
    });
    expect(p.clock.pending).toBe(0);
  });

  test('takes another token when one is refused, once', async () => {
    const p = new Platform();
    const token = tokens();
    const joining = p.client().joinOrCreate(walkers, { token });
    await settle();
    p.socket.open();
    p.socket.lose(CloseCode.Unauthenticated, 'what is this?');
    await p.clock.pass(1000);
    p.socket.open();
    expect(hello(p)).toMatchObject({ token: 't2' });
    p.socket.lose(CloseCode.Unauthenticated, 'what is this?');
    await expect(joining).rejects.toMatchObject({ code: CloseCode.Unauthenticated, reason: 'what is this?' });
    expect(p.clock.pending).toBe(0);
  });

  test('ends when the source has the same token only', async () => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { token: () => 'same' });
    joining.catch(() => {});
    await settle();
    p.socket.open();
    p.socket.lose(CloseCode.TokenExpired);
    await p.clock.pass(1000);
    await expect(joining).rejects.toMatchObject({ code: CloseCode.Unauthenticated });
    expect(p.sockets).toHaveLength(1);
  });

  test.each([
    CloseCode.Unauthenticated,
    CloseCode.Forbidden,
    CloseCode.SeatRefused,
    CloseCode.Banned,
    CloseCode.AlreadyThere,
  ])('fails at once for %i', async (code) => {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, { token: 'tok', seat: 'seat' });
    await settle();
    p.socket.open();
    p.socket.lose(code, 'so it is');
    await expect(joining).rejects.toMatchObject({ code, reason: 'so it is' });
    expect(p.clock.pending).toBe(0);
  });

  test('an assignment says all of it', async () => {
    const p = new Platform();
    const o = { socket: p.factory, clock: p.clock, surroundings: p.page };
    void connect(
      { url: 'wss://eu1.example.com/ws', kind: 'strollers', room: 'r7', seat: 's7', token: 'tok' },
      walkers,
      o,
    );
    await settle();
    p.socket.open();
    expect(p.socket.url).toBe('wss://eu1.example.com/ws');
    expect(hello(p)).toMatchObject({ kind: 'strollers', room: 'r7', seat: 's7', token: 'tok', spectate: false });
    void connect({ url: 'ws://x/ws', spectator: true }, walkers, { ...o, token: 'mine' });
    await settle();
    p.socket.open();
    expect(hello(p)).toMatchObject({ kind: 'walkers', room: '', seat: '', token: 'mine', spectate: true });
  });
});

describe('a seat in a room that has no place after all', () => {
  const place = { url: 'ws://x/ws', kind: 'walkers', token: 'tok' };
  const o = (p: Platform) => ({ socket: p.factory, clock: p.clock, surroundings: p.page });

  test('leads to another one', async () => {
    const p = new Platform();
    const again = vi.fn(async () => ({ ...place, room: 'r2', seat: 's2' }));
    const joining = connect({ ...place, room: 'r1', seat: 's1', again }, walkers, o(p));
    await settle();
    p.socket.open();
    p.socket.lose(CloseCode.RoomFull, 'a round is going on');
    await settle();
    expect(again).toHaveBeenCalledTimes(1);
    p.accept({ welcome: { room: 'r2' } });
    expect(p.socket.sent[0].hello).toMatchObject({ room: 'r2', seat: 's2' });
    expect((await joining).id).toBe('r2');
  });

  test('but not for ever, nor for other reasons', async () => {
    for (const [code, times] of [
      [CloseCode.RoomFull, 3],
      [CloseCode.SeatRefused, 0],
    ]) {
      const p = new Platform();
      const again = vi.fn(async () => ({ ...place, room: 'r1', seat: 's1', again }));
      const joining = connect({ ...place, room: 'r1', seat: 's1', again }, walkers, o(p));
      const failed = expect(joining).rejects.toMatchObject({ code });
      for (let n = 0; n <= times; n++) {
        await settle();
        p.socket.open();
        p.socket.lose(code);
      }
      await failed;
      expect(again).toHaveBeenCalledTimes(times);
    }
  });

  test('is in the room that it has led to from then on', async () => {
    const p = new Platform();
    const joining = connect({ ...place, room: 'r1', seat: 's1' }, walkers, o(p));
    await settle();
    p.accept({ welcome: { room: 'r2' } });
    await joining;
    p.socket.lose(CloseCode.SessionGone);
    await p.clock.pass(1000);
    p.socket.open();
    expect(hello(p)).toMatchObject({ room: 'r2', seat: '', resume: '' });
  });
});

describe('a live session', () => {
  async function live(seconds: number, token: Parameters<Platform['join']>[0] & object) {
    const p = new Platform();
    const joining = p.client().joinOrCreate(walkers, p.options(token));
    await settle();
    const s = p.accept({ welcome: goodFor(seconds) });
    const room = await joining;
    const trouble: string[] = [];
    room.on('token', (t) => trouble.push(t.why));
    // The server goes on.
    let tick = 1;
    const pass = async (ms: number): Promise<void> => {
      for (let t = 0; t < ms; t += 1000) {
        await p.clock.pass(Math.min(1000, ms - t));
        if (!s.closed) p.socket.receive(snapshot(++tick, {}));
      }
    };
    const sent = (): string[] => s.sent.map((f) => f.token).filter((t) => t !== '');
    return { p, s, room, trouble, pass, sent };
  }

  test('renews its token before that expires', async () => {
    const token = tokens();
    const { s, pass, sent, trouble } = await live(600, { token });
    await pass(539_000);
    expect(token).toHaveBeenCalledTimes(1);
    await pass(3_000);
    expect(sent()).toEqual(['t2']);
    // The next one expires after a hundred seconds, and is renewed after eighty.
    s.receive({ auth: { expiresUs: 1_000_000_000n + 642_000_000n } });
    await pass(79_000);
    expect(sent()).toEqual(['t2']);
    await pass(4_000);
    expect(sent()).toEqual(['t2', 't3']);
    expect(trouble).toEqual([]);
  });

  test('renews it when the server asks, and again when it is refused', async () => {
    const token = tokens();
    const { s, pass, sent, trouble } = await live(3600, { token });
    s.receive({ auth: { expiresUs: goodFor(3600).expiresUs, renew: true } });
    await pass(1000);
    expect(sent()).toEqual(['t2']);
    s.receive({ auth: { expiresUs: goodFor(3600).expiresUs, error: 'another player' } });
    expect(trouble).toEqual(['The server refused the new token: another player']);
    await pass(5000);
    expect(sent()).toEqual(['t2', 't3']);
  });

  test('goes on when none can be fetched', async () => {
    let fail = false;
    const { s, pass, sent, trouble, room } = await live(3600, {
      token: () => {
        if (fail) throw new Error('not now');
        return 'good';
      },
    });
    fail = true;
    s.receive({ auth: { expiresUs: goodFor(3600).expiresUs, renew: true } });
    await pass(1000);
    expect(trouble).toEqual(['No token could be fetched: not now']);
    fail = false;
    await pass(5000);
    expect(sent()).toEqual(['good']);
    expect(room.state).toBe('live');
  });

  test('without a source says that the token is about to expire', async () => {
    const { s, pass, sent, trouble } = await live(3600, { token: 'only' });
    s.receive({ auth: { expiresUs: goodFor(3600).expiresUs, renew: true } });
    await pass(1000);
    expect(trouble).toEqual(['The token is about to expire.']);
    expect(sent()).toEqual([]);
  });

  test('comes back with a new token after one has expired', async () => {
    const { p, room } = await live(3600, { token: tokens() });
    p.socket.lose(CloseCode.TokenExpired);
    await p.clock.pass(1000);
    p.accept({ welcome: resumed });
    expect(hello(p)).toMatchObject({ token: 't2', resume: welcome.session });
    expect(room.state).toBe('live');
  });

  test('is over when it has no other token, and the seat is kept', async () => {
    const store = new FakeStore();
    const { p, room } = await live(3600, { token: 'only', storage: store });
    p.socket.lose(CloseCode.TokenExpired);
    expect(room.state).toBe('closed');
    expect(store.items.size).toBe(1);
    await p.clock.pass(1000);
    expect(p.clock.pending).toBe(0);
  });

  test('leaves no timer behind', async () => {
    const { p, room } = await live(3600, { token: tokens() });
    void room.leave();
    await p.clock.pass(1000);
    expect(p.clock.pending).toBe(0);
  });

  test('a long token goes in a message of its own', async () => {
    const long = 'x'.repeat(4000);
    let n = 0;
    const { p, s, room } = await live(3600, { token: () => (n++ === 0 ? 'short' : long) });
    s.receive({ auth: { expiresUs: goodFor(3600).expiresUs, renew: true } });
    for (let i = 0; i < 12; i++) void room.command(walkers.shout, { text: 'y'.repeat(350) }).catch(() => {});
    await p.clock.pass(500);
    const messages = s.sent.filter((f) => f.token !== '' || f.commands.length > 0);
    expect(messages.map((f) => f.token.length)).toContain(4000);
    for (const f of messages) expect(toBinary(ClientFrameSchema, f).length).toBeLessThanOrEqual(8192);
  });
});
