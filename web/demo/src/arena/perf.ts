// How long frames take, for tests and the browser's console: window.tickroom.perf.

const KEPT = 600;

export class Perf {
  /** Milliseconds of script in the main thread for each of the last frames, a ring buffer. */
  readonly frameScriptMs = new Float32Array(KEPT);
  /** Milliseconds from the frame before to each of the last frames, in the same ring buffer. */
  readonly frameGapMs = new Float32Array(KEPT);
  /** Frames since the page was opened; the newest is at (frames - 1) % the ring's length. */
  frames = 0;
  /** Ships, bullets and pickups on the screen in the last frame. */
  visible = 0;
  /** Quads and particles that were drawn in the last frame. */
  quads = 0;
  particles = 0;
  /** Frames per second, of the last second or so. */
  fps = 0;
  #last = 0;

  begin(now: number): void {
    const gap = this.#last > 0 ? now - this.#last : 0;
    this.#last = now;
    this.frameGapMs[this.frames % KEPT] = gap;
    if (gap > 0 && gap < 1000) this.fps = this.fps === 0 ? 1000 / gap : this.fps + (1000 / gap - this.fps) * 0.04;
  }

  end(ms: number): void {
    this.frameScriptMs[this.frames % KEPT] = ms;
    this.frames++;
  }

  /** Returns the milliseconds of script that a share of the last frames did not exceed. */
  quantile(share: number): number {
    const n = Math.min(this.frames, KEPT);
    if (n === 0) return 0;
    const sorted = this.frameScriptMs.slice(0, n).sort();
    return sorted[Math.min(n - 1, Math.floor(share * n))]!;
  }
}
