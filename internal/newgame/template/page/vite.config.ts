import { createLogger, defineConfig } from 'vite';

// Where the game's server is while the page is developed.
const server = process.env.GAME_SERVER ?? 'http://127.0.0.1:7777';

// Connections that end when the server is started again are nothing to tell of.
const customLogger = createLogger();
const { error } = customLogger;
customLogger.error = (text, options) => /proxy.*error/.test(text) || error(text, options);

export default defineConfig({
  customLogger,
  server: {
    proxy: { '/ws': { target: server, ws: true } },
  },
});
