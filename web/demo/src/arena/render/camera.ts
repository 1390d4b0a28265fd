// Where the picture looks.

/** How far from the middle of the view one sees, as a share of the view's radius. */
const SIGHT = 0.93;

export class Camera {
  x = 0;
  y = 0;
  /** By how much it shakes, in units. */
  dx = 0;
  dy = 0;
  /** Of the screen, in units. */
  width = 1;
  height = 1;
  /** Pixels per unit. */
  scale = 1;
  #set = false;
  #shake = 0;

  /** Fits the picture to the screen, so that all that is on it is within sight. */
  fit(width: number, height: number, radius: number): void {
    this.scale = Math.hypot(width, height) / 2 / (radius * SIGHT);
    this.width = width / this.scale;
    this.height = height / this.scale;
  }

  /** Whether a thing of a certain size is on the screen. */
  sees(x: number, y: number, r: number): boolean {
    return Math.abs(x - this.x) < this.width / 2 + r && Math.abs(y - this.y) < this.height / 2 + r;
  }

  /** Goes after a place: at once if it is far away, else within so many seconds. */
  follow(x: number, y: number, seconds: number, dt: number): void {
    const far = Math.hypot(x - this.x, y - this.y);
    const k = !this.#set || far > this.width * 1.5 ? 1 : 1 - Math.exp(-dt / seconds);
    this.#set = true;
    this.x += (x - this.x) * k;
    this.y += (y - this.y) * k;
  }

  /** The next place is gone to at once. */
  forget(): void {
    this.#set = false;
  }

  shake(by: number): void {
    this.#shake = Math.min(9, this.#shake + by);
  }

  update(dt: number, calm: boolean): void {
    this.#shake *= Math.exp(-dt * 7);
    const s = calm || this.#shake < 0.05 ? 0 : this.#shake;
    this.dx = (Math.random() - 0.5) * 2 * s;
    this.dy = (Math.random() - 0.5) * 2 * s;
  }
}
