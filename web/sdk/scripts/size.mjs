// Prints the size of the library in a page, with its protobuf runtime and the smallest
// game, and fails beyond the limit. Then prints what the other entry points add.

import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const limit = 30 * 1024;

const base = `
  export * from './dist/index.js';
  export { walkers } from './dist/games/walkers.js';
`;
const live = `export * from './dist/live/index.js';`;
const matchmaking = `export * from './dist/matchmaking/index.js';`;

/** Bundles everything that an entry imports. */
async function bundle(entry) {
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
  const parts = { library: 0, 'generated code': 0, '@bufbuild/protobuf': 0, '@connectrpc': 0 };
  for (const [path, { bytesInOutput }] of Object.entries(Object.values(result.metafile.outputs)[0].inputs)) {
    if (path.includes('@bufbuild/protobuf')) parts['@bufbuild/protobuf'] += bytesInOutput;
    else if (path.includes('@connectrpc/')) parts['@connectrpc'] += bytesInOutput;
    else if (path.includes('/gen/')) parts['generated code'] += bytesInOutput;
    else parts.library += bytesInOutput;
  }
  return {
    minified: bytes.length,
    gzipped: gzipSync(bytes, { level: 9 }).length,
    parts,
    inputs: result.metafile.inputs,
  };
}

function print(what, { minified, parts }) {
  console.log(`${what}; ${minified} minified:`);
  for (const [name, n] of Object.entries(parts)) if (n > 0) console.log(`  ${String(n).padStart(6)}  ${name}`);
}

const page = await bundle(base);
if (Object.keys(page.inputs).some((path) => path.includes('/dev/'))) {
  console.error('the library alone brings what is for development');
  process.exit(1);
}
print(`@tickroom/client with walkers: ${page.gzipped} bytes gzipped of at most ${limit}`, page);
const both = await bundle(base + matchmaking);
const watching = await bundle(base + live);
print(
  `@tickroom/client/matchmaking: ${both.gzipped - page.gzipped} bytes gzipped more, ${both.gzipped} together`,
  both,
);
print(
  `@tickroom/client/live: ${watching.gzipped - page.gzipped} bytes gzipped more, ${watching.gzipped} together`,
  watching,
);
if (Object.keys(page.inputs).some((path) => path.includes('/live/'))) {
  console.error('the library alone brings the code of live rooms');
  process.exit(1);
}
if (page.parts['@connectrpc'] > 0) {
  console.error('the library alone brings the code of matchmaking');
  process.exit(1);
}
if (page.gzipped > limit) {
  console.error(`too large by ${page.gzipped - limit} bytes`);
  process.exit(1);
}
