// The end of a show: who has won, what the contestant has come to, and the way to share it.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { Mark } from '../marks.ts';
import type { Screen } from '../screen.ts';
import type { Leader, QuizState, TeamLine } from '../state.ts';
import { once } from './once.ts';
import { define, type Fact, leader } from './outcome.ts';

/** The most leaders and teams that are shown. */
const most = 10;

/** Returns what a show has come to for the contestant. */
export function finalFacts(s: QuizState): readonly Fact[] {
  const { me } = s;
  if (!me?.playing) return [];
  const facts: Fact[] = [];
  if (s.mode !== 'practice' && me.rank > 0)
    facts.push({ label: t('quiz.fact.rank'), value: number(me.rank), more: `/ ${number(me.among)}`, as: 'rank' });
  if (s.mode !== 'elimination') facts.push({ label: t('quiz.fact.points'), value: number(me.points), as: 'points' });
  facts.push({ label: t('quiz.fact.right'), value: number(me.right) });
  facts.push({
    label: t('quiz.fact.time'),
    value: t('quiz.fact.seconds', { n: number(me.time, { minimumFractionDigits: 1, maximumFractionDigits: 1 }) }),
  });
  if (me.team !== '' && me.teamRank > 0)
    facts.push({ label: t('quiz.fact.team'), value: `#${number(me.teamRank)}`, more: me.team });
  return facts;
}

export class FinalView {
  /** Called when the result is to be shared. */
  onShare: () => void = () => {};
  readonly #podium = once((what: { mode: string; leaders: readonly Leader[] }) => {
    el('podium').replaceChildren(...what.leaders.map((l) => leader(l, what.mode)));
    el('podium').hidden = what.leaders.length === 0;
  });
  readonly #teams = once((teams: readonly TeamLine[]) => {
    el('final-teams').hidden = teams.length === 0;
    el('teams-list').replaceChildren(
      ...teams.map((team) => {
        const item = make('li');
        item.append(
          make('span', 'place num', String(team.rank)),
          make('b', '', team.name),
          make('span', 'num', number(team.points)),
          make('small', 'num', `${number(team.alive)} / ${number(team.members)}`),
        );
        return item;
      }),
    );
  });
  readonly #mine = once((what: { facts: readonly Fact[]; marks: readonly Mark[] }) => {
    el('mine').hidden = what.facts.length === 0;
    define(el('mine-facts'), what.facts);
    el('mine-marks').replaceChildren(
      ...what.marks.map((m, i) => {
        const item = make('li', m, String(i + 1));
        item.setAttribute('aria-label', `${t('quiz.number', { n: i + 1 })}: ${t(`quiz.mark.${m}`)}`);
        return item;
      }),
    );
  });

  constructor() {
    el('share').addEventListener('click', () => this.onShare());
  }

  show(s: QuizState, screen: Screen): void {
    const { me } = s;
    text(el('final-eyebrow'), s.rehearsal ? t('quiz.rehearsal') : s.title || t('quiz.final'));
    el('final').classList.toggle('won', me?.won === true);
    const [title, lead] = headline(s);
    text(el('final-title'), title);
    text(el('final-lead'), lead);
    this.#podium({ mode: s.mode, leaders: s.mode === 'practice' ? [] : s.leaders.slice(0, most) });
    this.#teams(s.teams.slice(0, most));
    this.#mine({ facts: finalFacts(s), marks: me?.playing ? me.marks : [] });
    el('share').hidden = !me?.playing || s.rehearsal;
    const left = screen.countdown ? Math.ceil(screen.countdown.left) : 0;
    text(el('final-next'), left > 0 ? t('quiz.next.show', { n: left }) : '');
  }
}

function headline(s: QuizState): readonly [string, string] {
  const { me } = s;
  const winners =
    s.mode !== 'elimination'
      ? ''
      : s.winners > 0
        ? t('quiz.final.winners', { n: s.winners })
        : t('quiz.final.winners.none');
  if (me?.won) return [t('quiz.final.won'), winners || t('quiz.final.among', { n: me.among })];
  if (me?.playing && me.out > 0) return [t('quiz.final.out', { n: me.out }), winners];
  if (me?.playing && me.rank > 0 && s.mode === 'points')
    return [t('quiz.final.rank', { rank: me.rank }), t('quiz.final.among', { n: me.among })];
  return [t('quiz.final.over'), winners || t('quiz.final.thanks')];
}
