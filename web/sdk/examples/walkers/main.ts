import { connect } from '@tickroom/client';
import { walkers } from '@tickroom/client/games/walkers';

const canvas = document.querySelector('canvas')!;
const g = canvas.getContext('2d')!;

// Joins any room of walkers, and comes back into the same seat after a reload.
const room = await connect('/ws', walkers, {
  name: 'Guest',
  storage: sessionStorage,
  onState: (s) => (document.querySelector('#state')!.textContent = s.text),
});

// What the player does, once a tick: arrow keys walk, space shouts.
const keys = new Set<string>();
addEventListener('keydown', (e) => {
  if (e.key === ' ') room.command(walkers.shout, { text: 'Hello!' }).catch(console.warn);
  keys.add(e.key);
});
addEventListener('keyup', (e) => keys.delete(e.key));
setInterval(() => {
  const x = +keys.has('ArrowRight') - +keys.has('ArrowLeft');
  const y = +keys.has('ArrowUp') - +keys.has('ArrowDown');
  room.input(x || y ? { direction: Math.atan2(y, x) } : { stop: true });
}, 1000 / room.tickRate);

// What others say stays on the screen for three seconds.
const said = new Map<number, { text: string; until: number }>();
room.onEvent(walkers.Heard, (e) => said.set(e.player, { text: e.text, until: performance.now() + 3000 }));

// What is to be seen, with the own walker in the middle.
let middle = { x: 0, y: 0 };
function draw(now: number): void {
  const rows = [...room.view(now).tables.walker];
  const own = rows.find((w) => w.player === room.player);
  if (own) middle = { x: own.x, y: own.y };
  g.clearRect(0, 0, canvas.width, canvas.height);
  g.textAlign = 'center';
  for (const w of rows) {
    const x = canvas.width / 2 + (w.x - middle.x);
    const y = canvas.height / 2 - (w.y - middle.y);
    g.fillStyle = g.strokeStyle = w === own ? 'gold' : w.player > 0 ? 'skyblue' : 'gray';
    g.beginPath();
    g.arc(x, y, 6, 0, 2 * Math.PI);
    g.fill();
    g.moveTo(x, y);
    g.lineTo(x + 12 * Math.cos(w.heading), y - 12 * Math.sin(w.heading));
    g.stroke();
    const words = said.get(w.player);
    if (words && words.until > now) g.fillText(words.text, x, y - 12);
  }
  requestAnimationFrame(draw);
}
requestAnimationFrame(draw);
