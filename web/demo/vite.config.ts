import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { defaultClientConditions, defaultServerConditions } from 'vite';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

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
      // The landing page, and each folder that has one.
      input: Object.fromEntries(
        ['.', ...readdirSync(at('.'))]
          .filter((dir) => existsSync(at(`${dir}/index.html`)))
          .map((dir) => [dir === '.' ? 'landing' : dir, at(`${dir}/index.html`)]),
      ),
    },
  },
  server: {
    proxy: {
      '/ws': { target: server, ws: true },
      '/status.json': { target: server },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    environment: 'node',
  },
});
