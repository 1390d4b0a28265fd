// The page of a live room.
//
//	/live               the server's usual show
//	/live?show=NAME     one show
//	/live?room=ID       one house
//	/live?name=Ann      under a name
//	/live?lang=zh       in Chinese

import '../replay/inside.ts';
import { CommandError, JoinError } from '@tickroom/client';
import { BadNetwork } from '@tickroom/client/dev';
import { Live, type LiveComment, Overlay } from '@tickroom/client/live';
import '../theme.css';
import { el as byId, text } from '../arena/hud/dom.ts';
import { apply, languageButtons, number, onLanguage, t } from '../i18n.ts';
import { playerName } from '../name.ts';
import type { Netgraph } from '../netgraph/netgraph.ts';
import { connecting } from '../replay/inside.ts';
import { Banner } from './banner.ts';
import { Composer } from './composer.ts';
import { showDrops } from './drops.ts';
import './live.css';
import { Notices } from './notices.ts';
import { Panel, stored } from './panel.ts';
import { emote } from './pictures.ts';
import { Player } from './player.ts';
import { Support } from './support.ts';
import { tabs } from './tabs.ts';
import { Talk } from './talk.ts';
import { span } from './time.ts';

const params = new URLSearchParams(location.search);
const network = new BadNetwork();
let live: Live | undefined;
let netgraph: Netgraph | undefined;

apply();
languageButtons();
tabs(document.querySelector('[role="tablist"]')!);
const kept = stored();
const player = new Player();
const overlay = new Overlay<LiveComment>(byId('player'), {
  settings: kept.overlay,
  emote,
  onHold: (held) => talk.held(held),
});
player.overlay = overlay;
const panel = new Panel(byId('panel'), byId('settings'), overlay, kept.tier);
player.onShown = (visible) => panel.set({ visible });
player.shown(kept.overlay.visible);
const composer = new Composer();
const notices = new Notices(byId('notices'));
const support = new Support();
const talk = new Talk(overlay, composer);
const banner = new Banner(() => void join());

panel.onTier = (tier) => void live?.setTier(tier).catch(refused);
notices.onSay = (word) => void composer.write(word);
notices.onError = refused;
byId('like').addEventListener('click', () => {
  live?.like();
  player.liked(1);
});

/** Where the session is kept while the page is loaded again. Storage may be forbidden. */
const page: Storage | undefined = (() => {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
})();

async function join(): Promise<void> {
  banner.connecting();
  try {
    const house = params.get('room');
    live = await Live.join(house ? { url: '/ws', room: house } : '/ws', {
      ...connecting,
      socket: network.socket,
      name: name(),
      hashEvery: 10,
      tier: kept.tier,
      ...(page ? { storage: page } : {}),
      ...(params.has('show') ? { show: params.get('show')! } : {}),
    });
  } catch (err) {
    if (!(err instanceof JoinError)) throw err;
    banner.closed(err.code, err.reason);
    return;
  }
  begin(live);
}

// A page that is loaded again is the same viewer: its session is held for a while. One that is taken out of the
// browser's cache comes anew.
addEventListener('pagehide', (e) => {
  if (e.persisted) void live?.leave();
});
addEventListener('pageshow', (e) => {
  if (e.persisted) void join();
});

function begin(room: Live): void {
  for (const part of [composer, notices, support, talk]) part.live = room;
  let likes: number | undefined;
  room.on('connection', (s) => banner.state(s));
  room.on('comments', (all) => {
    talk.comments(all);
    player.beat(all.length);
  });
  room.on('changed', (c) => talk.changed(c));
  room.on('removed', (gone) => talk.removed(gone));
  room.on('renumbered', () => talk.renumbered());
  room.on('entered', (e) => talk.entered(e));
  room.on('standing', (s) => composer.standing(s));
  room.on('gift', (g) => {
    support.gift(g);
    talk.gift(g);
    player.gift();
  });
  room.on('state', () => {
    const { likes: now } = room.state;
    if (likes !== undefined && now > likes) player.liked(now - likes);
    likes = now;
    show();
  });
  banner.state({ state: room.room.state, text: '' });
  netgraph?.setRoom(room.room);
  show();
}

function show(): void {
  if (!live) return;
  const { state } = live;
  document.title = t('danmaku.page', { show: state.show || t('danmaku.title') });
  text(byId('show'), state.show || t('danmaku.title'));
  const facts = byId('viewers');
  text(facts.querySelector('output')!, number(state.viewers));
  facts.title = t('danmaku.viewers', { n: state.viewers });
  facts.title += `, ${t('danmaku.peak', { n: state.peak, houses: t('danmaku.houses', { n: state.houses }) })}`;
  text(byId('likes').querySelector('output')!, number(state.likes, { notation: 'compact' }));
  byId('likes').title = t('danmaku.likes', { n: state.likes });
  composer.show(live);
  notices.show(state);
  support.show(state);
  talk.state(state);
  showDrops(byId<HTMLDetailsElement>('drops'), state.drops, overlay.counts.dropped);
}

setInterval(() => {
  if (live && live.state.started > 0)
    text(byId('onair'), t('danmaku.on', { time: span(live.now - live.state.started) }));
}, 1000);

function refused(err: unknown): void {
  if (!(err instanceof CommandError)) throw err;
  talk.note(err.message);
}

/** The name that the address asks for, or that of an earlier visit, or one that is made up. */
function name(): string {
  const asked = params.get('name');
  if (asked !== null) return playerName(asked);
  try {
    const before = localStorage.getItem('tickroom.name');
    if (before) return playerName(before);
  } catch {
    // Storage may be forbidden.
  }
  return t('danmaku.guest', { n: String(100 + Math.floor(Math.random() * 900)) });
}

async function toggleNetgraph(): Promise<void> {
  const open = netgraph === undefined;
  byId('net').setAttribute('aria-pressed', String(open));
  if (!open) {
    netgraph?.destroy();
    netgraph = undefined;
    return;
  }
  const { mountNetgraph } = await import('../netgraph/netgraph.ts');
  if (netgraph || byId('net').getAttribute('aria-pressed') !== 'true') return;
  const container = byId('netgraph');
  netgraph = mountNetgraph(live?.room, { container, network, onClose: () => void toggleNetgraph() });
}
byId('net').addEventListener('click', () => void toggleNetgraph());

onLanguage(() => {
  show();
  talk.refresh();
  player.refresh();
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
    overlay,
  },
});
document.title = `${t('danmaku.title')} · tickroom`;
void join();
