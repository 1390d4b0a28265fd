import { defineConfig } from 'vite';

// Where the game's server is while the page is developed.
const server = process.env.GAME_SERVER ?? 'http://127.0.0.1:7777';

export default defineConfig({
  server: {
    // Also for a phone in the same network: npm run dev -- --host
    proxy: { '/ws': { target: server, ws: true } },
  },
});
