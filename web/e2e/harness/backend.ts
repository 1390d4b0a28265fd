// What stands behind a server in tests: keys, tokens, and calls of RoomService as a backend makes them.

import { spawnSync } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The keys of a server, in a folder of their own. */
export class Backend {
  readonly #dir = mkdtempSync(join(tmpdir(), 'tickroom-backend-'));
  readonly #secret = randomBytes(32).toString('hex');
  readonly #key = join(this.#dir, 'players.secret');

  constructor() {
    this.#mint('--new-key', this.#key, '--alg', 'HS256');
    writeFileSync(join(this.#dir, 'services.secret'), this.#secret, { mode: 0o600 });
  }

  /** The server's flags, by which it takes tokens of players and of services. Guests may come, too. */
  get flags(): string[] {
    const services = join(this.#dir, 'services.secret');
    return ['--identity-secret-files', this.#key, '--service-secret-files', services];
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

  /** Calls a method of RoomService by curl, and returns the answer. */
  call(server: string, method: string, request: object): Record<string, unknown> {
    const args = ['-sS', '--fail-with-body', `${server}/tickroom.v1.RoomService/${method}`];
    const headers = ['-H', 'Content-Type: application/json', '-H', `Authorization: Bearer ${this.#service()}`];
    const done = spawnSync('curl', [...args, ...headers, '-d', JSON.stringify(request)], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`curl: ${done.error ?? done.status}: ${done.stdout}${done.stderr}`);
    return JSON.parse(done.stdout) as Record<string, unknown>;
  }

  remove(): void {
    rmSync(this.#dir, { recursive: true, force: true });
  }

  #mint(...args: string[]): string {
    const done = spawnSync(process.env.TICKROOM_BIN!, ['token', ...args], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(`tickroom token: ${done.error ?? done.stderr}`);
    return done.stdout.trim();
  }

  /** A token as a service makes it, with the secret that it shares with the server. */
  #service(): string {
    const now = Math.floor(Date.now() / 1000);
    const part = (o: object) => Buffer.from(JSON.stringify(o)).toString('base64url');
    const claims = { sub: 'shop', scope: 'post', aud: 'tickroom-rooms', iat: now, exp: now + 600 };
    const text = `${part({ alg: 'HS256', typ: 'tickroom-service+jwt' })}.${part(claims)}`;
    return `${text}.${createHmac('sha256', this.#secret).update(text).digest('base64url')}`;
  }
}
