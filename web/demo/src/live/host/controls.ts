// What moderators and hosts set: modes, announcements, polls, lotteries, blocked words.

import type { Live, LiveDesk, LiveState, Moderation } from '@tickroom/client/live';
import { el as byId, text } from '../../arena/hud/dom.ts';
import { type Key, number, t } from '../../i18n.ts';
import { el } from '../../netgraph/dom.ts';

/** The most choices of a poll. */
const maxChoices = 6;
/** How long the slow mode's slider waits for another movement before it is sent, in milliseconds. */
const settled = 400;

const durations = [60, 0, 30, 300] as const;
const modes = ['slowAuto', 'followers', 'members', 'subscribers', 'emotesOnly', 'unique'] as const;

export class Controls {
  readonly #act: (what: Promise<unknown>) => void;
  #m: Moderation | undefined;
  #polls = '';
  #lottery = '';
  #words = '';
  #slow: ReturnType<typeof setTimeout> | undefined;
  #choices = 2;

  /** @param act does something, and says if it was refused. */
  constructor(act: (what: Promise<unknown>) => void) {
    this.#act = act;
    this.refresh();
    this.#modes();
    this.#announce();
    this.#poll();
    this.#openLottery();
    this.#block();
  }

  /** Sets texts anew, in another language. */
  refresh(): void {
    for (const id of ['announce-for', 'poll-for', 'lottery-for']) {
      const select = byId<HTMLSelectElement>(id);
      const now = select.value;
      const all = durations.map((d) => el('option', { value: `${d}` }, t(`danmaku.host.for.${d}` satisfies Key)));
      select.replaceChildren(...all);
      select.value = now || '60';
    }
    this.#polls = this.#lottery = this.#words = '';
    this.#drawChoices();
  }

  show(live: Live, m: Moderation): void {
    this.#m = m;
    const { state, desk } = live;
    this.#showModes(state);
    byId('announce-clear').hidden = state.announcement === undefined;
    this.#showPolls(state, m);
    this.#showLottery(state, m);
    this.#showWords(desk, m);
  }

  // ---------------------------------------------------------------- modes

  #modes(): void {
    const slow = byId<HTMLInputElement>('slow');
    slow.addEventListener('input', () => {
      text(byId('slow-set'), slowText(Number(slow.value)));
      clearTimeout(this.#slow);
      this.#slow = setTimeout(() => {
        this.#slow = undefined;
        if (this.#m) this.#act(this.#m.setModes({ slowSet: Number(slow.value) }));
      }, settled);
    });
    for (const name of modes) {
      const box = check(name);
      box.addEventListener('change', () => this.#m && this.#act(this.#m.setModes({ [name]: box.checked })));
    }
    const record = byId<HTMLInputElement>('record');
    record.addEventListener('change', () => this.#m && this.#act(this.#m.record(record.checked)));
  }

  #showModes(s: LiveState): void {
    const m = s.modes;
    const slow = byId<HTMLInputElement>('slow');
    // Not under the finger that moves it.
    if (this.#slow === undefined && document.activeElement !== slow) slow.value = `${m.slowSet}`;
    text(byId('slow-set'), slowText(Number(slow.value)));
    text(byId('slow-now'), m.slow > 0 ? t('danmaku.host.slow.now', { n: m.slow }) : '');
    for (const name of modes) check(name).checked = m[name];
    byId<HTMLInputElement>('record').checked = s.recording;
  }

  // ---------------------------------------------------------------- announcements

  #announce(): void {
    const field = byId<HTMLInputElement>('announce-text');
    submit('announce', () => {
      const said = field.value.trim();
      if (said === '' || !this.#m) return;
      this.#act(this.#m.announce(said, duration('announce-for')).then(() => (field.value = '')));
    });
    byId('announce-clear').addEventListener('click', () => this.#m && this.#act(this.#m.announce('')));
  }

  // ---------------------------------------------------------------- polls

  #poll(): void {
    const question = byId<HTMLInputElement>('poll-question');
    submit('poll', () => {
      const choices = this.#fields()
        .map((f) => f.value.trim())
        .filter(Boolean);
      if (question.value.trim() === '' || choices.length < 2 || !this.#m) return;
      const opened = this.#m.openPoll(question.value.trim(), choices, duration('poll-for'));
      this.#act(
        opened.then(() => {
          question.value = '';
          for (const f of this.#fields()) f.value = '';
          this.#choices = 2;
          this.#drawChoices();
        }),
      );
    });
    byId('poll-choices').addEventListener('input', () => {
      // There is always an empty field more, up to the most.
      const used = this.#fields().filter((f) => f.value !== '').length;
      const want = Math.min(maxChoices, Math.max(2, used + 1));
      if (want <= this.#choices) return;
      this.#choices = want;
      this.#drawChoices();
    });
  }

  #fields(): HTMLInputElement[] {
    return [...byId('poll-choices').querySelectorAll('input')];
  }

  #drawChoices(): void {
    const box = byId('poll-choices');
    const have = this.#fields();
    for (const extra of have.slice(this.#choices)) extra.remove();
    for (let i = 0; i < this.#choices; i++) {
      const label = t('danmaku.host.poll.choice', { n: i + 1 });
      const field = have[i] ?? box.appendChild(el('input', { class: 'field', maxlength: '100' }));
      field.placeholder = label;
      field.setAttribute('aria-label', label);
    }
  }

  #showPolls(s: LiveState, m: Moderation): void {
    const what = JSON.stringify(s.polls);
    if (what === this.#polls) return;
    this.#polls = what;
    byId('polls').replaceChildren(
      ...s.polls.map((p) => {
        const choices = el('ul', { class: 'bars' });
        for (const c of p.choices) {
          const share = p.votes > 0 ? c.votes / p.votes : 0;
          const bar = el('i', { 'aria-hidden': 'true' });
          bar.style.transform = `scaleX(${share})`;
          const votes = el('span', { class: 'num' }, `${number(c.votes)} · ${number(share, { style: 'percent' })}`);
          choices.append(el('li', {}, bar, el('span', {}, c.text), votes));
        }
        const row = el('div', { class: 'row' });
        row.append(
          el('span', { class: 'hint' }, p.closed ? t('danmaku.poll.closed') : t('danmaku.poll.votes', { n: p.votes })),
        );
        if (!p.closed) row.append(button('danmaku.host.poll.close', () => this.#act(m.closePoll(p.poll))));
        row.append(button('danmaku.host.poll.remove', () => this.#act(m.closePoll(p.poll, true)), 'quiet'));
        return el('li', { class: 'poll' }, el('b', {}, p.question), choices, row);
      }),
    );
  }

  // ---------------------------------------------------------------- lotteries

  #openLottery(): void {
    const [word, prize, places] = ['lottery-word', 'lottery-prize', 'lottery-places'].map((id) =>
      byId<HTMLInputElement>(id),
    );
    submit('lottery', () => {
      const [w, p] = [word!.value.trim(), prize!.value.trim()];
      if (w === '' || p === '' || !this.#m) return;
      const opened = this.#m.openLottery(w, p, Number(places!.value) || 1, duration('lottery-for'));
      this.#act(opened.then(() => (word!.value = prize!.value = '')));
    });
  }

  #showLottery(s: LiveState, m: Moderation): void {
    const l = s.lottery;
    const what = JSON.stringify(l, (_, v: unknown) => (typeof v === 'bigint' ? `${v}` : v)) ?? 'none';
    if (what === this.#lottery) return;
    this.#lottery = what;
    const root = byId('lottery-now');
    root.replaceChildren();
    if (!l) return;
    const names = l.winners.map((w) => w.name).join(', ');
    const words = l.drawn
      ? names === ''
        ? t('danmaku.lottery.nobody')
        : t('danmaku.lottery.drawn', { names })
      : `“${l.word}” · ${t('danmaku.lottery.in', { n: l.entrants })}`;
    const row = el('div', { class: 'row' });
    if (!l.drawn) row.append(button('danmaku.host.lottery.draw', () => this.#act(m.draw(l.lottery)), 'primary'));
    row.append(button('danmaku.host.poll.remove', () => this.#act(m.draw(l.lottery, true)), 'quiet'));
    root.append(el('b', {}, t('danmaku.lottery.prize', { n: l.places, prize: l.prize })), el('p', {}, words), row);
  }

  // ---------------------------------------------------------------- words

  #block(): void {
    const field = byId<HTMLInputElement>('words-new');
    submit('words', () => {
      const words = field.value
        .split(/[,，、]/)
        .map((w) => w.trim())
        .filter(Boolean);
      if (words.length === 0 || !this.#m) return;
      this.#act(this.#m.blockWords(words).then(() => (field.value = '')));
    });
  }

  #showWords(desk: LiveDesk, m: Moderation): void {
    const what = JSON.stringify([desk.words, desk.listed]);
    if (what === this.#words) return;
    this.#words = what;
    byId('blocked').replaceChildren(
      ...desk.words.map((word) => {
        const x = el(
          'button',
          { type: 'button', class: 'x', 'aria-label': t('danmaku.host.words.remove', { word }) },
          '×',
        );
        x.addEventListener('click', () => this.#act(m.blockWords([], [word])));
        return el('li', {}, el('span', {}, word), x);
      }),
    );
    text(byId('listed'), desk.listed > 0 ? t('danmaku.host.words.listed', { n: desk.listed }) : '');
  }
}

function slowText(seconds: number): string {
  return seconds > 0 ? t('danmaku.say.wait', { n: seconds }) : t('danmaku.host.slow.off');
}

function check(name: string): HTMLInputElement {
  return byId('modes').querySelector<HTMLInputElement>(`[name="${name}"]`)!;
}

function duration(id: string): number {
  return Number(byId<HTMLSelectElement>(id).value);
}

function submit(id: string, fn: () => void): void {
  byId<HTMLFormElement>(id).addEventListener('submit', (e) => {
    e.preventDefault();
    fn();
  });
}

function button(key: Key, press: () => void, style = ''): HTMLElement {
  const b = el('button', { type: 'button', class: `btn small ${style}` }, t(key));
  b.addEventListener('click', press);
  return b;
}
