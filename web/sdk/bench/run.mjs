// Bundles the benchmark and runs it, with a young generation so large that allocations can
// be counted.

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { build } from 'esbuild';

const out = new URL('../tmp/bench.mjs', import.meta.url).pathname;
mkdirSync(new URL('../tmp/', import.meta.url), { recursive: true });
await build({
  entryPoints: [new URL('decode.ts', import.meta.url).pathname],
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20',
  outfile: out,
  conditions: ['tickroom-source'],
  logLevel: 'error',
});
process.exit(
  spawnSync(process.execPath, ['--expose-gc', '--max-semi-space-size=256', out], { stdio: 'inherit' }).status ?? 1,
);
