// A match that was played, kept by the operator, and shown again.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import type { Server } from './server.ts';

/** What the page of replays offers for tests: see web/demo/src/replay/main.ts. */
export interface ReplayHooks {
  readonly about: {
    readonly last: number;
    readonly rate: number;
    readonly players: readonly { readonly player: number; readonly name: string; readonly from: number }[];
    readonly marks: readonly { readonly tick: number; readonly what: string }[];
  };
  readonly state: {
    readonly tick: number;
    readonly playing: boolean;
    readonly speed: number;
    readonly eyes: number;
    readonly there: boolean;
  };
  readonly took: readonly number[];
}

declare global {
  interface Window {
    readonly replay: ReplayHooks;
  }
}

/** A folder in which a server keeps journals. */
export class Journals {
  readonly dir = mkdtempSync(join(tmpdir(), 'tickroom-journals-'));

  /** The flags of a server that keeps them. */
  get flags(): string[] {
    return ['--admin', '127.0.0.1:0', '--journal-directory', this.dir];
  }

  /** Has a server keep a room, and returns the file. */
  async keep(server: Server, room: string): Promise<string> {
    const at = server.log.map((l) => /"msg":"listening".*"admin":"([^"]+)"/.exec(l)?.[1]).find((a) => a);
    const answer = await fetch(`http://${at}/rooms/${encodeURIComponent(room)}/blackbox?reason=test`, {
      method: 'POST',
    });
    const { name } = (await answer.json()) as { name?: string };
    if (!name) throw new Error(`the server keeps no journal: ${answer.status}`);
    return join(this.dir, name);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

/** Shows a journal by tickroom replay serve. Returns the page's address, and a function that ends it. */
export async function serveReplay(file: string): Promise<{ url: string; stop: () => Promise<void> }> {
  const child = spawn(process.env.TICKROOM_BIN!, ['replay', 'serve', file, '--listen', '127.0.0.1:0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const said: string[] = [];
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const url = await new Promise<string>((resolve, reject) => {
    const read = (line: string) => {
      said.push(line);
      const at = /^open (\S+)/.exec(line);
      if (at?.[1]) resolve(at[1]);
    };
    createInterface({ input: child.stdout }).on('line', read);
    createInterface({ input: child.stderr }).on('line', read);
    void ended.then(() => reject(new Error(`nothing is shown:\n${said.join('\n')}`)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    const code = await ended;
    if (code !== 0 || said.some((l) => l.includes('DATA RACE')))
      throw new Error(`it ended with ${code}:\n${said.join('\n')}`);
  };
  return { url, stop };
}
