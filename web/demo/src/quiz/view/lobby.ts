// The lobby, and the moments before a question: who is there, and what comes.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { Screen } from '../screen.ts';
import type { QuizState } from '../state.ts';
import { once } from './once.ts';

export class Lobby {
  /** Called with the name of the team that the contestant wants to be in. */
  onTeam: (name: string) => void = () => {};
  readonly #rules = once((rules: readonly string[]) =>
    el('rules').replaceChildren(...rules.map((r) => make('li', '', r))),
  );

  readonly #image = once((image: string) => {
    const picture = el<HTMLImageElement>('lobby-image');
    picture.hidden = image === '';
    if (image === '') picture.removeAttribute('src');
    else picture.src = image;
  });

  constructor() {
    el<HTMLFormElement>('team').addEventListener('submit', (e) => {
      e.preventDefault();
      this.onTeam(el<HTMLInputElement>('team-name').value.trim());
    });
  }

  show(s: QuizState, screen: Screen): void {
    const { stage } = screen;
    this.#image(stage === 'lobby' ? s.image : '');
    const comes = stage === 'ready' || stage === 'between';
    el('lobby').dataset.stage = stage;
    text(el('lobby-eyebrow'), s.rehearsal ? t('quiz.rehearsal') : t(`quiz.mode.${s.mode}`));
    text(el('lobby-title'), comes ? next(s) : s.title || t('quiz.lobby.title'));
    text(el('lobby-lead'), lead(s, screen));
    el('lobby-crowd').hidden = el('lobby-crowd-label').hidden = stage !== 'lobby';
    text(el('lobby-crowd'), number(s.contestants));
    text(el('lobby-crowd-label'), t('quiz.crowd', { n: s.contestants }).replace(number(s.contestants), '').trim());
    el('rules').hidden = stage !== 'lobby';
    this.#rules(rules(s));
    this.#team(s, stage === 'lobby');
  }

  #team(s: QuizState, lobby: boolean): void {
    const { me } = s;
    el('team').hidden = !lobby || s.teamSize === 0 || !me?.playing || me.team !== '';
    const has = lobby && me !== undefined && me.team !== '';
    el('team-is').hidden = !has;
    if (!has) return;
    const members = s.teams.find((team) => team.name === me.team)?.members ?? 1;
    text(el('team-is'), t('quiz.team.is', { team: me.team, n: members }));
  }

  /** Says why a team can't be joined, or nothing. */
  refused(reason: string): void {
    text(el('team-note'), reason);
  }
}

function next(s: QuizState): string {
  const asked = s.phase === 'next' || !s.question ? undefined : s.question;
  const n = asked?.number ?? (s.question?.number ?? 0) + 1;
  if (asked?.last || (s.questions > 0 && n === s.questions)) return t('quiz.ready.last');
  return t('quiz.ready', { n });
}

function lead(s: QuizState, screen: Screen): string {
  switch (screen.stage) {
    case 'loading':
      return t('quiz.lobby.loading');
    case 'between':
      return t('quiz.between');
    case 'ready':
      return t('quiz.ready.lead');
    default:
      if (s.closed && !s.me?.playing) return t('quiz.closed');
      return screen.countdown ? '' : t('quiz.lobby.soon');
  }
}

function rules(s: QuizState): string[] {
  const list: string[] = [];
  if (s.questions > 0) list.push(t('quiz.rule.questions', { n: s.questions }));
  if (s.mode === 'elimination') {
    list.push(t('quiz.rule.elimination'));
    if (s.revives > 0) list.push(t('quiz.rule.revives', { n: s.revives }));
  } else list.push(t(s.mode === 'points' ? 'quiz.rule.points' : 'quiz.rule.practice'));
  list.push(t('quiz.rule.first'), t('quiz.rule.fair'));
  return list;
}
