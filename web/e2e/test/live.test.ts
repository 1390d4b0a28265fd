// A live room: two viewers, one of them on a phone, and a moderator.

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Live, Overlay } from '@tickroom/client/live';
import { build } from 'esbuild';
import { expect } from 'vitest';

import { Backend } from '../harness/backend.ts';
import { phone, type View } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

/** What the pages offer for tests: see web/demo/src/live/main.ts and host/main.ts. */
interface Hooks {
  readonly live: Live;
  readonly overlay: Overlay;
}
declare const window: { readonly tickroom: Hooks };

/** Waits until a page's list of comments has a text, or has it no more. */
function listed(view: View, said: string, is = true): Promise<unknown> {
  return view.until(
    `the list has ${is ? '' : 'no more '}“${said}”`,
    ([text, is]) => [...document.querySelectorAll('#chat li')].some((li) => li.textContent!.includes(text)) === is,
    [said, is] as const,
  );
}

/** Writes a comment. */
async function say(view: View, said: string): Promise<void> {
  await view.until('the viewer may write', () => window.tickroom.live.wait === 0);
  await view.page.fill('#text', said);
  await view.page.keyboard.press('Enter');
}

test('a comment, a deletion, a poll, a gift, and a viewer who is muted', async ({ serve, open, picture, ends }) => {
  const backend = new Backend();
  ends.add(async () => backend.remove());
  const server = await serve(...backend.flags);
  const token = backend.token('mod1', 'Mod', 'moderator', 'player');
  const mod = await open(`${server.url}/live/host#token=${token}`, { viewport: { width: 1500, height: 940 } });
  const ann = await open(`${server.url}/live?name=Ann`, { viewport: { width: 1280, height: 760 } });
  const bob = await open(`${server.url}/live?name=Bob`, phone);
  expect(mod.page.url()).not.toContain(token);
  for (const view of [mod, ann, bob])
    await view.until('it counts all three', () => window.tickroom.live?.state.viewers === 3);

  // A comment is in all lists, and over the picture.
  await say(ann, 'what a :star: this is');
  for (const view of [mod, bob]) await listed(view, 'Ann what a');
  await ann.until('her own is marked', () => document.querySelector('#chat li.own img'));
  for (const view of [ann, bob]) await view.until('it flies', () => window.tickroom.overlay.counts.shown === 1);
  await say(bob, 'buy coins here');
  await listed(ann, 'buy coins');
  await picture(ann, 'comments');

  // Ann reports it, and the moderator takes it away, for all.
  await ann.page.locator('#chat li', { hasText: 'buy coins' }).click();
  await ann.page.getByRole('button', { name: 'Report' }).click();
  await mod.until('it is reported', () => /buy coins/.test(document.getElementById('reports')!.textContent!));
  await picture(mod, 'host');
  await mod.page.locator('#reports').getByRole('button', { name: 'Delete' }).click();
  for (const view of [mod, ann, bob]) await listed(view, 'buy coins', false);
  await mod.until('the report is settled', () => window.tickroom.live.desk.reports.length === 0);
  expect(await ann.page.evaluate(() => window.tickroom.overlay.counts.onScreen)).toBeLessThanOrEqual(1);

  // A poll, which both answer.
  await mod.page.fill('#poll-question', 'What next?');
  await mod.page.getByLabel('Choice 1').fill('The moon');
  await mod.page.getByLabel('Choice 2').fill('The stars');
  await mod.page.locator('#poll button[type="submit"]').click();
  await ann.page.locator('.poll').getByRole('button', { name: 'The stars' }).click();
  await bob.page.locator('.poll').getByRole('button', { name: 'The stars' }).tap();
  for (const view of [mod, ann, bob])
    await view.until('the votes are counted', () => {
      const [poll] = window.tickroom.live.state.polls;
      return poll?.votes === 2 && poll.choices[1]!.votes === 2;
    });
  await bob.until('the result is shown', () => document.querySelector('.poll li.mine .num')?.textContent === '100%');

  // A gift, which the backend sends twice, as it lost the first answer.
  await bob.page.evaluate(() => {
    const gifts: string[] = [];
    window.tickroom.live.on('gift', (g) => gifts.push(`${g.name} ${g.count} ${g.gift}`));
    Object.assign(window, { gifts });
  });
  const gift = {
    topic: 'gifts/danmaku/main',
    key: 'order-1',
    message: 'tickroom.danmaku.v1.Gift',
    json: { playerId: 'cat', name: 'Cat', gift: 'rocket', title: 'Rocket', count: 3, value: '1560' },
  };
  const first = backend.call(server.url, 'Post', gift);
  expect(backend.call(server.url, 'Post', gift)).toEqual(first);
  for (const view of [ann, bob]) await listed(view, 'gave 3 × Rocket');
  await bob.until('it is over the picture', () => /Cat/.test(document.getElementById('combos')!.textContent!));
  await picture(ann, 'a gift');
  await picture(bob, 'phone');

  // The moderator mutes Bob, who is told why.
  await say(bob, 'still here');
  await listed(mod, 'still here');
  const row = mod.page.locator('#chat li', { hasText: 'still here' });
  await row.hover();
  await row.getByRole('button', { name: 'Mute' }).click();
  await mod.page.fill('#mute-reason', 'advertising');
  await mod.page.locator('#mute').getByRole('button', { name: 'Mute', exact: true }).click();
  await bob.until('he is told', () => /advertising/.test(document.getElementById('refused')!.textContent!));
  await say(bob, 'but why');
  await bob.until('it is refused', () => /^Not sent/.test(document.getElementById('refused')!.textContent!));
  expect(await bob.page.inputValue('#text')).toBe('but why');
  await mod.until('the desk knows it', () => /Bob.*advertising/.test(document.getElementById('mutes')!.textContent!));
  await picture(mod, 'host at the end');

  // Whoever comes late is told all that; the gift was shown once; all copies of the state are exact.
  await ann.page.reload({ waitUntil: 'domcontentloaded' });
  await listed(ann, 'still here');
  await ann.until('the poll is there', () => document.querySelector('.poll'));
  expect(await bob.page.evaluate(() => (window as unknown as { gifts: string[] }).gifts)).toEqual(['Cat 3 rocket']);
  for (const view of [mod, ann, bob]) {
    await view.until('hashes were compared', () => window.tickroom.live.room.stats.hashChecks > 0);
    expect(await view.page.evaluate(() => window.tickroom.live.room.stats.desyncs)).toBe(0);
  }
});

test('the library’s example in a page of its own', async ({ serve, open, picture }) => {
  const server = await serve();
  const example = new URL('../../sdk/examples/live/', import.meta.url);
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('main.ts', example))],
    bundle: true,
    write: false,
    format: 'esm',
    target: 'es2022',
    conditions: ['tickroom-source'],
  });
  // Its page, with a canvas in the place of the video's file, takes the place of one that the server does not have.
  const html = readFileSync(new URL('index.html', example), 'utf8');
  const view = await open(`${server.url}/icon.svg`);
  view.expect(/favicon\.ico/, /\b404\b.*example/);
  await view.goto(`${server.url}/example`);
  await view.page.evaluate(async (html) => {
    document.documentElement.innerHTML = html.replace('src="stream.mp4"', '').replace(/<script.*/s, '');
    const canvas = document.createElement('canvas');
    canvas.getContext('2d')!.fillRect(0, 0, 9, 9);
    const video = document.querySelector('video')!;
    video.srcObject = canvas.captureStream();
    await video.play();
  }, html);
  await view.page.evaluate(`(async () => {${outputFiles[0]!.text}})()`);
  await view.until('it has joined', () => document.getElementById('viewers')!.textContent === '1 viewers');
  await view.page.fill('form input', 'Hello!');
  await view.page.click('form button');
  await view.until('it is in the list', () => document.getElementById('chat')!.textContent === 'Ann: Hello!');
  await view.until('it runs over the video', () => {
    const [node] = [...document.querySelectorAll<HTMLElement>('#player div div')];
    return node?.textContent === 'Hello!' && node.getAnimations().length === 1;
  });
  await picture(view, 'over a video');
});

test('comments over the picture never cover each other, also after a pause and in another size', async ({
  serve,
  open,
  picture,
}) => {
  const server = await serve();
  const view = await open(`${server.url}/live?name=Ann`, { viewport: { width: 1100, height: 700 } });
  await view.until('it has joined', () => window.tickroom.live?.state.viewers === 1);
  await view.page.evaluate(() => {
    const { overlay } = window.tickroom;
    const positions = ['scroll', 'scroll', 'scroll', 'top', 'bottom'] as const;
    const sizes = ['normal', 'small', 'large'] as const;
    let n = 0;
    setInterval(() => {
      for (let i = 0; i < 3; i++, n++) {
        const text = `${n} `.padEnd(4 + ((n * 7) % 30), '弹幕');
        overlay.show({ text, position: positions[n % 5]!, size: sizes[n % 3]!, own: n % 9 === 0 });
      }
    }, 50);
  });
  /**
   * Returns the texts of two comments that cover each other, or how many there are: in a frame, since between two of them
   * those that have just come are where they begin, and all others where they were in the last one.
   */
  const look = () =>
    view.page.evaluate(
      () =>
        new Promise<string | number>((answer) =>
          requestAnimationFrame(() => {
            const layer = document.querySelector<HTMLElement>('#player > div[aria-hidden="true"]:not(#hearts)')!;
            const all = [...layer.children].filter((c) => (c as HTMLElement).style.visibility !== 'hidden');
            const boxes = all.map((c) => ({ text: c.textContent, r: c.getBoundingClientRect() }));
            for (const [i, a] of boxes.entries())
              for (const b of boxes.slice(0, i)) {
                const across = Math.min(a.r.right, b.r.right) - Math.max(a.r.left, b.r.left);
                const down = Math.min(a.r.bottom, b.r.bottom) - Math.max(a.r.top, b.r.top);
                if (across > 0.5 && down > 0.5) return answer(`${a.text} and ${b.text}`);
              }
            answer(boxes.length);
          }),
        ),
    );
  const places = () =>
    view.page.evaluate(() => [...document.querySelectorAll('#player div div')].map((c) => c.getBoundingClientRect().x));
  const moved = async (from: number[]) => (await places()).some((x, i) => Math.abs(x - from[i]!) > 1);
  await view.until('there are many', () => window.tickroom.overlay.counts.onScreen > 20);
  const seen: unknown[] = [];
  for (let i = 0; i < 5; i++) seen.push(await look());
  await view.page.click('#pause');
  const before = await places();
  await view.page.evaluate(() => new Promise((r) => requestAnimationFrame(() => setTimeout(r, 100))));
  expect(await moved(before)).toBe(false);
  await view.page.click('#pause');
  await view.page.setViewportSize({ width: 950, height: 560 });
  const shown = await view.page.evaluate(() => window.tickroom.overlay.counts.shown);
  await view.until('more have come', (n) => window.tickroom.overlay.counts.shown > n + 10, shown);
  for (let i = 0; i < 5; i++) seen.push(await look());
  expect(seen.filter((s) => typeof s !== 'number' || s < 5)).toEqual([]);
  await picture(view, 'lanes');
});
