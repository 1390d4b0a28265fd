// The lobby: the open rooms of all servers, as they change.
//
//	/lobby                all rooms
//	/lobby?kind=KIND      those of a kind
//	/lobby?query=QUERY    those of which something holds, in the query language

import { type Lobby, Matchmaker, MatchmakingError } from '@tickroom/client/matchmaking';
import { apply, language, languageButtons, onLanguage, t } from '../i18n.ts';
import { kinds as pages } from '../kinds.ts';
import { el } from '../netgraph/dom.ts';
import '../theme.css';
import { type Card, cardOf } from './card.ts';
import { type Entry, entriesOf, type Sorting, sort, steady } from './entries.ts';
import './lobby.css';

const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;
const params = new URLSearchParams(location.search);
const matchmaker = new Matchmaker();
const list = $('list');
const query = $<HTMLInputElement>('query');
const sorting = $<HTMLSelectElement>('sort');

let kind = params.get('kind') ?? '';
let lobby: Lobby | undefined; // undefined: nothing has come yet
let refused = ''; // why there will be none
let cards = new Map<string, Card>();
let shown: string[] = [];
let watch = new AbortController();

apply();
languageButtons();
query.value = params.get('query') ?? '';
void follow();

/** Follows the list of rooms that are as the query says, until another one is asked for. */
async function follow(): Promise<void> {
  watch.abort();
  watch = new AbortController();
  const { signal } = watch;
  $('wrong').hidden = true;
  refused = '';
  try {
    for await (const l of matchmaker.watchRooms({ query: query.value.trim(), pageSize: 200 }, { signal })) {
      lobby = l;
      show();
    }
  } catch (err) {
    if (signal.aborted) return;
    const text = err instanceof Error ? err.message : String(err);
    if (err instanceof MatchmakingError && err.code === 'invalid_argument') {
      $('wrong').textContent = text;
      $('wrong').hidden = false;
    } else {
      refused = text;
      lobby = undefined;
    }
    show(); // of a query that is wrong the rooms of the last one
  }
}

/** Remembers in the address what is asked for. */
function remember(): void {
  const url = new URL(location.href);
  for (const [key, value] of [
    ['kind', kind],
    ['query', query.value.trim()],
  ] as const) {
    if (value === '') url.searchParams.delete(key);
    else url.searchParams.set(key, value);
  }
  history.replaceState(history.state, '', url);
}

function show(): void {
  document.title = `${t('lobby.title')} · tickroom`;
  const all = entriesOf(lobby?.rooms ?? []);
  showKinds(all);
  const entries = sort(
    all.filter((e) => kind === '' || e.kind === kind),
    sorting.value as Sorting,
  );
  showCards(entries);
  $('dot').className = `dot ${refused ? 'off' : lobby && lobby.away === undefined ? 'live' : 'wait'}`;
  put('sum', summary(entries));
  $('none').hidden = !lobby || entries.length > 0;
  put('none', t(query.value.trim() || kind ? 'lobby.none.match' : 'lobby.none'));
  $('more').hidden = !lobby?.more;
}

function summary(entries: readonly Entry[]): string {
  if (refused) return t('lobby.refused', { reason: refused });
  if (!lobby) return $('wrong').hidden ? t('lobby.looking') : '';
  if (lobby.away !== undefined) return t('lobby.away', { reason: lobby.away });
  const players = entries.reduce((n, e) => n + e.players, 0);
  const rooms = entries.reduce((n, e) => n + e.houses, 0);
  return t('lobby.sum', { players: t('lobby.players', { n: players }), rooms: t('lobby.rooms', { n: rooms }) });
}

/** Shows the cards. What somebody is about to press stays where it is. */
function showCards(entries: readonly Entry[]): void {
  const keys = entries.map((e) => e.key);
  const order = list.matches(':hover') || list.contains(document.activeElement) ? steady(shown, keys) : keys;
  const next = new Map<string, Card>();
  for (const e of entries) {
    const card = cards.get(e.key) ?? cardOf(e);
    card.update(e);
    next.set(e.key, card);
  }
  for (const [key, card] of cards) if (!next.has(key)) card.node.remove();
  cards = next;
  if (order.length !== shown.length || order.some((key, i) => key !== shown[i]))
    order.forEach((key, i) => {
      const { node } = cards.get(key)!;
      if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
    });
  shown = order;
}

let chips = '';

/** Shows a button for each kind of which there is a room, and for the one that is chosen. */
function showKinds(all: readonly Entry[]): void {
  const names = [...new Set([...all.map((e) => e.kind), ...(kind ? [kind] : [])])].sort();
  const now = JSON.stringify([language(), kind, names]);
  if (now === chips) return;
  chips = now;
  const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.kind : undefined;
  $('kinds').replaceChildren(
    ...['', ...names].map((name) => {
      const page = pages.find((p) => p.name === name);
      const text = name === '' ? t('lobby.kinds.all') : page ? t(`${page.name}.title`) : name;
      const button = el(
        'button',
        { type: 'button', class: 'btn small', 'data-kind': name, 'aria-pressed': String(name === kind) },
        text,
      );
      button.addEventListener('click', () => {
        kind = name;
        remember();
        show();
      });
      return button;
    }),
  );
  if (focused !== undefined)
    $('kinds')
      .querySelector<HTMLElement>(`[data-kind="${CSS.escape(focused)}"]`)
      ?.focus();
}

function put(id: string, text: string): void {
  if ($(id).textContent !== text) $(id).textContent = text;
}

$<HTMLFormElement>('tools').addEventListener('submit', (e) => {
  e.preventDefault();
  remember();
  void follow();
});
sorting.addEventListener('change', () => show());
for (const over of ['pointerleave', 'focusout'] as const)
  list.addEventListener(over, () => requestAnimationFrame(show));
onLanguage(() => {
  cards.clear();
  list.replaceChildren();
  shown = [];
  show();
});
show();
