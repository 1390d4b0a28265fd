// The library against a real server.

import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from 'vitest';

import { arena } from '../src/games/arena.js';
import { walkers } from '../src/games/walkers.js';
import { CloseCode, component, type Room } from '../src/index.js';
import { FakePage, FakeStore } from './fake.js';
import { Cuttable, once, Server, until } from './server.js';

const bin = inject('server');
let server: Server;
const rooms: Room[] = [];

/** Has a room left at the end of the test. */
function keep<R extends Room>(room: R): R {
  rooms.push(room);
  return room;
}

beforeAll(async () => {
  server = await new Server(bin, ['--kind-option', 'arena.map=1024', '--kind-option', 'arena.obstacles=8']).start();
});

afterAll(() => server.stop());

afterEach(async () => {
  await Promise.all(rooms.splice(0).map((r) => r.leave()));
});

describe('walkers', () => {
  test('walk, and hold exactly what they should', async () => {
    const c = new Cuttable(server.url);
    const room = keep(await c.client.joinOrCreate(walkers, { name: 'Ann', hashEvery: 1 }));
    expect(room.kind).toBe('walkers');
    const own = [...room.tables.walker].find((w) => w.player === room.player)!;
    const { entity, x } = own;
    room.input({ direction: 0 });
    await until(room, () => room.inputAck === 1 && room.tables.walker.get(entity)!.x !== x);
    expect(room.pending).toEqual([]);
    await until(room, () => room.stats.hashChecks >= 20);
    expect(room.stats.desyncs).toBe(0);
    expect(room.view().tables.walker.has(entity)).toBe(true);
    await until(room, () => room.rtt > 0);
    expect(Math.abs(room.serverTime() - Date.now())).toBeLessThan(1000);
    expect(room.serverTick()).toBeGreaterThanOrEqual(room.tick - 1);
  });

  test('are told how early their inputs come, and lead by it', async () => {
    const room = keep(await new Cuttable(server.url).client.joinOrCreate(walkers, { name: 'Ann' }));
    const me = room.predict(walkers.components.walker, (w, input, at) => {
      if (!input.stop) w.x += Math.cos(input.direction) * at.dt;
    });
    const frames = setInterval(() => {
      room.view();
      me.update(() => ({ direction: 1 }));
    }, 16);
    try {
      await until(room, () => !Number.isNaN(room.lead.early) && room.inputAck >= 10);
    } finally {
      clearInterval(frames);
    }
    expect(me.entity).toBe([...room.tables.walker].find((w) => w.player === room.player)!.entity);
    expect(me.row!.player).toBe(room.player);
    expect(me.tick).toBeGreaterThan(room.tick);
    expect(room.lead.speed).toBeGreaterThanOrEqual(0.95);
    expect(room.lead.speed).toBeLessThanOrEqual(1.05);
  });

  test('see and hear one another, and who leaves is gone', async () => {
    const ann = keep(await new Cuttable(server.url).client.joinOrCreate(walkers, { name: 'Ann' }));
    const bob = await new Cuttable(server.url).client.join(walkers, ann.id, { name: 'Bob' });
    expect(bob.id).toBe(ann.id);
    expect(bob.player).not.toBe(ann.player);
    await until(ann, () => ann.tables.walker.size === bob.tables.walker.size);
    const heard: [string, number][] = [];
    ann.onEvent(walkers.Heard, (e) => heard.push([e.text, e.player]));
    const reply = await bob.command(walkers.shout, { text: 'Grüße 漢字' });
    expect(reply.count).toBeGreaterThan(0);
    await until(ann, () => heard.length > 0);
    expect(heard).toEqual([['Grüße 漢字', bob.player]]);
    await expect(bob.command(walkers.shout, {})).rejects.toMatchObject({ code: 'refused' });
    const gone = new Promise<void>((resolve) => {
      ann.tables.walker.onRemove((w) => {
        if (w.player === bob.player) resolve();
      });
    });
    await bob.leave();
    await gone;
  });

  test('come back into their seats when connections are cut', async () => {
    const c = new Cuttable(server.url);
    const room = keep(await c.client.joinOrCreate(walkers, { name: 'Ann', hashEvery: 1 }));
    const { player, id } = room;
    const own = [...room.tables.walker].find((w) => w.player === player)!.entity;
    let removed = 0;
    room.tables.walker.onRemove(() => removed++);
    for (let i = 1; i <= 3; i++) {
      const back = once(room, 'resumed');
      c.cut();
      await once(room, 'state');
      expect(room.state).toBe('reconnecting');
      const seq = room.input({ direction: i });
      const reply = room.command(walkers.shout, { text: `hello ${i}` });
      expect(await back).toMatchObject({ eventsMissed: false });
      expect(room).toMatchObject({ state: 'live', player, id });
      await reply;
      await until(room, () => room.inputAck >= seq);
      const checks = room.stats.hashChecks;
      await until(room, () => room.stats.hashChecks > checks + 3);
      expect(room.tables.walker.get(own)!.player).toBe(player);
    }
    expect(room.stats).toMatchObject({ desyncs: 0, resumes: 3, reconnects: 3 });
    expect(removed).toBe(0);
  });

  test('come back after a page was loaded again', async () => {
    const storage = new FakeStore();
    const first = new Cuttable(server.url);
    const before = await first.client.joinOrCreate(walkers, { storage });
    for (let i = 0; i < 3; i++) before.input({ direction: i });
    await until(before, () => before.inputAck === 3);
    const after = keep(await new Cuttable(server.url).client.joinOrCreate(walkers, { storage }));
    expect(after.player).toBe(before.player);
    expect(after.input({ stop: true })).toBe(4);
    await until(after, () => after.inputAck === 4);
    // The old page is closed, as its session was taken over.
    if (before.state !== 'closed') await once(before, 'closed');
    expect(before.state).toBe('closed');
    expect(storage.items.size).toBe(1);
  });

  test('who gave up the seat join anew', async () => {
    const storage = new FakeStore();
    const room = await new Cuttable(server.url).client.joinOrCreate(walkers, { storage });
    const [[key, saved]] = storage.items;
    await room.leave();
    storage.setItem(key, saved);
    const again = keep(await new Cuttable(server.url).client.joinOrCreate(walkers, { storage }));
    expect(again.state).toBe('live');
    expect(storage.getItem(key)).not.toBe(saved);
  });

  test('of an older schema play on', async () => {
    const { fields } = walkers.components.walker;
    const older = {
      ...walkers,
      fingerprint: 1n,
      components: {
        walker: component<Pick<walkers.Walker, 'x' | 'player'>>(
          1,
          'Walker',
          fields.filter((f) => f.key === 'x' || f.key === 'player'),
        ),
      },
    };
    const c = new Cuttable(server.url);
    const room = keep(await c.client.joinOrCreate(older, { hashEvery: 1 }));
    expect([...room.tables.walker].some((w) => w.player === room.player)).toBe(true);
    await until(room, () => room.stats.hashChecks >= 5);
    c.cut();
    await once(room, 'resumed');
    await until(room, () => room.stats.hashChecks >= 10);
    expect(room.stats.desyncs).toBe(0);
  });

  test('that are hidden see little, and all again when they are back', async () => {
    const page = new FakePage();
    const room = keep(
      await new Cuttable(server.url, { surroundings: page }).client.joinOrCreate(walkers, { hashEvery: 1 }),
    );
    page.hide(true);
    const far = room.tick + 40;
    const before = room.stats.skippedTicks;
    await until(room, () => room.tick > far && room.stats.skippedTicks - before >= 31);
    page.hide(false);
    let last = room.tick;
    const steps: number[] = [];
    room.on('snapshot', (tick) => {
      steps.push(tick - last);
      last = tick;
    });
    await until(room, () => steps.slice(-5).length === 5 && steps.slice(-5).every((n) => n <= 2));
    expect(room.stats.desyncs).toBe(0);
  });
});

describe('an arena', () => {
  test('is played', async () => {
    const c = new Cuttable(server.url);
    const room = keep(await c.client.joinOrCreate(arena, { name: 'Ann', hashEvery: 1 }));
    expect([...room.tables.rules]).toMatchObject([{ edge: 1024 }]);
    expect(room.tables.obstacle.size).toBe(8);
    const [pilot] = room.tables.pilot;
    expect(room.tables.identity.get(pilot.ship)).toMatchObject({ player: room.player });
    expect(await room.command(arena.setName, { name: 'Cat' })).toMatchObject({ name: 'Cat' });
    await until(room, () => room.tables.identity.get(pilot.ship)?.name === 'Cat');
    const said = new Promise((resolve) => room.onEvent(arena.Said, (e) => resolve([e.name, e.text])));
    await room.command(arena.chat, { text: 'ahoy' });
    expect(await said).toEqual(['Cat', 'ahoy']);
    room.on('snapshot', () => void room.input({ turn: 1, thrust: 1, fire: true }));
    await until(room, () => room.tables.bullet.size > 0 && room.stats.hashChecks > 40);
    c.cut();
    await once(room, 'resumed');
    const checks = room.stats.hashChecks;
    await until(room, () => room.stats.hashChecks > checks + 20);
    expect(room.stats.desyncs).toBe(0);
  });

  test('is watched', async () => {
    const player = keep(await new Cuttable(server.url).client.joinOrCreate(arena, { name: 'Ann' }));
    const c = new Cuttable(server.url);
    const room = keep(await c.client.spectate(arena, player.id, { hashEvery: 1 }));
    expect(room).toMatchObject({ spectator: true, id: player.id });
    expect(room.tables.pilot.size).toBe(0);
    c.cut();
    await once(room, 'resumed');
    expect(room.spectator).toBe(true);
    await until(room, () => room.stats.hashChecks > 5);
    expect(room.stats.desyncs).toBe(0);
  });
});

describe('a server', () => {
  test('refuses what it does not have', async () => {
    const { client } = new Cuttable(server.url);
    await expect(client.join(walkers, 'walkers-nowhere')).rejects.toMatchObject({ code: CloseCode.NoSuchRoom });
    await expect(client.joinOrCreate(walkers, { kind: 'chess' })).rejects.toMatchObject({ code: CloseCode.NoSuchRoom });
    await expect(client.joinOrCreate(walkers, { name: 'x'.repeat(65) })).rejects.toMatchObject({
      code: CloseCode.BadHello,
    });
  });

  test('that is started again is joined again', async () => {
    const other = await new Server(bin).start();
    try {
      const c = new Cuttable(other.url);
      const room = keep(await c.client.joinOrCreate(walkers, { name: 'Ann', hashEvery: 1 }));
      const states: string[] = [];
      room.on('state', (s) => states.push(s.state));
      await other.stop();
      const rejoined = once(room, 'rejoined');
      await other.start();
      await rejoined;
      expect(states.at(0)).toBe('reconnecting');
      await until(room, () => room.stats.hashChecks > 5 && room.state === 'live');
      expect([...room.tables.walker].some((w) => w.player === room.player)).toBe(true);
      expect(room.stats.desyncs).toBe(0);
      await room.leave();
    } finally {
      await other.stop('SIGKILL');
    }
  });
});
