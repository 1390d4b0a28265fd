// All of the quiz's page but the connection: shows a state and what it is for the eye.

import { el } from '../../arena/hud/dom.ts';
import type { Screen, Stage } from '../screen.ts';
import { Sky } from '../sky.ts';
import type { QuizState } from '../state.ts';
import { Banner } from './banner.ts';
import { FinalView } from './final.ts';
import { Lobby } from './lobby.ts';
import { MeBar } from './mebar.ts';
import { QuestionView } from './question.ts';
import { Ring } from './ring.ts';
import { Speech } from './speech.ts';
import { Top } from './top.ts';

/** The parts of the page, of which one is to be seen. */
type Part = 'entry' | 'lobby' | 'question' | 'final';

const parts: Readonly<Record<Stage, Part>> = {
  loading: 'lobby',
  lobby: 'lobby',
  between: 'lobby',
  ready: 'lobby',
  open: 'question',
  suspense: 'question',
  result: 'question',
  over: 'final',
};

export class View {
  readonly banner = new Banner();
  readonly lobby = new Lobby();
  readonly question = new QuestionView();
  readonly final = new FinalView();
  readonly #top = new Top();
  readonly #me = new MeBar();
  readonly #wait = new Ring('wait');
  readonly #speech = new Speech();
  readonly #sky = new Sky(el<HTMLCanvasElement>('sky'));
  #mood = '';
  #part: Part | '' = '';

  /** Shows a state, or before there is one the entry. */
  show(s: QuizState | undefined, screen: Screen | undefined, entry: boolean, spectator: boolean): void {
    const part = entry || !screen ? 'entry' : parts[screen.stage];
    this.#turn(part);
    const mood = entry ? 'calm' : (screen?.mood ?? 'calm');
    if (mood !== this.#mood) {
      this.#mood = mood;
      document.body.dataset.mood = mood;
      this.#sky.mood(mood);
    }
    this.#top.show(entry ? undefined : s, screen);
    this.#me.show(entry ? undefined : s, screen, spectator);
    this.banner.of(entry ? undefined : s);
    if (!s || !screen || entry) return;
    if (part === 'lobby') {
      this.lobby.show(s, screen);
      this.#wait.show(screen.countdown);
    }
    if (part === 'question') this.question.show(s, screen);
    if (part === 'final') this.final.show(s, screen);
    this.#speech.show(s, screen);
  }

  #turn(part: Part): void {
    if (part === this.#part) return;
    this.#part = part;
    document.body.dataset.screen = part;
    for (const id of ['entry', 'lobby', 'question', 'final'] as const) el(id).hidden = id !== part;
    scrollTo({ top: 0 });
  }
}
