// A real server in its own process, and clients that use the package ws, whose
// connections a test can cut.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import type { Game } from '../src/game.js';
import { Client, type ClientOptions, type Room, type SocketFactory, webSocketBy } from '../src/index.js';

export class Server {
  address = '127.0.0.1:0';
  #child: ChildProcess | undefined;

  readonly #bin: string;
  readonly #flags: readonly string[];

  constructor(bin: string, flags: readonly string[] = []) {
    this.#bin = bin;
    this.#flags = flags;
  }

  get url(): string {
    return `ws://${this.address}/ws`;
  }

  /** Starts it, at the same address if it was started before. */
  async start(): Promise<this> {
    const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('TICKROOM_')));
    const child = spawn(
      this.#bin,
      [
        'serve',
        '--listen',
        this.address,
        '--admin',
        '',
        '--log-format',
        'json',
        '--seed',
        '7',
        '--shutdown-grace',
        '100ms',
        ...this.#flags,
      ],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      },
    );
    this.#child = child;
    const log: string[] = [];
    this.address = await new Promise<string>((resolve, reject) => {
      const read = (line: string): void => {
        log.push(line);
        const at = /"msg":"listening","clients":"([^"]+)"/.exec(line);
        if (at) resolve(at[1]);
      };
      createInterface({ input: child.stdout }).on('line', read);
      createInterface({ input: child.stderr }).on('line', read);
      child.on('error', reject);
      child.on('close', () => reject(new Error(`the server did not start:\n${log.join('\n')}`)));
    });
    return this;
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    const gone = new Promise((resolve) => child.once('close', resolve));
    child.kill(signal);
    await gone;
  }
}

/** A client whose connections can be cut. */
export class Cuttable {
  readonly sockets: WebSocket[] = [];
  readonly client: Client;

  constructor(url: string, options: ClientOptions = {}) {
    const { sockets } = this;
    class Kept extends WebSocket {
      constructor(url: string, protocol: string) {
        super(url, protocol);
        sockets.push(this);
      }
    }
    const socket: SocketFactory = webSocketBy(Kept);
    this.client = new Client(url, { socket, random: () => 1, backoff: { base: 20, max: 200 }, ...options });
  }

  /** Ends the newest connection without a close message. */
  cut(): void {
    this.sockets.at(-1)!.terminate();
  }
}

/** Resolves when a condition is true after a snapshot. */
export function until<G extends Game>(room: Room<G>, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    if (holds()) {
      resolve();
      return;
    }
    const off = room.on('snapshot', () => {
      if (!holds()) return;
      off();
      resolve();
    });
  });
}

/** Resolves when an event of a room happens. */
export function once<G extends Game, E extends Parameters<Room<G>['on']>[0]>(
  room: Room<G>,
  event: E,
): Promise<unknown> {
  return new Promise((resolve) => {
    const off = room.on(event, (what) => {
      off();
      resolve(what);
    });
  });
}
