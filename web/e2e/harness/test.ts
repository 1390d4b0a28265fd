// The fixtures of tests: a browser, which all share; servers, proxies and pages that end
// with the test; a folder for pictures. For all tests, no page may report a problem and
// every server must exit well.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { test as base } from 'vitest';

import { Browser, type View } from './browser.ts';
import { artifacts } from './build.ts';
import { TcpProxy } from './proxy.ts';
import { Server } from './server.ts';

interface Fixtures {
  browser: Browser;
  ends: Ends;
  /** Starts a server. It has to exit well. */
  serve: (...flags: string[]) => Promise<Server>;
  /** Starts a proxy to a server. */
  network: (to: Server) => Promise<TcpProxy>;
  /** Opens a page. */
  open: (url: string, options?: BrowserContextOptions) => Promise<View>;
  /** Opens a page in a tab that may be hidden. */
  openTab: (url: string) => Promise<View>;
  /** Saves a picture of a page, or of its whole length. */
  picture: (view: View, name: string, whole?: boolean) => Promise<Buffer>;
}

/** What is to be done after the test, in reverse order, even if some of it fails. */
class Ends {
  readonly #list: (() => Promise<void>)[] = [];

  add(end: () => Promise<void>): void {
    this.#list.push(end);
  }

  async run(): Promise<void> {
    const errors: unknown[] = [];
    for (const end of this.#list.reverse()) await end().catch((err: unknown) => errors.push(err));
    if (errors.length > 0)
      throw errors.length === 1 ? errors[0] : new AggregateError(errors, errors.map(String).join('\n'));
  }
}

function slug(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 70);
}

export const test = base.extend<Fixtures>({
  browser: [
    // biome-ignore lint/correctness/noEmptyPattern: vitest reads from the pattern what a fixture needs.
    async ({}, use) => {
      const b = await Browser.launch();
      await use(b);
      await b.close();
    },
    { scope: 'worker' },
  ],
  ends: async ({ browser, task, picture }, use) => {
    const ends = new Ends();
    await use(ends);
    ends.add(() => browser.clear());
    // While the pages are still open.
    ends.add(async () => {
      const complaints = browser.views.flatMap((v) => v.problems);
      if (complaints.length === 0 && (task.result?.errors ?? []).length === 0) return;
      for (const [i, v] of browser.views.entries()) await picture(v, `failed-${i + 1}`).catch(() => {});
      if (complaints.length > 0) throw new Error(`pages complain:\n${complaints.join('\n')}`);
    });
    await ends.run();
  },
  serve: async ({ ends }, use) => {
    await use(async (...flags) => {
      const s = await Server.start(...flags);
      ends.add(() => s.stop());
      return s;
    });
  },
  network: async ({ ends }, use) => {
    await use(async (to) => {
      const p = await TcpProxy.start(() => to.port);
      ends.add(() => p.stop());
      return p;
    });
  },
  open: async ({ browser, ends: _ }, use) => {
    await use((url, options) => browser.open(url, options));
  },
  openTab: async ({ browser, ends: _ }, use) => {
    await use((url) => browser.openTab(url));
  },
  picture: async ({ task }, use) => {
    await use((view, name, whole = false) => {
      mkdirSync(artifacts, { recursive: true });
      return view.page.screenshot({ path: join(artifacts, `${slug(task.name)}-${slug(name)}.png`), fullPage: whole });
    });
  },
});
