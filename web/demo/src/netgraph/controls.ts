// The part of the netgraph that worsens the network.

import type { BadNetwork, Conditions } from '@tickroom/client/dev';
import { type Key, number, onLanguage, t } from '../i18n.ts';
import { el } from './dom.ts';

/** The conditions that the panel has. */
type Shown = Omit<Conditions, 'bytesPerSecond'>;

const sliders: readonly { of: keyof Shown; name: Key; max: number; step: number; unit: string }[] = [
  { of: 'delayMs', name: 'net.bad.delay', max: 600, step: 20, unit: 'ms' },
  { of: 'jitterMs', name: 'net.bad.jitter', max: 300, step: 10, unit: 'ms' },
  { of: 'lossPercent', name: 'net.bad.loss', max: 20, step: 1, unit: '%' },
];

const presets: readonly { name: Key; conditions: Shown }[] = [
  { name: 'net.bad.none', conditions: { delayMs: 0, jitterMs: 0, lossPercent: 0 } },
  { name: 'net.bad.phone', conditions: { delayMs: 80, jitterMs: 40, lossPercent: 1 } },
  { name: 'net.bad.train', conditions: { delayMs: 240, jitterMs: 150, lossPercent: 5 } },
];

const stalls = [1, 3, 10] as const;

/** Adds the controls of a network to a panel. Returns a function that removes their listeners. */
export function mountControls(panel: HTMLElement, network: BadNetwork): () => void {
  const form = el('fieldset', { class: 'net-bad' }, el('legend', { 'data-t': 'net.bad' }));

  const choices = presets.map((p) => {
    const b = el('button', { type: 'button', class: 'btn small', 'data-t': p.name });
    b.addEventListener('click', () => (p.conditions.delayMs === 0 ? network.reset() : network.set(p.conditions)));
    return b;
  });
  form.append(el('div', { class: 'net-row', role: 'group', 'data-t-label': 'net.bad' }, ...choices));

  const inputs = sliders.map((s) => {
    const id = `net-${s.of}`;
    const input = el('input', { type: 'range', id, min: '0', max: String(s.max), step: String(s.step), value: '0' });
    const output = el('output', { for: id, class: 'num' });
    input.addEventListener('input', () => network.set({ [s.of]: input.valueAsNumber }));
    form.append(el('div', { class: 'net-slider' }, el('label', { for: id, 'data-t': s.name }), input, output));
    return { ...s, input, output };
  });

  const stallName = el('span', { class: 'net-name', 'data-t': 'net.bad.stall', id: 'net-stall' });
  const stallButtons = stalls.map((seconds) => {
    const b = el('button', { type: 'button', class: 'btn small' });
    b.addEventListener('click', () => network.stall(seconds * 1000));
    return { seconds, b };
  });
  const stallGroup = el('div', { class: 'net-row', role: 'group', 'aria-labelledby': 'net-stall' });
  stallGroup.append(stallName, ...stallButtons.map((s) => s.b));
  const cut = el('button', { type: 'button', class: 'btn small danger', 'data-t': 'net.bad.cut' });
  cut.setAttribute('data-t-title', 'net.bad.cut.title');
  cut.addEventListener('click', () => network.cut());
  form.append(el('div', { class: 'net-row' }, stallGroup, cut));
  panel.append(form);

  const show = (): void => {
    const c = network.conditions;
    for (const i of inputs) {
      if (i.input.valueAsNumber !== c[i.of]) i.input.valueAsNumber = c[i.of];
      const text = `${number(c[i.of])} ${i.unit}`;
      i.output.textContent = text;
      i.input.setAttribute('aria-valuetext', text);
    }
    for (const [i, p] of presets.entries()) {
      const same = sliders.every((s) => p.conditions[s.of] === c[s.of]);
      choices[i].setAttribute('aria-pressed', String(same));
    }
    stallName.classList.toggle('on', network.stalled);
    panel.classList.toggle('bad', network.active);
  };
  const translate = (): void => {
    for (const s of stallButtons) {
      s.b.textContent = t('net.bad.seconds', { n: String(s.seconds) });
      s.b.setAttribute('aria-label', t('net.bad.stall.for', { n: s.seconds }));
    }
    show();
  };
  const stops = [network.onChange(show), onLanguage(translate)];
  translate();
  return () => {
    for (const stop of stops) stop();
  };
}
