// Fills the leaderboard from the rows of the room.

import type { Room } from '@tickroom/client';
import type { arena } from '@tickroom/client/games/arena';
import type { Mode } from './hud/hud.ts';
import type { LeaderLine, Leaders, TeamLine } from './hud/leaders.ts';

export class Board {
  readonly #lines: LeaderLine[] = [];
  readonly #teams: TeamLine[] = [];

  constructor(readonly leaders: Leaders) {}

  /** Shows the scores. ship is the player's own, or the one that is followed. Returns the leader's ship, 0 for none. */
  show(room: Room<typeof arena>, mode: Mode, ship: number, ownTeam: number): number {
    const playing = mode === 'play';
    const lines = this.#lines;
    lines.length = 0;
    let leader = 0;
    let listed = false;
    for (const l of room.tables.leader) {
      const me = playing && l.ship === ship;
      listed ||= me;
      if (l.rank === 1) leader = l.ship;
      lines.push({ rank: l.rank, ship: l.ship, name: l.name, team: l.team, score: l.score, me });
    }
    lines.sort((a, b) => a.rank - b.rank);
    if (!listed && playing) {
      const score = room.tables.score.get(ship);
      const id = room.tables.identity.get(ship);
      if (score && id) lines.push({ rank: 0, ship, name: id.name, team: id.team, score: score.score, me: true });
    }
    const teams = this.#teams;
    teams.length = 0;
    for (const s of room.tables.teamScore)
      teams.push({ team: s.team, score: s.score, mine: playing && s.team === ownTeam });
    teams.sort((a, b) => a.team - b.team); // buttons that stay in their places
    const [census] = room.tables.census;
    this.leaders.set(lines, teams, census?.players ?? 0, census?.bots ?? 0, mode === 'watch', ship);
    return leader;
  }
}
