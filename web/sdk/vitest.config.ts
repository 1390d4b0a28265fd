import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['tickroom-source'] },
  ssr: { resolve: { conditions: ['tickroom-source'] } },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    globalSetup: ['test/global.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
