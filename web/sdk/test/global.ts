// Builds the server once for all tests that talk to one.

import { execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  interface ProvidedContext {
    /** The server's program. */
    server: string;
  }
}

export default function setup(project: TestProject): void {
  const given = process.env.TICKROOM_BIN;
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  const bin = given ?? `${root}web/sdk/tmp/tickroom`;
  if (!given) {
    mkdirSync(`${root}web/sdk/tmp`, { recursive: true });
    execFileSync('go', ['build', '-o', bin, './cmd/tickroom'], { cwd: root, stdio: 'inherit' });
  }
  project.provide('server', bin);
}
