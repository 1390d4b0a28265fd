// How names and badges are shown.

import { type Key, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';

const hues = [186, 214, 258, 318, 146, 40, 350, 100, 280, 20];

/** Returns a colour for somebody's name, the same each time. */
export function nameColour(author: bigint): string {
  const n = Number(author % 997n);
  return `hsl(${hues[n % hues.length]} 85% ${74 + (n % 3) * 3}%)`;
}

/** What is shown of badges: the first that somebody has. */
const badges: readonly (readonly [bit: 1 | 2 | 4 | 8 | 16, style: string])[] = [
  [16, 'host'],
  [8, 'moderator'],
  [4, 'subscriber'],
  [2, 'member'],
  [1, 'follower'],
];

/** Returns the badge of somebody, or nothing. */
export function badge(sum: number): HTMLElement | undefined {
  const found = badges.find(([bit]) => (sum & bit) !== 0);
  if (!found) return undefined;
  return el('span', { class: `badge ${found[1]}` }, t(`danmaku.badge.${found[0]}` satisfies Key));
}

/** Returns a name with its badge. */
export function nameOf(name: string, author: bigint, sum = 0): HTMLElement {
  const b = el('b', { class: 'name' }, name);
  b.style.color = nameColour(author);
  const out = el('span', { class: 'who' });
  const own = badge(sum);
  if (own) out.append(own);
  out.append(b);
  return out;
}
