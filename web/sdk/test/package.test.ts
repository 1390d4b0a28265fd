// The library as users get it: packed, or from a checkout, into a folder of their own, and
// built there by Vite and by the compiler alone.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const sdk = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string) => join(sdk, '..', 'node_modules', '.bin', name);

// A page that uses all entry points, and is strict about types.
const page = `
import { CloseCode, connect, type Room } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import { walkers } from '@tickroom/client/games/walkers';
import { Matchmaker } from '@tickroom/client/matchmaking';

export async function play(): Promise<Room<typeof walkers>> {
  const room = await connect('/ws', walkers, { name: 'Ann' });
  const heard: walkers.ShoutReply = await room.command(walkers.shout, { text: 'Hello!' });
  // @ts-expect-error a walker has no such field, so the types are not any
  room.tables.walker.onAdd((w) => console.log(w.colour));
  console.log(CloseCode.Kicked, arena.kind, heard.count, new Matchmaker({ url: 'https://example.com' }));
  return room;
}
`;

const config = (module: string, moduleResolution: string) => ({
  compilerOptions: {
    target: 'ES2022',
    lib: ['ES2022', 'DOM', 'DOM.Iterable'],
    types: [],
    strict: true,
    noUnusedLocals: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    noEmit: true,
    module,
    moduleResolution,
  },
  files: ['main.ts'],
});

const folder = mkdtempSync(join(tmpdir(), 'tickroom-package-'));
afterAll(() => rmSync(folder, { recursive: true }));

// npm as a user runs it, not as the script that this test may run in.
const env = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) =>
      !/^npm_(package|lifecycle|command|config_(local_prefix|prefix|workspace))/i.test(name) && name !== 'INIT_CWD',
  ),
);
function run(cwd: string, command: string, ...args: string[]): string {
  const done = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(' ')}: ${done.error ?? done.status}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

// All entry points, also those that no page here uses.
const games = readdirSync(join(sdk, 'src', 'games')).map((file) => file.replace(/\.ts$/, ''));
const entries = Object.keys(JSON.parse(readFileSync(join(sdk, 'package.json'), 'utf8')).exports).flatMap((entry) =>
  entry.includes('*') ? games.map((game) => entry.slice(1).replace('*', game)) : entry.slice(1),
);

let tarball = '';
beforeAll(() => {
  const [packed] = JSON.parse(run(sdk, 'npm', 'pack', '--json', '--pack-destination', folder));
  tarball = join(folder, packed.filename);
}, 300_000);

test.for(['packed', 'from a checkout'])(
  '%s it installs, and builds with Vite and with the compiler alone',
  { timeout: 300_000 },
  (how) => {
    const dir = mkdtempSync(join(folder, 'page-'));
    writeFileSync(join(dir, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
    const quiet = ['--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error'];
    run(dir, 'npm', 'install', ...quiet, how === 'packed' ? tarball : sdk);
    writeFileSync(join(dir, 'main.ts'), page + entries.map((entry) => `import '@tickroom/client${entry}';\n`).join(''));
    writeFileSync(join(dir, 'index.html'), '<!doctype html><script type="module" src="main.ts"></script>');
    writeFileSync(join(dir, 'bundler.json'), JSON.stringify(config('ESNext', 'bundler')));
    writeFileSync(join(dir, 'node.json'), JSON.stringify(config('NodeNext', 'NodeNext')));
    run(dir, bin('tsc'), '-p', 'bundler.json');
    if (how === 'packed') run(dir, bin('tsc'), '-p', 'node.json');
    run(dir, bin('vite'), 'build', '--logLevel', 'error');
    expect(readFileSync(join(dir, 'dist', 'index.html'), 'utf8')).toContain('/assets/');
    // Node takes it as it is.
    const imports = entries.map((entry) => `await import('@tickroom/client${entry}');`);
    run(dir, process.execPath, '--input-type=module', '--eval', imports.join('\n'));
  },
);
