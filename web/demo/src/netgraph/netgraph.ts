// The netgraph: graphs of a room's connection over half a minute, and a panel that
// worsens the network to show what the netcode makes of it.

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import { type Key, number, onLanguage, t } from '../i18n.ts';
import type { BadNetwork } from './badnetwork.ts';
import { Charts } from './charts.ts';
import { mountControls } from './controls.ts';
import { el } from './dom.ts';
import './netgraph.css';
import { type Column, type Measured, Sampler, sampleMs } from './sampler.ts';

export interface NetgraphOptions {
  /** The element that the panel is added to. */
  container: HTMLElement;
  /** The network that can be worsened. Without it there are no controls. */
  network?: BadNetwork;
  /** Called by a button to close the panel, which is there if this is given. */
  onClose?: () => void;
}

export interface Netgraph {
  /** The panel. */
  readonly element: HTMLElement;
  /** Shows another room, or none for now. */
  setRoom(room: Measured | undefined): void;
  paused: boolean;
  /** Removes the panel, and stops measuring. */
  destroy(): void;
}

/** The number of samples after which the text for screen readers is updated. */
const summaryEvery = 20;

/** Shows the netgraph of a room. It measures four times a second from then on. */
export function mountNetgraph(room: Measured | undefined, options: NetgraphOptions): Netgraph {
  const sampler = new Sampler();
  const element = el('section', { class: 'netgraph', 'data-t-label': 'net.title' });
  const pause = el(
    'button',
    {
      type: 'button',
      class: 'net-icon',
      'aria-pressed': 'false',
      'data-t-label': 'net.pause',
      'data-t-title': 'net.pause',
    },
    icon('M7 5h3v14H7zM14 5h3v14h-3z', 'M8 5l11 7-11 7z'),
  );
  const head = el('header', {}, el('h2', { 'data-t': 'net.title' }), el('span', { class: 'net-state' }), pause);
  if (options.onClose) {
    const close = el(
      'button',
      { type: 'button', class: 'net-icon', 'data-t-label': 'net.close', 'data-t-title': 'net.close' },
      icon('M6 6l12 12M18 6L6 18'),
    );
    close.addEventListener('click', options.onClose);
    head.append(close);
  }
  const summary = el('p', { class: 'sr-only' });
  const body = el('div', { class: 'net-charts' });
  element.append(head, summary, body);
  options.container.append(element);

  const charts = new Charts(body, sampler, uPlot);
  const unmountControls = options.network ? mountControls(element, options.network) : () => {};
  let paused = false;
  let samples = 0;
  let current: Measured | undefined;

  const describe = (): void => {
    const say = (key: Key, column: Exclude<Column, 'at'>, digits = 0) => {
      const v = sampler.latest(column);
      return v === null ? '' : t(key, { n: number(v, { maximumFractionDigits: digits }) });
    };
    const parts = [
      say('net.say.rtt', 'rtt'),
      say('net.say.gap', 'gap'),
      say('net.say.delay', 'delay'),
      say('net.say.in', 'bytesIn'),
      say('net.say.out', 'bytesOut'),
      say('net.say.entity', 'perEntity', 1),
      say('net.say.skipped', 'skipped', 1),
      say('net.say.decode', 'decode', 2),
    ].filter((s) => s !== '');
    summary.textContent = parts.length > 0 ? parts.join(t('net.say.and')) : t('net.say.nothing');
  };

  const showState = (): void => {
    const state = head.querySelector('.net-state')!;
    const name = current?.state ?? 'closed';
    state.textContent = t(`net.state.${name}`);
    state.setAttribute('data-state', name);
  };

  const step = (): void => {
    if (document.hidden || paused) return;
    sampler.sample();
    charts.draw();
    showState();
    if (samples++ % summaryEvery === 0) describe();
  };

  const setPaused = (on: boolean): void => {
    paused = on;
    pause.setAttribute('aria-pressed', String(on));
    element.classList.toggle('paused', on);
    // The time while the page was hidden is not one long sample.
    if (!on) sampler.watch(current);
  };
  pause.addEventListener('click', () => setPaused(!paused));

  const translate = (): void => {
    for (const node of element.querySelectorAll<HTMLElement>('[data-t]')) node.textContent = t(node.dataset.t as Key);
    for (const [from, to] of [
      ['data-t-label', 'aria-label'],
      ['data-t-title', 'title'],
    ] as const) {
      for (const node of [element, ...element.querySelectorAll<HTMLElement>(`[${from}]`)]) {
        const key = node.getAttribute(from);
        if (key) node.setAttribute(to, t(key as Key));
      }
    }
    describe();
    showState();
    charts.translate();
  };
  const stopTranslating = onLanguage(translate);

  const setRoom = (next: Measured | undefined): void => {
    current = next;
    sampler.watch(next);
    showState();
  };
  setRoom(room);
  translate();
  const timer = setInterval(step, sampleMs);

  return {
    element,
    setRoom,
    get paused() {
      return paused;
    },
    set paused(on: boolean) {
      setPaused(on);
    },
    destroy() {
      clearInterval(timer);
      stopTranslating();
      unmountControls();
      sampler.watch(undefined);
      charts.destroy();
      element.remove();
    },
  };
}

/** Returns an icon. The second path is shown while the button is pressed. */
function icon(path: string, pressed?: string): SVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  for (const [i, d] of [path, pressed].entries()) {
    if (!d) continue;
    const p = document.createElementNS('http://www.w3.org/2000/svg', 'path');
    p.setAttribute('d', d);
    if (pressed) p.setAttribute('class', i === 0 ? 'off' : 'on');
    svg.append(p);
  }
  return svg;
}
