/** A connection, as a room uses it. */
export interface Socket {
  /** Sends one binary message. */
  send(data: Uint8Array): void;
  close(code?: number, reason?: string): void;
  /** The number of bytes that wait to be sent, if the platform knows. A room sends less while there are many. */
  readonly bufferedAmount?: number;
}

/** What a connection calls when something happens. */
export interface SocketEvents {
  /** The connection is open; messages can be sent. */
  open(): void;
  /** A binary message has arrived. */
  message(data: Uint8Array | ArrayBuffer): void;
  /** The connection is closed, or could not be opened; 1006 if there is no close code. Called once. */
  close(code: number, reason: string): void;
}

/**
 * Opens a WebSocket connection with a subprotocol. A factory of your own lets rooms use
 * sockets that are not a `WebSocket`, such as those of mini-game platforms.
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

/** A WebSocket class: the browser's, or that of the package `ws` in Node before 22. */
export type WebSocketConstructor = new (url: string, protocol: string) => unknown;

/** The factories whose servers can be asked by HTTP why there is no connection. */
const http = new WeakSet<SocketFactory>();

/** Whether a factory's sockets are WebSockets, which begin as a request of HTTP. */
export function byHTTP(factory: SocketFactory): boolean {
  return http.has(factory);
}

/** Returns a factory whose sockets are those of another one, in a coat. */
export function like(inner: SocketFactory, factory: SocketFactory): SocketFactory {
  if (http.has(inner)) http.add(factory);
  return factory;
}

/** Returns a factory that uses a WebSocket class. */
export function webSocketBy(WebSocketClass: WebSocketConstructor): SocketFactory {
  const factory: SocketFactory = (url, protocol, events) => {
    const ws = new WebSocketClass(url, protocol) as WebSocketLike;
    ws.binaryType = 'arraybuffer';
    ws.onopen = () => events.open();
    ws.onmessage = (e) => {
      if (e.data instanceof ArrayBuffer || e.data instanceof Uint8Array) events.message(e.data);
    };
    ws.onclose = (e) => events.close(e.code, e.reason);
    ws.onerror = () => {}; // a close follows
    return {
      // A socket may be closing before it reports so, as after a page was frozen, and
      // browsers log an error for what is sent then.
      send: (data) => {
        if (!(ws.readyState > 1)) ws.send(data as Uint8Array<ArrayBuffer>);
      },
      close: (code, reason) => ws.close(code, reason),
      get bufferedAmount() {
        return ws.bufferedAmount;
      },
    };
  };
  http.add(factory);
  return factory;
}

/** The default factory, which uses the platform's own WebSocket. */
export const webSocket: SocketFactory = (url, protocol, events) => {
  if (typeof WebSocket !== 'function') {
    throw new TypeError(
      "there is no WebSocket here: pass { socket: webSocketBy(WebSocket) } with that of the package 'ws'",
    );
  }
  return webSocketBy(WebSocket)(url, protocol, events);
};
http.add(webSocket);
