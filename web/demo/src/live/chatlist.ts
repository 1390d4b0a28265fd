// The list of what was said and given. Of hundreds of rows some dozen are in the page. It follows the newest, and
// stands still when the reader scrolls back or walks through it with the arrow keys.

import { t } from '../i18n.ts';
import { RowWindow } from './window.ts';

/** The most rows that are kept; a third is dropped when there are more. */
const kept = 600;
/** So near to an end, in pixels, the next rows are added. */
const near = 160;
/** So near to the end the list follows it. */
const atEnd = 36;

/** A row of the list. */
export interface Row {
  /** By which it is found again. */
  readonly key: string;
  /** Makes its node, anew whenever it comes into view or has changed. */
  readonly node: () => HTMLElement;
}

export class ChatList {
  /** Called when a row was pressed, or chosen by the keyboard. */
  onPick: (key: string, node: HTMLElement, byKey: boolean) => void = () => {};
  readonly #list: HTMLElement;
  readonly #newest: HTMLButtonElement;
  readonly #window = new RowWindow();
  #rows: Row[] = [];
  readonly #nodes = new Map<string, HTMLElement>();
  #unseen = 0;
  #current: string | undefined;
  #moving = false;

  constructor(list: HTMLElement, newest: HTMLButtonElement) {
    this.#list = list;
    this.#newest = newest;
    list.addEventListener('scroll', () => this.#scrolled(), { passive: true });
    list.addEventListener('keydown', (e) => this.#key(e));
    list.addEventListener('click', (e) => {
      const node = (e.target as Element).closest<HTMLElement>('[data-key]');
      if (node && !getSelection()?.toString()) this.onPick(node.dataset.key!, node, false);
    });
    newest.addEventListener('click', () => {
      list.focus({ preventScroll: true }); // the button goes
      this.follow();
    });
    new ResizeObserver(() => {
      if (this.#window.follows) this.#toEnd();
    }).observe(list);
  }

  /** The number of rows. */
  get size(): number {
    return this.#rows.length;
  }

  get follows(): boolean {
    return this.#window.follows;
  }

  add(rows: readonly Row[]): void {
    if (rows.length === 0) return;
    this.#rows.push(...rows);
    let gone = 0;
    if (this.#rows.length > kept) {
      gone = this.#rows.length - Math.round((kept * 2) / 3);
      this.#rows = this.#rows.slice(gone);
    }
    this.#window.grown(this.#rows.length, gone);
    if (!this.#window.follows) this.#unseen += rows.length;
    this.#show();
  }

  /** Makes the node of a row anew. */
  change(row: Row): void {
    const i = this.#rows.findIndex((r) => r.key === row.key);
    if (i < 0) return;
    this.#rows[i] = row;
    const old = this.#nodes.get(row.key);
    if (!old) return;
    const node = this.#make(row);
    const focused = document.activeElement === old;
    old.replaceWith(node);
    if (focused) node.focus({ preventScroll: true });
    if (this.#window.follows) this.#toEnd();
  }

  remove(of: (key: string) => boolean): void {
    const before = this.#rows.length;
    const inFront = this.#rows.slice(0, this.#window.from).filter((r) => of(r.key)).length;
    const within = this.#rows.slice(this.#window.from, this.#window.to).filter((r) => of(r.key)).length;
    this.#rows = this.#rows.filter((r) => !of(r.key));
    if (this.#rows.length === before) return;
    this.#window.from -= inFront;
    this.#window.to -= inFront + within;
    this.#window.grown(this.#rows.length);
    this.#show();
  }

  clear(): void {
    this.remove(() => true);
    this.follow();
  }

  /** Makes all nodes anew, in another language. */
  refresh(): void {
    this.#list.replaceChildren();
    this.#nodes.clear();
    this.#show();
  }

  /** Shows the newest, and follows it. */
  follow(): void {
    this.#window.follows = true;
    this.#unseen = 0;
    this.#current = undefined;
    this.#window.grown(this.#rows.length);
    this.#show();
  }

  #make(row: Row): HTMLElement {
    const node = row.node();
    node.dataset.key = row.key;
    node.tabIndex = -1;
    this.#nodes.set(row.key, node);
    return node;
  }

  /** Brings the page's rows to the window. What stays in the page keeps its place on the screen. */
  #show(): void {
    const { from, to, follows } = this.#window;
    const want = this.#rows.slice(from, to);
    const keys = new Set(want.map((r) => r.key));
    const anchor = follows ? undefined : this.#anchor(keys);
    for (const [key, node] of this.#nodes) {
      if (keys.has(key)) continue;
      node.remove();
      this.#nodes.delete(key);
    }
    let before: Element | null = this.#list.firstElementChild;
    for (const row of want) {
      const node = this.#nodes.get(row.key) ?? this.#make(row);
      if (node === before) before = before.nextElementSibling;
      else this.#list.insertBefore(node, before);
    }
    if (follows) this.#toEnd();
    else if (anchor) this.#move(this.#list.scrollTop + anchor.node.offsetTop - anchor.top);
    this.#newest.hidden = follows;
    if (!follows) {
      const text = this.#unseen > 0 ? t('danmaku.chat.new', { n: this.#unseen }) : t('danmaku.chat.newest');
      if (this.#newest.textContent !== text) this.#newest.textContent = text;
    }
  }

  /** Returns a row that is on the screen and stays, with its place. */
  #anchor(keys: ReadonlySet<string>): { node: HTMLElement; top: number } | undefined {
    const top = this.#list.scrollTop;
    for (const node of this.#list.children as Iterable<HTMLElement> & HTMLCollection)
      if (node.offsetTop + node.offsetHeight > top && keys.has(node.dataset.key!)) return { node, top: node.offsetTop };
    return undefined;
  }

  #toEnd(): void {
    this.#move(this.#list.scrollHeight);
  }

  /** Scrolls, without taking that for the reader's doing. */
  #move(top: number): void {
    if (Math.abs(this.#list.scrollTop - top) < 1) return;
    const before = this.#list.scrollTop;
    this.#moving = true;
    this.#list.scrollTop = top;
    if (this.#list.scrollTop === before) this.#moving = false; // no event follows
  }

  #scrolled(): void {
    if (this.#moving) {
      this.#moving = false;
      return;
    }
    const { scrollTop, scrollHeight, clientHeight } = this.#list;
    const w = this.#window;
    const below = scrollHeight - clientHeight - scrollTop;
    if (w.follows) {
      if (below <= atEnd) return;
      w.follows = false;
      this.#unseen = 0;
      this.#show();
    }
    if (scrollTop < near && w.up()) this.#show();
    else if (below < near && w.down(this.#rows.length)) this.#show();
    else if (below <= atEnd && w.to >= this.#rows.length) this.follow();
  }

  #key(e: KeyboardEvent): void {
    const move = { ArrowUp: -1, ArrowDown: 1, PageUp: -8, PageDown: 8, Home: -kept, End: kept }[e.key];
    if (e.key === 'Enter' || e.key === ' ') {
      const node = this.#current === undefined ? undefined : this.#nodes.get(this.#current);
      if (!node || e.target !== node) return;
      e.preventDefault();
      this.onPick(this.#current!, node, true);
    } else if (e.key === 'Escape' && !this.#window.follows) {
      this.#list.focus();
      this.follow();
    } else if (move !== undefined && this.#rows.length > 0) {
      e.preventDefault();
      this.#walk(move);
    }
  }

  #walk(by: number): void {
    const w = this.#window;
    const last = this.#rows.length - 1;
    const from = this.#current === undefined ? last + 1 : this.#rows.findIndex((r) => r.key === this.#current);
    const to = Math.max(0, Math.min(last, from + by));
    w.follows = false;
    while (to < w.from + 2 && w.up());
    while (to > w.to - 3 && w.down(this.#rows.length));
    this.#current = this.#rows[to]!.key;
    this.#show();
    const node = this.#nodes.get(this.#current);
    node?.focus({ preventScroll: true });
    if (!node) return;
    const { offsetTop: top, offsetHeight: height } = node;
    const { scrollTop, clientHeight } = this.#list;
    if (top < scrollTop + 8) this.#move(top - 8);
    else if (top + height > scrollTop + clientHeight - 8) this.#move(top + height - clientHeight + 8);
  }
}
