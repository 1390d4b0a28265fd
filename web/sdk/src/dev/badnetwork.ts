import { Callbacks } from '../callbacks.js';
import { type Clock, systemClock } from '../clock.js';
import { like, type Socket, type SocketEvents, type SocketFactory, webSocket } from '../socket.js';
import { patient } from '../timers.js';
import { Line, type LineDirection, type Profile, profile as profileOf } from './line.js';

/** The conditions of the network, on top of those of the real one. All are 0 at first. */
export interface Conditions {
  /** Added to the round trip, half of it each way, in milliseconds. */
  delayMs: number;
  /** A random delay of each message, up to so many milliseconds each way. */
  jitterMs: number;
  /** The percentage of packets that are lost. TCP sends them again, and what follows them waits. */
  lossPercent: number;
  /** How many bytes a second pass each way; 0 for any number. */
  bytesPerSecond: number;
}

/** What a {@link BadNetwork} is made of. */
export interface BadNetworkOptions {
  /** Opens the real connections. Default: the platform's WebSocket. */
  socket?: SocketFactory;
  /** Clock and timers. Default: the platform's. */
  clock?: Clock;
  /** Returns numbers from 0 up to 1. Default: Math.random. */
  random?: () => number;
}

/** The usual number of bytes in a packet. */
const packetBytes = 1400;
/** The shortest time that TCP waits for an acknowledgement before it sends again, in milliseconds. */
const minRetransmit = 200;
/** It waits twice as long each time, up to so many times. */
const maxRetransmits = 6;
/** An assumption about the real round trip, in milliseconds. */
const realTrip = 20;
/** The close code of connections that are cut: any but those by which a client leaves. */
const cutCode = 4900;

const good: Conditions = { delayMs: 0, jitterMs: 0, lossPercent: 0, bytesPerSecond: 0 };

/**
 * A network that is worse than the real one on purpose. It stands between the client
 * library and its sockets and delays messages. Like TCP it loses and reorders nothing:
 * whatever goes wrong makes messages late.
 *
 * While nothing is worsened, messages pass straight through, in the same call.
 *
 * ```ts
 * const network = new BadNetwork();
 * const room = await connect('/ws', game, { socket: network.socket });
 * network.set({ delayMs: 200, jitterMs: 30, lossPercent: 2 });
 * ```
 */
export class BadNetwork {
  /** The socket factory to give to a client. */
  readonly socket: SocketFactory;

  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #links = new Set<Link>();
  readonly #listeners = new Callbacks<[]>();
  #now = good;
  #profile: Profile | undefined;
  #seed = 1;
  #until = 0;
  #stallTimer: unknown;

  constructor(options: BadNetworkOptions = {}) {
    const inner = options.socket ?? webSocket;
    this.#clock = patient(options.clock ?? systemClock);
    this.#random = options.random ?? Math.random;
    this.socket = like(inner, (url, protocol, events) => {
      const link = new Link(this, this.#clock, events, () => this.#links.delete(link));
      this.#links.add(link);
      try {
        return link.open(inner, url, protocol);
      } catch (err) {
        this.#links.delete(link);
        throw err;
      }
    });
  }

  get conditions(): Readonly<Conditions> {
    return this.#now;
  }

  /** Whether any condition is worse than that of the real network. */
  get active(): boolean {
    const { delayMs, jitterMs, lossPercent, bytesPerSecond } = this.#now;
    return (
      delayMs > 0 ||
      jitterMs > 0 ||
      lossPercent > 0 ||
      bytesPerSecond > 0 ||
      this.#profile !== undefined ||
      this.stalled
    );
  }

  /** Whether the network is stalled. */
  get stalled(): boolean {
    return this.#until > this.#clock.now();
  }

  /** How much longer the network is stalled, in milliseconds. */
  get stalledFor(): number {
    return Math.max(0, this.#until - this.#clock.now());
  }

  /** The number of connections. */
  get connections(): number {
    return this.#links.size;
  }

  /**
   * Changes the conditions, from the next message on.
   *
   * @throws RangeError for a number that is NaN or negative.
   */
  set(change: Partial<Conditions>): void {
    for (const [name, v] of Object.entries(change)) {
      if (!((v ?? Number.NaN) >= 0)) throw new RangeError(`${name} is ${v}: it must be a number from 0`);
    }
    this.#now = { ...this.#now, ...change };
    // Waiting messages would otherwise be late in a network that is good again.
    if (!this.active) for (const l of this.#links) l.flush();
    this.#tell();
  }

  /** What all lines are like, if {@link become} has said so. */
  get profile(): Profile | undefined {
    return this.#profile;
  }

  /**
   * Gives each connection a line of its own as a profile says, from the next message on; the conditions
   * come on top of it. What happens on the lines follows from the seed: the first has it, each further one
   * the next. undefined: the real network.
   *
   * @throws RangeError if there is no profile of the name.
   */
  become(profile: string | Profile | undefined, seed = 1): void {
    this.#profile = typeof profile === 'string' ? profileOf(profile) : profile;
    this.#seed = seed;
    if (!this.active) for (const l of this.#links) l.flush();
    this.#tell();
  }

  /** Returns a line for a connection. @internal */
  line(profile: Profile): Line {
    return new Line(profile, this.#seed++);
  }

  /** Holds everything back for a while, in both directions, then lets it pass at once. */
  stall(ms: number): void {
    this.#until = Math.max(this.#until, this.#clock.now() + ms);
    for (const l of this.#links) l.postpone(this.#until);
    this.#clock.clearTimeout(this.#stallTimer);
    this.#stallTimer = this.#clock.setTimeout(() => this.#tell(), this.stalledFor + 1);
    this.#tell();
  }

  /** Goes back to the real network at once. */
  reset(): void {
    this.#until = 0;
    this.#clock.clearTimeout(this.#stallTimer);
    this.#profile = undefined;
    this.set(good);
  }

  /** Cuts all connections without a close message, as when a phone changes its network. */
  cut(): void {
    for (const l of [...this.#links]) l.cut();
  }

  /** Calls fn when the conditions change, or a stall begins or ends. Returns a function that removes fn. */
  onChange(fn: () => void): () => void {
    return this.#listeners.add(fn);
  }

  #tell(): void {
    this.#listeners.call();
  }

  /** Returns the earliest time at which a message arrives that is sent now over a line made at some time. @internal */
  arrival(bytes: number, lane: Lane, line: LineDirection | undefined, made: number): number {
    const { delayMs, jitterMs, lossPercent, bytesPerSecond } = this.#now;
    let at = this.#clock.now();
    if (line) at = made + line.arrival(at - made, bytes);
    if (bytesPerSecond > 0) at = lane.busy = Math.max(at, lane.busy) + (1000 * bytes) / bytesPerSecond;
    at += delayMs / 2;
    if (jitterMs > 0) at += this.#random() * jitterMs;
    if (lossPercent > 0) at += this.#retransmits(bytes, Math.min(lossPercent, 90) / 100);
    return Math.max(at, this.#until);
  }

  /** Returns the time that TCP needs to notice lost packets of a message and to send them again. */
  #retransmits(bytes: number, loss: number): number {
    const packets = Math.max(1, Math.ceil(bytes / packetBytes));
    // The lost packets of a message are noticed together, so the one that is lost most often counts.
    let wait = minRetransmit + realTrip + this.#now.delayMs;
    let late = 0;
    let lost = 1 - (1 - loss) ** packets;
    for (let i = 0; i < maxRetransmits && this.#random() < lost; i++) {
      late += wait;
      wait *= 2;
      lost = loss;
    }
    return late;
  }
}

/** A queue of things that happen in order, each not before its time. */
class Lane {
  bytes = 0;
  /** Until when the line is taken by what was sent before, at the bytes per second that pass. */
  busy = 0;

  readonly #clock: Clock;
  #queue: { at: number; bytes: number; run: () => void }[] = [];
  #timer: unknown;
  #due = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get empty(): boolean {
    return this.#queue.length === 0;
  }

  add(at: number, bytes: number, run: () => void): void {
    const last = this.#queue.at(-1);
    this.#queue.push({ at: last ? Math.max(at, last.at) : at, bytes, run });
    this.bytes += bytes;
    this.#schedule();
  }

  /** Holds everything that waits back until a time. */
  postpone(until: number): void {
    for (const e of this.#queue) e.at = Math.max(e.at, until);
    this.#schedule();
  }

  flush(): void {
    while (this.#queue.length > 0) this.#take();
    this.busy = 0;
    this.#schedule();
  }

  clear(): void {
    this.#queue = [];
    this.busy = 0;
    this.bytes = 0;
    this.#schedule();
  }

  #take(): void {
    const e = this.#queue.shift();
    if (!e) return;
    this.bytes -= e.bytes;
    e.run();
  }

  #schedule(): void {
    const at = this.#queue[0]?.at ?? Infinity;
    if (at === this.#due) return;
    this.#clock.clearTimeout(this.#timer);
    this.#due = at;
    if (at === Infinity) return;
    this.#timer = this.#clock.setTimeout(
      () => {
        this.#due = Infinity;
        // Timers may be a little early.
        const now = this.#clock.now() + 0.5;
        while (this.#queue.length > 0 && this.#queue[0].at <= now) this.#take();
        this.#schedule();
      },
      Math.max(0, at - this.#clock.now()),
    );
  }
}

/** One connection. */
class Link {
  readonly #net: BadNetwork;
  readonly #events: SocketEvents;
  readonly #gone: () => void;
  readonly #up: Lane;
  readonly #down: Lane;
  readonly #clock: Clock;
  #inner: Socket | undefined;
  #over = false;
  #line: Line | undefined;
  #profile: Profile | undefined; // of the line
  #made = 0;

  constructor(net: BadNetwork, clock: Clock, events: SocketEvents, gone: () => void) {
    this.#net = net;
    this.#events = events;
    this.#gone = gone;
    this.#clock = clock;
    this.#up = new Lane(clock);
    this.#down = new Lane(clock);
  }

  open(factory: SocketFactory, url: string, protocol: string): Socket {
    const inner = (this.#inner = factory(url, protocol, {
      open: () => this.#pass(this.#down, 0, () => this.#events.open()),
      message: (data) => this.#pass(this.#down, data.byteLength, () => this.#events.message(data)),
      close: (code, reason) => this.#pass(this.#down, 0, () => this.#end(code, reason)),
    }));
    const up = this.#up;
    return {
      send: (data) => {
        if (this.#over) return;
        if (up.empty && !this.#net.active) inner.send(data);
        else {
          const copy = data.slice(); // the sender may use its bytes again
          up.add(this.#arrival(copy.length, up), copy.length, () => inner.send(copy));
        }
      },
      close: (code, reason) => {
        if (!this.#over) this.#pass(up, 0, () => inner.close(code, reason));
      },
      get bufferedAmount() {
        return (inner.bufferedAmount ?? 0) + up.bytes;
      },
    };
  }

  flush(): void {
    this.#up.flush();
    this.#down.flush();
  }

  postpone(until: number): void {
    this.#up.postpone(until);
    this.#down.postpone(until);
  }

  cut(): void {
    if (this.#over) return;
    this.#up.clear();
    this.#inner?.close(cutCode, 'cut');
    this.#end(1006, '');
  }

  /** Does something at the far end of a lane: at once if nothing waits and the network is not worsened. */
  #pass(lane: Lane, bytes: number, run: () => void): void {
    if (this.#over) return;
    if (lane.empty && !this.#net.active) run();
    else lane.add(this.#arrival(bytes, lane), bytes, run);
  }

  #arrival(bytes: number, lane: Lane): number {
    const profile = this.#net.profile;
    if (profile !== this.#profile) {
      this.#profile = profile;
      this.#line = profile && this.#net.line(profile);
      this.#made = this.#clock.now();
    }
    return this.#net.arrival(bytes, lane, lane === this.#up ? this.#line?.up : this.#line?.down, this.#made);
  }

  #end(code: number, reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#up.clear();
    this.#down.clear();
    this.#gone();
    this.#events.close(code, reason);
  }
}
