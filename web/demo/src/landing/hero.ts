// The picture behind the headline, and its caption: the arena if somebody plays there,
// else a few ships that pass by. It stops when it is out of view, when it is paused, and
// for people who prefer reduced motion.

import { onLanguage, t } from '../i18n.ts';
import { Idle } from './idle.ts';
import type { Live } from './live.ts';
import { Scene } from './scene.ts';
import type { Status } from './status.ts';

const $ = (id: string): HTMLElement => document.getElementById(id)!;
/** The pause after a failure, in milliseconds. */
const again = 15_000;
/** Where frames take longer, in milliseconds, there is no graphics card, and the picture is simplified in steps. */
const slow = 45;
/** The number of frames over which that is measured. */
const judged = 30;
/** The time between two frames then, in milliseconds. */
const seldom = 250;

export class Hero {
  readonly #scene: Scene;
  readonly #still = matchMedia('(prefers-reduced-motion: reduce)');
  #idle: Idle | undefined;
  #live: Live | undefined;
  #joining: AbortController | undefined;
  #notBefore = 0;
  #paused: boolean;
  #seen = true;
  #running = false;
  #last = 0;
  /** Whether nobody plays, as far as is known. */
  #empty = false;
  #frames = 0;
  #since = 0;
  #effort: 'full' | 'coarse' | 'seldom' = 'full';

  constructor(canvas: HTMLCanvasElement) {
    this.#scene = new Scene(canvas);
    this.#paused = this.#still.matches;
    this.#idle = new Idle(this.#scene.sight);
    // Some seconds in advance, so that a still picture has trails.
    for (let i = 0; i < 60; i++) {
      this.#idle.step(0.034);
      this.#scene.draw(i * 34, 0.034);
    }
    new ResizeObserver(() => {
      this.#scene.resize();
      this.#scene.draw(this.#last, 0);
    }).observe(canvas);
    new IntersectionObserver(([e]) => {
      this.#seen = e.isIntersecting;
      this.#live?.room.setEvery(this.#seen ? 2 : 32);
      this.#run();
    }).observe(canvas);
    document.addEventListener('visibilitychange', () => this.#run());
    $('scene-toggle').addEventListener('click', () => this.#pause(!this.#paused));
    this.#still.addEventListener('change', () => this.#pause(this.#still.matches));
    onLanguage(() => this.#caption());
    this.#pause(this.#paused);
  }

  /** Checks whether there is a room to watch, and whether the current one still is one. */
  status(s: Status | undefined): void {
    const now = performance.now();
    this.#empty = s !== undefined && !s.kinds.some((k) => k.kind === 'arena' && k.players > 0);
    if (this.#live && !this.#live.worthwhile(now)) this.#rest();
    this.#caption();
    if (!s || this.#live || this.#joining || this.#paused || now < this.#notBefore) return;
    // Spectators have places of their own, and take none of the players'.
    const room = s.open_rooms.find((r) => r.kind === 'arena' && r.players > 0);
    if (room) void this.#watch(room.id);
  }

  async #watch(roomId: string): Promise<void> {
    const joining = (this.#joining = new AbortController());
    try {
      const { Live } = await import('./live.ts');
      const live = await Live.watch(roomId, this.#scene, joining.signal);
      if (joining.signal.aborted) {
        void live.room.leave();
        return;
      }
      this.#scene.clear();
      this.#idle = undefined;
      this.#live = live;
      live.room.on('closed', () => this.#live === live && this.#rest());
    } catch {
      // The room may have ended meanwhile, which matters little for a background.
      this.#notBefore = performance.now() + again;
    } finally {
      if (this.#joining === joining) this.#joining = undefined;
    }
    this.#caption();
  }

  /** Goes back to ships that pass by. */
  #rest(): void {
    this.#joining?.abort();
    this.#joining = undefined;
    const live = this.#live;
    this.#live = undefined;
    if (live) {
      void live.room.leave();
      this.#notBefore = performance.now() + again;
      this.#scene.clear();
      this.#scene.sight.x = this.#scene.sight.y = 0;
      this.#idle = new Idle(this.#scene.sight);
    }
    this.#caption();
  }

  #pause(on: boolean): void {
    this.#paused = on;
    $('scene-toggle').setAttribute('aria-pressed', String(on));
    if (on) {
      this.#joining?.abort();
      this.#joining = undefined;
      const live = this.#live;
      this.#live = undefined;
      void live?.room.leave();
    } else if (!this.#idle && !this.#live) {
      this.#scene.clear();
      this.#scene.sight.x = this.#scene.sight.y = 0;
      this.#idle = new Idle(this.#scene.sight);
    }
    this.#caption();
    this.#run();
  }

  #caption(): void {
    const census = this.#live?.census();
    $('scene-dot').className = `dot ${this.#live ? 'live' : ''}`;
    const text = this.#live
      ? `${t('home.scene.live', { room: this.#live.room.id })}${census ? ` · ${t('home.scene.census', census)}` : ''}`
      : t(this.#empty && !this.#paused ? 'home.scene.idle' : 'home.scene.still');
    if ($('scene-text').textContent !== text) $('scene-text').textContent = text;
    const label = t(this.#paused ? 'home.scene.play' : 'home.scene.pause');
    $('scene-toggle').setAttribute('aria-label', label);
    $('scene-toggle').title = label;
  }

  #run(): void {
    if (this.#running || this.#paused || !this.#seen || document.hidden) return;
    this.#running = true;
    this.#last = performance.now();
    this.#frames = 0;
    const next = (): void => {
      if (this.#effort === 'seldom') setTimeout(() => requestAnimationFrame(frame), seldom);
      else requestAnimationFrame(frame);
    };
    const frame = (now: number): void => {
      if (this.#paused || !this.#seen || document.hidden) {
        this.#running = false;
        return;
      }
      next();
      this.#judge(now);
      const dt = Math.min(0.3, Math.max(0, (now - this.#last) / 1000));
      this.#last = now;
      if (this.#live) this.#live.step(now, dt);
      else this.#idle?.step(dt);
      this.#scene.draw(now, dt);
    };
    next();
  }

  /** Simplifies the picture where the machine is too slow for it. */
  #judge(now: number): void {
    if (this.#effort === 'seldom') return;
    if (this.#frames++ === 0) this.#since = now;
    if (this.#frames <= judged) return;
    const each = (now - this.#since) / judged;
    this.#frames = 0;
    if (each < slow) return;
    if (this.#effort === 'full') {
      this.#effort = 'coarse';
      this.#scene.coarser();
    } else this.#effort = 'seldom';
  }
}
