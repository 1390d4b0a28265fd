// The arena's page.
//
//	/arena             asks for a name, over a game that is being watched
//	/arena?name=Ann    plays at once under a name
//	/arena?room=ID     plays in one room
//	/arena?watch       watches
//	/arena?lang=zh     in Chinese

import '../replay/inside.ts';
import '../theme.css';
import './arena.css';
import { apply, languageButtons } from '../i18n.ts';
import { Entrance } from './entrance.ts';
import { Frames } from './frames.ts';
import { el } from './hud/dom.ts';
import { Hud } from './hud/hud.ts';
import { Shortcuts } from './hud/shortcuts.ts';
import { Controls } from './input/controls.ts';
import { Stage } from './render/stage.ts';
import { Sounds } from './sound.ts';

async function main(): Promise<void> {
  apply();
  languageButtons();
  const hud = new Hud();
  const canvas = el<HTMLCanvasElement>('view');
  let stage: Stage;
  try {
    stage = await Stage.make(canvas);
  } catch (err) {
    console.warn(err);
    hud.banner.fail('arena.nowebgl', 'arena.nowebgl.text');
    return;
  }
  const sounds = new Sounds();
  const controls = new Controls(canvas, el('sticks'));
  const entrance = new Entrance(stage, controls, sounds, hud);
  const frames = new Frames(stage, entrance, hud);
  new Shortcuts(entrance, sounds, hud);
  // For tests and the browser's console: the room (see @tickroom/client), the game on
  // the screen (see Game), and how long frames take (see Perf).
  Object.defineProperty(window, 'tickroom', {
    value: {
      get room() {
        return entrance.room;
      },
      get game() {
        return entrance.game;
      },
      perf: frames.perf,
    },
  });
  frames.start();
  await entrance.open();
}

void main();
