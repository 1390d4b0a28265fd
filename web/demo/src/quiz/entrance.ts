// The way into a show: asks for a name while the show is watched behind, then joins to play or to
// watch, and keeps the state of the room that is joined.

import { Client, CloseCode, CommandError, JoinError, type JoinOptions, type Room } from '@tickroom/client';
import { quiz } from '@tickroom/client/games/quiz';

import { el, text } from '../arena/hud/dom.ts';
import { onLanguage, t } from '../i18n.ts';
import { playerName } from '../name.ts';
import { connecting } from '../replay/inside.ts';
import { Answers, type Given, Refused, type Taken } from './answers.ts';
import { ShowClock, showTime } from './clock.ts';
import { refusal } from './refusals.ts';
import { Rows } from './rows.ts';
import type { QuizState } from './state.ts';
import type { View } from './view/view.ts';

/** What the visitor is here for; entry: that is being asked. */
export type Mode = 'entry' | 'play' | 'watch';

export type QuizRoom = Room<typeof quiz>;

const nameKey = 'tickroom.name';
/** How long the page waits before it looks again for a show to watch, in milliseconds. */
const lookEvery = 2000;

export class Entrance {
  mode: Mode = 'entry';
  room: QuizRoom | undefined;
  state: QuizState | undefined;
  /** Called when the state has changed. */
  onState: () => void = () => {};
  readonly answers: Answers;
  readonly #view: View;
  readonly #client = new Client('/ws', connecting);
  readonly #query = new URLSearchParams(location.search);
  readonly #show = this.#query.get('show') ?? '';
  readonly #clock = new ShowClock();
  readonly #rows = new Rows();
  readonly #guest = t('quiz.guest', { n: String(100 + Math.floor(Math.random() * 900)) });
  readonly #name = el<HTMLInputElement>('name');
  #name0 = '';
  #entering: AbortController | undefined;

  constructor(view: View) {
    this.#view = view;
    this.answers = new Answers(
      (given) => this.#send(given),
      () => {},
      page,
      `tickroom.quiz.answer:${this.#show}`,
    );
    el<HTMLFormElement>('enter').addEventListener('submit', (e) => {
      e.preventDefault();
      this.#keepName(this.#name.value);
      void this.enter('play');
    });
    el('watch').addEventListener('click', () => void this.enter('watch'));
    view.banner.onAgain = () => {
      if (view.banner.old) location.reload();
      else void this.enter(this.mode);
    };
    view.lobby.onTeam = (name) => void this.#chooseTeam(name);
    onLanguage(() => this.#changed());
  }

  /** Where others find the show. */
  get address(): string {
    return `${location.origin}/quiz${this.#show ? `?show=${encodeURIComponent(this.#show)}` : ''}`;
  }

  /** The contestant's name. */
  get name(): string {
    return this.#name0 || this.#guest;
  }

  /** Returns the show's time in microseconds at a moment of `performance.now()`; 0 before there is one. */
  time(now: number): number {
    const { room } = this;
    const [clock] = room?.tables.clock ?? [];
    if (!room || !clock || room.tickRate === 0) return 0;
    return this.#clock.time(now, showTime(room, { tick: clock.tick, us: Number(clock.at) }, now));
  }

  /** Starts in the mode that the address asks for. */
  async open(): Promise<void> {
    this.#name0 = read(nameKey);
    const asked = this.#query.get('name');
    if (asked !== null) this.#name0 = playerName(asked);
    this.#name.value = this.#name0;
    this.#name.placeholder = this.#guest;
    if (this.#query.has('watch')) await this.enter('watch');
    else if (asked !== null || page?.getItem(this.#seat)) await this.enter('play');
    else await this.enter('entry');
  }

  /** Where the session is kept while the page is loaded again. */
  get #seat(): string {
    return `tickroom.quiz.seat:${this.#show}`;
  }

  /** Leaves the room, and joins as the mode says. */
  async enter(mode: Mode): Promise<void> {
    this.#entering?.abort();
    const entering = (this.#entering = new AbortController());
    const { signal } = entering;
    void this.room?.leave();
    this.room = undefined;
    this.state = undefined;
    this.#rows.forget();
    this.#clock.reset();
    this.mode = mode;
    if (mode === 'entry' && !matchMedia('(pointer: coarse)').matches) this.#name.focus({ preventScroll: true });
    try {
      const room = await this.#join(mode, signal);
      if (signal.aborted) void room.leave();
      else this.#begin(room);
    } catch (err) {
      if (signal.aborted) return;
      // That there is nothing to watch behind the entry is no error.
      if (mode === 'entry') this.#changed();
      else if (err instanceof JoinError) this.#view.banner.closed(err.code, err.reason);
      else throw err;
    }
  }

  async #join(mode: Mode, signal: AbortSignal): Promise<QuizRoom> {
    const id = this.#query.get('room') ?? '';
    const options: JoinOptions = {
      signal,
      hashEvery: 20,
      onState: (s) => {
        if (!signal.aborted && mode !== 'entry' && s.state !== 'closed') this.#view.banner.state(s);
      },
    };
    if (this.#show) options.options = { show: this.#show };
    if (mode !== 'play') return this.#watch(id, options, signal);
    options.name = this.name;
    if (page) options.storage = page;
    options.storageKey = this.#seat;
    return id ? this.#client.join(quiz, id, options) : this.#client.joinOrCreate(quiz, options);
  }

  /** Watches a house of the show. Where there is none it looks again and again. */
  async #watch(id: string, options: JoinOptions, signal: AbortSignal): Promise<QuizRoom> {
    for (;;) {
      try {
        return await this.#client.spectate(quiz, id, options);
      } catch (err) {
        const none = err instanceof JoinError && err.code === CloseCode.NoSuchRoom && id === '';
        if (!none || signal.aborted) throw err;
        this.#changed();
        if (this.mode === 'watch') this.#view.banner.closed(err.code, err.reason);
      }
      await pause(lookEvery, signal);
    }
  }

  #begin(room: QuizRoom): void {
    this.room = room;
    const { banner } = this.#view;
    const current = () => this.room === room;
    const speaks = () => current() && this.mode !== 'entry';
    if (this.mode !== 'entry') banner.state({ state: room.state, text: '' });
    room.onEvent(quiz.Mine, (mine) => {
      this.#rows.told(mine);
      if (mine.answered) this.answers.confirmed(mine.run, mine.question);
      else if (mine.playing) this.answers.forgotten(mine.run, mine.question, performance.now());
      if (current()) this.#changed();
    });
    room.on('state', (s) => speaks() && banner.state(s));
    room.on('resumed', () => {
      if (speaks()) banner.news('back');
      this.sendAgain(true);
    });
    room.on('rejoined', () => {
      this.#rows.forget();
      this.#clock.reset();
      if (speaks()) banner.news('rejoined');
    });
    room.on('desync', (d) => console.warn(`the state of tick ${d.tick} differs from the server's`, d.entities));
    room.on('closed', () => {
      if (current() && this.mode === 'entry') void this.enter('entry');
    });
    room.on('change', () => current() && this.#changed());
    this.#changed();
  }

  #changed(): void {
    const { room } = this;
    this.state = room && this.#rows.read(room.tables, this.name, room.player, this.time(performance.now()));
    this.#announce();
    this.onState();
  }

  /** Says in the entry what is going on. */
  #announce(): void {
    const s = this.state;
    text(el('entry-title'), s?.title || t('quiz.title'));
    let now = t('quiz.now.none');
    if (s && s.contestants > 0)
      now =
        s.question && s.phase !== 'lobby' && s.phase !== 'over'
          ? t('quiz.now.running', { question: String(s.question.number), n: s.contestants })
          : t('quiz.now.lobby', { n: s.contestants });
    text(el('entry-eyebrow'), now);
  }

  /** Sends the answer again that did not arrive. */
  sendAgain(atOnce: boolean): void {
    const { state, room } = this;
    if (!state?.question || state.phase !== 'open' || room?.state !== 'live') return;
    this.answers.again(state.run, state.question.number, performance.now(), atOnce);
  }

  async #send(given: Given): Promise<Taken> {
    if (!this.room) throw new Error('there is no room');
    try {
      return await this.room.command(quiz.answer, { ...given }, { timeoutMs: 5000 });
    } catch (err) {
      if (err instanceof CommandError && err.code === 'refused') throw new Refused(refusal(err.message));
      throw err;
    }
  }

  async #chooseTeam(name: string): Promise<void> {
    try {
      await this.room?.command(quiz.chooseTeam, { name });
      this.#view.lobby.refused('');
    } catch (err) {
      this.#view.lobby.refused(err instanceof Error ? err.message : String(err));
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

/** Where things are kept while the page is loaded again. Storage may be forbidden. */
const page: Storage | undefined = (() => {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
})();

function read(key: string): string {
  try {
    return localStorage.getItem(key) ?? '';
  } catch {
    return '';
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
