// The options of a question as buttons, and after the reveal as a histogram.

import { el, make, text } from '../../arena/hud/dom.ts';
import { number, t } from '../../i18n.ts';
import type { OptionView, Screen } from '../screen.ts';
import { once } from './once.ts';

/** A shape for each place, so that options differ by more than their colour. */
const glyphs = [
  'M12 4.5 20.5 19.5H3.5z',
  'M12 3 21 12l-9 9-9-9z',
  'M12 3.8a8.2 8.2 0 1 0 0 16.4 8.2 8.2 0 0 0 0-16.4z',
  'M5 5h14v14H5z',
  'M7.5 4h9l4.5 8-4.5 8h-9L3 12z',
  'M12 3l2.7 6.1 6.6.7-5 4.4 1.5 6.5L12 17.3 6.2 20.7l1.5-6.5-5-4.4 6.6-.7z',
];

/** What is drawn at an option once it is chosen or told. */
const marks: Readonly<Partial<Record<OptionView['state'], string>>> = {
  mine: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9.5h-13z',
  right: 'M4.5 12.5l5 5 10-11',
  missed: 'M4.5 12.5l5 5 10-11',
  wrong: 'M6 6l12 12M18 6L6 18',
};

interface Parts {
  readonly button: HTMLButtonElement;
  readonly fill: HTMLElement;
  readonly mark: SVGPathElement;
  readonly percent: HTMLElement;
  readonly count: HTMLElement;
}

export class Options {
  /** Called with the id of the option that is pressed. */
  onChoose: (option: number) => void = () => {};
  #parts: Parts[] = [];
  #key = '';
  readonly #update = once((options: readonly OptionView[]) => {
    for (const [i, o] of options.entries()) this.#set(this.#parts[i], o);
  });

  show(screen: Screen): void {
    const { question, options } = screen;
    // Buttons that somebody is about to press must not be replaced.
    const key = JSON.stringify([question?.number, question?.opensAt, options.map((o) => [o.id, o.text, o.image])]);
    if (key !== this.#key) {
      this.#key = key;
      this.#make(options);
      for (const [i, o] of options.entries()) this.#set(this.#parts[i], o);
    }
    this.#update(options);
  }

  #make(options: readonly OptionView[]): void {
    const list = el('options');
    list.dataset.count = String(options.length);
    list.classList.toggle(
      'pictures',
      options.some((o) => o.image !== ''),
    );
    list.classList.toggle(
      'long',
      options.some((o) => o.text.length > 44),
    );
    this.#parts = [];
    list.replaceChildren(
      ...options.map((o, i) => {
        const button = document.createElement('button');
        button.type = 'button';
        button.className = 'option';
        button.dataset.place = String(i + 1);
        button.style.setProperty('--place', String(i));
        button.addEventListener('click', () => this.onChoose(o.id));
        const fill = make('i', 'fill');
        const percent = make('b', 'num');
        const count = make('small', 'num');
        const share = make('span', 'share');
        share.append(percent, count);
        const mark = drawn('mark');
        button.append(fill, drawn('glyph', glyphs[i]).root);
        if (o.image !== '') {
          const image = document.createElement('img');
          image.alt = '';
          image.src = o.image;
          button.append(image);
        }
        button.append(make('span', 'words', o.text), share, mark.root, make('kbd', '', String(i + 1)));
        this.#parts.push({ button, fill, mark: mark.path, percent, count });
        const item = document.createElement('li');
        item.append(button);
        return item;
      }),
    );
  }

  #set(p: Parts, o: OptionView): void {
    const { button } = p;
    button.dataset.state = o.state;
    // Those that can't be pressed stay in the order of the keyboard, to be read.
    button.setAttribute('aria-disabled', String(o.state !== 'open'));
    button.setAttribute('aria-pressed', String(o.state === 'mine' || o.state === 'right' || o.state === 'wrong'));
    p.mark.setAttribute('d', marks[o.state] ?? '');
    const told = o.share !== undefined;
    button.classList.toggle('told', told);
    const percent = number(o.share ?? 0, { style: 'percent' });
    text(p.percent, told ? percent : '');
    text(p.count, told ? number(o.count) : '');
    p.fill.style.transform = `scaleX(${o.share ?? 0})`;
    const said = t('quiz.option', { key: String(o.key), text: o.text || t('quiz.option.picture') });
    button.setAttribute('aria-label', told ? `${said}. ${t('quiz.share.of', { percent, n: o.count })}` : said);
  }
}

function drawn(className: string, d = ''): { root: SVGSVGElement; path: SVGPathElement } {
  const root = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  root.setAttribute('viewBox', '0 0 24 24');
  root.setAttribute('class', className);
  root.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', d);
  root.append(path);
  return { root, path };
}
