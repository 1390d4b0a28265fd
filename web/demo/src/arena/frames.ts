// The page's loop, which draws one frame per frame of the screen.

import { replaying } from '../replay/inside.ts';
import type { Entrance } from './entrance.ts';
import type { Hud } from './hud/hud.ts';
import { Perf } from './perf.ts';
import type { Stage } from './render/stage.ts';
import { Sharpness } from './sharpness.ts';

/** The longest time between two frames, in seconds. Longer ones are cut to it. */
const LONGEST = 0.25;

export class Frames {
  readonly perf = new Perf();
  readonly #sharpness: Sharpness;
  readonly #calm = matchMedia('(prefers-reduced-motion: reduce)');
  #last = 0;
  #told = 0;

  constructor(
    readonly stage: Stage,
    readonly entrance: Entrance,
    readonly hud: Hud,
  ) {
    this.#sharpness = new Sharpness(stage.software);
    stage.sharpness = this.#sharpness.value;
  }

  start(): void {
    const fit = () => this.stage.resize(window.innerWidth, window.innerHeight);
    window.addEventListener('resize', fit);
    fit();
    const frame = (now: number) => {
      requestAnimationFrame(frame);
      this.#frame(now);
    };
    requestAnimationFrame(frame);
  }

  #frame(now: number): void {
    const began = performance.now();
    const { perf, stage } = this;
    perf.begin(now);
    const gap = now - this.#last;
    const dt = Math.min(LONGEST, Math.max(0, gap / 1000));
    this.#last = now;
    // Before drawing, since a canvas that is resized is empty.
    if (!replaying && this.#sharpness.saw(gap, now)) stage.sharpness = this.#sharpness.value;
    const { game } = this.entrance;
    if (game) {
      game.calm = this.#calm.matches;
      game.effects.plenty = this.#sharpness.value;
      game.frame(now, dt);
      perf.visible = game.visible;
      perf.quads = stage.batch.count;
      perf.particles = game.effects.count;
    } else this.#drift(dt);
    if (now - this.#told > 500) {
      this.#told = now;
      this.hud.numbers(this.entrance.room?.rtt ?? 0, perf.fps);
    }
    perf.end(performance.now() - began);
  }

  /** Draws the background alone, drifting, while there is no game. */
  #drift(dt: number): void {
    const { camera } = this.stage;
    if (!this.#calm.matches) {
      camera.x += dt * 14;
      camera.y += dt * 5;
    }
    camera.update(dt, true);
    this.stage.begin(400);
    this.stage.end(1e6, 0);
  }
}
