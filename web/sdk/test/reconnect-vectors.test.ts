// Plays proto/vectors/reconnect.txt, which says at its head how it is read, as the Go
// client does.

import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { walkers } from '../src/games/walkers.js';
import { rules } from '../src/gen/closerules.js';
import { type Decision, Reconnect } from '../src/reconnect.js';
import { FakeStore, Platform, settle } from './fake.js';
import { welcome } from './frames.js';

const text = readFileSync(new URL('../../../proto/vectors/reconnect.txt', import.meta.url), 'utf8');

/** Makes a client of what a line says of it. */
function client(line: string): Reconnect {
  const r = new Reconnect();
  for (const what of line.split(', ')) {
    if (what === 'a certain room') r.certain = true;
    else if (what === 'a token that can be fetched') r.renewable = true;
    else if (what === 'a seat') r.seat = r.certain = true;
    else if (what === 'a saved session') r.opens = 'resume';
    else if (what !== 'any room') throw new Error(`what is ${what}?`);
  }
  return r;
}

function described(d: Decision): string {
  if (d.end) return d.keep ? 'end, keeping the session' : 'end';
  const when = d.max === 0 ? 'at once' : `after ${d.min} to ${d.max} ms`;
  return `${d.opens} ${when}${d.newToken ? ' with another token' : ''}`;
}

function happens(r: Reconnect, what: string, now: number): string {
  if (what === 'refused') return described(r.refused(now));
  if (what === 'no token') return described(r.noToken());
  const code = /^closed (\d+)$/.exec(what)?.[1];
  if (code !== undefined) return described(r.closed(Number(code), now));
  if (what !== 'welcome') throw new Error(`what is ${what}?`);
  r.welcome(now);
  return '';
}

interface Line {
  each: boolean;
  at: number;
  what: string;
  decision: string;
}

const cases: { name: string; client: string; lines: Line[] }[] = [];
for (const line of text.split('\n')) {
  if (line === '' || line.startsWith('#') || line.startsWith('about: ')) continue;
  const [key, value] = line.split(/: (.*)/);
  if (key === 'case') cases.push({ name: value, client: '', lines: [] });
  else if (key === 'client') cases.at(-1)!.client = value;
  else {
    const [, each, seconds] = /^(each )?([\d.]+) s$/.exec(key)!;
    const [what, decision = ''] = value.split(' -> ');
    cases.at(-1)!.lines.push({ each: each !== undefined, at: Number(seconds) * 1000, what, decision });
  }
}

describe('the decisions', () => {
  test.each(cases)('$name', ({ client: who, lines }) => {
    // An "each" line is played from the state of the lines before it, without a trace.
    const before = (n: number): Reconnect => {
      const r = client(who);
      for (const l of lines.slice(0, n)) if (!l.each) happens(r, l.what, l.at);
      return r;
    };
    const got = lines.map((l, i) => ({ ...l, decision: happens(before(i), l.what, l.at) }));
    expect(got).toEqual(lines);
  });

  test('are there for each code that the library knows', () => {
    for (const { lines } of cases) {
      const each = new Set(lines.filter((l) => l.each).map((l) => l.what));
      if (each.size > 0)
        expect([...each]).toEqual(expect.arrayContaining(Object.keys(rules).map((c) => `closed ${c}`)));
    }
  });
});

/** A client of a case on a platform, up to the line whose decision is wanted. */
class Player {
  readonly p = new Platform();
  readonly store = new FakeStore();
  #hellos = 0;

  async join(who: string): Promise<void> {
    let n = 0;
    const o = this.p.options({
      storage: this.store,
      storageKey: 'key',
      token: who.includes('token') ? () => `t${++n}` : 't1',
      seat: who.includes('seat') ? 'seat' : '',
    });
    const client = this.p.client();
    const joining = who.startsWith('any room') ? client.joinOrCreate(walkers, o) : client.join(walkers, 'walkers-1', o);
    joining.catch(() => {});
    await settle();
    this.p.socket.open();
  }

  async happens(what: string): Promise<void> {
    const { p } = this;
    if (what === 'welcome') {
      p.accept({ welcome: this.#hellos++ > 0 ? { resumed: true } : {} });
      return;
    }
    p.socket.lose(Number(what.slice('closed '.length)));
  }

  /** What the room is about to do, by what it tells and by its next hello. */
  async decision(): Promise<string> {
    const { p } = this;
    const last = p.states.at(-1)!;
    if (last.state === 'closed') return this.store.items.size > 0 ? 'end, keeping the session' : 'end';
    const pause = last.retryAt! - p.clock.time;
    const token = p.socket.sent[0].hello!.token;
    await p.clock.pass(pause);
    p.socket.open();
    const h = p.socket.sent[0].hello!;
    let opens = h.room === welcome.room ? 'join the same room' : 'join';
    if (h.resume) opens = 'resume';
    return `${opens} after ${pause}${h.token === token ? '' : ' with another token'}`;
  }
}

describe('a room does as is decided', () => {
  const each = cases.filter(({ lines }) => lines.some((l) => l.each));
  test.each(each)('$name', async ({ client: who, lines }) => {
    const certain = !who.startsWith('any room');
    for (const line of lines.filter((l) => l.each)) {
      for (const random of [0, 1]) {
        const player = new Player();
        player.p.random = random;
        await player.join(who);
        for (const l of lines.filter((l) => !l.each)) {
          await player.happens(l.what);
          if (l.decision !== '') await player.decision();
        }
        await player.happens(line.what);
        // A certain room is that of the session.
        const bounds = line.decision.replace('at once', 'after 0 to 0 ms');
        const want = bounds.replace(/(\d+) to (\d+) ms/, random === 0 ? '$1' : '$2');
        expect([line.what, await player.decision()]).toEqual([
          line.what,
          certain ? want.replace(/^join after/, 'join the same room after') : want,
        ]);
      }
    }
  });
});
