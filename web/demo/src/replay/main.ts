// The page that shows a replay: the page of the room's kind in a frame, with a line below to go to any moment.
//
//	/replay              from its beginning
//	/replay?tick=N       from a tick on
//	/replay?lang=zh      in Chinese

import '../theme.css';
import './replay.css';
import { apply, type Key, languageButtons, number, onLanguage, t } from '../i18n.ts';
import { kinds } from '../kinds.ts';
import type { Pace } from './inside.ts';
import { type About, around, beside, clock, type Mark, type State, speeds, textOf, there } from './story.ts';
import { Timeline } from './timeline.ts';

const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;
const frame = $<HTMLIFrameElement>('room');
const eyes = $<HTMLSelectElement>('eyes');
const speed = $<HTMLSelectElement>('speed');
const timeline = new Timeline($<HTMLInputElement>('at'), $<HTMLCanvasElement>('marks'));

let about: About | undefined;
let state: State | undefined;
let socket: WebSocket | undefined;
/** A place to go to, when the replay has come to the one before. */
let wanted: number | undefined;
let seeking = false;
/** How long it took to go somewhere, in milliseconds, for tests. */
const took: number[] = [];

apply();
languageButtons();

// --- the replay

type Order =
  | { do: 'play' | 'pause' }
  | { do: 'seek'; tick: number }
  | { do: 'step'; ticks: number }
  | { do: 'speed'; speed: number }
  | { do: 'look'; player: number };

function order(o: Order): void {
  if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(o));
}

function connect(): void {
  const url = new URL('/replay/steer', location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  const ws = (socket = new WebSocket(url));
  ws.onmessage = (e) => {
    const m = JSON.parse(e.data as string) as About | State;
    if ('id' in m) begin(m);
    else take(m);
  };
  ws.onclose = () => {
    if (socket !== ws) return;
    say(t('replay.gone'), about ? t('replay.gone.text') : t('replay.none.text'));
  };
}

function begin(a: About): void {
  about = a;
  const kind = kinds.find((k) => k.name === a.kind);
  if (!kind) {
    say(t('replay.nopage'), t('replay.nopage.text', { kind: a.kind }));
    return;
  }
  $('notice').hidden = true;
  frame.src = `/${kind.page ?? kind.name}?watch&replay&room=${encodeURIComponent(a.id)}`;
  timeline.about = a;
  const wish = Number(new URLSearchParams(location.search).get('tick'));
  if (wish > 0) order({ do: 'seek', tick: wish });
  choices();
}

function take(s: State): void {
  const before = state;
  state = s;
  if (s.took !== undefined) {
    took.push(s.took);
    seeking = false;
    if (wanted !== undefined) seek(wanted);
  }
  // Within the frame the same time passes as in the replay.
  if (!before || before.playing !== s.playing || before.speed !== s.speed || before.eyes !== s.eyes) live(s);
  show();
}

function live(s: State): void {
  pace({ pace: s.playing ? s.speed : 0, eyes: s.eyes });
}

function pace(p: Pace): void {
  frame.contentWindow?.postMessage(p, location.origin);
}

/** Goes to a tick, as soon as the replay has come to where it was told to go before. */
function seek(tick: number): void {
  if (!about) return;
  wanted = undefined;
  const to = Math.min(about.last, Math.max(about.first, Math.round(tick)));
  if (seeking) {
    wanted = to;
    return;
  }
  seeking = true;
  order({ do: 'seek', tick: to });
}

function step(ticks: 1 | -1): void {
  if (!about || !state) return;
  if (ticks > 0 && state.tick < about.last && !state.playing) pace({ add: 1000 / about.rate });
  if (ticks < 0) seek(state.tick - 1);
  else order({ do: 'step', ticks });
}

function skip(seconds: number): void {
  if (about && state) seek((wanted ?? state.tick) + seconds * about.rate);
}

function toMark(side: 1 | -1): void {
  if (!about || !state) return;
  // A little before it, so that one sees it come; and so not the one that one has just come from.
  const lead = 2 * about.rate;
  const { before, after } = side > 0 ? around(about.marks, state.tick + lead) : around(about.marks, state.tick - 1);
  const m = side > 0 ? after : before;
  if (m) seek(m.tick - lead);
}

function toggle(): void {
  order({ do: state?.playing ? 'pause' : 'play' });
}

// --- what is shown

function say(title: string, text: string, go = false): void {
  $('notice').hidden = false;
  $('go').hidden = !go;
  $('notice-title').textContent = title;
  $('notice-text').textContent = text;
}

function nameOf(m: Mark): string {
  const key = `replay.mark.${m.what.toLowerCase()}`;
  return key in known ? t(key as Key) : m.what;
}
const known: Readonly<Record<string, true>> = Object.fromEntries(
  ['join', 'leave', 'away', 'back', 'differs', 'panic', 'desync', 'late', 'operator', 'kill'].map((w) => [
    `replay.mark.${w}`,
    true as const,
  ]),
);

/** Lists whom one can look through. */
function choices(): void {
  if (!about) return;
  const options: [number, string][] = about.watch ? [[0, t('replay.spectator')]] : [];
  for (const v of about.players)
    if (!v.spectator) options.push([v.player, v.name || t('replay.player', { n: String(v.player) })]);
  eyes.replaceChildren(...options.map(([value, text]) => new Option(text, String(value))));
  speed.replaceChildren(...speeds.map((s) => new Option(`${number(s)}×`, String(s))));
  show();
}

function show(): void {
  if (!about || !state) return;
  document.title = t('replay.page', { room: about.room });
  $('name').textContent = about.room;
  const when = new Date(about.began + (state.tick * 1000) / about.rate);
  $('when').textContent = when.toLocaleString(document.documentElement.lang, {
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
  const time = `${clock(state.tick, about.rate)} / ${clock(about.last, about.rate)}`;
  $('time').textContent = time;
  $('tick').textContent = t('replay.tick', { n: state.tick });
  const play = $('play');
  play.dataset.playing = String(state.playing);
  play.setAttribute('aria-label', t(state.playing ? 'replay.pause' : 'replay.play'));
  eyes.value = String(state.eyes);
  speed.value = String(state.speed);
  timeline.show(state.tick, time);
  const { before } = around(about.marks, state.tick);
  const near = before && state.tick - before.tick < 4 * about.rate ? before : undefined;
  const said = near ? `${clock(near.tick, about.rate)} ${nameOf(near)}${textOf(near) ? `: ${textOf(near)}` : ''}` : '';
  if ($('said').textContent !== said) $('said').textContent = said;
  absent();
}

/** Says why there is nothing to be seen. */
function absent(): void {
  if (!about || !state) return;
  const who = about.players.find((v) => v.player === state!.eyes);
  const trouble = state.trouble ?? (state.tick >= about.last ? about.trouble : undefined);
  if (trouble) say(t('replay.trouble'), trouble);
  else if (!state.there && who && !there(who, state.tick))
    say(t('replay.absent', { name: who.name }), t('replay.absent.text'), true);
  else $('notice').hidden = true;
}

$('go').addEventListener('click', () => {
  const who = about?.players.find((v) => v.player === state?.eyes);
  if (who) seek(who.from);
});

// --- buttons and keys

timeline.onSeek = seek;
$('play').addEventListener('click', toggle);
$('back').addEventListener('click', () => step(-1));
$('forth').addEventListener('click', () => step(1));
$('rewind').addEventListener('click', () => skip(-10));
$('ahead').addEventListener('click', () => skip(10));
$('mark-before').addEventListener('click', () => toMark(-1));
$('mark-after').addEventListener('click', () => toMark(1));
speed.addEventListener('change', () => order({ do: 'speed', speed: Number(speed.value) }));
eyes.addEventListener('change', () => {
  seeking = true;
  order({ do: 'look', player: Number(eyes.value) });
});

const keys: Readonly<Record<string, (shift: boolean) => void>> = {
  ' ': toggle,
  k: toggle,
  ArrowLeft: (shift) => skip(shift ? -30 : -5),
  ArrowRight: (shift) => skip(shift ? 30 : 5),
  ',': () => step(-1),
  '.': () => step(1),
  '[': () => order({ do: 'speed', speed: beside(state?.speed ?? 1, -1) }),
  ']': () => order({ do: 'speed', speed: beside(state?.speed ?? 1, 1) }),
  Home: () => seek(0),
  End: () => seek(about?.last ?? 1),
  p: () => toMark(-1),
  n: () => toMark(1),
};

function press(key: string, shift: boolean): boolean {
  const does = keys[key.length === 1 ? key.toLowerCase() : key];
  does?.(shift);
  return does !== undefined;
}

addEventListener('keydown', (e) => {
  if (e.ctrlKey || e.metaKey || e.altKey || e.target instanceof HTMLSelectElement) return;
  if (e.key === ' ' && e.target instanceof HTMLButtonElement) return; // it is pressed
  if (press(e.key, e.shiftKey)) e.preventDefault();
});
addEventListener('message', (e: MessageEvent<{ key?: string; shift?: boolean; ready?: boolean }>) => {
  if (e.source !== frame.contentWindow || e.origin !== location.origin) return;
  if (e.data.ready && state) live(state);
  if (e.data.key !== undefined) press(e.data.key, e.data.shift ?? false);
});
onLanguage(choices);
// For tests and the browser's console.
Object.defineProperty(window, 'replay', {
  value: {
    get about() {
      return about;
    },
    get state() {
      return state;
    },
    took,
  },
});
connect();
