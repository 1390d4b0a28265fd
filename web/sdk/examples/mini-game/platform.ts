// An adapter for mini-game platforms. Their programs have no WebSocket, window or
// document, but an object wx (elsewhere tt, qq, swan …) with other functions:
//
//   const room = await connect('wss://example.com/ws', walkers, { ...miniGame(wx), name: 'Ann' });

import type { ClientOptions, JoinOptions, Socket, Surroundings } from '@tickroom/client';

/** A connection of such a platform. */
export interface SocketTask {
  send(message: { data: ArrayBuffer; fail?: () => void }): void;
  close(how: { code?: number; reason?: string }): void;
  onOpen(fn: () => void): void;
  onMessage(fn: (message: { data: string | ArrayBuffer }) => void): void;
  onClose(fn: (how: { code?: number; reason?: string }) => void): void;
  onError(fn: (err: { errMsg: string }) => void): void;
}

/** The part of wx that is used. */
export interface MiniGame {
  connectSocket(where: { url: string; protocols: string[] }): SocketTask;
  onShow(fn: () => void): void;
  offShow(fn: () => void): void;
  onHide(fn: () => void): void;
  offHide(fn: () => void): void;
  onNetworkStatusChange(fn: (status: { isConnected: boolean }) => void): void;
  offNetworkStatusChange(fn: (status: { isConnected: boolean }) => void): void;
  getStorageSync(key: string): string;
  setStorageSync(key: string, value: string): void;
  removeStorageSync(key: string): void;
}

/** Returns the options for `connect`, or for `Client` and its methods, on such a platform. */
export function miniGame(wx: MiniGame): ClientOptions & JoinOptions {
  return {
    socket: (url, protocol, events): Socket => {
      const task = wx.connectSocket({ url, protocols: [protocol] });
      let over = false;
      // Some versions report an error, some a close, and some both.
      const end = (code: number, reason: string): void => {
        if (over) return;
        over = true;
        events.close(code, reason);
      };
      task.onOpen(() => events.open());
      task.onMessage(({ data }) => {
        if (data instanceof ArrayBuffer) events.message(data);
      });
      task.onClose(({ code, reason }) => end(code ?? 1006, reason ?? ''));
      task.onError(() => end(1006, ''));
      return {
        // An ArrayBuffer with these bytes and no others.
        send: (data) => task.send({ data: data.slice().buffer, fail: () => end(1006, '') }),
        close: (code = 1000, reason = '') => task.close({ code, reason }),
      };
    },
    surroundings: surroundings(wx),
    storage: {
      getItem: (key) => wx.getStorageSync(key) || null,
      setItem: (key, value) => wx.setStorageSync(key, value),
      removeItem: (key) => wx.removeStorageSync(key),
    },
  };
}

function surroundings(wx: MiniGame): Surroundings {
  let hidden = false;
  return {
    get hidden() {
      return hidden;
    },
    watch(fn) {
      const show = (): void => {
        hidden = false;
        fn('visibility');
      };
      const hide = (): void => {
        hidden = true;
        fn('visibility');
      };
      const network = ({ isConnected }: { isConnected: boolean }): void => fn(isConnected ? 'online' : 'offline');
      wx.onShow(show);
      wx.onHide(hide);
      wx.onNetworkStatusChange(network);
      return () => {
        wx.offShow(show);
        wx.offHide(hide);
        wx.offNetworkStatusChange(network);
      };
    },
  };
}
