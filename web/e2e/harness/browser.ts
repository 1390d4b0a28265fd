// A real Chromium, and pages in it that are watched for anything that goes wrong.

import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { type Browser as Chromium, type BrowserContext, type BrowserContextOptions, type CDPSession, chromium, type Page } from 'playwright-core';

/** What each page's context starts with: a small window, since its pixels are drawn by the processor. */
const usual: BrowserContextOptions = { viewport: { width: 960, height: 600 }, locale: 'en-GB' };

/** A phone held upright. */
export const phone: BrowserContextOptions = { viewport: { width: 390, height: 780 }, deviceScaleFactor: 1, hasTouch: true, isMobile: true };

/** Finds Chromium: in CHROMIUM, or by its usual names in PATH. */
export function findChromium(): string {
  const given = process.env['CHROMIUM'];
  if (given) return given;
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']) {
    for (const dir of (process.env['PATH'] ?? '').split(delimiter)) {
      if (dir && existsSync(join(dir, name))) return join(dir, name);
    }
  }
  throw new Error('Chromium is needed to test the pages: install chromium, or say in CHROMIUM where it is');
}

/** How a browser is started. */
export interface Launch {
  /** Hidden pages are slowed down as they are for people, not kept awake for tests. */
  readonly throttle?: boolean;
  /** Further command line switches. */
  readonly args?: readonly string[];
}

export class Browser {
  readonly #chromium: Chromium;
  readonly #views: View[] = [];

  private constructor(c: Chromium) {
    this.#chromium = c;
  }

  static async launch(options: Launch = {}): Promise<Browser> {
    return new Browser(
      await chromium.launch({
        executablePath: findChromium(),
        headless: true,
        chromiumSandbox: false,
        ignoreDefaultArgs: [
          '--headless', '--hide-scrollbars',
          ...(options.throttle ? ['--disable-background-timer-throttling', '--disable-renderer-backgrounding', '--disable-backgrounding-occluded-windows'] : []),
        ],
        args: ['--headless=new', '--use-angle=swiftshader', '--enable-unsafe-swiftshader', '--mute-audio', ...(options.args ?? [])],
      }),
    );
  }

  get version(): string {
    return this.#chromium.version();
  }

  /** Opens a page in a window with a storage of its own. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<View> {
    const context = await this.#chromium.newContext({ ...usual, ...options });
    return this.#show(context, url);
  }

  /** Opens a page in another tab of the same window. */
  async openBeside(view: View, url: string): Promise<View> {
    return this.#show(view.page.context(), url);
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

  /** Closes the pages, and forgets them. */
  async clear(): Promise<void> {
    const contexts = new Set(this.#views.splice(0).map((v) => v.page.context()));
    for (const c of contexts) await c.close();
  }

  async close(): Promise<void> {
    await this.#chromium.close();
  }
}

/** How long a test waits for something, in milliseconds. It is long, since machines may be slow. */
const patience = 45_000;

/** A page that is looked at. */
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
      if (m.type() === 'error' || m.type() === 'warning') complain(`console ${m.type()}: ${m.text()} (${m.location().url})`);
    });
    page.on('pageerror', (e) => complain(`uncaught: ${e.stack ?? String(e)}`));
    page.on('crash', () => complain('the page crashed'));
    page.on('requestfailed', (r) => {
      // A page that goes away takes its requests with it.
      if (r.failure()?.errorText !== 'net::ERR_ABORTED') complain(`request failed: ${r.url()}: ${r.failure()?.errorText}`);
    });
    page.on('response', (r) => {
      if (r.status() >= 400) complain(`response ${r.status()}: ${r.url()}`);
    });
  }

  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
  }

  /** Problems so far, without those that were expected. */
  get problems(): readonly string[] {
    return this.#problems.filter((p) => !this.#expected.some((e) => e.test(p)));
  }

  /** Complaints that are no problem: a browser reports each connection that can't be made, whatever a page does. */
  expect(...what: RegExp[]): void {
    this.#expected.push(...what);
  }

  /** Connections will fail. */
  expectOutage(): void {
    this.expect(/^console error: WebSocket connection to .* failed/, /^console error: Failed to load resource: net::ERR_/, /^request failed: .*net::ERR_(CONNECTION|EMPTY|SOCKET|NETWORK|TIMED)/);
  }

  /**
   * Waits until fn, which runs in the page, gives something that is true, and
   * gives that. What fn throws counts as not yet. It is asked from here, so that
   * pages can be waited for that are hidden or asleep.
   */
  async until<R, A>(what: string, fn: (arg: A) => R | Promise<R>, arg: A): Promise<NonNullable<Awaited<R>>>;
  async until<R>(what: string, fn: () => R | Promise<R>): Promise<NonNullable<Awaited<R>>>;
  async until<R>(what: string, fn: (arg: never) => R | Promise<R>, arg?: unknown): Promise<NonNullable<Awaited<R>>> {
    const end = Date.now() + patience;
    let last: unknown;
    for (;;) {
      try {
        last = await this.page.evaluate(fn as (arg: unknown) => R, arg);
        if (last) return last as NonNullable<Awaited<R>>;
      } catch (err) {
        last = err;
      }
      if (Date.now() > end) {
        const why = last instanceof Error ? last.message : JSON.stringify(last);
        throw new Error(`it never came to this: ${what}. At last: ${why}. The page says: ${this.problems.join('; ') || 'nothing'}`);
      }
      await this.page.evaluate(() => new Promise((r) => setTimeout(r, 30))).catch(() => {});
    }
  }

  /** Whether the page is hidden, frozen or neither, as far as it is told. */
  async lifecycle(state: 'frozen' | 'active'): Promise<void> {
    await this.cdp.send('Page.setWebLifecycleState', { state });
  }
}
