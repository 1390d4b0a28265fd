// Matchmaking, tokens and seats against the real server.

import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import WebSocket from 'ws';

import { arena } from '../src/games/arena.js';
import { Client, CloseCode, connect, webSocketBy } from '../src/index.js';
import { type Assignment, Matchmaker } from '../src/matchmaking/index.js';
import { once, Server } from './server.js';

const secret = randomBytes(32).toString('base64url');
const socket = webSocketBy(WebSocket);
let server: Server;
let folder: string;

/** Returns a token that expires after some seconds. */
function tokenOf(player: string, seconds = 3600): string {
  const part = (v: object): string => Buffer.from(JSON.stringify(v)).toString('base64url');
  const now = Math.floor(Date.now() / 1000);
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ sub: player, iat: now, exp: now + seconds })}`;
  return `${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'tickroom-'));
  writeFileSync(join(folder, 'secret'), secret);
  writeFileSync(
    join(folder, 'config.yaml'),
    `identity: {guests: "off", secret_files: [${folder}/secret], leeway: 1s, grace: 0s}
seats: {required: true}
modes:
  duel:
    room: {kind: arena}
    teams: {count: 2, size: 1}
  shown: {room: {kind: arena}, spectators: true}
`,
  );
  server = await new Server(inject('server'), [
    '--config',
    join(folder, 'config.yaml'),
    '--kind-option',
    'arena.map=1024',
  ]).start();
});

afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true });
});

const matchmaker = (token: string | (() => string)): Matchmaker =>
  new Matchmaker({ url: `http://${server.address}`, token });

test('who has no token, or no seat, is told so', async () => {
  const client = new Client(server.url, { socket });
  await expect(client.joinOrCreate(arena)).rejects.toMatchObject({ code: CloseCode.Unauthenticated });
  await expect(client.joinOrCreate(arena, { token: `${tokenOf('ann')}x` })).rejects.toMatchObject({
    code: CloseCode.Unauthenticated,
  });
  await expect(client.joinOrCreate(arena, { token: tokenOf('ann') })).rejects.toMatchObject({
    code: CloseCode.SeatRefused,
  });
  await expect(client.joinOrCreate(arena, { token: tokenOf('ann'), seat: 'made up' })).rejects.toMatchObject({
    code: CloseCode.SeatRefused,
  });
  await expect(new Matchmaker({ url: `http://${server.address}` }).quickJoin({ kind: 'arena' })).rejects.toMatchObject({
    code: 'unauthenticated',
  });
});

test('a seat is good once, and for its player alone', async () => {
  const a = await matchmaker(tokenOf('ann')).quickJoin({ kind: 'arena', name: 'Ann' });
  await expect(connect({ ...a, token: tokenOf('eve') }, arena, { socket })).rejects.toMatchObject({
    code: CloseCode.SeatRefused,
  });
  const b = await matchmaker(tokenOf('ann')).quickJoin({ kind: 'arena', name: 'Ann' });
  const room = await connect(b, arena, { socket });
  expect(room).toMatchObject({ playerId: 'ann', id: b.room });
  await expect(connect(b, arena, { socket })).rejects.toMatchObject({ code: CloseCode.SeatRefused });
  expect(room.state).toBe('live');
  await room.leave();
});

test('a match is waited for, explained, and played; a room with a code is joined', async () => {
  const ann = matchmaker(tokenOf('ann2'));
  const bob = matchmaker(tokenOf('bob2'));
  const ticket = await ann.enqueue({ mode: 'duel', name: 'Ann' });
  expect((await ticket.explain()).text).toContain('duel');
  const [a, b] = await Promise.all([ticket.matched(), bob.findMatch({ mode: 'duel', name: 'Bob' })]);
  expect(a.room).toBe(b.room);
  expect([a.team, b.team].sort()).toEqual([0, 1]);
  const rooms = await Promise.all([connect(a, arena, { socket }), connect(b, arena, { socket })]);
  await Promise.all(rooms.map((r) => r.leave()));
  await expect(ann.enqueue({ mode: 'chess' })).rejects.toMatchObject({ name: 'MatchmakingError' });

  const carl = matchmaker(tokenOf('carl2'));
  const own = await carl.createRoom({ kind: 'arena' });
  expect(own.code).not.toBe('');
  const guest = await matchmaker(tokenOf('dora2')).joinRoom({ code: own.code });
  expect(guest.room).toBe(own.room);
  expect((await carl.listRooms()).rooms.map((r) => r.room)).not.toContain(own.room);
});

test('a match is watched where its mode says so', async () => {
  const [ann, bob, eve] = ['ann5', 'bob5', 'eve5'].map((p) => matchmaker(tokenOf(p)));
  const find = async (mode: string): Promise<Assignment[]> =>
    Promise.all([ann!, bob!].map((m) => m.findMatch({ mode })));
  const hidden = (await find('duel'))[0]!;
  await expect(eve!.spectate({ room: hidden.room })).rejects.toMatchObject({ code: 'failed_precondition' });
  const error: unknown = await connect({ ...hidden, spectator: true }, arena, { socket }).catch((e: unknown) => e);
  expect(error).toMatchObject({ code: CloseCode.Forbidden });
  const room = await connect(hidden, arena, { socket }); // the seat is good still
  await room.leave();

  const carl = matchmaker(tokenOf('carl5'));
  const dora = matchmaker(tokenOf('dora5'));
  const [shown] = await Promise.all([carl.findMatch({ mode: 'shown' }), dora.findMatch({ mode: 'shown' })]);
  const watched = await eve!.spectate({ room: shown.room });
  expect(watched.teams.flatMap((t) => t.seats.map((s) => s.player))).toEqual(['', '']);
  const watching = await connect(watched, arena, { socket });
  expect(watching.spectator).toBe(true);
  await watching.leave();
});

test('a token is renewed within the session', async () => {
  let n = 0;
  const m = matchmaker(() => tokenOf('ann3', n++ === 0 ? 2 : 3600));
  const room = await connect(await m.quickJoin({ kind: 'arena' }), arena, { socket });
  const closed = once(room, 'closed');
  // The first one would have ended the session by then.
  const state = await Promise.race([
    closed.then(() => 'closed'),
    new Promise((resolve) => setTimeout(() => resolve('live'), 4500)),
  ]);
  expect(state).toBe('live');
  expect(n).toBeGreaterThan(1);
  await room.leave();
});
