import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { BadNetwork, Line, type Profile, profile, profileNames } from '../src/dev/index.js';
import { bytes, FakeClock, FakeServer } from './fakenetwork.js';

interface Vector {
  profile: string;
  seed: number;
  up: number[];
  down: number[];
}

const vectors = JSON.parse(
  readFileSync(new URL('../../../internal/link/testdata/arrivals.json', import.meta.url), 'utf8'),
) as Vector[];

test.each(vectors)('$profile with seed $seed is the line that the command has', ({ profile: name, seed, up, down }) => {
  const line = new Line(profile(name), seed);
  const gotUp: number[] = [];
  const gotDown: number[] = [];
  for (let i = 0; i < 600; i++) {
    gotUp.push(line.up.arrival(i * 50, 21));
    gotDown.push(line.down.arrival(i * 50, 100 + (i % 7) * 500));
  }
  up.forEach((at, i) => {
    expect(gotUp[i]).toBeCloseTo(at, 5);
  });
  down.forEach((at, i) => {
    expect(gotDown[400 + i]).toBeCloseTo(at, 5);
  });
});

test('there is a vector of each profile', () => {
  expect(new Set(vectors.map((v) => v.profile))).toEqual(new Set(profileNames));
  expect(() => profile('5g')).toThrow('there is no profile "5g"; there are lan');
});

test('a trace is added, again and again', () => {
  const p: Profile = {
    up: { delay_ms: 10 },
    down: { delay_ms: 10 },
    trace: [
      { at_ms: 0, delay_ms: 5 },
      { at_ms: 100, delay_ms: 30 },
    ],
  };
  const line = new Line(p, 1);
  expect([99, 150, 250, 399].map((at) => line.down.arrival(at, 1) - at)).toEqual([15, 40, 15, 40]);
});

test('a network becomes a profile, each connection with a line of its own, and is the real one again', () => {
  const clock = new FakeClock();
  const server = new FakeServer();
  const net = new BadNetwork({ socket: server.socket, clock });
  const heard: string[] = [];
  const socket = net.socket('ws://x/ws', 'tickroom.v1', {
    open: () => heard.push('open'),
    message: () => heard.push('message'),
    close: () => heard.push('close'),
  });
  server.events.open();
  expect(() => net.become('5g')).toThrow(RangeError);
  net.become('far', 7);
  expect(net.active).toBe(true);
  expect(net.profile?.name).toBe('far');
  const at = new Line(profile('far'), 7).up.arrival(0, 2);
  socket.send(bytes('up'));
  clock.pass(at - 1);
  expect(server.got).toEqual([]);
  clock.pass(2);
  expect(server.got).toEqual(['up']);
  socket.send(bytes('again'));
  net.reset();
  expect(net.profile).toBeUndefined();
  expect(net.active).toBe(false);
  expect(server.got).toEqual(['up', 'again']);
});
