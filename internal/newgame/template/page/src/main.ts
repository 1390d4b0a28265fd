// The page: joins a room, sends what the player does, and draws what is to be seen.

import { connect } from '@tickroom/client';
import { direction } from './controls.ts';
import { colour, draw, sparkle } from './draw.ts';
import * as game from './gen/mygame/v1/mygame.tickroom.ts';
import { step } from './step.ts';

const find = <E extends Element>(selector: string): E => document.querySelector<E>(selector)!;
const name = find<HTMLInputElement>('#naming input');
name.value = localStorage.getItem('name') ?? `Guest ${Math.ceil(Math.random() * 99)}`;

// A room of the game, with whoever is there. The library comes back by itself when the
// connection is lost, and into the same seat after a reload.
const room = await connect('/ws', game, {
  name: name.value,
  storage: sessionStorage,
  onState: (s) => (find('#state').textContent = s.state === 'live' ? '' : s.text),
  timeoutMs: Infinity, // a server that is not there yet is waited for
});

// Inputs: what the player does, once a tick. The own dot is shown as it will be when the
// server has them: it moves at once, however far the server is.
const own = room.predict(game.components.dot, step);
const input = () => {
  const d = direction();
  if (d.dx || d.dy) find('#help').classList.add('done');
  return d;
};

// A command: a request that is answered once.
find<HTMLFormElement>('#naming').addEventListener('submit', async (e) => {
  e.preventDefault();
  try {
    const renamed = await room.command(game.rename, { name: name.value });
    name.value = renamed.name;
    localStorage.setItem('name', renamed.name);
    name.blur();
  } catch (err) {
    name.setCustomValidity((err as Error).message);
    name.reportValidity();
  }
});
name.addEventListener('input', () => name.setCustomValidity(''));

// An event: something that happened, told once.
room.onEvent(game.Collected, (c) => sparkle(c.x, c.y, c.worth, colour(c.player)));

// The state: tables with a row for each thing. Snapshots of the server change them.
room.on('change', () => {
  const dots = [...room.tables.dot].sort((a, b) => b.score - a.score || a.player - b.player);
  find('#scores ol').replaceChildren(
    ...dots.slice(0, 8).map((dot) => {
      const li = document.createElement('li');
      li.className = dot.player === room.player ? 'own' : '';
      const mark = document.createElement('i');
      mark.style.background = colour(dot.player);
      const who = document.createElement('span');
      who.textContent = dot.name;
      li.append(mark, who, String(dot.score));
      return li;
    }),
  );
});

// The screen is drawn more often: a view is the state between two snapshots.
const frame = (now: number): void => {
  const { dot, gem } = room.view(now).tables;
  own.update(input, now);
  const dots = [...dot].map((d) => (d.entity === own.entity ? (own.row ?? d) : d));
  draw(find<HTMLCanvasElement>('#field'), dots, [...gem], room.player, now);
  requestAnimationFrame(frame);
};
requestAnimationFrame(frame);
