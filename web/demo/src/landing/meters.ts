// The server's numbers, and their graphs over the last minute.

import { number, t } from '../i18n.ts';
import type { Answer, Status } from './status.ts';

const $ = (id: string): HTMLElement => document.getElementById(id)!;

/** Returns a number of bytes in a unit that is easy to read. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let i = 0;
  while (n >= 999.5 && i < units.length - 1) {
    n /= 1000;
    i++;
  }
  return `${number(n, { maximumFractionDigits: i === 0 || n >= 99.95 ? 0 : 1 })} ${units[i]}`;
}

/** Returns a time span in its two largest units. */
export function span(seconds: number, lang: string): string {
  const s = Math.floor(seconds);
  const parts: [number, string, string][] = [
    [Math.floor(s / 86400), 'd', '天'],
    [Math.floor(s / 3600) % 24, 'h', '小时'],
    [Math.floor(s / 60) % 60, 'min', '分'],
    [s % 60, 's', '秒'],
  ];
  const first = parts.findIndex(([n]) => n > 0);
  return parts
    .slice(first < 0 ? 3 : first, first < 0 ? 4 : first + 2)
    .filter(([n], i) => n > 0 || i === 0)
    .map(([n, en, zh]) => (lang === 'zh' ? `${n} ${zh}` : `${n} ${en}`))
    .join(' ');
}

/** Returns a line of values as an SVG path, with the newest value at the right. */
export function outline(values: readonly number[], width: number, height: number, slots: number): string {
  const top = Math.max(1, ...values) * 1.15;
  const step = width / (slots - 1);
  return values
    .map(
      (v, i) =>
        `${i === 0 ? 'M' : 'L'}${round(width - (values.length - 1 - i) * step)} ${round(height - 2 - (v / top) * (height - 6))}`,
    )
    .join('');
}

const round = (v: number): number => Math.round(v * 10) / 10;

export function showMeters(answer: Answer, lang: string): void {
  const dot = $('now-dot');
  const live = typeof answer !== 'string';
  dot.className = `dot ${live ? 'live' : answer === 'off' ? '' : 'wait'}`;
  $('meters').classList.toggle('stale', !live);
  $('meters').hidden = $('status-link').hidden = answer === 'off';
  text(
    'now-note',
    live
      ? t('home.now.up', { time: span(answer.uptime_seconds, lang) })
      : t(answer === 'off' ? 'home.now.off' : 'home.now.lost'),
  );
  if (live) values(answer);
}

function values(s: Status): void {
  const { rates: r } = s;
  const messages = r.messages_in + r.messages_out;
  text('n-players', number(s.players));
  text('n-players-note', t('home.now.watching', { n: s.spectators }));
  text('n-rooms', number(s.rooms));
  text('n-rooms-note', t('home.now.ticks', { n: Math.round(r.ticks) }));
  text('n-messages', number(messages, { maximumFractionDigits: 0 }));
  text('n-traffic', bytes(r.bytes_out));
  text(
    'n-traffic-note',
    r.messages_out > 0 ? t('home.now.perMessage', { n: Math.round(r.bytes_out / r.messages_out) }) : '',
  );
  text('n-tick', r.ticks > 0 ? `${number(r.tick_ms, { minimumFractionDigits: 2, maximumFractionDigits: 2 })} ms` : '–');
  const load = (r.ticks * r.tick_ms) / 10;
  text(
    'n-tick-note',
    r.ticks > 0 ? t('home.now.load', { n: number(load, { maximumFractionDigits: load < 10 ? 1 : 0 }) }) : '',
  );
  const line = outline(
    s.history.messages_in.map((v, i) => v + (s.history.messages_out[i] ?? 0)),
    300,
    56,
    60,
  );
  const svg = $('spark');
  svg.querySelector('.line')!.setAttribute('d', line);
  svg
    .querySelector('.area')!
    .setAttribute('d', line === '' ? '' : `${line}L300 56L${/^M([\d.]+)/.exec(line)?.[1] ?? '0'} 56Z`);
}

function text(id: string, value: string): void {
  const node = $(id);
  if (node.textContent !== value) node.textContent = value;
}
