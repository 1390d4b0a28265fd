import { expect, test } from 'vitest';

import { webSocketBy } from '../src/index.js';

test('nothing is sent to a WebSocket that is closing', () => {
  const sent: Uint8Array[] = [];
  class Fake {
    readyState = 1;
    bufferedAmount = 0;
    binaryType = '';
    send(data: Uint8Array): void {
      sent.push(data);
    }
    close(): void {
      this.readyState = 2;
    }
  }
  const socket = webSocketBy(Fake)('ws://x', 'p', { open() {}, message() {}, close() {} });
  socket.send(Uint8Array.of(1));
  socket.close();
  socket.send(Uint8Array.of(2));
  expect(sent).toEqual([Uint8Array.of(1)]);
});
