import { describe, expect, test } from 'vitest';

import { BadNetwork } from '../src/dev/index.js';
import { bytes, FakeClock, FakeServer, text } from './fakenetwork.js';

/** Returns a client that is connected through a bad network. random holds the first random numbers; the rest are 0.99. */
function connected(random: number[] = []) {
  const clock = new FakeClock();
  const server = new FakeServer();
  const net = new BadNetwork({ socket: server.socket, clock, random: () => random.shift() ?? 0.99 });
  const heard: string[] = [];
  const socket = net.socket('ws://x/ws', 'tickroom.v1', {
    open: () => heard.push('open'),
    message: (data) => heard.push(text(data)),
    close: (code, reason) => heard.push(`close ${code} ${reason}`),
  });
  server.events.open();
  return { clock, server, net, heard, socket };
}

test('nothing worse: all passes in the same call, without a timer', () => {
  const { clock, server, net, heard, socket } = connected();
  socket.send(bytes('a'));
  server.say('b');
  expect(server.got).toEqual(['a']);
  expect(heard).toEqual(['open', 'b']);
  expect(net.active).toBe(false);
  expect(clock.waiting).toBe(0);
  socket.close(1000, 'bye');
  expect(server.closed).toEqual({ code: 1000, reason: 'bye' });
  server.events.close(1000, 'bye');
  expect(heard.at(-1)).toBe('close 1000 bye');
  expect(net.connections).toBe(0);
});

test('a delay is half of the round trip each way', () => {
  const { clock, server, net, heard, socket } = connected();
  net.set({ delayMs: 200 });
  socket.send(bytes('up'));
  server.say('down');
  clock.pass(99);
  expect(server.got).toEqual([]);
  expect(heard).toEqual(['open']);
  clock.pass(1);
  expect(server.got).toEqual(['up']);
  expect(heard).toEqual(['open', 'down']);
});

test('jitter makes messages late, never overtake each other', () => {
  const { clock, server, net, heard } = connected([0.9, 0.1, 0.5]);
  net.set({ jitterMs: 100 });
  server.say('1'); // at 90
  clock.pass(10);
  server.say('2'); // at 20, after the first
  clock.pass(70);
  server.say('3'); // at 130
  expect(heard).toEqual(['open']);
  clock.pass(10);
  expect(heard).toEqual(['open', '1', '2']);
  clock.pass(39);
  expect(heard).toHaveLength(3);
  clock.pass(1);
  expect(heard).toEqual(['open', '1', '2', '3']);
});

test('a lost packet is sent again, and what comes behind it waits', () => {
  // The first message is lost once; the second would get through.
  const { clock, server, net, heard } = connected([0.01, 0.9, 0.9]);
  net.set({ lossPercent: 5 });
  server.say('lost');
  server.say('next');
  clock.pass(219);
  expect(heard).toEqual(['open']);
  clock.pass(1);
  expect(heard).toEqual(['open', 'lost', 'next']);
});

test('lost again and again: TCP waits twice as long each time, and not for ever', () => {
  const { clock, server, net, heard } = connected(Array<number>(100).fill(0));
  net.set({ lossPercent: 100 });
  server.say('x');
  clock.pass(220 * 63 - 1);
  expect(heard).toEqual(['open']);
  clock.pass(1);
  expect(heard).toEqual(['open', 'x']);
});

test('a message of many packets is more likely to lose one', () => {
  const { clock, server, net, heard } = connected([0.3, 0.9, 0.3]);
  net.set({ lossPercent: 5 });
  server.events.message(new Uint8Array(20_000)); // 15 packets: 54%
  server.say('small'); // 5%
  clock.pass(0);
  expect(heard).toEqual(['open']);
  clock.pass(220);
  expect(heard).toHaveLength(3);
});

test('only so many bytes pass each way, and the rest waits its turn', () => {
  const { clock, server, net, heard, socket } = connected();
  net.set({ bytesPerSecond: 1000, delayMs: 100 });
  server.say('x'.repeat(500)); // at 500, and 50 on the way
  server.say('y'.repeat(100));
  socket.send(bytes('up'));
  clock.pass(52);
  expect(server.got).toEqual(['up']);
  clock.pass(497);
  expect(heard).toEqual(['open']);
  clock.pass(1);
  expect(heard).toHaveLength(2);
  clock.pass(99);
  expect(heard).toHaveLength(2);
  clock.pass(1);
  expect(heard).toHaveLength(3);
  clock.pass(1000);
  server.say('z'.repeat(100)); // the line is free again
  clock.pass(150);
  expect(heard).toHaveLength(4);
});

test('conditions are numbers', () => {
  const { net } = connected();
  expect(() => net.set({ delayMs: NaN })).toThrow('delayMs is NaN');
  expect(() => net.set({ lossPercent: -1 })).toThrow('lossPercent is -1');
  expect(net.active).toBe(false);
});

describe('a stall', () => {
  test('lets nothing pass, then all at once and in order', () => {
    const { clock, server, net, heard, socket } = connected();
    let changes = 0;
    net.onChange(() => changes++);
    net.stall(1000);
    expect(changes).toBe(1);
    for (const m of ['1', '2', '3']) {
      socket.send(bytes(m));
      server.say(m);
      clock.pass(300);
    }
    expect(server.got).toEqual([]);
    expect(net.stalledFor).toBe(100);
    expect(socket.bufferedAmount).toBe(3);
    clock.pass(100);
    expect(server.got).toEqual(['1', '2', '3']);
    expect(heard).toEqual(['open', '1', '2', '3']);
    expect(socket.bufferedAmount).toBe(0);
    expect(net.stalled).toBe(false);
    clock.pass(10);
    expect(changes).toBe(2);
    socket.send(bytes('4'));
    expect(server.got).toHaveLength(4);
  });

  test('holds back what is on its way', () => {
    const { clock, server, net, heard } = connected();
    net.set({ delayMs: 100 });
    server.say('x');
    clock.pass(10);
    net.stall(1000);
    clock.pass(999);
    expect(heard).toEqual(['open']);
    clock.pass(1);
    expect(heard).toEqual(['open', 'x']);
  });

  test('holds back the opening and the end of connections', () => {
    const { clock, server, net } = connected();
    net.stall(500);
    const heard: string[] = [];
    const socket = net.socket('', '', {
      open: () => heard.push('open'),
      message: () => {},
      close: (code) => heard.push(`close ${code}`),
    });
    server.events.open();
    server.events.close(1006, '');
    clock.pass(499);
    expect(heard).toEqual([]);
    socket.close(1000);
    expect(server.closed).toBeUndefined();
    clock.pass(1);
    expect(heard).toEqual(['open', 'close 1006']);
  });
});

test('what the sender does with its bytes afterwards changes nothing', () => {
  const { clock, server, net, socket } = connected();
  net.set({ delayMs: 20 });
  const buffer = bytes('good');
  socket.send(buffer);
  buffer.fill(0);
  clock.pass(10);
  expect(server.got).toEqual(['good']);
});

test('with all as it really is again, what waits comes at once', () => {
  const { server, net, heard, socket } = connected();
  net.set({ delayMs: 10_000 });
  socket.send(bytes('up'));
  server.say('1');
  server.say('2');
  net.stall(10_000);
  net.reset();
  expect(net.active).toBe(false);
  expect(server.got).toEqual(['up']);
  expect(heard).toEqual(['open', '1', '2']);
});

test('a cut connection is lost without a goodbye, and says nothing more', () => {
  const { clock, server, net, heard, socket } = connected();
  net.set({ delayMs: 100 });
  server.say('on its way');
  socket.send(bytes('on its way'));
  net.cut();
  expect(heard).toEqual(['open', 'close 1006 ']);
  // 1000, or no code at all, would end the session.
  expect(server.closed?.code).toBe(4900);
  server.events.close(4900, 'cut');
  server.say('late');
  socket.send(bytes('late'));
  socket.close();
  clock.pass(1000);
  expect(heard).toHaveLength(2);
  expect(server.got).toEqual([]);
  expect(net.connections).toBe(0);
  expect(clock.waiting).toBe(0);
});

test('a socket that can not be made is not counted', () => {
  const net = new BadNetwork({
    socket: () => {
      throw new TypeError('no');
    },
  });
  expect(() => net.socket('', '', { open() {}, message() {}, close() {} })).toThrow('no');
  expect(net.connections).toBe(0);
});
