import { fill, type Look, label } from './label.js';
import { type Box, Lanes, leftOf, type Position } from './lanes.js';
import type { Line } from './line.js';
import { type OverlaySettings, settings } from './settings.js';

/** The most comments that wait for a place. Beyond, the one that has waited longest is dropped, own ones last. */
const maxWaiting = 64;
/** How long a comment waits for a place, in milliseconds: it is about what is on the picture now. */
const patience = 1500;
/** The most comments that are laid out at a time. */
const atOnce = 6;
/** How long the pointer rests on a comment before it is held, in milliseconds. */
const dwell = 160;
/** The most comments at once where nothing moves. */
const maxStill = 5;
/** How often an overlay looks after its comments, in milliseconds: who waits for a place, who has gone. */
const lookEvery = 50;

/** What an overlay is made with. */
export interface OverlayOptions<L extends Line> {
  readonly settings?: Partial<OverlaySettings>;
  /** Returns the address of the picture of an emote, or undefined if there is none of the name. */
  readonly emote?: (name: string) => string | undefined;
  /** A video that comments stand still with while it is paused. */
  readonly video?: HTMLVideoElement;
  /**
   * Called when the pointer rests on a comment, or a finger taps it, and with undefined when it is let go. The
   * comment stands still meanwhile, with its place in pixels of the container. It is held on while the pointer is
   * over an element with the attribute data-over, which has what can be done about the comment.
   */
  readonly onHold?: (held: Held<L> | undefined) => void;
}

/** A comment that is held. */
export interface Held<L extends Line> {
  readonly line: L;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What an overlay counts. */
export interface OverlayCounts {
  /** Comments that were shown. */
  readonly shown: number;
  /** Comments that were not, as there was no room for them in time. */
  readonly dropped: number;
  readonly waiting: number;
  readonly onScreen: number;
}

interface Shown<L extends Line> extends Box {
  readonly line: L;
  readonly node: HTMLElement;
  /** What moves it; undefined: it stands. */
  readonly run: Animation | undefined;
}

interface Waiting<L extends Line> {
  readonly line: L;
  /** From when on it may be shown. */
  readonly since: number;
  node: HTMLElement | undefined;
  width: number;
  height: number;
}

/**
 * Comments that run over a picture: a layer in any element, such as one with a video in it. No two ever cover
 * each other. For those who hear the page it is not there: a list of comments beside it says the same.
 *
 * The browser moves the comments, by animations of transforms, which its compositor runs: no script is called for a
 * frame, nothing is made for one, and a busy page does not hold comments up. Of three ways that were measured,
 * with 100 comments, the others were script that moves nodes and a canvas; `npm run danmaku -w e2e` measures this one.
 */
export class Overlay<L extends Line = Line> {
  readonly #container: HTMLElement;
  readonly #layer: HTMLElement;
  readonly #options: OverlayOptions<L>;
  readonly #lanes: Lanes<Shown<L>>;
  readonly #pool: HTMLElement[] = [];
  readonly #waiting: Waiting<L>[] = [];
  readonly #ends: (() => void)[] = [];
  #settings: OverlaySettings;
  #looks: Look;
  #width = 0;
  /** Milliseconds for which comments have stood still so far. */
  #stood = 0;
  /** Since when they stand still, in milliseconds of performance.now(); 0: they don't. */
  #stands = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #paused = false;
  #dwell: ReturnType<typeof setTimeout> | undefined;
  #held: { box: Shown<L>; node: HTMLElement; left: number } | undefined;
  #shown = 0;
  #dropped = 0;

  /** Puts a layer into an element, which gets a position if it has none. */
  constructor(container: HTMLElement, options: OverlayOptions<L> = {}) {
    this.#container = container;
    this.#options = options;
    const still = typeof matchMedia === 'function' && matchMedia('(prefers-reduced-motion: reduce)').matches;
    this.#settings = settings({ still, ...options.settings });
    this.#looks = { font: 0, colours: true, emote: options.emote ?? (() => undefined) };
    const doc = container.ownerDocument;
    this.#layer = doc.createElement('div');
    this.#layer.setAttribute('aria-hidden', 'true');
    this.#layer.style.cssText =
      'position:absolute;inset:0;overflow:hidden;pointer-events:none;contain:strict;font-family:inherit';
    if (getComputedStyle(container).position === 'static') container.style.position = 'relative';
    container.append(this.#layer);
    this.#lanes = new Lanes({ width: 0, height: 0, gap: 0, crossing: 1, haste: 0, standing: 1 });
    this.#measure();
    const seen = new ResizeObserver(() => this.#measure());
    seen.observe(container);
    this.#ends.push(() => seen.disconnect());
    this.#listen();
  }

  /** How the viewer wants it. Assigning some settings changes those. */
  get settings(): OverlaySettings {
    return this.#settings;
  }

  set settings(changes: Partial<OverlaySettings>) {
    this.#settings = settings(changes, this.#settings);
    if (!this.#settings.visible) this.clear();
    this.#measure();
  }

  get counts(): OverlayCounts {
    return {
      shown: this.#shown,
      dropped: this.#dropped,
      waiting: this.#waiting.length,
      onScreen: this.#lanes.boxes.length,
    };
  }

  /** Whether comments stand still. */
  get paused(): boolean {
    return this.#paused;
  }

  pause(): void {
    this.#paused = true;
    this.#stop();
  }

  resume(): void {
    this.#paused = false;
    this.#stop();
  }

  /**
   * Shows a comment as soon as there is room for it: at once, or within a second and a half. It is dropped if
   * there is none until then, if comments are paused, or if the viewer does not want to see its like.
   *
   * @param delay is how many milliseconds it waits in any case: comments that came together are spread by it.
   * @returns whether it may come to be seen.
   */
  show(line: L, delay = 0): boolean {
    const s = this.#settings;
    if (!s.visible || !s[line.position ?? 'scroll'] || this.#container.ownerDocument.hidden) return false;
    if (this.#stands > 0) return this.#drop();
    const waiting = this.#waiting;
    if (waiting.length >= maxWaiting) {
      const i = waiting.findIndex((w) => !w.line.own && !w.line.first);
      this.#giveBack(waiting.splice(Math.max(0, i), 1)[0].node);
      this.#drop();
    }
    const entry: Waiting<L> = { line, since: this.#now + delay, node: undefined, width: 0, height: 0 };
    if (line.own) waiting.unshift(entry);
    else if (line.first) waiting.splice(waiting.filter((w) => w.line.own || w.line.first).length, 0, entry);
    else waiting.push(entry);
    this.#look();
    return true;
  }

  /** Removes the comments for which of returns true, such as one that was deleted or all of somebody who was muted. */
  remove(of: (line: L) => boolean): void {
    for (const box of this.#lanes.boxes.slice()) if (of(box.line)) this.#hide(box);
    for (let i = this.#waiting.length - 1; i >= 0; i--)
      if (of(this.#waiting[i].line)) this.#giveBack(this.#waiting.splice(i, 1)[0].node);
  }

  /** Removes all comments. */
  clear(): void {
    this.remove(() => true);
  }

  /** Lets the held comment go. */
  release(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = undefined;
    held.node.remove();
    if (this.#lanes.boxes.includes(held.box)) held.box.node.style.visibility = '';
    this.#options.onHold?.(undefined);
  }

  /** Returns the comment at a place, in pixels of the container. */
  at(x: number, y: number): L | undefined {
    return this.#boxAt(x, y)?.line;
  }

  /** Ends it, and removes the layer. */
  destroy(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#dwell);
    this.release();
    this.clear();
    for (const end of this.#ends.splice(0)) end();
    this.#layer.remove();
  }

  /** Milliseconds for which comments have been moving. */
  get #now(): number {
    return (this.#stands || performance.now()) - this.#stood;
  }

  /** Stops what moves, or lets it move on, as the viewer or the video wants it. */
  #stop(): void {
    const still = this.#paused || this.#options.video?.paused === true;
    if (still === this.#stands > 0) return;
    if (still) this.#stands = performance.now();
    else {
      this.#stood += performance.now() - this.#stands;
      this.#stands = 0;
    }
    const now = this.#now;
    for (const b of this.#lanes.boxes) {
      if (!b.run) continue;
      if (still) {
        b.run.pause();
        b.run.currentTime = now - b.since;
      } else {
        b.run.play();
        b.run.startTime = b.since + this.#stood;
      }
    }
    if (!still) this.#look();
  }

  #drop(): false {
    this.#dropped++;
    return false;
  }

  #measure(): void {
    const s = this.#settings;
    const { clientWidth: width, clientHeight: height } = this.#container;
    this.#width = width;
    // What fits about 18 lines on a wide picture, and can still be read on a phone.
    const font = Math.min(40, Math.max(15, Math.min(height / 19, width / 26))) * s.fontSize;
    this.#looks = { ...this.#looks, font, colours: s.colours };
    this.#layer.style.opacity = `${s.opacity}`;
    this.#lanes.area = {
      width,
      height: Math.round(height * s.area),
      gap: font * 0.8,
      crossing: Math.min(11_000, Math.max(5_500, 4_000 + width * 3.6)) / s.speed,
      haste: 1,
      standing: 4_500,
    };
  }

  // ---------------------------------------------------------------- in and out

  /** Has the overlay look after its comments soon, and again until there are none. */
  #look(): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined;
      if (this.#stands > 0) return;
      this.#letGo();
      if (this.#waiting.length > 0) this.#letIn();
      if (this.#waiting.length > 0 || this.#lanes.boxes.length > 0) this.#look();
    }, lookEvery);
  }

  #letGo(): void {
    const { boxes } = this.#lanes;
    const now = this.#now;
    for (let i = boxes.length - 1; i >= 0; i--) if (boxes[i].until <= now) this.#hide(boxes[i]);
  }

  #letIn(): void {
    const waiting = this.#waiting;
    const now = this.#now;
    const { most, still } = this.#settings;
    this.#layOut();
    for (let i = 0; i < waiting.length; i++) {
      const w = waiting[i];
      if (!w.node) continue;
      const entered =
        this.#lanes.boxes.length < (still ? Math.min(most, maxStill) : most) && this.#enter(w, w.node, now);
      if (!entered && now - w.since < patience) continue;
      waiting.splice(i--, 1);
      if (entered) continue;
      this.#giveBack(w.node);
      this.#drop();
    }
  }

  /** Fills nodes for those that wait, and then measures all of them, so that the page is laid out once. */
  #layOut(): void {
    const now = this.#now;
    const filled: Waiting<L>[] = [];
    for (const w of this.#waiting) {
      if (w.node || w.since > now) continue;
      w.node = this.#pool.pop() ?? this.#layer.appendChild(label(this.#container.ownerDocument));
      fill(w.node, w.line, this.#looks);
      if (filled.push(w) === atOnce) break;
    }
    for (const w of filled) {
      w.width = w.node!.offsetWidth;
      w.height = w.node!.offsetHeight;
    }
  }

  #enter(w: Waiting<L>, node: HTMLElement, now: number): boolean {
    let position: Position = w.line.position ?? 'scroll';
    if (position === 'scroll' && this.#settings.still) position = 'top';
    const box = this.#lanes.place(position, w.width, w.height, now);
    if (!box) return false;
    const run = box.speed > 0 ? this.#run(node, box) : undefined;
    if (!run) node.style.transform = at(box.left, box.top);
    this.#lanes.add({ ...box, line: w.line, node, run });
    node.style.visibility = '';
    this.#shown++;
    return true;
  }

  #run(node: HTMLElement, { left, width, top, since, until }: Box): Animation {
    const way = [{ transform: at(left, top) }, { transform: at(-width, top) }];
    const run = node.animate(way, { duration: until - since, fill: 'both' });
    run.startTime = since + this.#stood;
    return run;
  }

  #hide(b: Shown<L>): void {
    this.#lanes.remove(b);
    b.run?.cancel();
    this.#giveBack(b.node);
  }

  #giveBack(node: HTMLElement | undefined): void {
    if (!node) return;
    node.style.visibility = 'hidden';
    this.#pool.push(node);
  }

  // ---------------------------------------------------------------- pointer

  #listen(): void {
    const on = (name: 'pointermove' | 'pointerdown' | 'pointerleave', fn: (e: PointerEvent) => void) => {
      this.#container.addEventListener(name, fn);
      this.#ends.push(() => this.#container.removeEventListener(name, fn));
    };
    on('pointermove', (e) => {
      if (e.pointerType === 'mouse' && e.buttons === 0) this.#point(e, dwell);
    });
    on('pointerdown', (e) => {
      if (e.pointerType !== 'mouse') this.#point(e, 0);
    });
    const doc = this.#container.ownerDocument;
    const { video } = this.#options;
    const hidden = () => {
      if (doc.hidden) this.clear(); // what was said meanwhile is in the list of comments
    };
    const still = () => this.#stop();
    doc.addEventListener('visibilitychange', hidden);
    this.#ends.push(() => doc.removeEventListener('visibilitychange', hidden));
    for (const name of ['pause', 'play'] as const) {
      video?.addEventListener(name, still);
      this.#ends.push(() => video?.removeEventListener(name, still));
    }
    this.#stop();
    on('pointerleave', (e) => {
      clearTimeout(this.#dwell);
      const to = e.relatedTarget;
      if (e.pointerType === 'mouse' && !(to instanceof Element && to.closest('[data-over]'))) this.release();
    });
  }

  #point(e: PointerEvent, after: number): void {
    clearTimeout(this.#dwell);
    // What stands over the layer, such as buttons and the card of the held comment, has its own use.
    const over = e.target as Element;
    if (over !== this.#container && over.closest('button, a, input, [data-over]')) return;
    const r = this.#container.getBoundingClientRect();
    const x = e.clientX - r.left;
    const y = e.clientY - r.top;
    const held = this.#held;
    if (held && within(x, y, held.left, held.box)) return;
    this.release();
    const hold = () => {
      const box = this.#boxAt(x, y);
      if (box) this.#hold(box);
    };
    if (after === 0) hold();
    else this.#dwell = setTimeout(hold, after);
  }

  #boxAt(x: number, y: number): Shown<L> | undefined {
    return this.#lanes.boxes.find((b) => within(x, y, leftOf(b, this.#now), b));
  }

  /** Shows a copy that stands still, while the comment itself keeps its lane, unseen. */
  #hold(box: Shown<L>): void {
    const { onHold } = this.#options;
    if (!onHold) return;
    const left = Math.max(0, Math.min(this.#width - box.width, leftOf(box, this.#now)));
    const node = box.node.cloneNode(true) as HTMLElement;
    node.style.borderColor = 'currentColor';
    node.style.backgroundColor = 'rgba(4,6,15,.86)';
    node.style.visibility = '';
    node.style.transform = at(left, box.top);
    this.#layer.append(node);
    box.node.style.visibility = 'hidden';
    this.#held = { box, node, left };
    onHold({ line: box.line, left, top: box.top, width: box.width, height: box.height });
  }
}

function within(x: number, y: number, left: number, b: Box): boolean {
  return x >= left && x <= left + b.width && y >= b.top && y <= b.top + b.height;
}

function at(x: number, y: number): string {
  return `translate3d(${x}px,${y}px,0)`;
}
