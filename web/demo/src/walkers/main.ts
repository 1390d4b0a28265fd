// Walkers as dots: the simplest game, with nothing between the client library and a
// canvas.
//
//	/walkers              any room
//	/walkers?room=ID      one room
//	/walkers?name=NAME    under a name

import '../replay/inside.ts';
import { Client, JoinError, type Room } from '@tickroom/client';
import { BadNetwork } from '@tickroom/client/dev';
import { walkers } from '@tickroom/client/games/walkers';
import { connectionText } from '../connection.ts';
import { apply, languageButtons, number, onLanguage, t } from '../i18n.ts';
import { playerName } from '../name.ts';
import type { Netgraph } from '../netgraph/netgraph.ts';
import { connecting } from '../replay/inside.ts';
import '../theme.css';
import './walkers.css';
import { Steering } from './steering.ts';

const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;
const params = new URLSearchParams(location.search);
const canvas = $<HTMLCanvasElement>('view');
const ctx = canvas.getContext('2d', { alpha: false })!;
const network = new BadNetwork();
const steering = new Steering(canvas);
const still = matchMedia('(prefers-reduced-motion: reduce)');

let room: Room<typeof walkers> | undefined;
let edge = 64;
const said = new Map<number, { text: string; until: number }>(); // by player

apply();
languageButtons();

// --- the connection

async function join(): Promise<void> {
  $('again').hidden = true;
  say(t('conn.connecting'), '');
  const client = new Client('/ws', { ...connecting, socket: network.socket });
  const options = { name: playerName(params.get('name') ?? ''), hashEvery: 20, storage: sessionStorage };
  const id = params.get('room');
  try {
    room = await (id ? client.join(walkers, id, options) : client.joinOrCreate(walkers, options));
  } catch (err) {
    $('dot').className = 'dot off';
    say(t('conn.failed'), err instanceof JoinError ? connectionText(err.code, err.reason) : String(err));
    $('again').hidden = false;
    return;
  }
  listen(room);
  netgraph?.setRoom(room);
}

function listen(r: Room<typeof walkers>): void {
  r.onEvent(walkers.Heard, (e) => said.set(e.player, { text: e.text, until: performance.now() + 5000 }));
  r.on('state', () => show());
  show();
}

/** Shows the state of the connection over the picture when something is wrong with it. */
function show(): void {
  const state = room?.state ?? 'connecting';
  $('dot').className = `dot ${state === 'live' ? 'live' : state === 'closed' ? 'off' : 'wait'}`;
  $('notice').hidden = state === 'live';
  $('again').hidden = state !== 'closed';
  if (state === 'reconnecting') say(t('conn.reconnecting'), t('conn.reconnecting.text'));
  if (state === 'closed') say(t('conn.closed'), '');
}

function say(title: string, text: string): void {
  $('notice').hidden = false;
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
}

$('again').addEventListener('click', () => void join());
onLanguage(() => {
  document.title = `${t('walkers.title')} · tickroom`;
  if (room) show();
});

$<HTMLFormElement>('say').addEventListener('submit', (e) => {
  e.preventDefault();
  const field = $<HTMLInputElement>('text');
  const text = field.value.trim();
  field.value = '';
  canvas.focus();
  if (!text || !room) return;
  room.command(walkers.shout, { text }).then(
    () => said.set(room!.player, { text, until: performance.now() + 5000 }),
    () => {}, // the connection is lost, which is shown anyway
  );
});

// --- the netgraph, which is loaded when it is first opened

let netgraph: Netgraph | undefined;
async function toggleNetgraph(): Promise<void> {
  const open = netgraph === undefined;
  $('net').setAttribute('aria-pressed', String(open));
  if (!open) {
    netgraph?.destroy();
    netgraph = undefined;
    return;
  }
  const { mountNetgraph } = await import('../netgraph/netgraph.ts');
  if (netgraph || $('net').getAttribute('aria-pressed') !== 'true') return;
  netgraph = mountNetgraph(room, { container: $('netgraph'), network, onClose: () => void toggleNetgraph() });
}
$('net').addEventListener('click', () => void toggleNetgraph());
addEventListener('keydown', (e) => {
  const typing = e.target instanceof HTMLInputElement && e.target.type !== 'range';
  if (e.ctrlKey || e.metaKey || e.altKey || (typing && e.code !== 'F3')) return;
  if (e.code === 'KeyN' || e.code === 'F3') {
    e.preventDefault();
    void toggleNetgraph();
  }
});

// --- the picture

let width = 0;
let height = 0;
function resize(): void {
  const ratio = Math.min(2, devicePixelRatio || 1);
  width = innerWidth;
  height = innerHeight;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  ctx.setTransform(ratio, 0, 0, ratio, 0, 0);
}
addEventListener('resize', resize);
resize();

let steered = 0;
function frame(now: number): void {
  requestAnimationFrame(frame);
  ctx.fillStyle = '#04060f';
  ctx.fillRect(0, 0, width, height);
  if (!room || room.state === 'closed') return;
  if (room.state === 'live' && now - steered >= 1000 / room.tickRate) {
    steered = now;
    const input = steering.read();
    if (input) room.input(input);
  }
  draw(room, now);
}

function draw(r: Room<typeof walkers>, now: number): void {
  const rows = r.view(now).tables.walker;
  // The size of the map is not known: a power of two around everything that was seen. A
  // view may be a step beyond the edge.
  for (const w of r.tables.walker) while (Math.max(w.x, w.y) > edge) edge *= 2;
  const top = 64;
  const side = Math.min(width - 24, height - top - 76);
  const scale = side / edge;
  const left = (width - side) / 2;
  grid(left, top, side);
  const radius = Math.max(3, Math.min(8, 70 / Math.sqrt(rows.size + 1)));
  for (const w of rows) {
    const x = left + w.x * scale;
    const y = top + side - w.y * scale;
    const mine = w.player === r.player;
    const colour = mine ? '#54e3ee' : w.player > 0 ? `hsl(${(w.player * 67 + 280) % 360} 90% 74%)` : '#8793c2';
    walker(x, y, w.heading, radius, colour, mine);
    if (mine) steering.at(x, y);
    const words = said.get(w.player);
    if (words && w.player > 0) bubble(x, y - radius - 10, words, now);
  }
  const text = `${t('walkers.count', { n: rows.size })} · ${number(Math.max(1, Math.round(r.rtt)))} ms`;
  if ($('numbers').textContent !== text) $('numbers').textContent = text;
}

function grid(left: number, top: number, side: number): void {
  ctx.lineWidth = 1;
  ctx.strokeStyle = 'rgba(132, 155, 255, .08)';
  ctx.beginPath();
  for (let i = 1; i < 16; i++) {
    const at = Math.round((i * side) / 16) + 0.5;
    ctx.moveTo(left + at, top);
    ctx.lineTo(left + at, top + side);
    ctx.moveTo(left, top + at);
    ctx.lineTo(left + side, top + at);
  }
  ctx.stroke();
  ctx.strokeStyle = 'rgba(132, 155, 255, .4)';
  ctx.strokeRect(left, top, side, side);
}

function walker(x: number, y: number, heading: number, radius: number, colour: string, mine: boolean): void {
  ctx.strokeStyle = ctx.fillStyle = colour;
  ctx.globalAlpha = 0.16;
  ctx.beginPath();
  ctx.arc(x, y, radius * 2.6, 0, 7);
  ctx.fill();
  ctx.globalAlpha = 1;
  ctx.beginPath();
  ctx.arc(x, y, radius, 0, 7);
  ctx.fill();
  ctx.lineWidth = 2;
  ctx.beginPath();
  ctx.moveTo(x, y);
  ctx.lineTo(x + Math.cos(heading) * radius * 2.4, y - Math.sin(heading) * radius * 2.4);
  if (mine) {
    ctx.moveTo(x + radius * 2.6, y);
    ctx.arc(x, y, radius * 2.6, 0, 7);
  }
  ctx.stroke();
}

function bubble(x: number, y: number, words: { text: string; until: number }, now: number): void {
  const left = words.until - now;
  if (left <= 0) return;
  ctx.font = '14px system-ui, "PingFang SC", "Microsoft YaHei", "WenQuanYi Zen Hei", sans-serif';
  ctx.textAlign = 'center';
  ctx.textBaseline = 'bottom';
  ctx.globalAlpha = still.matches ? 1 : Math.min(1, left / 400);
  const w = ctx.measureText(words.text).width + 18;
  const at = Math.max(w / 2 + 8, Math.min(width - w / 2 - 8, x));
  ctx.fillStyle = '#0c1228';
  ctx.strokeStyle = 'rgba(132, 155, 255, .4)';
  ctx.lineWidth = 1;
  ctx.beginPath();
  ctx.roundRect(at - w / 2, y - 26, w, 26, 8);
  ctx.fill();
  ctx.stroke();
  ctx.fillStyle = '#e8ecff';
  ctx.fillText(words.text, at, y - 5);
  ctx.globalAlpha = 1;
}

document.title = `${t('walkers.title')} · tickroom`;
void join();
requestAnimationFrame(frame);
