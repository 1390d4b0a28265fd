import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    environment: 'node',
    globalSetup: ['harness/build.ts'],
    // A browser without a graphics card keeps all processors busy by itself, but much
    // of the time is spent on waiting.
    maxWorkers: 2,
    isolate: false, // so that one browser serves all files of a worker
    // Waits have time-outs of their own, which say what was waited for.
    testTimeout: 180_000,
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    reporters: ['verbose'],
  },
});
