// The part of the map that is on the screen.

/** How far the screen reaches from its middle, as a share of the radius of the player's view. */
const SIGHT = 0.93;

export class Camera {
  x = 0;
  y = 0;
  /** The offset while it shakes, in units. */
  dx = 0;
  dy = 0;
  /** The size of the screen, in units. */
  width = 1;
  height = 1;
  /** Pixels per unit. */
  scale = 1;
  #set = false;
  #shake = 0;

  /** Fits the scale to the screen, so that everything on it is in the player's view. */
  fit(width: number, height: number, radius: number): void {
    this.scale = Math.hypot(width, height) / 2 / (radius * SIGHT);
    this.width = width / this.scale;
    this.height = height / this.scale;
  }

  /** Returns whether a thing of some size at (x, y) is on the screen. */
  sees(x: number, y: number, r: number): boolean {
    return Math.abs(x - this.x) < this.width / 2 + r && Math.abs(y - this.y) < this.height / 2 + r;
  }

  /** Follows a place: at once if it is far away, else within some seconds. */
  follow(x: number, y: number, seconds: number, dt: number): void {
    const far = Math.hypot(x - this.x, y - this.y);
    const k = !this.#set || far > this.width * 1.5 ? 1 : 1 - Math.exp(-dt / seconds);
    this.#set = true;
    this.x += (x - this.x) * k;
    this.y += (y - this.y) * k;
  }

  /** Has the camera jump to the next place. */
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
