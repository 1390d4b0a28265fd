// The netgraph: graphs of a room's connection over half a minute, and a panel that
// worsens the network to show what the netcode makes of it.

import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

import type { BadNetwork } from '@tickroom/client/dev';
import { type Key, number, onLanguage, t } from '../i18n.ts';
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

const pauseIcon = 'M7 5h3v14H7zM14 5h3v14h-3z';
const playIcon = 'M8 5l11 7-11 7z';
const closeIcon = 'M6 6l12 12M18 6L6 18';

/** Shows the netgraph of a room. It measures four times a second from then on. */
export function mountNetgraph(room: Measured | undefined, options: NetgraphOptions): Netgraph {
  return new Panel(room, options);
}

class Panel implements Netgraph {
  readonly element = el('section', { class: 'netgraph', 'data-t-label': 'net.title' });
  readonly #sampler = new Sampler();
  readonly #charts: Charts;
  readonly #state = el('span', { class: 'net-state' });
  readonly #pause = button('net.pause', { 'aria-pressed': 'false' }, pauseIcon, playIcon);
  readonly #summary = el('p', { class: 'sr-only' });
  readonly #stops: (() => void)[] = [];
  #room: Measured | undefined;
  #paused = false;
  #samples = 0;

  constructor(room: Measured | undefined, { container, network, onClose }: NetgraphOptions) {
    const head = el('header', {}, el('h2', { 'data-t': 'net.title' }), this.#state, this.#pause);
    if (onClose) {
      const close = button('net.close', {}, closeIcon);
      close.addEventListener('click', onClose);
      head.append(close);
    }
    const body = el('div', { class: 'net-charts' });
    this.element.append(head, this.#summary, body);
    container.append(this.element);
    this.#charts = new Charts(body, this.#sampler, uPlot);
    if (network) this.#stops.push(mountControls(this.element, network));
    this.#pause.addEventListener('click', () => (this.paused = !this.paused));
    this.#stops.push(onLanguage(() => this.#translate()));
    this.setRoom(room);
    this.#translate();
    const timer = setInterval(() => this.#step(), sampleMs);
    this.#stops.push(() => clearInterval(timer));
  }

  setRoom(room: Measured | undefined): void {
    this.#room = room;
    this.#sampler.watch(room);
    this.#showState();
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(on: boolean) {
    this.#paused = on;
    this.#pause.setAttribute('aria-pressed', String(on));
    this.element.classList.toggle('paused', on);
    // The pause is not one long sample.
    if (!on) this.#sampler.watch(this.#room);
  }

  destroy(): void {
    for (const stop of this.#stops) stop();
    this.#sampler.watch(undefined);
    this.#charts.destroy();
    this.element.remove();
  }

  #step(): void {
    if (document.hidden || this.#paused) return;
    this.#sampler.sample();
    this.#charts.draw();
    this.#showState();
    if (this.#samples++ % summaryEvery === 0) this.#describe();
  }

  #showState(): void {
    const name = this.#room?.state ?? 'closed';
    this.#state.textContent = t(`net.state.${name}`);
    this.#state.setAttribute('data-state', name);
  }

  /** Writes the text for screen readers. */
  #describe(): void {
    const say = (key: Key, column: Exclude<Column, 'at'>, digits = 0) => {
      const v = this.#sampler.latest(column);
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
    this.#summary.textContent = parts.length > 0 ? parts.join(t('net.say.and')) : t('net.say.nothing');
  }

  #translate(): void {
    const { element } = this;
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
    this.#describe();
    this.#showState();
    this.#charts.translate();
  }
}

/** Returns a button with a text for its label and title, and an icon. */
function button(name: Key, attributes: Readonly<Record<string, string>>, ...paths: [string, string?]): HTMLElement {
  const more = { type: 'button', class: 'net-icon', 'data-t-label': name, 'data-t-title': name, ...attributes };
  return el('button', more, icon(...paths));
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
