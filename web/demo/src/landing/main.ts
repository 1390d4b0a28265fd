// The landing page: what tickroom is, the state of this server, and its rooms.

import { apply, language, languageButtons, onLanguage, t } from '../i18n.ts';
import { playerName } from '../name.ts';
import '../theme.css';
import { mountCode } from './code.ts';
import { Hero } from './hero.ts';
import './landing.css';
import { showMeters } from './meters.ts';
import { address, showRooms } from './rooms.ts';
import { type Answer, follow } from './status.ts';

const $ = <E extends HTMLElement = HTMLElement>(id: string): E => document.getElementById(id) as E;
const nameKey = 'tickroom.name';

// The arena used to be here; links to it still work.
const query = new URLSearchParams(location.search);
const old = query.get('watch') === 'walkers' ? '/walkers' : query.has('room') || query.has('name') ? '/arena' : '';
if (old !== '') {
  if (query.get('watch') === 'walkers') query.delete('watch');
  location.replace(address(old, Object.fromEntries(query)));
} else open();

function open(): void {
  apply();
  languageButtons();

  const field = $<HTMLInputElement>('name');
  field.value = storedName();
  const name = () => playerName(field.value);
  $<HTMLFormElement>('enter').addEventListener('submit', (e) => {
    e.preventDefault();
    storeName(name());
    location.assign(
      address('/arena', { name: name() || t('arena.pilot', { n: String(100 + Math.floor(Math.random() * 900)) }) }),
    );
  });

  // As the links to rooms do.
  for (const a of document.querySelectorAll<HTMLAnchorElement>('a[data-named]')) {
    const path = a.getAttribute('href')!;
    const withName = () => (a.href = address(path, name() === '' ? {} : { name: name() }));
    for (const before of ['pointerdown', 'focus', 'click'] as const) a.addEventListener(before, withName);
  }

  const shows = document.querySelector('.shows')!;
  new IntersectionObserver(([e]) => shows.classList.toggle('seen', e.isIntersecting)).observe(shows);

  mountCode($('tabs'), $('listing'));
  const hero = new Hero($<HTMLCanvasElement>('scene'));

  let answer: Answer | undefined;
  const show = (): void => {
    const lang = language();
    document.title = t('home.title');
    if (answer !== undefined) showMeters(answer, lang);
    const status = typeof answer === 'object' ? answer : undefined;
    // Without an answer the rooms stay as they are.
    if (answer !== 'lost') showRooms($('kinds'), status, lang, name);
    $('foot').textContent = t('home.foot', { version: status?.version ?? '' }).replace(' ,', ',');
  };
  onLanguage(show);
  show();
  follow((a) => {
    answer = a;
    show();
    hero.status(typeof a === 'object' ? a : undefined);
  });

  $('copy').addEventListener('click', () => {
    void navigator.clipboard.writeText('make run').then(() => {
      $('copy').textContent = t('home.run.copied');
      setTimeout(() => ($('copy').textContent = t('home.run.copy')), 1500);
    });
  });
}

function storedName(): string {
  try {
    return localStorage.getItem(nameKey) ?? '';
  } catch {
    return ''; // storage may be forbidden
  }
}

function storeName(name: string): void {
  try {
    localStorage.setItem(nameKey, name);
  } catch {
    // As before.
  }
}
