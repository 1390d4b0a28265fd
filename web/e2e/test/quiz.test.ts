// A quiz, with a host and two contestants: one on a desktop, and one on a phone who loads the page
// again in the middle of a question.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'vitest';

import { phone, type View } from '../harness/browser.ts';
import { test } from '../harness/test.ts';

/** What the pages offer for tests: see web/demo/src/quiz/main.ts and host/main.ts. */
interface Quiz {
  readonly room: {
    readonly state: string;
    readonly player: number;
    readonly stats: { desyncs: number; resumes: number };
  };
  readonly state: { readonly phase: string; readonly question?: { readonly number: number } } | undefined;
  readonly screen: { readonly stage: string; readonly verdict?: { readonly kind: string } } | undefined;
}
interface Desk {
  readonly desk: {
    readonly phase: number;
    readonly contestants: number;
    readonly answered: number;
    readonly question: number;
  };
}
declare const window: { readonly tickroom: Quiz & Desk };

const show = `
title: Friday quiz
mode: elimination
seconds: 600
pause: 600
revives: 1
shuffle: true
questions:
  - text: Which planet is closest to the Sun?
    options: [Venus, Mercury, Mars]
    answer: B
    note: It goes round the Sun in 88 days.
  - text: How many sides does a hexagon have?
    options: ["5", "6", "8"]
    answer: B
  - text: Which of these is a prime number?
    options: ["21", "27", "29"]
    answer: C
`;

/** Waits until a question is at a stage for a contestant. */
function stage(view: View, number: number, what: string): Promise<unknown> {
  return view.until(
    `question ${number} is ${what}`,
    ([n, s]) => window.tickroom.screen?.stage === s && window.tickroom.state?.question?.number === n,
    [number, what] as const,
  );
}

function verdict(view: View, kind: string): Promise<unknown> {
  return view.until(`the verdict is ${kind}`, (k) => window.tickroom.screen?.verdict?.kind === k, kind);
}

/** Presses what a host is offered first, once that is what the test means. */
async function press(host: View, words: RegExp): Promise<void> {
  await host.until(
    `the host may ${words}`,
    (w) => {
      const b = document.getElementById('main-act')!;
      return !b.hidden && new RegExp(w, 'i').test(b.textContent!);
    },
    words.source,
  );
  await host.page.click('#main-act');
}

test('a whole quiz: answers are locked in and survive a reload, revives, a question that is taken out, a winner', async ({
  serve,
  open,
  picture,
  ends,
}) => {
  const dir = mkdtempSync(join(tmpdir(), 'tickroom-quiz-'));
  ends.add(async () => rmSync(dir, { recursive: true, force: true }));
  const file = join(dir, 'show.yaml');
  writeFileSync(file, show);
  const mint = (...args: string[]) => {
    const done = spawnSync(process.env.TICKROOM_BIN!, ['token', ...args], { encoding: 'utf8' });
    if (done.status !== 0) throw new Error(done.stderr);
    return done.stdout.trim();
  };
  const key = join(dir, 'dev.key');
  mint('--new-key', key);
  const token = mint('--key-file', key, '--player', 'host', '--role', 'host', '--role', 'player');
  const server = await serve('--identity-key-files', `${key}.pub`, '--kind-option', `quiz-show.file=${file}`);

  const host = await open(`${server.url}/quiz/host#token=${token}`, { viewport: { width: 1300, height: 900 } });
  const ann = await open(`${server.url}/quiz?name=Ann`, { viewport: { width: 1000, height: 720 } });
  const bob = await open(`${server.url}/quiz?name=Bob`, phone);
  expect(host.page.url()).not.toContain(token);
  await host.until('two contestants wait', () => window.tickroom.desk?.contestants === 2);
  await ann.until('the lobby counts two', () => document.getElementById('lobby-crowd')?.textContent === '2');

  // The first question: both see it, one is right, one is wrong, and has a revive.
  await press(host, /start the show/);
  await press(host, /ask the next/);
  await Promise.all([stage(ann, 1, 'open'), stage(bob, 1, 'open')]);
  const right = await ann.page.locator('.option', { hasText: 'Mercury' }).locator('kbd').textContent();
  await ann.page.keyboard.press(right!);
  await verdict(ann, 'locked');
  await bob.page.tap('.option:has-text("Venus")');
  await verdict(bob, 'locked');
  await host.until('the host sees both answers', () => window.tickroom.desk.answered === 2);
  await picture(host, 'host answers', true);
  const player = await bob.page.evaluate(() => window.tickroom.room.player);

  await bob.page.reload({ waitUntil: 'domcontentloaded' });
  await stage(bob, 1, 'open');
  await verdict(bob, 'locked');
  expect(await bob.page.evaluate(() => document.querySelector('.option[data-state="mine"] .words')!.textContent)).toBe(
    'Venus',
  );
  expect(await bob.page.evaluate(() => window.tickroom.room.player)).toBe(player);
  await picture(bob, 'reloaded');

  await press(host, /close and reveal/);
  await Promise.all([verdict(ann, 'right'), verdict(bob, 'revived')]);
  await ann.until('the histogram says half and half', () =>
    /Mercury.*50%/.test(document.querySelector('.option[data-state="right"]')!.getAttribute('aria-label')!),
  );
  await ann.until('the rank is there', () =>
    /1\s*\/ 2/.test(document.querySelector('#outcome .rank dd')!.textContent!),
  );
  await picture(ann, 'right');

  // The second one turns out to be broken: whoever went out by it is in again.
  await press(host, /ask the next/);
  await Promise.all([stage(ann, 2, 'open'), stage(bob, 2, 'open')]);
  await ann.page.click('.option:has-text("6")');
  await bob.page.tap('.option:has-text("8")');
  await Promise.all([verdict(ann, 'locked'), verdict(bob, 'locked')]);
  await press(host, /close and reveal/);
  await verdict(bob, 'out');
  await host.page.click('button[data-act="skip"]');
  await host.page.click('#sure-yes');
  await Promise.all([verdict(ann, 'skipped'), verdict(bob, 'skipped')]);

  // The last one has no revives.
  await press(host, /ask the next/);
  await Promise.all([stage(ann, 3, 'open'), stage(bob, 3, 'open')]);
  await ann.page.click('.option:has-text("29")');
  await bob.page.tap('.option:has-text("21")');
  await Promise.all([verdict(ann, 'locked'), verdict(bob, 'locked')]);
  await press(host, /close and reveal/);
  await Promise.all([verdict(ann, 'right'), verdict(bob, 'out')]);
  await press(host, /end the show/);
  await host.page.click('#sure-yes');
  await ann.until('Ann has won', () => /you have won/i.test(document.getElementById('final-title')!.textContent!));
  await bob.until('Bob is out', () => /out in question 3/i.test(document.getElementById('final-title')!.textContent!));
  await ann.page.click('#share');
  await ann.until(
    'there is a card to share',
    () => document.querySelector<HTMLImageElement>('#card-picture')!.naturalWidth === 1080,
  );
  await picture(ann, 'card');
  await picture(bob, 'end');

  await host.page.click('#results-show');
  await host.until('the results are there', () => document.querySelectorAll('#results-table tbody tr').length === 2);
  expect(
    await host.page.evaluate(() =>
      [...document.querySelectorAll('#results-table tbody tr')].map((r) =>
        [...r.children].slice(0, 2).map((c) => c.textContent),
      ),
    ),
  ).toEqual([
    ['1', 'Ann'],
    ['2', 'Bob'],
  ]);
  await picture(host, 'host results', true);
  for (const view of [host, ann, bob])
    expect(await view.page.evaluate(() => window.tickroom.room.stats.desyncs)).toBe(0);
});

test('who has no token for hosts is asked for one, and told why another is of no use', async ({
  serve,
  open,
  picture,
}) => {
  const server = await serve();
  const view = await open(`${server.url}/quiz/host`, { viewport: { width: 900, height: 600 } });
  await view.until('the page asks for a token', () => !document.getElementById('gate')!.hidden);
  await picture(view, 'gate');
  await view.page.fill('#token', 'abc.def.ghi');
  await view.page.click('#pass button');
  await view.until('it says why', () => document.getElementById('gate-note')!.textContent !== '');
});
