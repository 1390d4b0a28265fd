// The client library alone in a page: a script with it and its games, which defines
// `library` in any page of the server.

import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

import type { View } from './browser.ts';

/** What the script defines. */
export interface Library {
  readonly connect: typeof import('@tickroom/client').connect;
  readonly Client: typeof import('@tickroom/client').Client;
  readonly arena: typeof import('@tickroom/client/games/arena').arena;
  readonly walkers: typeof import('@tickroom/client/games/walkers').walkers;
}

let script: Promise<string> | undefined;

async function bundle(): Promise<string> {
  const { outputFiles } = await build({
    stdin: {
      contents: `
        export { Client, connect } from '@tickroom/client';
        export { arena } from '@tickroom/client/games/arena';
        export { walkers } from '@tickroom/client/games/walkers';
      `,
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'library',
    target: 'es2022',
    conditions: ['tickroom-source'],
  });
  return `${outputFiles[0]!.text}; globalThis.library = library;`;
}

/** The script, for pages that are not the server's. */
export function libraryScript(): Promise<string> {
  return (script ??= bundle());
}

/** Opens the smallest page of a server, its icon, and runs the script there. */
export async function bring(view: View, origin: string): Promise<void> {
  view.expect(/favicon\.ico/); // which browsers request for a picture
  await view.goto(`${origin}/icon.svg`);
  await view.page.evaluate(await libraryScript());
}

declare global {
  interface Window {
    readonly library: Library;
  }
}
