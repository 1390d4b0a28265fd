import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { conditions: ['tickroom-source'] },
  ssr: { resolve: { conditions: ['tickroom-source'] } },
  test: {
    include: ['test/**/*.test.ts', 'examples/**/*.test.ts'],
    testTimeout: 30_000,
  },
});
