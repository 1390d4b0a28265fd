// The page: finds out what to show, keeps the session, and says how it is going.
//
//	/                  the arena
//	/?watch=walkers    walkers as dots
//	/?room=ID          a certain room
//	/?name=NAME        under a certain name

import { Session } from './tickroom.js';
import { Arena } from './arena.js';
import { Walkers } from './walkers.js';

const $ = (id) => document.getElementById(id);
const params = new URLSearchParams(location.search);

function playerName() {
  let name = params.get('name');
  try {
    name ||= localStorage.getItem('tickroom.name');
    if (!name) {
      name = `Pilot ${100 + Math.floor(Math.random() * 900)}`;
      localStorage.setItem('tickroom.name', name);
    }
  } catch {
    name ||= 'Pilot'; // storage may be forbidden
  }
  return name.slice(0, 16);
}

// --- the canvas

const canvas = $('view');
const ctx = canvas.getContext('2d', { alpha: false });
const view = { ctx, width: 0, height: 0, ratio: 1 };

function resize() {
  view.ratio = Math.min(2, window.devicePixelRatio || 1);
  view.width = window.innerWidth;
  view.height = window.innerHeight;
  canvas.width = Math.round(view.width * view.ratio);
  canvas.height = Math.round(view.height * view.ratio);
}
window.addEventListener('resize', resize);
resize();

// --- the session

const kind = params.get('watch') || 'arena';
const Game = kind === 'walkers' ? Walkers : Arena;
const game = new Game(view);
document.title = `tickroom ${kind}`;
$('title').textContent = kind;

let notice = null;
const session = new Session({
  url: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/ws`,
  kind,
  room: params.get('room') || '',
  name: playerName(),
  hashEvery: 20,
  onWelcome(welcome, s) { game.start(welcome, s); },
  onEvent(event, tick) { game.event(event, tick); },
  onStatus(status) {
    document.body.dataset.state = status.state;
    notice = { ...status, since: performance.now() };
  },
});
$('notice').querySelector('button').onclick = () => {
  session.failures = 0;
  session.open();
};

/** Says over the picture how the connection is, where it isn't as it should be. */
function showNotice(now) {
  const box = $('notice');
  const quiet = notice.state === 'open' || (notice.state === 'connecting' && now - notice.since < 400);
  box.hidden = quiet;
  if (quiet) return;
  const [title, text] = box.children;
  const seconds = Math.max(0, Math.ceil((notice.retryAt - now) / 1000));
  setText(title, { connecting: 'Connecting …', waiting: 'Connection lost', closed: 'Disconnected' }[notice.state]);
  setText(text, notice.state === 'waiting' ? `${notice.text} Trying again ${seconds > 0 ? `in ${seconds} s` : 'now'} …` : notice.state === 'closed' ? notice.text : location.host);
  box.querySelector('button').hidden = notice.state !== 'closed';
}

function setText(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

let traffic = { at: 0, bytes: 0, rate: 0 };
function showNumbers(now) {
  if (now - traffic.at > 1000) {
    traffic = { at: now, bytes: session.stats.bytes, rate: (session.stats.bytes - traffic.bytes) / (now - traffic.at) };
  }
  if (session.state !== 'open') {
    setText($('numbers'), '');
    return;
  }
  const parts = [game.summary()];
  if (session.stats.rtt !== null) parts.push(`${Math.max(1, Math.round(session.stats.rtt))} ms`);
  parts.push(`${traffic.rate.toFixed(1)} kB/s`);
  if (session.stats.mismatches) parts.push(`${session.stats.mismatches} desyncs!`);
  setText($('numbers'), parts.filter(Boolean).join(' · '));
}

let last = performance.now();
function frame(now) {
  const dt = Math.min(0.1, (now - last) / 1000);
  last = now;
  ctx.setTransform(view.ratio, 0, 0, view.ratio, 0, 0);
  game.draw(session, session.showTick(now), dt, now / 1000);
  showNotice(now);
  showNumbers(now);
  requestAnimationFrame(frame);
}
requestAnimationFrame(frame);

// For tests, and for the curious.
window.tickroom = { session, game };
