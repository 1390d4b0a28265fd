// Shows a host how the show stands: the question with its answers as they come in, what comes next,
// the audience, and how fair it is.

import { quiz } from '@tickroom/client/games/quiz';

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import { once } from '../view/once.ts';
import { define, type Fact } from '../view/outcome.ts';
import { Ring } from '../view/ring.ts';
import { type Bar, type Control, type Controls, controlsOf, type Desk, letter } from './desk.ts';

const phases: Readonly<Record<quiz.Phase, 'none' | 'lobby' | 'next' | 'open' | 'closed' | 'revealed' | 'over'>> = {
  [quiz.Phase.UNSPECIFIED]: 'none',
  [quiz.Phase.LOBBY]: 'lobby',
  [quiz.Phase.NEXT]: 'next',
  [quiz.Phase.OPEN]: 'open',
  [quiz.Phase.CLOSED]: 'closed',
  [quiz.Phase.REVEALED]: 'revealed',
  [quiz.Phase.OVER]: 'over',
};

/** How long the key may take after the close before the host is asked for it, in microseconds. */
const patience = 4e6;

export class DeskView {
  /** Called with what a button asks for. */
  onControl: (control: Control) => void = () => {};
  /** The options that the host says are right, for a show that does not know. */
  key = 0;
  readonly #ring = new Ring('clock');
  #keyOf = '';
  #closedAt = 0;
  #rate = new Rate();
  readonly #bars = once(
    (what: { bars: readonly Bar[]; told: boolean; asks: boolean; key: number; skipped: boolean }) => {
      el('bars').replaceChildren(...what.bars.map((b, i) => this.#bar(b, i, what)));
    },
  );
  readonly #figures = once((facts: readonly Fact[]) => define(el('figures'), facts));
  readonly #crowd = once((facts: readonly Fact[]) => define(el('crowd-facts'), facts));
  readonly #credit = once((facts: readonly Fact[]) => define(el('credit-facts'), facts));
  readonly #next = once((next: quiz.Preview | undefined) => el('next-body').replaceChildren(...preview(next)));
  readonly #houses = once((houses: Desk['houses']) =>
    el('houses').replaceChildren(
      ...houses.map((h) => {
        const item = make('li', h.lost ? 'lost' : '');
        item.append(
          make('code', '', h.id),
          make(
            'span',
            '',
            h.lost
              ? t('quiz.host.house.lost')
              : t('quiz.host.house', { n: h.contestants, answered: number(h.answered) }),
          ),
        );
        return item;
      }),
    ),
  );
  readonly #controls = once((c: { main: Control | undefined; allowed: readonly Control[] }) => {
    const main = el<HTMLButtonElement>('main-act');
    main.hidden = c.main === undefined;
    if (c.main) text(main, t(`quiz.host.act.${c.main}`));
    for (const b of document.querySelectorAll<HTMLButtonElement>('button[data-act]')) {
      const act = b.dataset.act as Control;
      text(b, t(`quiz.host.act.${act}`));
      b.hidden = act === c.main || (act !== 'load' && !c.allowed.includes(act));
      b.disabled = !c.allowed.includes(act);
    }
  });
  #main: Control | undefined;

  constructor() {
    el('main-act').addEventListener('click', () => this.#main && this.onControl(this.#main));
    for (const b of document.querySelectorAll<HTMLButtonElement>('button[data-act]'))
      b.addEventListener('click', () => this.onControl(b.dataset.act as Control));
  }

  /** Shows the desk at a moment of the show's clock, in microseconds. */
  show(d: Desk, now: number): void {
    const { phase } = d;
    const name = phases[phase] ?? 'none';
    document.body.dataset.phase = name;
    text(el('title'), d.title || t('quiz.host.title'));
    text(el('phase'), t(`quiz.host.phase.${name}`));
    el('rehearsal').hidden = !d.rehearsal;
    el('held').hidden = !d.held;
    el('lost').hidden = !d.lost;
    const controls: Controls = controlsOf(d);
    this.#main = controls.main;
    this.#controls({ main: controls.main, allowed: [...controls.allowed] });
    this.#stage(d, now);
    this.#ring.show(countdown(d, now));
    this.#next(d.next);
    this.#crowd([
      { label: t('quiz.host.contestants'), value: number(d.contestants) },
      ...(d.mode === quiz.Mode.ELIMINATION ? [{ label: t('quiz.host.alive'), value: number(d.alive) }] : []),
      { label: t('quiz.host.spectators'), value: number(d.spectators) },
    ]);
    this.#houses(d.houses);
    const { credit } = d;
    const ms = (n: number) => t('quiz.host.ms', { n });
    this.#credit([
      { label: t('quiz.host.credit.mean'), value: ms(credit.mean) },
      { label: t('quiz.host.credit.greatest'), value: ms(credit.greatest) },
      { label: t('quiz.host.credit.most'), value: ms(credit.most) },
      { label: t('quiz.host.credit.capped'), value: number(credit.capped), as: credit.capped > 0 ? 'odd' : '' },
      { label: t('quiz.host.credit.early'), value: number(credit.early), as: credit.early > 0 ? 'odd' : '' },
      { label: t('quiz.host.credit.late'), value: number(credit.late) },
      { label: t('quiz.host.credit.barred'), value: number(credit.barred) },
    ]);
    text(el('file-source'), d.source ? t('quiz.host.file.source', { source: d.source }) : t('quiz.host.file.none'));
    el('file-problem').hidden = d.problem === '';
    text(el('file-problem'), d.problem);
    text(
      el('results-hint'),
      d.houses.length > 1 ? t('quiz.host.results.more', { n: d.houses.length }) : t('quiz.host.results.text'),
    );
  }

  #stage(d: Desk, now: number): void {
    const { phase, asked } = d;
    const { OPEN, CLOSED, REVEALED, NEXT } = quiz.Phase;
    const there = asked && (phase === OPEN || phase === CLOSED || phase === REVEALED) ? asked : undefined;
    text(el('stage-of'), there ? of(d, there.number) : '');
    text(el('stage-title'), there ? there.text : stageTitle(d));
    const image = el<HTMLImageElement>('stage-image');
    image.hidden = !there?.image;
    if (there?.image) image.src = there.image;
    else image.removeAttribute('src');
    const of0 = `${d.run} ${d.question}`;
    if (of0 !== this.#keyOf) {
      this.#keyOf = of0;
      this.key = 0;
    }
    if (phase !== CLOSED) this.#closedAt = 0;
    else this.#closedAt ||= now;
    const asks = phase === CLOSED && now - this.#closedAt > patience;
    el('key-note').hidden = !asks;
    this.#bars({
      bars: there?.bars ?? [],
      told: phase === REVEALED,
      asks,
      key: this.key,
      skipped: there?.skipped ?? false,
    });
    el('note').hidden = !there?.note;
    text(el('note'), there?.note ?? '');
    this.#figures(this.#facts(d, there, phase === NEXT, now));
  }

  #facts(d: Desk, there: Desk['asked'], next: boolean, now: number): Fact[] {
    const { OPEN, CLOSED, REVEALED, OVER } = quiz.Phase;
    if (d.phase === OVER && d.mode === quiz.Mode.ELIMINATION)
      return [{ label: t('quiz.host.fact.winners'), value: number(d.winners) }];
    if (!there || next) return [];
    const facts: Fact[] = [
      {
        label: t('quiz.host.fact.answered'),
        value: number(d.answered),
        more: t('quiz.host.fact.of', { n: d.phase === REVEALED ? d.answered + there.missed : d.alive }),
      },
    ];
    if (d.phase === OPEN || d.phase === CLOSED)
      facts.push({ label: t('quiz.host.fact.rate'), value: number(this.#rate.of(there.number, d.answered, now)) });
    if (d.phase === REVEALED && !there.skipped) {
      facts.push({ label: t('quiz.host.fact.right'), value: number(there.right) });
      facts.push({ label: t('quiz.host.fact.missed'), value: number(there.missed) });
      if (d.mode === quiz.Mode.ELIMINATION) {
        facts.push({ label: t('quiz.host.fact.out'), value: number(there.out) });
        facts.push({ label: t('quiz.host.fact.revived'), value: number(there.revived) });
      }
    }
    return facts;
  }

  #bar(b: Bar, i: number, what: { told: boolean; asks: boolean; key: number; skipped: boolean }): HTMLElement {
    const item = make('li', what.told && !what.skipped ? (b.right ? 'right' : 'plain') : '');
    item.dataset.place = String(i + 1);
    const fill = make('i', 'fill');
    fill.style.width = `${100 * b.share}%`;
    const words = make('span', 'words', b.text);
    if (b.image) {
      const image = document.createElement('img');
      image.src = b.image;
      image.alt = '';
      words.prepend(image);
    }
    const share = make('span', 'num', `${number(b.share, { style: 'percent' })} · ${number(b.count)}`);
    const name: HTMLElement = what.asks ? make('button', 'letter', b.letter) : make('b', 'letter', b.letter);
    if (name instanceof HTMLButtonElement) {
      name.type = 'button';
      name.setAttribute('aria-pressed', String((what.key & (1 << i)) !== 0));
      name.setAttribute('aria-label', t('quiz.host.pose.right', { letter: b.letter }));
      name.addEventListener('click', () => (this.key ^= 1 << i));
    }
    item.append(fill, name, words, share);
    if (what.told && b.right && !what.skipped) item.append(make('em', '', t('quiz.host.right')));
    return item;
  }
}

/** Measures how many answers come in a second. */
class Rate {
  #question = 0;
  #seen: { at: number; n: number }[] = [];

  of(question: number, n: number, now: number): number {
    if (question !== this.#question) {
      this.#question = question;
      this.#seen = [];
    }
    if (this.#seen.at(-1)?.n !== n || now - this.#seen.at(-1)!.at > 5e5) this.#seen.push({ at: now, n });
    while (this.#seen.length > 1 && now - this.#seen[0].at > 2e6) this.#seen.shift();
    const first = this.#seen[0];
    return now > first.at ? Math.round((n - first.n) / Math.max(0.5, (now - first.at) / 1e6)) : 0;
  }
}

function of(d: Desk, n: number): string {
  return d.questions > 0 ? t('quiz.of', { n, all: d.questions }) : t('quiz.number', { n });
}

function stageTitle(d: Desk): string {
  switch (d.phase) {
    case quiz.Phase.LOBBY:
      return t('quiz.host.lobby', { n: d.contestants });
    case quiz.Phase.NEXT:
      return t('quiz.host.comes', { n: d.next?.number ?? d.question + 1 });
    case quiz.Phase.OVER:
      return t('quiz.host.over');
    default:
      return t('quiz.host.none');
  }
}

function countdown(d: Desk, now: number): { left: number; part: number } | undefined {
  const { OPEN } = quiz.Phase;
  const at = d.phase === OPEN && d.asked ? d.asked.closesAt : d.held ? 0 : d.nextAt;
  if (at === 0 || at <= now) return undefined;
  const from = d.phase === OPEN && d.asked ? d.asked.opensAt : at - 10e6;
  return { left: (at - now) / 1e6, part: Math.min(1, (at - now) / (at - from)) };
}

function preview(next: quiz.Preview | undefined): HTMLElement[] {
  if (!next) return [make('p', 'hint', t('quiz.host.next.none'))];
  const parts = [make('p', 'next-text', `${next.number}. ${next.text}`)];
  if (next.image) {
    const image = document.createElement('img');
    image.src = next.image;
    image.alt = '';
    parts.push(image);
  }
  const list = make('ol', 'next-options');
  list.append(...next.options.map((o, i) => make('li', '', `${letter(i)}  ${o || '▣'}`)));
  parts.push(list);
  parts.push(
    make('p', 'hint', t('quiz.host.next.facts', { seconds: number(next.seconds), points: number(next.points) })),
  );
  return parts;
}
