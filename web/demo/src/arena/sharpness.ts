// Where drawing is slow, fewer pixels are drawn, which is better than fewer frames. The
// speed of the game does not change.

const STEPS = [1, 0.75, 0.55, 0.4] as const;
const SLOW = 30; // milliseconds from one frame to the next
const FAST = 18;

export class Sharpness {
  /** The share of the pixels along an edge. */
  value: number = STEPS[0];
  #step = 0;
  #mean = 16;
  #since = 0;
  #raised = 0;

  /** slow is whether drawing is known to be slow. */
  constructor(slow = false) {
    if (slow) this.value = STEPS[(this.#step = 1)]!;
  }

  /** Takes note of the time since the last frame. Returns whether the value has changed. */
  saw(gap: number, now: number): boolean {
    // The page was hidden.
    if (gap > 2000 || gap <= 0) {
      this.#since = now;
      return false;
    }
    this.#mean += (Math.min(gap, 250) - this.#mean) * Math.min(0.25, gap / 600);
    if (now - this.#since < 3000) return false;
    let step = this.#step;
    if (this.#mean > SLOW && step < STEPS.length - 1) step++;
    else if (this.#mean < FAST && step > 0 && now - this.#since > 20_000 && this.#raised < 2) {
      step--;
      this.#raised++;
    }
    if (step === this.#step) return false;
    this.#step = step;
    this.#since = now;
    this.value = STEPS[step]!;
    return true;
  }
}
