// Pictures that the page draws itself: emotes and gifts, as addresses of small vector drawings.

const cyan = '#54e3ee';
const ink = '#1b1230';

function svg(body: string): string {
  const text = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${body}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(text)}`;
}

const face = (parts: string, colour = '#ffc861') =>
  svg(
    `<circle cx="16" cy="16" r="14" fill="${colour}"/><circle cx="16" cy="16" r="13" fill="none" stroke="#fff" stroke-opacity=".35"/>${parts}`,
  );
const eyes = `<circle cx="11" cy="13" r="2" fill="${ink}"/><circle cx="21" cy="13" r="2" fill="${ink}"/>`;
const shut = `<path d="M8 14q3-4 6 0M18 14q3-4 6 0" fill="none" stroke="${ink}" stroke-width="2" stroke-linecap="round"/>`;
const line = (d: string) => `<path d="${d}" fill="none" stroke="${ink}" stroke-width="2" stroke-linecap="round"/>`;

const emotes: Readonly<Record<string, string>> = {
  smile: face(`${eyes}${line('M10 20q6 5 12 0')}`),
  laugh: face(`${shut}<path d="M9 18h14q-1 8-7 8t-7-8z" fill="${ink}"/>`),
  cry: face(`${eyes}${line('M11 23q5-4 10 0')}<path d="M22 16q4 6 1 9-4 0-3-3z" fill="#6ea8ff"/>`),
  wow: face(
    `<circle cx="11" cy="12" r="2.6" fill="${ink}"/><circle cx="21" cy="12" r="2.6" fill="${ink}"/><ellipse cx="16" cy="22" rx="3.4" ry="4.2" fill="${ink}"/>`,
  ),
  cool: face(`<path d="M6 11h20v3q-1 4-5 4t-5-4q-1 4-5 4t-5-4z" fill="${ink}"/>${line('M11 22q5 4 10 0')}`),
  think: face(`${eyes}${line('M11 22q4-2 9 1')}<path d="M8 8q3-2 6 0" fill="none" stroke="${ink}" stroke-width="2"/>`),
  angry: face(
    `${line('M7 10l6 3M25 10l-6 3')}<circle cx="11" cy="15" r="1.8" fill="${ink}"/><circle cx="21" cy="15" r="1.8" fill="${ink}"/>${line('M11 23q5-4 10 0')}`,
    '#ff7186',
  ),
  sleep: face(`${line('M8 14h6M18 14h6')}<circle cx="16" cy="22" r="2.4" fill="${ink}"/>`, '#8fb4ff'),
  heart: svg(
    '<path d="M16 28C4 19 3 13 4 9c2-5 9-6 12 0 3-6 10-5 12 0 1 4 0 10-12 19z" fill="#ff6ad5"/><path d="M8 9q2-3 4-1" fill="none" stroke="#fff" stroke-opacity=".7" stroke-width="2" stroke-linecap="round"/>',
  ),
  star: svg('<path d="M16 2l4.2 9 9.8 1-7.3 6.7L24.8 29 16 24l-8.8 5 2.1-10.3L2 12l9.8-1z" fill="#ffc861"/>'),
  fire: svg(
    '<path d="M17 2c1 6 8 8 8 17a9 9 0 0 1-18 1c0-5 3-6 4-10 2 1 3 3 3 5 3-3 4-8 3-13z" fill="#ff8a4c"/><path d="M16 15c4 4 5 6 4 10a4.5 4.5 0 0 1-8-1c0-4 3-5 4-9z" fill="#ffd86b"/>',
  ),
  clap: svg(
    '<path d="M9 28l-4-9 3-2 2 3-4-9 3-1 3 7-3-9 3-1 4 9-2-7 3-1 4 12c1 5-1 8-4 9-3 1-6 1-8-1z" fill="#ffc861"/><path d="M24 3v5M29 7l-4 3M19 3l2 4" stroke="#54e3ee" stroke-width="2" stroke-linecap="round"/>',
  ),
  rocket: svg(
    '<path d="M16 2c6 4 7 12 5 19H11C9 14 10 6 16 2z" fill="#e8ecff"/><circle cx="16" cy="12" r="3" fill="#6ea8ff"/><path d="M11 15l-5 6v4l6-4zM21 15l5 6v4l-6-4z" fill="#ff7186"/><path d="M13 22h6l-3 8z" fill="#ffc861"/>',
  ),
  gg: svg(
    `<rect x="2" y="7" width="28" height="18" rx="6" fill="${cyan}"/><text x="16" y="21" font-family="sans-serif" font-weight="800" font-size="14" text-anchor="middle" fill="#03161a">GG</text>`,
  ),
  up: svg('<path d="M3 15h6v13H3zM11 28V14l6-11c4 0 4 3 3 9h7c2 0 3 2 2 4l-3 9c-1 2-2 3-4 3z" fill="#6df0a6"/>'),
  wave: svg(
    '<path d="M10 29C4 22 5 18 5 12q2-1 3 1l1 4V6q2-2 4 0l1 8V4q2-2 4 0v10l2-8q2-1 3 1l-1 11 3-3q2 0 2 2c-2 5-5 11-9 12z" fill="#ffc861"/>',
  ),
};

/** Returns the address of an emote's picture, or undefined if this page has none of the name. */
export function emote(name: string): string | undefined {
  return emotes[name];
}

/** The names of all emotes that this page has pictures of. */
export const emoteNames = Object.keys(emotes);

/** A gift that this page offers. Backends may send others: those have the star. */
export interface GiftKind {
  readonly id: 'tea' | 'flower' | 'star' | 'crown' | 'rocket' | 'planet';
  readonly price: number;
  readonly picture: string;
}

const gift: Readonly<Record<GiftKind['id'], string>> = {
  tea: svg(
    '<path d="M8 10h16l-2 18q-6 2-12 0z" fill="#e9c9a0"/><path d="M8 10h16l-.5 5h-15z" fill="#fff" opacity=".85"/><path d="M18 9l3-7" stroke="#ff6ad5" stroke-width="2.5" stroke-linecap="round"/><circle cx="13" cy="25" r="1.6" fill="#4a2c1a"/><circle cx="17" cy="26" r="1.6" fill="#4a2c1a"/><circle cx="20" cy="23" r="1.6" fill="#4a2c1a"/>',
  ),
  flower: svg(
    '<path d="M16 18v12M16 26q-6 0-7-5 6 0 7 5z" stroke="#6df0a6" fill="#6df0a6" stroke-width="2"/><g fill="#ff6ad5"><circle cx="16" cy="6" r="4.5"/><circle cx="10.5" cy="10" r="4.5"/><circle cx="21.5" cy="10" r="4.5"/><circle cx="12.5" cy="16" r="4.5"/><circle cx="19.5" cy="16" r="4.5"/></g><circle cx="16" cy="11.5" r="3.5" fill="#ffc861"/>',
  ),
  star: emotes.star!,
  crown: svg(
    '<path d="M3 10l7 6 6-11 6 11 7-6-3 16H6z" fill="#ffc861"/><path d="M6 26h20v3H6z" fill="#d99a2b"/><circle cx="16" cy="19" r="2.5" fill="#ff7186"/>',
  ),
  rocket: emotes.rocket!,
  planet: svg(
    '<circle cx="16" cy="16" r="9" fill="#a98bff"/><path d="M9 12q7 3 14 0M8 17q8 4 16 0" stroke="#d9c8ff" stroke-width="1.5" fill="none"/><ellipse cx="16" cy="16" rx="15" ry="5" fill="none" stroke="#54e3ee" stroke-width="2" transform="rotate(-20 16 16)"/>',
  ),
};

export const gifts: readonly GiftKind[] = [
  { id: 'tea', price: 1, picture: gift.tea },
  { id: 'flower', price: 10, picture: gift.flower },
  { id: 'star', price: 66, picture: gift.star },
  { id: 'crown', price: 188, picture: gift.crown },
  { id: 'rocket', price: 520, picture: gift.rocket },
  { id: 'planet', price: 1314, picture: gift.planet },
];

/** Returns the picture of a gift, by what the backend calls it. */
export function giftPicture(id: string): string {
  return gift[id as GiftKind['id']] ?? gift.star;
}
