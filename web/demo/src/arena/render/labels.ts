// Names under ships. Each is written once into an atlas, which has as many places as
// names can be read at a time.

import { CanvasSource, ExtensionType, extensions, type GlRenderingContext, type GlTexture } from 'pixi.js';
import { Batch, type Frame } from './batch.ts';
import type { Camera } from './camera.ts';
import { css, WHITE } from './palette.ts';

const COLUMNS = 6;
const ROWS = 6;
const WIDTH = 150;
const HEIGHT = 20;
/**
 * Writing a name costs as much as drawing a hundred ships. So at most one is written in
 * a frame, a number of them one after another, and then one per interval in milliseconds.
 */
const BURST = COLUMNS * ROWS;
const PAUSE = 100;

interface Label {
  readonly frame: Frame;
  readonly x: number; // in the atlas
  readonly y: number;
  ship: number; // 0: free
  text: string;
  color: number;
  used: number; // the last frame in which it was shown
}

/** The atlas. Only what was written is uploaded, as all of it is half a megabyte. */
class Paper extends CanvasSource {
  override uploadMethodId = 'labels';
  readonly written: Label[] = [];

  constructor(
    readonly pen: CanvasRenderingContext2D,
    readonly ratio: number,
  ) {
    super({ resource: pen.canvas, alphaMode: 'premultiply-alpha-on-upload' });
  }

  upload(texture: GlTexture, gl: GlRenderingContext): void {
    const { pixelWidth: width, pixelHeight: height } = this;
    const { target, internalFormat, format, type } = texture;
    if (texture.width !== width || texture.height !== height) {
      gl.texImage2D(target, 0, internalFormat, width, height, 0, format, type, this.pen.canvas);
      texture.width = width;
      texture.height = height;
    } else {
      for (const { x, y } of this.written) {
        const left = Math.floor(x * this.ratio);
        const top = Math.floor(y * this.ratio);
        const image = this.pen.getImageData(left, top, Math.ceil(WIDTH * this.ratio), Math.ceil(HEIGHT * this.ratio));
        gl.texSubImage2D(target, 0, left, top, format, type, image);
      }
    }
    this.written.length = 0;
  }
}

extensions.add({
  type: ExtensionType.TextureUploaderWebGL,
  name: 'labels',
  ref: {
    id: 'labels',
    upload: (paper: Paper, texture: GlTexture, gl: GlRenderingContext) => paper.upload(texture, gl),
  },
});

export class Labels {
  readonly batch: Batch;
  readonly #paper: Paper;
  readonly #pen: CanvasRenderingContext2D;
  readonly #labels: Label[] = [];
  readonly #byShip = new Map<number, Label>();
  readonly #free: Label[] = [];
  #frame = 0;
  #now = 0;
  #wrote = 0; // the last frame in which a name was written
  #left = BURST;

  constructor(readonly ratio: number) {
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(COLUMNS * WIDTH * ratio);
    canvas.height = Math.ceil(ROWS * HEIGHT * ratio);
    this.#pen = canvas.getContext('2d', { willReadFrequently: true })!;
    this.#pen.scale(ratio, ratio);
    this.#paper = new Paper(this.#pen, ratio);
    this.batch = new Batch(this.#paper, COLUMNS * ROWS);
    const at = (u: number, v: number) =>
      ((Math.round(((v * ratio) / canvas.height) * 65535) << 16) | Math.round(((u * ratio) / canvas.width) * 65535)) >>>
      0;
    for (let i = 0; i < COLUMNS * ROWS; i++) {
      const x = (i % COLUMNS) * WIDTH;
      const y = Math.trunc(i / COLUMNS) * HEIGHT;
      const frame = { from: at(x, y), to: at(x + WIDTH, y + HEIGHT), aspect: WIDTH / HEIGHT };
      const label = { frame, x, y, ship: 0, text: '', color: 0, used: 0 };
      this.#labels.push(label);
      this.#free.push(label);
    }
  }

  begin(now: number): void {
    this.#frame++;
    this.#left = Math.min(BURST, this.#left + (now - this.#now) / PAUSE);
    this.#now = now;
  }

  /** Shows a name under a place in this frame. */
  put(ship: number, text: string, color: number, x: number, y: number, camera: Camera): void {
    let label = this.#byShip.get(ship);
    if (!label) {
      if (text === '' || !this.#may) return;
      label = this.#free.pop();
      if (!label) return;
      label.ship = ship;
      label.text = '';
      this.#byShip.set(ship, label);
    }
    if ((label.text !== text || label.color !== color) && this.#may) this.#write(label, text, color);
    label.used = this.#frame;
    // At whole pixels, as text is blurred between them.
    const px = 1 / (camera.scale * this.ratio);
    const left = Math.round((x - camera.x) / px) * px + camera.x;
    const top = Math.round((y - camera.y) / px) * px + camera.y;
    this.batch.quad(
      label.frame,
      left,
      top - HEIGHT / 2 / camera.scale,
      WIDTH / camera.scale,
      HEIGHT / camera.scale,
      0,
      WHITE,
      1,
      0,
    );
  }

  /** Ends a frame: names that were not shown in it are removed. */
  end(): void {
    for (const label of this.#labels) {
      if (label.ship !== 0 && label.used !== this.#frame) {
        this.#byShip.delete(label.ship);
        label.ship = 0;
        this.#free.push(label);
      }
    }
    if (this.#paper.written.length > 0) this.#paper.update();
  }

  get #may(): boolean {
    return this.#left >= 1 && this.#wrote !== this.#frame;
  }

  #write(label: Label, text: string, color: number): void {
    const pen = this.#pen;
    this.#wrote = this.#frame;
    this.#left--;
    label.text = text;
    label.color = color;
    this.#paper.written.push(label);
    pen.clearRect(label.x, label.y, WIDTH, HEIGHT);
    pen.save();
    pen.beginPath();
    pen.rect(label.x, label.y, WIDTH, HEIGHT);
    pen.clip();
    pen.font =
      '600 12px system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.lineJoin = 'round';
    pen.lineWidth = 3;
    pen.strokeStyle = 'rgba(4, 6, 18, .8)';
    pen.strokeText(text, label.x + WIDTH / 2, label.y + HEIGHT / 2, WIDTH - 4);
    pen.fillStyle = css(color);
    pen.fillText(text, label.x + WIDTH / 2, label.y + HEIGHT / 2, WIDTH - 4);
    pen.restore();
  }
}
