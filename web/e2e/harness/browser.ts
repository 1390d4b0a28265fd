// A real Chromium, and pages in it that are checked for anything that goes wrong.

import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import {
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  type Browser as Chromium,
  chromium,
  type Page,
} from 'playwright-core';

/** The context of each page has a small window, since the processor draws its pixels. */
const usual: BrowserContextOptions = { viewport: { width: 800, height: 500 }, locale: 'en-GB' };

/** A phone held upright. */
export const phone: BrowserContextOptions = {
  viewport: { width: 390, height: 780 },
  deviceScaleFactor: 1,
  hasTouch: true,
  isMobile: true,
};

/** Returns the path of Chromium: CHROMIUM, or one of its usual names in PATH. */
export function findChromium(): string {
  const given = process.env.CHROMIUM;
  if (given) return given;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']) {
    for (const dir of (process.env.PATH ?? '').split(delimiter)) {
      if (dir && existsSync(join(dir, name))) return join(dir, name);
    }
  }
  throw new Error('Chromium is needed to test the pages: install chromium, or say in CHROMIUM where it is');
}

/** The processor draws the page and 2D canvases directly; only WebGL needs a graphics card in software. */
const switches = [
  '--headless=new',
  '--no-sandbox',
  '--use-angle=swiftshader',
  '--enable-unsafe-swiftshader',
  '--disable-gpu-rasterization',
  '--disable-accelerated-2d-canvas',
  '--mute-audio',
  '--hide-scrollbars',
  '--no-first-run',
  '--no-default-browser-check',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-default-apps',
  '--disable-extensions',
  '--disable-dev-shm-usage',
  '--disable-features=Translate,MediaRouter,OptimizationHints',
  '--metrics-recording-only',
  '--password-store=basic',
  '--force-color-profile=srgb',
  '--window-size=900,640',
  '--remote-debugging-port=0',
];

/**
 * Keeps Chromium, when run by root, from giving its drawing priority over everything else
 * on the machine, the server included. Without a graphics card that leaves nothing for
 * others.
 */
function modest(): string[] {
  if (process.getuid?.() !== 0) return [];
  const setpriv = ['setpriv', '--bounding-set=-sys_nice', '--inh-caps=-sys_nice'];
  return spawnSync('setpriv', [...setpriv.slice(1), 'true']).status === 0 ? setpriv : [];
}

/** A browser in its own process. It is not started by playwright, in whose browsers no tab is ever hidden. */
export class Browser {
  readonly #chromium: Chromium;
  readonly #quit: () => Promise<void>;
  readonly #views: View[] = [];

  /** Called by {@link Browser.launch}. */
  constructor(c: Chromium, quit: () => Promise<void>) {
    this.#chromium = c;
    this.#quit = quit;
  }

  static async launch(more: readonly string[] = []): Promise<Browser> {
    const profile = mkdtempSync(join(tmpdir(), 'tickroom-browser-'));
    const [command, ...args] = [...modest(), findChromium()];
    const child = spawn(command!, [...args, ...switches, ...more, `--user-data-dir=${profile}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
    const said: string[] = [];
    const address = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stderr }).on('line', (line) => {
        said.push(line);
        const at = /^DevTools listening on (ws:\S+)/.exec(line);
        if (at?.[1]) resolve(at[1]);
      });
      child.on('error', reject);
      void ended.then(() => reject(new Error(`Chromium did not start:\n${said.join('\n')}`)));
    });
    const c = await chromium.connectOverCDP(address, { noDefaults: true });
    const quit = async () => {
      const session = await c.newBrowserCDPSession();
      await session.send('Browser.close').catch(() => {}); // it may exit before it answers
      await ended;
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    };
    return new Browser(c, quit);
  }

  get version(): string {
    return this.#chromium.version();
  }

  /** A session of the DevTools protocol with the browser as a whole. */
  cdp(): Promise<CDPSession> {
    return this.#chromium.newBrowserCDPSession();
  }

  /** Opens a page with its own storage. It is always visible. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<View> {
    return this.#show(await this.#chromium.newContext({ ...usual, ...options }), url);
  }

  /** Opens a page in another tab of the same window and storage. */
  async openBeside(view: View, url: string): Promise<View> {
    return this.#show(view.page.context(), url);
  }

  /** Opens a page in a tab of the browser's own window, in front of the others, which are then hidden. */
  async openTab(url: string): Promise<View> {
    return this.#show(this.#chromium.contexts()[0]!, url);
  }

  async #show(context: BrowserContext, url: string): Promise<View> {
    const page = await context.newPage();
    const view = new View(page, await context.newCDPSession(page));
    this.#views.push(view);
    await view.goto(url);
    return view;
  }

  /** All pages so far. */
  get views(): readonly View[] {
    return this.#views;
  }

  /** Closes all pages. */
  async clear(): Promise<void> {
    const own = this.#chromium.contexts()[0];
    const contexts = new Set<BrowserContext>();
    for (const { page } of this.#views.splice(0)) {
      if (page.context() === own) await page.close();
      else contexts.add(page.context());
    }
    for (const c of contexts) await c.close();
  }

  async close(): Promise<void> {
    await this.#quit();
  }
}

/** How long a test waits for something, in milliseconds. It is long, since machines may be slow. */
const patience = Number(process.env.PATIENCE ?? 45_000);

/** A page under test. */
export class View {
  readonly page: Page;
  readonly cdp: CDPSession;
  readonly #problems: string[] = [];
  readonly #expected: RegExp[] = [];

  constructor(page: Page, cdp: CDPSession) {
    this.page = page;
    this.cdp = cdp;
    const complain = (text: string) => this.#problems.push(text);
    page.on('console', (m) => {
      if (m.type() === 'error' || m.type() === 'warning')
        complain(`console ${m.type()}: ${m.text()} (${m.location().url})`);
    });
    page.on('pageerror', (e) => complain(`uncaught: ${e.stack ?? String(e)}`));
    page.on('crash', () => complain('the page crashed'));
    page.on('requestfailed', (r) => {
      // A page that is left aborts its requests.
      if (r.failure()?.errorText !== 'net::ERR_ABORTED')
        complain(`request failed: ${r.url()}: ${r.failure()?.errorText}`);
    });
    page.on('response', (r) => {
      if (r.status() >= 400) complain(`response ${r.status()}: ${r.url()}`);
    });
  }

  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  /** The problems so far, without the expected ones. */
  get problems(): readonly string[] {
    return this.#problems.filter((p) => !this.#expected.some((e) => e.test(p)));
  }

  /** Expects problems that match. Browsers report each failed connection, whatever a page does. */
  expect(...what: RegExp[]): void {
    this.#expected.push(...what);
  }

  /** Expects connections to fail. */
  expectOutage(): void {
    this.expect(
      /^console (error|warning): WebSocket connection to .* failed/,
      /^console error: Failed to load resource: net::ERR_/,
      /^request failed: .*net::ERR_(CONNECTION|EMPTY|SOCKET|NETWORK|TIMED)/,
    );
  }

  /**
   * Waits until fn, which is called in the page, returns something that is true, and
   * returns that. An exception counts as false. It polls from outside the page, which may
   * be hidden or frozen.
   */
  async until<R, A>(what: string, fn: (arg: A) => R | Promise<R>, arg: A): Promise<NonNullable<Awaited<R>>>;
  async until<R>(what: string, fn: () => R | Promise<R>): Promise<NonNullable<Awaited<R>>>;
  async until<R>(what: string, fn: (arg: never) => R | Promise<R>, arg?: unknown): Promise<NonNullable<Awaited<R>>> {
    const end = Date.now() + patience;
    let last: unknown;
    const began = Date.now();
    for (;;) {
      try {
        last = await this.page.evaluate(fn as (arg: unknown) => R, arg);
        if (last && process.env.E2E_TIMES) console.log(Date.now() - began, 'ms:', what);
        if (last) return last as NonNullable<Awaited<R>>;
      } catch (err) {
        last = err;
      }
      if (Date.now() > end) {
        const why = last instanceof Error ? last.message : JSON.stringify(last);
        throw new Error(
          `it never came to this: ${what}. At last: ${why}. The page says: ${this.problems.join('; ') || 'nothing'}`,
        );
      }
      await this.page.evaluate(() => new Promise((r) => setTimeout(r, 30))).catch(() => {});
    }
  }

  /** Brings a tab to the front. */
  async front(): Promise<void> {
    await this.page.bringToFront();
  }

  /** Freezes a hidden page, as browsers do with pages that were hidden for long, or resumes it. */
  async lifecycle(state: 'frozen' | 'active'): Promise<void> {
    await this.cdp.send('Page.setWebLifecycleState', { state });
  }
}
