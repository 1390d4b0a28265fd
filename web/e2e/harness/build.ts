// Builds what the tests run: the pages, and a server with them. Neither touches the tree,
// so that other builds may run meanwhile: the pages go to a temporary folder, which an
// overlay of the Go compiler shows as web/dist/site.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';

/** The repository. */
export const root = fileURLToPath(new URL('../../../', import.meta.url));
/** Where screenshots and reports go. */
export const artifacts = fileURLToPath(new URL('../artifacts/', import.meta.url));

/** The environment variable with the path of a server to test, instead of building one. */
const given = 'TICKROOM_BIN';

function files(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { withFileTypes: true, recursive: true })
    .filter((e) => e.isFile())
    .map((e) => relative(dir, join(e.parentPath, e.name)));
}

/** Builds the pages into a folder. Without minify, functions keep their names. */
export async function buildPages(out: string, options: { minify?: boolean } = {}): Promise<void> {
  await build({
    configFile: join(root, 'web/demo/vite.config.ts'),
    logLevel: 'warn',
    build: { outDir: out, emptyOutDir: true, ...(options.minify === undefined ? {} : { minify: options.minify }) },
  });
}

/** Builds a server with the pages of a folder, or without pages, and returns its path. */
export function buildServer(dir: string, pages: string | undefined, options: { race?: boolean } = {}): string {
  const embedded = join(root, 'web/dist/site');
  const replace: Record<string, string> = {};
  for (const f of files(embedded)) replace[join(embedded, f)] = '';
  if (pages !== undefined) for (const f of files(pages)) replace[join(embedded, f)] = join(pages, f);
  const overlay = join(dir, 'overlay.json');
  writeFileSync(overlay, JSON.stringify({ Replace: replace }));
  const bin = join(dir, pages === undefined ? 'tickroom-bare' : 'tickroom');
  const args = ['build', ...(options.race ? ['-race'] : []), '-overlay', overlay, '-o', bin, './cmd/tickroom'];
  const done = spawnSync('go', args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (done.error) throw done.error;
  if (done.status !== 0) throw new Error(`go ${args.join(' ')}: exit code ${done.status}`);
  return bin;
}

/** Builds both for a program outside the tests. Returns the server's path and a function that removes it. */
export async function buildAll(
  options: { race?: boolean; minify?: boolean } = {},
): Promise<{ bin: string; remove: () => void }> {
  mkdirSync(artifacts, { recursive: true });
  const bin = process.env[given];
  if (bin) return { bin, remove: () => {} };
  const dir = mkdtempSync(join(tmpdir(), 'tickroom-e2e-'));
  const pages = join(dir, 'site');
  await buildPages(pages, options);
  return { bin: buildServer(dir, pages, options), remove: () => rmSync(dir, { recursive: true, force: true }) };
}

/** Builds both once for all tests, the server with the race detector. */
export async function setup(): Promise<() => void> {
  rmSync(artifacts, { recursive: true, force: true }); // those of the last run
  const { bin, remove } = await buildAll({ race: true });
  process.env[given] = bin;
  return remove;
}
