// What each test gets: a browser for its file, servers and proxies that end with
// it, a place for pictures; and what holds for all of them: no page complains.

import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BrowserContextOptions } from 'playwright-core';
import { test as base } from 'vitest';

import { Browser, type Launch, type View } from './browser.ts';
import { artifacts } from './build.ts';
import { Proxy } from './proxy.ts';
import { Server } from './server.ts';

interface Fixtures {
  /** How the file's browser is started; see test.scoped. */
  launch: Launch;
  browser: Browser;
  /** Starts a server. It has to end well. */
  serve: (...flags: string[]) => Promise<Server>;
  /** Starts a proxy to a server. */
  network: (to: Server) => Promise<Proxy>;
  /** Opens a page. */
  open: (url: string, options?: BrowserContextOptions) => Promise<View>;
  /** Keeps a picture of a page. */
  picture: (view: View, name: string) => Promise<Buffer>;
}

function slug(text: string): string {
  return text.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60);
}

export const test = base.extend<Fixtures>({
  launch: [{}, { scope: 'file' }],
  browser: [
    async ({ launch }, use) => {
      const b = await Browser.launch(launch);
      await use(b);
      await b.close();
    },
    { scope: 'file' },
  ],
  serve: async ({}, use) => {
    const servers: Server[] = [];
    await use(async (...flags) => {
      const s = await Server.start(...flags);
      servers.push(s);
      return s;
    });
    for (const s of servers) await s.stop();
  },
  network: async ({ serve: _ }, use) => {
    const proxies: Proxy[] = [];
    await use(async (to) => {
      const p = await Proxy.start(() => to.port);
      proxies.push(p);
      return p;
    });
    for (const p of proxies) await p.stop();
  },
  picture: async ({ task }, use) => {
    await use((view, name) => {
      mkdirSync(artifacts, { recursive: true });
      return view.page.screenshot({ path: join(artifacts, `${slug(task.name)}-${slug(name)}.png`) });
    });
  },
  // Opened after, and so closed before, the servers.
  open: async ({ browser, task, picture, network: _ }, use) => {
    await use((url, options) => browser.open(url, options));
    const failed = task.result?.state === 'fail' || (task.result?.errors?.length ?? 0) > 0;
    const complaints = browser.views.flatMap((v) => v.problems);
    if (failed || complaints.length > 0) {
      for (const [i, v] of browser.views.entries()) await picture(v, `failed-${i + 1}`).catch(() => {});
    }
    await browser.clear();
    if (complaints.length > 0) throw new Error(`pages complain:\n${complaints.join('\n')}`);
  },
});
