// What stands behind a server in tests: keys and tokens.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The keys of a server, in a folder of their own. */
export class Backend {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tickroom-backend-'));
  readonly #key = join(this.#dir, 'players.secret');

  constructor() {
    this.#mint('--new-key', this.#key, '--alg', 'HS256');
  }

  /** The server's flags, by which it takes tokens of players. Guests may come, too. */
  get flags(): string[] {
    return ['--identity-secret-files', this.#key];
  }

  /** Returns a token of a player. */
  token(player: string, name: string, ...roles: string[]): string {
    return this.#mint(
      '--key-file',
      this.#key,
      '--player',
      player,
      '--name',
      name,
      ...roles.flatMap((r) => ['--role', r]),
    );
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #mint(...args: string[]): string {
    const done = spawnSync(process.env.TICKROOM_BIN!, ['token', ...args], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tickroom token: ${done.error ?? done.stderr}`);
    return done.stdout.trim();
  }
}
