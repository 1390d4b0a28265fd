// The settings of the overlay: how many comments, how large, where. They are kept for the next visit.

import type { LiveComment } from '@tickroom/client/live';
import { type Overlay, type OverlaySettings, settings, type Tier } from '@tickroom/client/live';
import { type Key, number, onLanguage, t } from '../i18n.ts';
import { el } from '../netgraph/dom.ts';

const remembered = 'tickroom.live.settings';

interface Slider {
  readonly name: 'opacity' | 'fontSize' | 'speed' | 'most';
  readonly label: Key;
  readonly min: number;
  readonly max: number;
  readonly step: number;
  readonly percent: boolean;
}

const sliders: readonly Slider[] = [
  { name: 'most', label: 'danmaku.set.most', min: 5, max: 150, step: 5, percent: false },
  { name: 'opacity', label: 'danmaku.set.opacity', min: 0.1, max: 1, step: 0.05, percent: true },
  { name: 'fontSize', label: 'danmaku.set.font', min: 0.5, max: 2, step: 0.05, percent: true },
  { name: 'speed', label: 'danmaku.set.speed', min: 0.5, max: 2, step: 0.1, percent: true },
];

/** What is kept, as far as it is what was kept. */
export function stored(): { overlay: OverlaySettings; tier: Tier } {
  const still = matchMedia('(prefers-reduced-motion: reduce)').matches;
  try {
    const kept = JSON.parse(localStorage.getItem(remembered) ?? '{}') as { overlay?: unknown; tier?: unknown };
    const tier = kept.tier;
    return {
      overlay: settings(kept.overlay, settings({ still })),
      tier: tier === 0 || tier === 1 || tier === 2 ? tier : 3,
    };
  } catch {
    return { overlay: settings({ still }), tier: 3 };
  }
}

export class Panel {
  /** Called when the viewer chooses how many comments come. */
  onTier: (tier: Tier) => void = () => {};
  readonly #root: HTMLElement;
  readonly #overlay: Overlay<LiveComment>;
  #tier: Tier;

  constructor(root: HTMLElement, button: HTMLElement, overlay: Overlay<LiveComment>, tier: Tier) {
    this.#root = root;
    this.#overlay = overlay;
    this.#tier = tier;
    const open = (is: boolean) => {
      root.hidden = !is;
      button.setAttribute('aria-expanded', String(is));
      if (is) this.#fill();
    };
    button.addEventListener('click', () => open(root.hidden !== false));
    document.addEventListener('pointerdown', (e) => {
      const to = e.target as Node;
      if (!root.hidden && !root.contains(to) && !button.contains(to)) open(false);
    });
    root.addEventListener('keydown', (e) => {
      if (e.key !== 'Escape') return;
      open(false);
      button.focus();
    });
    onLanguage(() => {
      if (!root.hidden) this.#fill();
    });
  }

  /** Changes settings, and keeps them. */
  set(changes: Partial<OverlaySettings>): void {
    this.#overlay.settings = changes;
    this.#keep();
  }

  #keep(): void {
    try {
      localStorage.setItem(remembered, JSON.stringify({ overlay: this.#overlay.settings, tier: this.#tier }));
    } catch {
      // Storage may be forbidden.
    }
  }

  #fill(): void {
    const s = this.#overlay.settings;
    const area = [0.25, 0.5, 0.75, 1] as const;
    const reset = el('button', { type: 'button', class: 'btn small quiet' }, t('danmaku.set.reset'));
    reset.addEventListener('click', () => {
      this.set(settings({ still: matchMedia('(prefers-reduced-motion: reduce)').matches }));
      this.#chooseTier(3);
      this.#fill();
    });
    this.#root.replaceChildren(
      this.#choices(
        'danmaku.set.density',
        [1, 2, 3, 0] as const,
        (v) => `danmaku.set.tier.${v}`,
        this.#tier,
        (v) => this.#chooseTier(v),
      ),
      this.#choices(
        'danmaku.set.area',
        area,
        (v) => `danmaku.set.area.${v}`,
        s.area as 1,
        (v) => this.set({ area: v }),
      ),
      ...sliders.map((slider) => this.#slider(slider)),
      this.#checks(),
      reset,
    );
  }

  #chooseTier(tier: Tier): void {
    this.#tier = tier;
    this.#keep();
    this.onTier(tier);
  }

  #choices<V extends number>(
    label: Key,
    all: readonly V[],
    key: (v: V) => Key,
    now: V,
    set: (v: V) => void,
  ): HTMLElement {
    const group = el('div', { class: 'choices', role: 'radiogroup', 'aria-label': t(label) });
    group.append(el('span', { class: 'label', 'aria-hidden': 'true' }, t(label)));
    const box = el('div', { class: 'segments' });
    for (const v of all) {
      const input = el('input', { type: 'radio', name: label });
      input.checked = v === now;
      input.addEventListener('change', () => set(v));
      box.append(el('label', {}, input, el('span', {}, t(key(v)))));
    }
    group.append(box);
    return group;
  }

  #slider({ name, label, min, max, step, percent }: Slider): HTMLElement {
    const show = (v: number) => (percent ? `${number(Math.round(v * 100))}%` : number(v));
    const now = this.#overlay.settings[name];
    const input = el('input', { type: 'range', min: `${min}`, max: `${max}`, step: `${step}`, value: `${now}` });
    const out = el('output', { class: 'num' }, show(now));
    const told = () => input.setAttribute('aria-valuetext', out.value);
    told();
    input.addEventListener('input', () => {
      this.set({ [name]: Number(input.value) });
      out.value = show(Number(input.value));
      told();
    });
    return el('label', { class: 'slider' }, el('span', {}, t(label)), input, out);
  }

  #checks(): HTMLElement {
    const box = el('fieldset', {}, el('legend', {}, t('danmaku.set.kinds')));
    for (const [name, label] of [
      ['scroll', 'danmaku.set.scroll'],
      ['top', 'danmaku.set.top'],
      ['bottom', 'danmaku.set.bottom'],
      ['colours', 'danmaku.set.colours'],
      ['still', 'danmaku.set.motion'],
    ] as const) {
      const input = el('input', { type: 'checkbox' });
      input.checked = this.#overlay.settings[name];
      input.addEventListener('change', () => this.set({ [name]: input.checked }));
      box.append(el('label', {}, input, el('span', {}, t(label))));
    }
    return box;
  }
}
