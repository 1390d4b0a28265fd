// A page that can't connect is told why, though a browser's WebSocket tells it nothing.

import { createServer, type Server as HTTPServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'vitest';

import { libraryScript } from '../harness/sdk.ts';
import { test } from '../harness/test.ts';

/** A server of pages that is no tickroom server. */
async function pages(): Promise<{ url: string; stop: () => void }> {
  const server: HTTPServer = createServer((req, res) => {
    res.writeHead(req.url === '/' ? 200 : 404, { 'Content-Type': 'text/html' });
    res.end('<!doctype html><title>Elsewhere</title><link rel="icon" href="data:,">');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test('a page that may not connect is told why', async ({ serve, open }) => {
  const server = await serve();
  const own = await serve('--origins=*');
  const elsewhere = await pages();
  const nobody = await pages();
  nobody.stop();
  const view = await open(elsewhere.url);
  view.expectOutage();
  view.expect(
    /Failed to load resource/,
    /^response (403|404|426)/,
    /blocked by CORS policy/,
    /^request failed: .*ERR_(FAILED|BLOCKED)/,
  );
  await view.page.evaluate(await libraryScript());
  const why = (url: string, timeoutMs: number) =>
    view.page.evaluate(
      async ([url, timeoutMs]) => {
        try {
          const room = await window.library.connect(url, window.library.walkers, { timeoutMs });
          await room.leave();
          return { message: 'it joined' };
        } catch (err) {
          const { name, message, code, status } = err as Error & { code: number; status?: number };
          return { name, message, code, status };
        }
      },
      [url, timeoutMs] as const,
    );
  const ws = (url: string) => url.replace('http', 'ws');

  const refused = await why(`${ws(server.url)}/ws`, 120_000); // at once
  expect(refused).toMatchObject({ name: 'JoinError', code: 1006, status: 403 });
  expect(refused.message).toContain(`Origin "${elsewhere.url}" may not connect here`);

  const gone = await why(`${ws(nobody.url)}/ws`, 2_000);
  expect(gone).toMatchObject({ code: 1006, status: 0 });
  expect(gone.message).toMatch(/Nothing answers at ws:.*running/);

  const path = await why(`${ws(own.url)}/`, 2_000);
  expect(path).toMatchObject({ code: 1006, status: 0 });
  expect(path.message).toContain(`There may be one at ${ws(own.url)}/ws.`);

  const other = await why(`${ws(elsewhere.url)}/ws`, 120_000); // the page's own server, whose answers it may read
  expect(other).toMatchObject({ code: 1006, status: 404 });

  expect(await why(`${ws(own.url)}/ws`, 120_000)).toEqual({ message: 'it joined' });
  elsewhere.stop();
});
