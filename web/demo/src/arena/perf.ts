// How long frames take, for tests and for the curious: window.tickroom.perf.

const KEPT = 600;

export class Perf {
  /** Milliseconds of script in the main thread for each of the last frames, in a ring. */
  readonly frameScriptMs = new Float32Array(KEPT);
  /** Milliseconds from each of the last frames to the next, in the same ring. */
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

  /** What share of the frames in the ring took at most as long as the result. */
  quantile(share: number): number {
    const n = Math.min(this.frames, KEPT);
    if (n === 0) return 0;
    const sorted = this.frameScriptMs.slice(0, n).sort();
    return sorted[Math.min(n - 1, Math.floor(share * n))]!;
  }
}
