// The leaderboard, the scores of teams, and the number of players. For spectators its
// lines are buttons to follow a leader.

import { type Key, number, onLanguage, t } from '../../i18n.ts';
import { css, TEAMS } from '../render/palette.ts';
import { el, make, text } from './dom.ts';

export interface LeaderLine {
  rank: number;
  ship: number;
  name: string;
  team: number;
  score: number;
  me: boolean;
}

export interface TeamLine {
  team: number;
  score: number;
  mine: boolean;
}

const LINES = 11;

export class Leaders {
  /** Called when a spectator has chosen a ship. */
  onChoose: (ship: number) => void = () => {};
  /** Called when a player wants to change the team. */
  onTeam: (team: number) => void = () => {};
  readonly #root = el('leaders');
  readonly #teams = el('teams');
  readonly #census = el('census');
  readonly #lines: {
    item: HTMLElement;
    button: HTMLButtonElement;
    rank: HTMLElement;
    name: HTMLElement;
    score: HTMLElement;
    ship: number;
  }[] = [];
  readonly #badges: {
    item: HTMLElement;
    button: HTMLButtonElement;
    badge: HTMLElement;
    name: HTMLElement;
    score: HTMLElement;
    team: number;
  }[] = [];
  #watching = false;
  #key = '';

  constructor() {
    const list = el('leaders-list');
    for (let i = 0; i < LINES; i++) {
      const item = make('li');
      const button = document.createElement('button');
      button.type = 'button';
      const rank = make('span', 'rank');
      const name = make('span', 'name');
      const score = make('span', 'score num');
      button.append(rank, name, score);
      item.append(button);
      item.hidden = true;
      list.append(item);
      const line = { item, button, rank, name, score, ship: 0 };
      button.addEventListener('click', () => this.#watching && this.onChoose(line.ship));
      this.#lines.push(line);
    }
    const toggle = el('leaders-toggle');
    const open = (yes: boolean) => {
      this.#root.classList.toggle('folded', !yes);
      toggle.setAttribute('aria-expanded', String(yes));
    };
    toggle.addEventListener('click', () => open(this.#root.classList.contains('folded')));
    open(!matchMedia('(max-width: 700px), (max-height: 480px)').matches);
    onLanguage(() => (this.#key = ''));
  }

  show(visible: boolean): void {
    this.#root.hidden = !visible;
  }

  set(
    lines: readonly LeaderLine[],
    teams: readonly TeamLine[],
    players: number,
    bots: number,
    watching: boolean,
    followed: number,
  ): void {
    let key = `${watching} ${followed} ${players} ${bots}`;
    for (const l of lines) key += `|${l.rank},${l.ship},${l.name},${l.score},${l.team},${l.me}`;
    for (const l of teams) key += `|${l.team},${l.score},${l.mine}`;
    if (key === this.#key) return;
    this.#key = key;
    this.#watching = watching;
    this.#root.classList.toggle('choose', watching);
    for (let i = 0; i < LINES; i++) {
      const line = this.#lines[i]!;
      const l = lines[i];
      line.item.hidden = !l;
      if (!l) continue;
      line.ship = l.ship;
      line.item.classList.toggle('me', l.me);
      line.item.classList.toggle('followed', watching && l.ship === followed);
      // A button that does nothing should not take the focus.
      line.button.disabled = !watching;
      text(line.rank, l.rank > 0 ? `${l.rank}` : '–');
      text(line.name, l.name);
      line.name.style.color = l.team > 0 ? css(TEAMS[l.team] ?? TEAMS[0]) : '';
      text(line.score, number(l.score));
      line.button.setAttribute(
        'aria-label',
        t('arena.score', { name: l.me ? `${l.name} (${t('arena.you')})` : l.name, score: l.score }),
      );
    }
    this.#setTeams(teams, watching);
    this.#teams.hidden = teams.length === 0;
    text(this.#census, t('arena.now', { players, bots }));
  }

  #setTeams(teams: readonly TeamLine[], watching: boolean): void {
    while (this.#badges.length < teams.length) {
      const item = make('li');
      const button = document.createElement('button');
      button.type = 'button';
      const badge = make('b');
      const name = make('span');
      const score = make('span', 'score num');
      button.append(badge, name, score);
      item.append(button);
      this.#teams.append(item);
      const line = { item, button, badge, name, score, team: 0 };
      button.addEventListener('click', () => this.onTeam(line.team));
      this.#badges.push(line);
    }
    this.#badges.forEach((line, i) => {
      const l = teams[i];
      line.item.hidden = !l;
      if (!l) return;
      line.team = l.team;
      line.item.classList.toggle('mine', l.mine);
      line.badge.className = `team-${l.team}`;
      line.badge.style.backgroundColor = css(TEAMS[l.team] ?? TEAMS[0]);
      const name = t(`arena.team.${l.team}` as Key);
      text(line.name, name);
      text(line.score, number(l.score));
      line.button.disabled = watching || l.mine;
      line.button.title = line.button.disabled ? '' : t('arena.team.change', { name });
    });
  }
}
