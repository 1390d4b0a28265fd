// Prints how large the library is in a page, with its protobuf runtime and the
// smallest game, and fails beyond the limit.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const limit = 30 * 1024;

const entry = `
  export * from './dist/index.js';
  export { walkers } from './dist/games/walkers.js';
`;
const result = await build({
  stdin: { contents: entry, resolveDir: new URL('..', import.meta.url).pathname },
  bundle: true,
  minify: true,
  format: 'esm',
  target: 'es2022',
  write: false,
  metafile: true,
});
const bytes = result.outputFiles[0].contents;
const gzipped = gzipSync(bytes, { level: 9 }).length;
const parts = { library: 0, 'generated code': 0, '@bufbuild/protobuf': 0 };
for (const [path, { bytesInOutput }] of Object.entries(Object.values(result.metafile.outputs)[0].inputs)) {
  if (path.includes('@bufbuild/protobuf')) parts['@bufbuild/protobuf'] += bytesInOutput;
  else if (path.includes('/gen/')) parts['generated code'] += bytesInOutput;
  else parts.library += bytesInOutput;
}
console.log(`@tickroom/client with walkers: ${gzipped} bytes gzipped of at most ${limit}; ${bytes.length} minified:`);
for (const [name, n] of Object.entries(parts)) console.log(`  ${String(n).padStart(6)}  ${name}`);
if (gzipped > limit) {
  console.error(`too large by ${gzipped - limit} bytes`);
  process.exit(1);
}
