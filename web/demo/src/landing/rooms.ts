// The kinds of rooms with their open rooms, and links to join them.

import { number, t } from '../i18n.ts';
import { kinds as pages } from '../kinds.ts';
import { el } from '../netgraph/dom.ts';
import type { KindStatus, RoomStatus, Status } from './status.ts';

/** The most rooms of a kind that are shown. */
const shown = 6;

type Updates = Map<string, (r: RoomStatus) => void>;

let before = '';
let summaries = new Map<string, (k: KindStatus) => void>();
let updates: Updates = new Map();

/** Shows the rooms, or without a status only a link for each kind. */
export function showRooms(container: HTMLElement, status: Status | undefined, lang: string, name: () => string): void {
  const kinds: readonly KindStatus[] =
    status?.kinds ??
    pages.map(({ name: kind, watchable }) => ({
      kind,
      doc: '',
      watchable,
      rooms: 0,
      players: 0,
      spectators: 0,
    }));
  const list = kinds.map((k) => ({
    kind: k,
    rooms: (status?.open_rooms ?? []).filter((r) => r.kind === k.kind).slice(0, shown),
  }));
  // Links that somebody is about to press must not be replaced each second.
  const now = JSON.stringify([
    lang,
    status !== undefined,
    list.map(({ kind, rooms }) => [kind.kind, kind.rooms, rooms.map((r) => r.id).sort()]),
  ]);
  if (now !== before) {
    before = now;
    summaries = new Map();
    updates = new Map();
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.way : undefined;
    container.replaceChildren(...list.map(({ kind, rooms }) => kindOf(kind, rooms, status !== undefined, name)));
    if (focused)
      container.querySelector<HTMLElement>(`[data-way="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
  }
  for (const { kind, rooms } of list) {
    summaries.get(kind.kind)?.(kind);
    for (const r of rooms) updates.get(r.id)?.(r);
  }
}

function kindOf(k: KindStatus, rooms: readonly RoomStatus[], known: boolean, name: () => string): HTMLElement {
  const page = pages.find((p) => p.name === k.kind);
  const id = `kind-${k.kind}`;
  const head = el(
    'div',
    { class: 'kind-head' },
    el('h3', { id }, page ? t(`${page.name}.title`) : k.kind),
    el('p', {}, page ? t(`${page.name}.doc`) : k.doc),
  );
  const ways = el('div', { class: 'ways' });
  if (page) {
    ways.append(
      way(`/${page.page ?? page.name}`, {}, t(`${page.name}.join`), k.kind, 'btn small primary', undefined, name),
    );
    if (k.watchable)
      ways.append(
        way(
          `/${page.page ?? page.name}`,
          { watch: '' },
          t('home.room.watch'),
          `${k.kind} watch`,
          'btn small',
          undefined,
          name,
        ),
      );
  }
  const box = el('article', { class: 'kind', 'aria-labelledby': id }, el('div', { class: 'kind-top' }, head, ways));
  if (!known) return box;
  if (k.rooms === 0) {
    box.append(el('p', { class: 'kind-none' }, t('home.kind.none')));
    return box;
  }
  const sum = el('p', { class: 'kind-sum' });
  summaries.set(k.kind, (now) =>
    put(sum, t('home.kind.summary', { players: now.players, rooms: t('home.kind.rooms', { n: now.rooms }) })),
  );
  const rows = el('ul', { class: 'kind-rooms' }, ...rooms.map((r) => roomOf(r, k.watchable, name)));
  if (k.rooms > rooms.length)
    rows.append(el('li', { class: 'kind-more' }, t('home.kind.more', { n: k.rooms - rooms.length })));
  box.append(sum, rows);
  return box;
}

function roomOf(r: RoomStatus, watchable: boolean, name: () => string): HTMLElement {
  const page = pages.find((p) => p.name === r.kind);
  const bar = el('i');
  const facts = [el('span'), el('span'), el('span')] as const;
  const row = el(
    'li',
    { class: 'room' },
    el('code', { class: 'room-id' }, r.id),
    el('span', { class: 'room-bar', 'aria-hidden': 'true' }, bar),
    el('p', { class: 'room-facts' }, ...facts),
  );
  if (page) {
    const ways = el(
      'span',
      { class: 'ways' },
      way(
        `/${page.page ?? page.name}`,
        { room: r.id },
        t('home.room.join'),
        `${r.id} join`,
        'btn small',
        t('home.room.join.this', { room: r.id }),
        name,
      ),
    );
    if (watchable)
      ways.append(
        way(
          `/${page.page ?? page.name}`,
          { room: r.id, watch: '' },
          t('home.room.watch'),
          `${r.id} watch`,
          'btn small quiet',
          t('home.room.watch.this', { room: r.id }),
          name,
        ),
      );
    row.append(ways);
  }
  updates.set(r.id, (now) => {
    const taken = now.players + now.spectators + now.away;
    // Set here, as the page's policy forbids styles in HTML.
    bar.style.width = `${Math.max(taken > 0 ? 3 : 0, Math.min(100, (100 * taken) / now.capacity))}%`;
    put(facts[0], t('home.room.seats', { taken, capacity: now.capacity }));
    put(facts[1], t('home.room.entities', { n: now.entities }));
    put(
      facts[2],
      t('home.room.tick', { ms: number(now.tick_ms, { minimumFractionDigits: 2, maximumFractionDigits: 2 }) }),
    );
  });
  return row;
}

function put(node: HTMLElement, text: string): void {
  if (node.textContent !== text) node.textContent = text;
}

/** Returns a link into a game. The player's name is added when it is followed, as it may change until then. */
function way(
  path: string,
  query: Record<string, string>,
  text: string,
  key: string,
  style: string,
  label: string | undefined,
  name: () => string,
): HTMLElement {
  const a = el(
    'a',
    {
      class: style,
      href: address(path, query),
      'data-way': key,
      ...(label === undefined ? {} : { 'aria-label': label }),
    },
    text,
  );
  if (!('watch' in query)) {
    const withName = () => (a.href = address(path, { ...query, ...(name() === '' ? {} : { name: name() }) }));
    for (const before of ['pointerdown', 'focus', 'click'] as const) a.addEventListener(before, withName);
  }
  return a;
}

/** Returns an address with a query, in which a key with an empty value stands alone. */
export function address(path: string, query: Readonly<Record<string, string>>): string {
  const parts = Object.entries(query).map(([k, v]) => (v === '' ? k : `${k}=${encodeURIComponent(v)}`));
  return parts.length > 0 ? `${path}?${parts.join('&')}` : path;
}
