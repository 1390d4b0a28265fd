// A platform whose time, network and page a test controls.

import { fromBinary } from '@bufbuild/protobuf';
import type { JoinOptions } from '../src/client.js';
import { walkers } from '../src/games/walkers.js';
import { type ClientFrame, ClientFrameSchema } from '../src/gen/tickroom/v1/frame_pb.js';
import {
  Client,
  type ClientOptions,
  type Clock,
  type Room,
  type SocketEvents,
  type SocketFactory,
  type StateChange,
  type Surroundings,
} from '../src/index.js';
import { type FrameInit, serverFrame, snapshot, welcome } from './frames.js';

/** Waits until all promises that can be settled are. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

export class FakeClock implements Clock {
  time = 1000;
  #timers: { due: number; fn: () => void }[] = [];

  now(): number {
    return this.time;
  }

  setTimeout(fn: () => void, ms: number): unknown {
    const t = { due: this.time + ms, fn };
    this.#timers.push(t);
    return t;
  }

  clearTimeout(timer: unknown): void {
    this.#timers = this.#timers.filter((t) => t !== timer);
  }

  /** Advances the time, and runs timers that are due. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    for (;;) {
      await settle();
      const next = this.#timers.reduce<{ due: number; fn: () => void } | undefined>(
        (a, b) => (a && a.due <= b.due ? a : b),
        undefined,
      );
      if (!next || next.due > end) break;
      this.time = Math.max(this.time, next.due);
      this.clearTimeout(next);
      next.fn();
    }
    this.time = end;
    await settle();
  }

  /** Advances the time without running any timer, as when a machine sleeps. */
  sleep(ms: number): void {
    this.time += ms;
  }

  get pending(): number {
    return this.#timers.length;
  }
}

export class FakeSocket {
  readonly sent: ClientFrame[] = [];
  closed: { code: number | undefined; reason: string | undefined } | undefined;
  bufferedAmount = 0;

  constructor(
    readonly url: string,
    readonly protocol: string,
    readonly events: SocketEvents,
  ) {}

  send(data: Uint8Array): void {
    if (this.closed) throw new Error('it is closed');
    this.sent.push(fromBinary(ClientFrameSchema, data));
  }

  close(code?: number, reason?: string): void {
    this.closed ??= { code, reason };
  }

  open(): void {
    this.events.open();
  }

  receive(f: FrameInit): void {
    this.events.message(serverFrame(f));
  }

  /** The connection ends. */
  lose(code = 1006, reason = ''): void {
    this.closed ??= { code: undefined, reason: undefined };
    this.events.close(code, reason);
  }

  /** Returns the frames that were sent since the last call. */
  take(): ClientFrame[] {
    return this.sent.splice(0);
  }
}

export class FakePage implements Surroundings {
  hidden = false;
  #fns: ((what: 'offline' | 'online' | 'visibility' | 'wake') => void)[] = [];

  watch(fn: (what: 'offline' | 'online' | 'visibility' | 'wake') => void): () => void {
    this.#fns.push(fn);
    return () => {
      this.#fns = this.#fns.filter((f) => f !== fn);
    };
  }

  fire(what: 'offline' | 'online' | 'visibility' | 'wake'): void {
    for (const fn of this.#fns) fn(what);
  }

  hide(hidden: boolean): void {
    this.hidden = hidden;
    this.fire('visibility');
  }

  get watchers(): number {
    return this.#fns.length;
  }
}

export class FakeStore {
  readonly items = new Map<string, string>();
  getItem = (key: string): string | null => this.items.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.items.set(key, value);
  removeItem = (key: string): void => void this.items.delete(key);
}

/** The first snapshot of a room that {@link Platform.accept} answers with. */
export const firstSnapshot: FrameInit = snapshot(1, { 1: { x: 1, player: 1 } }, { full: true });

export class Platform {
  readonly clock = new FakeClock();
  readonly page = new FakePage();
  readonly sockets: FakeSocket[] = [];
  readonly states: StateChange[] = [];
  /** The random number to return. */
  random = 1;

  readonly factory: SocketFactory = (url, protocol, events) => {
    const s = new FakeSocket(url, protocol, events);
    this.sockets.push(s);
    return s;
  };

  get socket(): FakeSocket {
    return this.sockets.at(-1)!;
  }

  client(options: ClientOptions = {}): Client {
    return new Client('ws://localhost/ws', {
      socket: this.factory,
      clock: this.clock,
      surroundings: this.page,
      random: () => this.random,
      ...options,
    });
  }

  options(o: JoinOptions = {}): JoinOptions {
    return { onState: (s) => this.states.push(s), ...o };
  }

  /** Has the newest connection succeed, up to the first snapshot. */
  accept(more: { welcome?: object; frame?: FrameInit } = {}): FakeSocket {
    const s = this.socket;
    s.open();
    s.receive({
      ...firstSnapshot,
      welcome: { ...welcome, ...more.welcome },
      ...more.frame,
    });
    return s;
  }

  /** Joins a room of walkers. */
  join(o: JoinOptions = {}): Promise<Room<typeof walkers>> {
    return this.joinWith({}, o);
  }

  async joinWith(client: ClientOptions, o: JoinOptions = {}): Promise<Room<typeof walkers>> {
    const joining = this.client(client).joinOrCreate(walkers, this.options(o));
    await settle();
    this.accept();
    const room = await joining;
    await this.clock.pass(0);
    return room;
  }

  /** Returns the changes of state since the last call, without their times. */
  takeStates(): string[] {
    return this.states
      .splice(0)
      .map((s) => `${s.state}${s.code === undefined ? '' : ` ${s.code}`}${s.offline ? ' offline' : ''}`);
  }
}
