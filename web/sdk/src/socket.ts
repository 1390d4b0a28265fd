/** A connection, as a room uses it. */
export interface Socket {
  /** Sends one binary message. */
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** Bytes that wait to be sent, if the platform knows: a room that finds many sends less. */
  readonly bufferedAmount?: number;
}

/** What a connection tells a room. */
export interface SocketEvents {
  /** Messages can be sent. */
  open(): void;
  /** One binary message has come. */
  message(data: Uint8Array | ArrayBuffer): void;
  /** The connection is over, or could not be made; 1006 if there is no close code. Called once. */
  close(code: number, reason: string): void;
}

/**
 * Opens a connection that speaks WebSocket with the given subprotocol. This is
 * how a room gets to a socket that is no `WebSocket`, as on mini-game platforms.
 */
export type SocketFactory = (url: string, protocol: string, events: SocketEvents) => Socket;

/** The part of a WebSocket that is used. */
interface WebSocketLike {
  binaryType: string;
  readonly readyState: number;
  readonly bufferedAmount: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: Uint8Array<ArrayBuffer>): void;
  close(code?: number, reason?: string): void;
}

/** The constructor of WebSockets: the browser's, or the package `ws` in Node before 22. */
export type WebSocketConstructor = new (url: string, protocol: string) => unknown;

/** Connections by a WebSocket class. */
export function webSocketBy(WebSocketClass: WebSocketConstructor): SocketFactory {
  return (url, protocol, events) => {
    const ws = new WebSocketClass(url, protocol) as WebSocketLike;
    ws.binaryType = 'arraybuffer';
    ws.onopen = () => events.open();
    ws.onmessage = (e) => {
      if (e.data instanceof ArrayBuffer || e.data instanceof Uint8Array) events.message(e.data);
    };
    ws.onclose = (e) => events.close(e.code, e.reason);
    ws.onerror = () => {}; // a close follows
    return {
      // One that is closing tells of it later, as after a page was frozen; browsers
      // complain aloud of what is sent there.
      send: (data) => {
        if (!(ws.readyState > 1)) ws.send(data as Uint8Array<ArrayBuffer>);
      },
      close: (code, reason) => ws.close(code, reason),
      get bufferedAmount() {
        return ws.bufferedAmount;
      },
    };
  };
}

/** Connections by the platform's own WebSocket: the default. */
export const webSocket: SocketFactory = (url, protocol, events) => {
  if (typeof WebSocket !== 'function') {
    throw new TypeError(
      "there is no WebSocket here: pass { socket: webSocketBy(WebSocket) } with that of the package 'ws'",
    );
  }
  return webSocketBy(WebSocket)(url, protocol, events);
};
