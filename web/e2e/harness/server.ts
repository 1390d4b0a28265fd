// A real server in its own process, which can be stopped, killed and restarted at the
// same address.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** How a server process ended. */
interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

interface Running {
  readonly child: ChildProcess;
  readonly ended: Promise<End>;
}

/** Settings for tests: a small arena in which everybody meets. */
const small = [
  '--log-format',
  'json',
  '--seed',
  '5',
  '--shutdown-grace',
  '100ms',
  '--kind-option',
  'arena.map=1024',
  '--kind-option',
  'arena.obstacles=8',
  '--kind-option',
  'arena.pickups=12',
];

/** The part of /status.json that tests use. */
export interface Status {
  readonly players: number;
  readonly spectators: number;
  /** Players whose connection is lost and whose session is held. */
  readonly away: number;
}

export class Server {
  /** The lines of its log, from all its runs. */
  readonly log: string[] = [];
  #listen = '127.0.0.1:0';
  readonly #flags: readonly string[];
  readonly #bin: string | undefined;
  #running: Running | undefined;

  /** Called by {@link Server.start}. */
  constructor(flags: readonly string[], bin: string | undefined) {
    this.#flags = flags;
    this.#bin = bin;
  }

  /** Starts a server on a free port. Flags are those of `tickroom serve`. */
  static async start(...flags: string[]): Promise<Server> {
    return Server.startOther(process.env.TICKROOM_BIN, ...flags);
  }

  /** Starts a server other than the usual one, given its path. */
  static async startOther(bin: string | undefined, ...flags: string[]): Promise<Server> {
    const s = new Server(flags, bin);
    await s.start();
    return s;
  }

  /** The address on which it listens, as host:port. */
  get address(): string {
    return this.#listen;
  }

  get port(): number {
    return Number(this.#listen.split(':').pop());
  }

  get url(): string {
    return `http://${this.#listen}`;
  }

  get pid(): number {
    return this.#running?.child.pid ?? 0;
  }

  /** Starts it, at the same address if it was started before. */
  async start(): Promise<void> {
    if (!this.#bin) throw new Error('there is no server to start: TICKROOM_BIN is not set');
    // Settings of the environment must not influence tests.
    const env = Object.fromEntries(Object.entries(process.env).filter(([k]) => !k.startsWith('TICKROOM_')));
    const child = spawn(this.#bin, ['serve', '--listen', this.#listen, '--admin', '', ...small, ...this.#flags], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...env, GORACE: 'halt_on_error=0' },
    });
    const ended = new Promise<End>((resolve) => child.on('close', (code, signal) => resolve({ code, signal })));
    child.on('error', (err) => this.log.push(String(err)));
    this.#running = { child, ended };
    const listening = new Promise<string>((resolve, reject) => {
      const read = (line: string) => {
        this.log.push(line);
        const at = /"msg":"listening","clients":"([^"]+)"/.exec(line);
        if (at?.[1]) resolve(at[1]);
      };
      createInterface({ input: child.stdout }).on('line', read);
      createInterface({ input: child.stderr }).on('line', read);
      void ended.then(() => reject(new Error(`the server did not start:\n${this.log.join('\n')}`)));
    });
    this.#listen = await listening;
  }

  /** What it tells the public of itself; see server/internal/status. */
  async status(): Promise<Status> {
    const answer = await fetch(`${this.url}/status.json`);
    return (await answer.json()) as Status;
  }

  /** Stops it as an operator would, and checks that it exits well. */
  async stop(): Promise<void> {
    const end = await this.#end('SIGTERM');
    if (end && (end.code !== 0 || this.log.some((l) => l.includes('DATA RACE') || l.includes('"level":"ERROR"')))) {
      throw new Error(`the server ended with ${JSON.stringify(end)}:\n${this.log.join('\n')}`);
    }
  }

  /** Kills it. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<End | undefined> {
    const running = this.#running;
    if (!running) return undefined;
    this.#running = undefined;
    running.child.kill(signal);
    return running.ended;
  }
}
