// Names under ships. Each is drawn once into a small picture of its own, which
// is kept while the ship is near; there are as many pictures as names that one
// could read at a time.

import { CanvasSource, Container, Sprite, Texture } from 'pixi.js';
import type { Camera } from './camera.ts';
import { css } from './palette.ts';

const MOST = 48;
const WIDTH = 150;
const HEIGHT = 20;

interface Label {
  readonly sprite: Sprite;
  readonly source: CanvasSource;
  readonly pen: CanvasRenderingContext2D;
  ship: number; // 0: free
  text: string;
  color: number;
  frame: number;
}

export class Labels {
  readonly container = new Container({ eventMode: 'none', interactiveChildren: false });
  readonly #labels: Label[] = [];
  readonly #byShip = new Map<number, Label>();
  readonly #free: Label[] = [];
  #frame = 0;
  #budget = 0; // names that may still be drawn in this frame

  constructor(readonly ratio: number) {}

  begin(): void {
    this.#frame++;
    this.#budget = 4;
  }

  /** Puts a name under a place. */
  put(ship: number, text: string, color: number, x: number, y: number, camera: Camera): void {
    let label = this.#byShip.get(ship);
    if (!label) {
      if (this.#budget <= 0 || text === '') return;
      label = this.#free.pop() ?? this.#make();
      if (!label) return;
      label.ship = ship;
      label.text = '';
      this.#byShip.set(ship, label);
    }
    if (label.text !== text || label.color !== color) {
      if (this.#budget <= 0) return;
      this.#budget--;
      this.#write(label, text, color);
    }
    label.frame = this.#frame;
    label.sprite.visible = true;
    // Whole pixels: text that lies between them is blurred.
    const s = camera.scale;
    const r = this.ratio;
    label.sprite.position.set(
      Math.round((camera.width * s * 0.5 + (x - camera.x - camera.dx) * s - WIDTH / 2) * r) / r,
      Math.round((camera.height * s * 0.5 - (y - camera.y - camera.dy) * s) * r) / r,
    );
  }

  /** Takes away the names that were not put in this frame. */
  end(): void {
    for (const label of this.#labels) {
      if (label.ship !== 0 && label.frame !== this.#frame) {
        this.#byShip.delete(label.ship);
        label.ship = 0;
        label.sprite.visible = false;
        this.#free.push(label);
      }
    }
  }

  #make(): Label | undefined {
    if (this.#labels.length >= MOST) return undefined;
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(WIDTH * this.ratio);
    canvas.height = Math.ceil(HEIGHT * this.ratio);
    const pen = canvas.getContext('2d')!;
    const source = new CanvasSource({ resource: canvas, resolution: this.ratio });
    const sprite = new Sprite(new Texture({ source }));
    sprite.eventMode = 'none';
    const label: Label = { sprite, source, pen, ship: 0, text: '', color: 0, frame: 0 };
    this.#labels.push(label);
    this.container.addChild(sprite);
    return label;
  }

  #write(label: Label, text: string, color: number): void {
    const { pen } = label;
    label.text = text;
    label.color = color;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.clearRect(0, 0, WIDTH, HEIGHT);
    pen.font = '600 12px system-ui, -apple-system, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif';
    pen.textAlign = 'center';
    pen.textBaseline = 'middle';
    pen.lineJoin = 'round';
    pen.lineWidth = 3;
    pen.strokeStyle = 'rgba(4, 6, 18, .8)';
    pen.strokeText(text, WIDTH / 2, HEIGHT / 2, WIDTH - 4);
    pen.fillStyle = css(color);
    pen.fillText(text, WIDTH / 2, HEIGHT / 2, WIDTH - 4);
    label.source.update();
  }
}
