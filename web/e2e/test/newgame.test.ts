// A game of one's own, as a user comes to it: `tickroom new` in an empty folder, with a
// home that is empty, then `tickroom dev`, and two people who play.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { phone, type View } from '../harness/browser.ts';
import { root } from '../harness/build.ts';
import { test } from '../harness/test.ts';

/** The machine's caches, which spare the test what a user waits for once. */
function caches(): Record<string, string> {
  const go = spawnSync('go', ['env', 'GOMODCACHE', 'GOCACHE'], { encoding: 'utf8' }).stdout.split('\n');
  const npm = spawnSync('npm', ['config', 'get', 'cache'], { encoding: 'utf8' }).stdout.trim();
  return { GOMODCACHE: go[0] ?? '', GOCACHE: go[1] ?? '', npm_config_cache: npm };
}

/** An environment with an empty home, plain texts, and nothing of what the tests run in but the race detector. */
function environment(home: string): NodeJS.ProcessEnv {
  const own =
    /^npm_(package|lifecycle|command|execpath|config_(local_prefix|prefix|workspace))|^(INIT_CWD|HOME|GOFLAGS|CI|FORCE_COLOR|TICKROOM_.*)$/i;
  const kept = Object.entries(process.env).filter(([name]) => !own.test(name));
  const race = /(^|\s)-race\b/.test(process.env.GOFLAGS ?? '') ? '-race' : ''; // then all is compiled already
  return { ...Object.fromEntries(kept), ...caches(), HOME: home, GOFLAGS: race, NO_COLOR: '1' };
}

/** A port that nobody listens on. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** A program whose output can be waited for. */
class Program {
  #said = '';
  readonly #child: ChildProcess;

  constructor(dir: string, env: NodeJS.ProcessEnv, command: string, ...args: string[]) {
    this.#child = spawn(command, args, { cwd: dir, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const out of [this.#child.stdout, this.#child.stderr]) out?.on('data', (text) => (this.#said += text));
  }

  async says(pattern: RegExp, times = 1): Promise<void> {
    await expect
      .poll(() => (this.#child.exitCode === null ? [...this.#said.matchAll(pattern)].length : this.#said), {
        timeout: 300_000,
        interval: 50,
      })
      .toSatisfy((n) => typeof n === 'number' && n >= times, `${pattern} ${times} times; it says:\n${this.#said}`);
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null) throw new Error(`it has ended by itself:\n${this.#said}`);
    this.#child.kill('SIGINT');
    const [code] = await once(this.#child, 'exit');
    if (code !== 0) throw new Error(`exit code ${code}:\n${this.#said}`);
  }
}

const score = (view: View, name: string): Promise<number> =>
  view.page.evaluate((name) => {
    const rows = [...document.querySelectorAll('#scores li')].map((li) => li.textContent ?? '');
    return Number(rows.find((row) => row.startsWith(name))?.slice(name.length) ?? -1);
  }, name);

/** Lets the page draw some pictures. */
const frames = (view: View, n: number): Promise<void> =>
  view.page.evaluate(
    (n) =>
      new Promise<void>((resolve) => {
        const next = () => (n-- > 0 ? requestAnimationFrame(next) : resolve());
        next();
      }),
    n,
  );

test('a new game runs at once, is played by two, and goes on while it is edited', { timeout: 600_000 }, async ({
  ends,
  open,
  picture,
}) => {
  const home = mkdtempSync(join(tmpdir(), 'tickroom-new-'));
  ends.add(async () => rmSync(home, { recursive: true, force: true }));
  const env = environment(home);
  const empty = join(home, 'games');
  mkdirSync(empty);
  const made = spawnSync(process.env.TICKROOM_BIN!, ['new', 'star-dust', '--checkout', root], {
    cwd: empty,
    env,
    encoding: 'utf8',
  });
  expect(made.stderr).toBe('');
  expect(made.stdout).toContain('go tool tickroom dev');
  const dir = join(empty, 'star-dust');
  const run = (command: string, ...args: string[]) => {
    const done = spawnSync(command, args, { cwd: dir, env, encoding: 'utf8' });
    expect(done.status, `${command} ${args.join(' ')}:\n${done.stdout}${done.stderr}`).toBe(0);
  };
  const [server, page] = [await freePort(), await freePort()];
  const where = ['--listen', `127.0.0.1:${server}`, '--page', `127.0.0.1:${page}`, '--', '--admin='];
  const dev = new Program(dir, env, process.env.TICKROOM_BIN!, 'dev', ...where);
  ends.add(() => dev.end());
  await dev.says(/Local:/g);
  run('go', 'test', './...');
  run('npm', '--prefix', 'page', 'run', 'build');

  const url = `http://127.0.0.1:${page}/`;
  const [ann, bob] = await Promise.all([open(url), open(url, phone)]);
  for (const [view, name] of [
    [ann, 'Ann'],
    [bob, 'Bob'],
  ] as const) {
    await view.page.fill('#naming input', name);
    await view.page.click('#naming button');
  }
  for (const view of [ann, bob]) {
    await view.until('both are there, with their names', () =>
      ['Ann', 'Bob'].every((name) =>
        [...document.querySelectorAll('#scores li span')].some((s) => s.textContent === name),
      ),
    );
  }
  // Both cross the field until they have found something.
  await ann.page.keyboard.press('Escape');
  await ann.page.locator('#field').click({ position: { x: 400, y: 400 } });
  const turns = ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'];
  for (let i = 0; (await score(ann, 'Ann')) < 1; i++) {
    expect(i, 'turns without a gem').toBeLessThan(80);
    await ann.page.keyboard.down(turns[i % 4]!);
    await frames(ann, 25 + 2 * i);
    await ann.page.keyboard.up(turns[i % 4]!);
  }
  await bob.until('the other one sees it', () =>
    [...document.querySelectorAll('#scores li')].some(
      (li) => li.textContent?.startsWith('Ann') && !li.textContent.endsWith('Ann0'),
    ),
  );
  await picture(ann, 'new-game');
  await picture(bob, 'new-game-phone');

  // A mistake is told, and the game goes on; then it is mended, and those who play come back.
  const file = join(dir, 'game', 'game.go');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace('speed = 7.0', 'speed = fast'));
  await dev.says(/can't be built.*undefined: fast/gs);
  ann.expectOutage();
  bob.expectOutage();
  writeFileSync(file, text.replace('speed = 7.0', 'speed = 9.0'));
  await dev.says(/the server runs on/g, 2);
  for (const view of [ann, bob]) {
    await view.until(
      'both are back',
      () =>
        document.querySelectorAll('#scores li').length === 2 && document.querySelector('#state')?.textContent === '',
    );
  }
});
