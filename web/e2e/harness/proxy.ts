// A proxy between a page and a server that can fail in the ways in which networks do.

import { connect, createServer, type Server as Listener, type Socket } from 'node:net';

/** A connection through the proxy: the page's end and the server's. */
interface Pair {
  readonly page: Socket;
  readonly server: Socket;
  /** Whether it carries a WebSocket. */
  socket: boolean;
  /** Whether it has lost bytes, and so is dead. */
  lost: boolean;
}

export class TcpProxy {
  /** The number of WebSockets that were opened through it so far. */
  sockets = 0;
  readonly #to: () => number;
  readonly #listener: Listener;
  readonly #pairs = new Set<Pair>();
  /** Whether everything that is sent, and every new connection, is swallowed. */
  #hole = false;
  #stalled = false;
  #refusing = false;

  /** Called by {@link TcpProxy.start}. */
  constructor(to: () => number) {
    this.#to = to;
    this.#listener = createServer({ noDelay: true }, (page) => this.#accept(page));
  }

  /** Starts a proxy to a port of this machine; to is called for it at each connection. */
  static async start(to: () => number): Promise<TcpProxy> {
    const p = new TcpProxy(to);
    await new Promise<void>((resolve, reject) => {
      p.#listener.once('error', reject);
      p.#listener.listen(0, '127.0.0.1', resolve);
    });
    return p;
  }

  get url(): string {
    const at = this.#listener.address();
    if (at === null || typeof at === 'string') throw new Error('the proxy does not listen');
    return `http://127.0.0.1:${at.port}`;
  }

  /** The number of WebSockets that are open. */
  get open(): number {
    return [...this.#pairs].filter((p) => p.socket && !p.lost).length;
  }

  #accept(page: Socket): void {
    if (this.#refusing) {
      page.resetAndDestroy();
      return;
    }
    const server = connect({ port: this.#to(), host: '127.0.0.1', noDelay: true });
    const pair: Pair = { page, server, socket: false, lost: false };
    this.#pairs.add(pair);
    page.once('data', (first) => {
      if (/^upgrade: *websocket/im.test(first.toString('latin1'))) {
        pair.socket = true;
        this.sockets++;
      }
    });
    this.#carry(pair, page, server);
    this.#carry(pair, server, page);
    for (const [from, to] of [
      [page, server],
      [server, page],
    ] as const) {
      from.on('error', () => {}); // a close follows
      from.on('close', () => {
        if (pair.lost) return;
        this.#pairs.delete(pair);
        if (from.errored) to.resetAndDestroy();
        else to.end();
      });
    }
    if (this.#stalled) this.#pause(pair);
  }

  #carry(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (bytes) => {
      if (this.#hole) pair.lost = true;
      // A connection that has lost bytes stays dead.
      if (pair.lost) return;
      if (!to.write(bytes)) {
        from.pause();
        to.once('drain', () => {
          if (!this.#stalled) from.resume();
        });
      }
    });
  }

  #pause(pair: Pair): void {
    pair.page.pause();
    pair.server.pause();
  }

  /** Cuts all WebSockets with a reset at both ends. */
  cut(): void {
    for (const p of this.#pairs) {
      if (!p.socket) continue;
      this.#pairs.delete(p);
      p.page.resetAndDestroy();
      p.server.resetAndDestroy();
    }
  }

  /** Refuses new connections, or accepts them again. */
  refuse(yes: boolean): void {
    this.#refusing = yes;
  }

  /** Holds all bytes back, until flow. Nothing is lost. */
  stall(): void {
    this.#stalled = true;
    for (const p of this.#pairs) this.#pause(p);
  }

  flow(): void {
    this.#stalled = false;
    for (const p of this.#pairs) {
      p.page.resume();
      p.server.resume();
    }
  }

  /** Swallows all bytes in both directions, without telling either end, until heal. */
  blackHole(): void {
    this.#hole = true;
    for (const p of this.#pairs) p.lost = true;
  }

  /** Lets new connections through again. Those that have lost bytes stay dead, without telling either end. */
  heal(): void {
    this.#hole = false;
  }

  async stop(): Promise<void> {
    for (const p of this.#pairs) {
      p.page.destroy();
      p.server.destroy();
    }
    await new Promise<void>((resolve) => this.#listener.close(() => resolve()));
  }
}
