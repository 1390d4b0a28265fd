// The nodes of comments on the picture: made once, filled again and again.

import type { Line } from './line.js';

/** What is left around a comment's letters, in pixels, so that its frame and outline fit. */
export const padding = 6;

const letters =
  'position:absolute;left:0;top:0;box-sizing:border-box;white-space:pre;font-weight:600;line-height:1.25;will-change:transform;' +
  'pointer-events:none;user-select:none;-webkit-user-select:none;border:1px solid transparent;border-radius:999px;contain:layout style;' +
  'paint-order:stroke fill;-webkit-text-stroke:3px rgba(4,6,15,.72);letter-spacing:.01em';

/** Returns a node for one comment. */
export function label(doc: Document): HTMLElement {
  const node = doc.createElement('div');
  node.style.cssText = `${letters};padding:0 ${padding}px;visibility:hidden`;
  return node;
}

/** What a label needs to know besides its comment. */
export interface Look {
  /** Pixels of a letter of usual size. */
  readonly font: number;
  /** Whether authors' colours are shown. */
  readonly colours: boolean;
  /** Returns the picture of an emote. */
  readonly emote: (name: string) => string | undefined;
}

/** A code such as :wave: in a text. */
const emotes = /:([a-z0-9_+-]{1,32}):/g;

/** Puts a comment into a node. */
export function fill(node: HTMLElement, line: Line, look: Look): void {
  const { style } = node;
  const size = line.size === 'small' ? 0.8 : line.size === 'large' ? 1.3 : 1;
  style.fontSize = `${Math.round(look.font * size)}px`;
  style.color = look.colours && line.colour !== undefined ? css(light(line.colour)) : '#fff';
  style.borderColor = line.own ? 'currentColor' : 'transparent';
  style.backgroundColor = line.own ? 'rgba(4,6,15,.35)' : 'transparent';
  node.replaceChildren(...withEmotes(node.ownerDocument, line.text, look.emote));
  if (line.count !== undefined && line.count > 1) {
    const times = node.ownerDocument.createElement('span');
    times.style.cssText = 'margin-left:.4em;opacity:.85;font-size:.8em;color:#ffc861';
    times.textContent = `×${line.count}`;
    node.append(times);
  }
}

/**
 * Returns a text as nodes, with pictures in the place of the emotes in it that are written as `:name:`.
 *
 * @param emote returns the address of a picture, or undefined if there is none of the name: then the text stays.
 */
export function withEmotes(doc: Document, text: string, emote: (name: string) => string | undefined): Node[] {
  const out: Node[] = [];
  let from = 0;
  for (const m of text.matchAll(emotes)) {
    const picture = emote(m[1]);
    if (picture === undefined) continue;
    if (m.index > from) out.push(doc.createTextNode(text.slice(from, m.index)));
    const img = doc.createElement('img');
    img.src = picture;
    img.alt = m[0];
    img.style.cssText = 'height:1.25em;width:1.25em;vertical-align:-.28em;margin:0 .06em';
    out.push(img);
    from = m.index + m[0].length;
  }
  if (from < text.length) out.push(doc.createTextNode(text.slice(from)));
  return out;
}

/** Returns a colour for a style sheet, given as 0xRRGGBB. */
export function css(colour: number): string {
  return `#${(colour & 0xffffff).toString(16).padStart(6, '0')}`;
}

/** The least lightness of letters, from 0 to 1, by which they stand out from their dark outline. */
const leastLight = 0.45;

/** Returns a colour that can be read over any picture: the darker it is the more white is mixed in. */
export function light(colour: number): number {
  const parts = [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];
  const is = (0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]) / 255;
  if (is >= leastLight) return colour;
  const white = (leastLight - is) / (1 - is);
  return parts.reduce((sum, p) => sum * 256 + Math.round(p + (255 - p) * white), 0);
}
