// The way into the arena: asks for a name over a game that is being watched, then joins
// to play or to watch, shows the state of the connection, and offers to join again.

import { Client, CloseCode, JoinError, type JoinOptions, type StateChange } from '@tickroom/client';
import { BadNetwork } from '@tickroom/client/dev';
import { arena } from '@tickroom/client/games/arena';
import { onLanguage, t } from '../i18n.ts';
import { playerName } from '../name.ts';
import { connecting } from '../replay/inside.ts';
import { type ArenaRoom, Game } from './game.ts';
import { reason } from './hud/chat.ts';
import { el, text } from './hud/dom.ts';
import type { Hud, Mode } from './hud/hud.ts';
import type { Controls } from './input/controls.ts';
import type { Stage } from './render/stage.ts';
import type { Sounds } from './sound.ts';

const nameKey = 'tickroom.name';
const seatKey = 'tickroom.arena.seat';

/** How long the page waits before it looks again for a room to watch, in milliseconds. */
const lookEvery = 1500;

export class Entrance {
  room: ArenaRoom | null = null;
  game: Game | null = null;
  /** The network, which the netgraph can worsen. */
  readonly network = new BadNetwork();
  /** Called when the room has changed, or there is none any more. */
  onRoom: () => void = () => {};
  readonly #client = new Client('/ws', { ...connecting, socket: this.network.socket });
  readonly #query = new URLSearchParams(location.search);
  readonly #lobby = el('lobby');
  readonly #name = el<HTMLInputElement>('name');
  #entering: AbortController | null = null;
  #name0 = '';
  /** A name for players who enter none. */
  readonly #pilot = t('arena.pilot', { n: 100 + Math.floor(Math.random() * 900) });

  constructor(
    readonly stage: Stage,
    readonly controls: Controls,
    readonly sounds: Sounds,
    readonly hud: Hud,
  ) {
    el<HTMLFormElement>('enter').addEventListener('submit', (e) => {
      e.preventDefault();
      this.#keepName(this.#name.value);
      void this.enter('play');
    });
    el('watch').addEventListener('click', () => void this.enter('watch'));
    el('watch-play').addEventListener('click', () => void this.enter('play'));
    hud.banner.onAgain = () => {
      // Only a newer page can help.
      if (hud.banner.old) location.reload();
      else void this.enter(hud.mode === 'lobby' ? 'play' : hud.mode);
    };
    hud.onStep = (step) => void this.#follow(0, step);
    hud.leaders.onChoose = (ship) => void this.#follow(ship, 0);
    hud.chat.onSay = async (said, team) => {
      await this.room?.command(arena.chat, { text: said, team });
    };
    hud.leaders.onTeam = (team) => void this.#changeTeam(team);
    onLanguage(() => this.#census());
  }

  /** Starts in the mode that the address asks for. */
  async open(): Promise<void> {
    this.#name0 = this.#storedName();
    const asked = this.#query.get('name');
    if (asked !== null) this.#name0 = playerName(asked);
    this.#name.value = this.#name0;
    this.#name.placeholder = this.#pilot;
    if (this.#query.has('watch')) await this.enter('watch');
    else if (asked !== null || seats.getItem(seatKey) !== null) await this.enter('play');
    else await this.enter('lobby');
  }

  /** Leaves the current room and joins another. */
  async enter(mode: Mode): Promise<void> {
    this.#entering?.abort();
    const entering = (this.#entering = new AbortController());
    const { signal } = entering;
    const before = this.room;
    // A spectator who wants to play stays in the room.
    const wanted = this.#query.get('room') ?? (before && before.state !== 'closed' ? before.id : '');
    this.#dismiss();
    this.hud.mode = mode;
    this.hud.banner.hide();
    this.#lobby.hidden = mode !== 'lobby';
    if (mode === 'lobby') {
      // Not on phones, where the focus brings up the keyboard.
      if (!this.controls.sticks.touched) this.#name.focus({ preventScroll: true });
    } else if (this.#lobby.contains(document.activeElement)) (document.activeElement as HTMLElement).blur();
    this.hud.leaders.show(mode !== 'lobby');
    this.hud.minimap.show(mode !== 'lobby');
    void before?.leave();
    try {
      const room = await this.#join(mode, wanted, signal);
      if (signal.aborted) {
        void room.leave();
        return;
      }
      this.#begin(room, mode);
    } catch (err) {
      if (signal.aborted) return;
      // That there is nothing to watch behind the lobby is no error.
      if (mode === 'lobby') this.hud.banner.hide();
      else if (err instanceof JoinError) this.hud.banner.closed(err.code, err.reason);
      else throw err;
    }
  }

  async #join(mode: Mode, id: string, signal: AbortSignal): Promise<ArenaRoom> {
    const onState = (s: StateChange) => {
      if (!signal.aborted && mode !== 'lobby' && s.state !== 'closed') this.hud.banner.state(s);
    };
    const options = { signal, onState, hashEvery: 20, name: mode === 'play' ? this.name : '' };
    if (mode !== 'play') return this.#watch(mode, id, options);
    const keep = { ...options, storage: seats, storageKey: seatKey };
    if (id === '') return this.#client.joinOrCreate(arena, keep);
    try {
      return await this.#client.join(arena, id, keep);
    } catch (err) {
      // Any other room will do, unless the address asks for one.
      if (signal.aborted || this.#query.has('room')) throw err;
      return this.#client.joinOrCreate(arena, keep);
    }
  }

  /** Watches a room. Where there is none it looks again and again, until somebody plays. */
  async #watch(mode: Mode, id: string, options: JoinOptions & { signal: AbortSignal }): Promise<ArenaRoom> {
    for (;;) {
      try {
        return await this.#client.spectate(arena, id, options);
      } catch (err) {
        const nobody = err instanceof JoinError && err.code === CloseCode.NoSuchRoom && !this.#query.has('room');
        if (!nobody || options.signal.aborted) throw err;
        id = '';
        if (mode === 'watch') this.hud.banner.closed(err.code, err.reason);
      }
      await pause(lookEvery, options.signal);
      this.hud.banner.hide();
    }
  }

  #begin(room: ArenaRoom, mode: Mode): void {
    const { hud } = this;
    this.room = room;
    this.onRoom();
    this.game = new Game(room, this.stage, this.controls, this.sounds, hud, mode);
    const current = () => this.room === room;
    if (mode !== 'lobby') hud.banner.state({ state: room.state, text: '' });
    let won: string | undefined; // the winner of the match, once it is over
    room.on('state', (s) => {
      if (s.code === CloseCode.RoomClosed) won ??= winner(room);
      if (current() && mode !== 'lobby') hud.banner.state(s);
    });
    room.on('resumed', () => {
      if (current() && mode !== 'lobby') hud.banner.news('resumed');
    });
    room.on('rejoined', () => {
      if (current() && mode !== 'lobby') hud.banner.news(won === undefined ? 'rejoined' : 'over', won);
      won = undefined;
    });
    room.on('desync', (d) => console.warn(`the state of tick ${d.tick} differs from the server's`, d.entities));
    room.tables.census.onAdd(() => this.#census());
    room.tables.census.onChange(() => this.#census());
  }

  /** Stops the game on the screen. The caller leaves the room. */
  #dismiss(): void {
    this.game?.stop();
    this.game = null;
    this.room = null;
    this.onRoom();
    this.hud.feed.clear();
  }

  async #follow(ship: number, step: number): Promise<void> {
    if (!this.room?.spectator) return;
    try {
      await this.room.command(arena.follow, { ship, step });
    } catch {
      // Pressed too often, or the ship is gone. The player will press again.
    }
  }

  async #changeTeam(team: number): Promise<void> {
    try {
      await this.room?.command(arena.chooseTeam, { team });
    } catch (err) {
      this.hud.chat.note(reason(err));
    }
  }

  /** The player's name. */
  get name(): string {
    return this.#name0 || this.#pilot;
  }

  /** Changes the player's name, in the room and for later visits. Rejects with the reason if the room refuses it. */
  async rename(name: string): Promise<void> {
    if (this.room && !this.room.spectator) await this.room.command(arena.setName, { name });
    this.#keepName(name);
    this.#name.value = this.#name0;
  }

  #census(): void {
    const [census] = this.room?.tables.census ?? [];
    text(
      el('lobby-eyebrow'),
      census && census.players + census.bots > 0 ? t('arena.now', { players: census.players, bots: census.bots }) : '',
    );
  }

  #storedName(): string {
    try {
      return localStorage.getItem(nameKey) ?? '';
    } catch {
      return ''; // storage may be forbidden
    }
  }

  #keepName(name: string): void {
    this.#name0 = playerName(name);
    try {
      localStorage.setItem(nameKey, this.#name0);
    } catch {
      // Storage may be forbidden.
    }
  }
}

/** Waits; rejects with the signal's reason as soon as it is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      },
      { once: true },
    );
  });
}

/** Returns who has the highest score, a team if there are teams; empty if nobody has scored. */
function winner(room: ArenaRoom): string {
  const teams = [...room.tables.teamScore].sort((a, b) => b.score - a.score);
  if (teams[0])
    return teams[0].score > 0 && teams[0].score !== teams[1]?.score ? t(`arena.team.${teams[0].team as 1}`) : '';
  return [...room.tables.leader].find((l) => l.rank === 1 && l.score > 0)?.name ?? '';
}

/** Where the session is saved while the page is reloaded. Storage may be forbidden. */
const seats = {
  getItem(key: string): string | null {
    try {
      return sessionStorage.getItem(key);
    } catch {
      return null;
    }
  },
  setItem(key: string, value: string): void {
    try {
      sessionStorage.setItem(key, value);
    } catch {
      // A reloaded page then starts over.
    }
  },
  removeItem(key: string): void {
    try {
      sessionStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
};
