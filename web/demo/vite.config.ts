import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

// Where `npm run dev` finds a tickroom server.
const server = process.env['TICKROOM'] ?? 'http://127.0.0.1:7777';

export default defineConfig({
  root: at('.'),
  appType: 'mpa',
  base: '/',
  resolve: {
    // The library's sources, not its build; see tsconfig.json.
    alias: [
      { find: /^@tickroom\/client$/, replacement: at('../sdk/src/index.ts') },
      { find: /^@tickroom\/client\/games\/(.+)$/, replacement: at('../sdk/games/') + '$1.ts' },
      { find: /^@tickroom\/client\/(.+)$/, replacement: at('../sdk/src/') + '$1.ts' },
    ],
  },
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
      input: {
        landing: at('index.html'),
        arena: at('arena/index.html'),
        walkers: at('walkers/index.html'),
      },
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
