import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** Returns the folders that have a page, by what the page's files are called: that of `/live/host` is `live-host`. */
function pages(): Record<string, string> {
  const folders = readdirSync(at('.'), { withFileTypes: true })
    .filter((f) => f.isDirectory() && !['node_modules', 'public', 'src'].includes(f.name))
    .flatMap(({ name }) => [name, ...readdirSync(at(name)).map((below) => `${name}/${below}`)]);
  return Object.fromEntries(
    ['.', ...folders]
      .filter((dir) => existsSync(at(`${dir}/index.html`)))
      .map((dir) => [dir === '.' ? 'landing' : dir.replace('/', '-'), at(`${dir}/index.html`)]),
  );
}

// Where `npm run dev` finds a tickroom server.
const server = process.env.TICKROOM ?? 'http://127.0.0.1:7777';

export default defineConfig({
  root: at('.'),
  appType: 'mpa',
  base: '/',
  // The library's sources, not its build, so that a change in it shows at once and it
  // need not be built first. tsconfig.base.json has the same for the compiler.
  resolve: { conditions: ['tickroom-source', ...defaultClientConditions] },
  ssr: { resolve: { conditions: ['tickroom-source', ...defaultServerConditions] } }, // tests
  build: {
    outDir: at('../dist/site'), // embedded by web/web.go
    emptyOutDir: true,
    target: 'es2022',
    // The pages' policy allows scripts and styles from files alone.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: pages(),
    },
  },
  server: {
    proxy: {
      '/ws': { target: server, ws: true },
      '/status.json': { target: server },
      '/tickroom.v1.MatchmakingService': { target: server },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
