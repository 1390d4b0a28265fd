// The client library in a real browser against a real server, without a game's
// page: with a hash of all it holds in every snapshot.

import { expect } from 'vitest';

import { bring } from '../harness/sdk.ts';
import { test } from '../harness/test.ts';

interface Probe {
  room: Awaited<ReturnType<typeof window.library.connect<typeof window.library.arena>>>;
}

declare global {
  interface Window {
    probe: Probe;
  }
}

test('the library holds what the server says it should, tick after tick, also when the connection is cut', async ({
  serve,
  network,
  open,
}) => {
  const server = await serve('--kind-option', 'arena.bots=60');
  const proxy = await network(server);
  const view = await open('about:blank');
  await bring(view, proxy.url);
  await view.page.evaluate(async () => {
    const room = await window.library.connect('/ws', window.library.arena, { name: 'Probe', hashEvery: 1 });
    window.probe = { room };
    const fly = () => {
      room.input({ turn: Math.sin(room.tick / 20), thrust: 1, fire: true });
      setTimeout(fly, 50);
    };
    fly();
  });
  const player = await view.page.evaluate(() => window.probe.room.player);
  await view.until('sixty hashes were right', () => window.probe.room.stats.hashChecks >= 60);
  view.expectOutage();
  for (let i = 1; i <= 3; i++) {
    proxy.cut();
    await view.until(
      'it has come back',
      (n) => window.probe.room.state === 'live' && window.probe.room.stats.resumes === n,
      i,
    );
    const checks = await view.page.evaluate(() => window.probe.room.stats.hashChecks);
    await view.until('more hashes were right', (n) => window.probe.room.stats.hashChecks >= n, checks + 20);
  }
  const after = await view.page.evaluate(() => {
    const { player, stats, inputAck } = window.probe.room;
    return { player, inputAck, desyncs: stats.desyncs, resumes: stats.resumes, full: stats.fullSnapshots };
  });
  expect(after).toMatchObject({ player, desyncs: 0, resumes: 3, full: 1 });
  expect(after.inputAck).toBeGreaterThan(0);
  await view.page.evaluate(() => window.probe.room.leave());
});
