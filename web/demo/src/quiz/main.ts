// The quiz's page.
//
//	/quiz              asks for a name, then plays
//	/quiz?name=Ann     plays at once under a name
//	/quiz?watch        watches
//	/quiz?show=NAME    another show than the server's own
//	/quiz?room=ID      in one house of the show
//	/quiz?lang=zh      in Chinese

import '../replay/inside.ts';
import '../theme.css';
import './quiz.css';
import { el } from '../arena/hud/dom.ts';
import { apply, languageButtons, onLanguage, t } from '../i18n.ts';
import { Entrance } from './entrance.ts';
import { Preload } from './preload.ts';
import { type Screen, screenOf } from './screen.ts';
import { cardOf, ShareDialog } from './view/sharedialog.ts';
import { View } from './view/view.ts';

apply();
languageButtons();

const view = new View();
const share = new ShareDialog();
const entrance = new Entrance(view);
const preload = new Preload();
let screen: Screen | undefined;

/** Answers with an option, by its id, if one can be chosen now. */
function choose(option: number): void {
  const { state } = entrance;
  if (!screen?.canAnswer || !state?.question) return;
  entrance.answers.choose({ run: state.run, question: state.question.number, option }, performance.now());
}

view.question.options.onChoose = choose;
view.question.verdict.onAgain = () => entrance.sendAgain(true);
view.final.onShare = () => {
  const card = entrance.state && cardOf(entrance.state, entrance.address);
  if (card) void share.open(card);
};

addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.repeat || e.target instanceof HTMLInputElement) return;
  const chosen = screen?.options.find((o) => String(o.key) === e.key);
  if (chosen && !el<HTMLDialogElement>('card').open) choose(chosen.id);
});

const title = () => (document.title = `${entrance.state?.title || t('quiz.title')} · tickroom`);
onLanguage(title);
title();
entrance.onState = title;

function frame(now: number): void {
  requestAnimationFrame(frame);
  const { state } = entrance;
  screen = state && screenOf(state, entrance.answers.slip, entrance.time(now));
  preload.question(state?.question);
  entrance.sendAgain(false);
  view.show(state, screen, entrance.mode === 'entry', entrance.mode === 'watch');
}

// For tests and the browser's console.
Object.defineProperty(window, 'tickroom', {
  value: {
    get room() {
      return entrance.room;
    },
    get state() {
      return entrance.state;
    },
    get screen() {
      return screen;
    },
    /** The show's time now, in microseconds. */
    get time() {
      return entrance.time(performance.now());
    },
  },
});

requestAnimationFrame(frame);
void entrance.open();
