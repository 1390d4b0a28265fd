// The meters of the own ship: hull, shield, energy, and the time left of boosts.

import { type Key, t } from '../../i18n.ts';
import { el, make, text } from './dom.ts';

class Meter {
  readonly #root: HTMLElement;
  readonly #bar: HTMLElement;
  readonly #number: HTMLElement;
  #shown = -1;

  constructor(
    root: HTMLElement,
    readonly low: number,
    readonly blinks: boolean,
  ) {
    this.#root = root;
    this.#bar = root.querySelector('i')!;
    this.#number = root.querySelector('output')!;
  }

  set(value: number): void {
    const v = Math.round(value);
    if (v === this.#shown) return;
    if (this.blinks && v < this.#shown - 4) this.#blink();
    this.#shown = v;
    this.#bar.style.transform = `scaleX(${v / 100})`;
    this.#root.classList.toggle('low', v <= this.low);
    this.#root.classList.toggle('none', v === 0);
    this.#root.setAttribute('aria-valuenow', `${v}`);
    text(this.#number, `${v}`);
  }

  #blink(): void {
    this.#bar.parentElement!.animate([{ filter: 'brightness(2.2)' }, { filter: 'none' }], { duration: 260 });
  }
}

export type Boost = 'protected' | 'rapid' | 'boost';
const boosts: readonly Boost[] = ['protected', 'rapid', 'boost'];

export class Vitals {
  readonly #root = el('vitals');
  readonly #hull = new Meter(this.#root.querySelector('.hull')!, 30, true);
  readonly #shield = new Meter(this.#root.querySelector('.shield')!, -1, true);
  readonly #energy = new Meter(this.#root.querySelector('.energy')!, 14, false);
  readonly #boosts = new Map<Boost, { item: HTMLElement; bar: HTMLElement; name: HTMLElement; part: number }>();

  constructor() {
    const list = el('boosts');
    for (const kind of boosts) {
      const item = make('li', kind);
      const name = make('span');
      const bar = make('i');
      item.append(name, bar);
      item.hidden = true;
      list.append(item);
      this.#boosts.set(kind, { item, bar, name, part: 0 });
    }
  }

  show(visible: boolean): void {
    this.#root.hidden = !visible;
  }

  set(hull: number, shield: number, energy: number): void {
    this.#hull.set(hull);
    this.#shield.set(shield);
    this.#energy.set(energy);
  }

  /** How much of an effect is left, 0 to 1. */
  boost(kind: Boost, part: number): void {
    const b = this.#boosts.get(kind)!;
    const shown = Math.max(0, Math.min(1, Math.round(part * 50) / 50));
    if (shown === b.part) return;
    b.part = shown;
    b.item.hidden = shown === 0;
    text(b.name, t(`arena.boost.${kind}` satisfies Key));
    b.bar.style.transform = `scaleX(${shown})`;
  }
}
