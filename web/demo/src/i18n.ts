// Texts in the reader's language.
//
// The language is ?lang= in the address, else the one that was chosen before, else the
// first of the browser's languages that there are texts in, else English.
//
// In a page's HTML, data-t="key" asks for a text as the element's content, and
// data-t-label, data-t-placeholder, data-t-title for one as an attribute.

import { en, type Key, type Messages } from './messages/en.ts';
import { zh } from './messages/zh.ts';

export type { Key } from './messages/en.ts';
export type Language = 'en' | 'zh';
export type Params = Readonly<Record<string, string | number>>;

const messages: Readonly<Record<Language, Messages>> = { en, zh };
const remembered = 'tickroom.lang';
const attributes = [
  ['data-t-label', 'aria-label'],
  ['data-t-placeholder', 'placeholder'],
  ['data-t-title', 'title'],
] as const;

/** Returns the first of the wished languages that there are texts in, else English. */
export function choose(wishes: readonly (string | null | undefined)[]): Language {
  for (const wish of wishes) {
    const tag = wish?.toLowerCase() ?? '';
    if (/^zh\b/.test(tag)) return 'zh';
    if (/^en\b/.test(tag)) return 'en';
  }
  return 'en';
}

/** Returns the text of a key in a language. */
export function format(lang: Language, key: Key, params: Params = {}): string {
  let text: string = messages[lang][key];
  const n = params.n;
  if (n !== undefined && text.includes(' | ')) {
    const [one = '', many = one] = text.split(' | ');
    text = Number(n) === 1 ? one : many;
  }
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    if (value === undefined) return whole;
    return typeof value === 'number' ? number(value, {}, lang) : value;
  });
}

let current: Language = initial();
const listeners = new Set<(lang: Language) => void>();

function initial(): Language {
  if (typeof location === 'undefined' || typeof document === 'undefined') return 'en';
  let before: string | null = null;
  try {
    before = localStorage.getItem(remembered);
  } catch {
    // Storage may be forbidden.
  }
  const asked = new URLSearchParams(location.search).get('lang');
  return choose([asked, before, ...navigator.languages]);
}

export function language(): Language {
  return current;
}

/** Returns the text of a key in the reader's language. */
export function t(key: Key, params?: Params): string {
  return format(current, key, params);
}

/** Kept, as making one takes as long as drawing a hundred ships. */
const formats = new Map<string, Intl.NumberFormat>();

/** Returns a number as it is written in the reader's language. */
export function number(value: number, options: Intl.NumberFormatOptions = {}, lang: Language = current): string {
  const key = `${lang} ${JSON.stringify(options)}`;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(lang === 'zh' ? 'zh-CN' : 'en-GB', options)));
  return format.format(value);
}

/** Changes the language, here and for the next visit. */
export function setLanguage(lang: Language): void {
  try {
    localStorage.setItem(remembered, lang);
  } catch {
    // Storage may be forbidden.
  }
  if (lang === current) return;
  current = lang;
  // A language in the address would override the choice when the page is reloaded.
  const url = new URL(location.href);
  if (url.searchParams.has('lang')) {
    url.searchParams.set('lang', lang);
    history.replaceState(history.state, '', url);
  }
  apply();
  for (const fn of listeners) fn(lang);
}

/** Calls fn when the language changes. Returns a function that removes fn. */
export function onLanguage(fn: (lang: Language) => void): () => void {
  listeners.add(fn);
  return () => listeners.delete(fn);
}

/** Sets the texts that the HTML asks for. */
export function apply(root: ParentNode = document): void {
  document.documentElement.lang = current === 'zh' ? 'zh-CN' : 'en';
  for (const el of root.querySelectorAll<HTMLElement>('[data-t]')) {
    const text = t(el.dataset.t as Key);
    if (el.textContent !== text) el.textContent = text;
  }
  for (const [from, to] of attributes) {
    for (const el of root.querySelectorAll(`[${from}]`)) el.setAttribute(to, t(el.getAttribute(from) as Key));
  }
}

/** Makes buttons with data-lang="en" or "zh" switch to that language. */
export function languageButtons(root: ParentNode = document): void {
  const buttons = [...root.querySelectorAll<HTMLElement>('button[data-lang]')];
  const mark = () => {
    for (const b of buttons) b.setAttribute('aria-pressed', String(b.dataset.lang === current));
  };
  for (const b of buttons) b.addEventListener('click', () => setLanguage(choose([b.dataset.lang])));
  onLanguage(mark);
  mark();
}
