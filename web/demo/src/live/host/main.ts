// The page for those who moderate a live room, and those who host it.
//
//	/live/host#token=TOKEN             with a token that has the role moderator or host
//	/live/host?show=NAME#token=TOKEN   of another show than the server's usual one

import { CommandError, JoinError } from '@tickroom/client';
import { Live, type LiveComment, Moderation } from '@tickroom/client/live';
import '../../theme.css';
import { el as byId, text } from '../../arena/hud/dom.ts';
import { connectionText } from '../../connection.ts';
import { hostToken, keepHostToken } from '../../hosttoken.ts';
import { apply, languageButtons, onLanguage, t } from '../../i18n.ts';
import { el } from '../../netgraph/dom.ts';
import { ChatList, type Row } from '../chatlist.ts';
import { commentRow, keyOf } from '../rows.ts';
import { Controls } from './controls.ts';
import { Counters } from './counters.ts';
import { DeskView } from './desk.ts';
import './host.css';
import { askMute } from './mute.ts';

const params = new URLSearchParams(location.search);
let live: Live | undefined;
let moderation: Moderation | undefined;
let toast: ReturnType<typeof setTimeout> | undefined;

const counters = new Counters(byId('counters'));
apply();
languageButtons();
const list = new ChatList(byId('chat'), byId<HTMLButtonElement>('newest'));
const desk = new DeskView({ act, mute: (author, name) => void mute(author, name) });
const controls = new Controls(act);

// --- the way in

async function enter(): Promise<void> {
  const token = hostToken();
  text(byId('gate-note'), '');
  if (token === '') {
    gate('');
    return;
  }
  light('connecting');
  try {
    live = await Live.join('/ws', {
      token,
      hashEvery: 10,
      ...(params.has('show') ? { show: params.get('show')! } : {}),
    });
  } catch (err) {
    if (!(err instanceof JoinError)) throw err;
    keepHostToken('');
    gate(t('danmaku.host.refused', { reason: err.reason || connectionText(err.code, err.reason) }));
    return;
  }
  begin(live);
}

function gate(note: string): void {
  byId('gate').hidden = false;
  byId('main').hidden = true;
  text(byId('gate-note'), note);
  byId('token').focus();
}

byId<HTMLFormElement>('pass').addEventListener('submit', (e) => {
  e.preventDefault();
  const field = byId<HTMLInputElement>('token');
  keepHostToken(field.value.trim());
  field.value = '';
  void enter();
});

addEventListener('pagehide', () => void live?.leave());
addEventListener('pageshow', (e) => {
  if (e.persisted) void enter();
});

// --- the room

function begin(room: Live): void {
  moderation = new Moderation(room);
  byId('gate').hidden = true;
  byId('main').hidden = false;
  room.on('connection', (s) => {
    light(s.state);
    if (s.state === 'closed') gate(connectionText(s.code ?? 1000, s.reason ?? ''));
  });
  room.on('comments', (all) => {
    list.add(all.filter(wanted).map(row));
    byId('chat-empty').hidden = list.size > 0;
  });
  room.on('changed', (c) => list.change(row(c)));
  room.on('removed', (gone) => {
    const keys = new Set(gone.map((c) => keyOf(c.id)));
    list.remove((key) => keys.has(key));
  });
  room.on('renumbered', () => list.clear());
  room.on('state', show);
  light(room.room.state);
  show();
  // Whether the token's roles are enough is known with the welcome, which is the room's first event.
  const known = room.on('comments', ruled);
  setTimeout(ruled, 1500);
  function ruled(): void {
    known();
    if (room.moderator || live !== room || room.author === 0n) return;
    live = undefined;
    void room.leave();
    keepHostToken('');
    gate(t('danmaku.host.norole'));
  }
}

function light(state: 'connecting' | 'live' | 'reconnecting' | 'closed'): void {
  const style = { live: 'live', connecting: 'wait', reconnecting: 'wait', closed: 'off' }[state];
  byId('connection').querySelector('.dot')!.className = `dot ${style}`;
  text(byId('connection').lastElementChild!, t(`danmaku.state.${state}`));
}

function show(): void {
  if (!live || !moderation) return;
  const { state } = live;
  document.title = t('danmaku.host.page', { show: state.show });
  text(byId('show'), state.show);
  desk.show(live, moderation);
  controls.show(live, moderation);
}

setInterval(() => {
  if (live && live.room.state === 'live') counters.tick(live.state);
}, 1000);

// --- comments

const filter = byId<HTMLInputElement>('filter');
filter.addEventListener('input', () => {
  list.clear();
  list.add((live?.comments ?? []).filter(wanted).map(row));
});

function wanted(c: LiveComment): boolean {
  const words = filter.value.trim().toLowerCase();
  return words === '' || c.text.toLowerCase().includes(words) || c.name.toLowerCase().includes(words);
}

/** Returns a comment's row with what can be done about it. */
function row(c: LiveComment): Row {
  const plain = commentRow(c);
  return {
    key: plain.key,
    node: () => {
      const node = plain.node();
      const acts = el('span', { class: 'acts' });
      const add = (key: 'delete' | 'mute' | 'pin', press: () => void) => {
        const label = t(`danmaku.host.${key}.this`, { name: c.name });
        const b = el('button', { type: 'button', 'aria-label': label, tabindex: '-1' }, t(`danmaku.host.${key}`));
        b.addEventListener('click', (e) => {
          e.stopPropagation();
          press();
        });
        acts.append(b);
      };
      add('pin', () => moderation && act(moderation.pin(c.id)));
      if (!c.own) add('mute', () => void mute(c.author, c.name));
      add('delete', () => moderation && act(moderation.delete(c.id)));
      node.append(acts);
      return node;
    },
  };
}

// By the keyboard: Enter on a comment leads to its buttons, and Escape back.
list.onPick = (_, node, byKey) => {
  if (byKey) node.querySelector<HTMLElement>('.acts button')?.focus();
};
byId('chat').addEventListener('keydown', (e) => {
  const acts = (e.target as Element).closest('.acts');
  if (!acts) return;
  const all = [...acts.querySelectorAll('button')];
  const at = all.indexOf(e.target as HTMLButtonElement);
  const to = { ArrowLeft: at - 1, ArrowRight: at + 1 }[e.key];
  if (to !== undefined) all[(to + all.length) % all.length]!.focus();
  else if (e.key === 'Escape') (acts.parentElement as HTMLElement).focus();
  else return;
  e.preventDefault();
  e.stopPropagation();
});

byId<HTMLFormElement>('say').addEventListener('submit', (e) => {
  e.preventDefault();
  const field = byId<HTMLInputElement>('text');
  const said = field.value.trim();
  if (said === '' || !live) return;
  act(live.say(said).then(() => (field.value = '')));
});

async function mute(author: bigint, name: string): Promise<void> {
  const options = await askMute(name);
  if (options && moderation) act(moderation.mute(author, options));
}

/** Waits for what was asked of the room, and says if it was refused. */
function act(what: Promise<unknown>): void {
  what.then(
    () => note(t('danmaku.host.done')),
    (err: unknown) => {
      if (!(err instanceof CommandError)) throw err;
      note(err.message, true);
    },
  );
}

function note(words: string, bad = false): void {
  const box = byId('toast');
  text(box, words);
  box.classList.toggle('bad', bad);
  box.hidden = false;
  clearTimeout(toast);
  toast = setTimeout(() => (box.hidden = true), bad ? 6000 : 1500);
}

onLanguage(() => {
  desk.forget();
  controls.refresh();
  list.refresh();
  show();
  if (live) light(live.room.state);
});
// For tests and the browser's console.
Object.defineProperty(window, 'tickroom', {
  value: {
    get live() {
      return live;
    },
    get room() {
      return live?.room ?? null;
    },
  },
});
void enter();
