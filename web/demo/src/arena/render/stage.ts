// The canvas and its layers, from the far to the near: backdrop, everything that
// lies or moves in the arena, names, and the veil over the edges of the screen.

import 'pixi.js/unsafe-eval'; // the page's policy forbids making code from text
import { CanvasSource, Container, Sprite, Texture, WebGLRenderer } from 'pixi.js';
import { makeAtlas, type Atlas } from './atlas.ts';
import { Backdrop } from './backdrop.ts';
import { Batch } from './batch.ts';
import { Camera } from './camera.ts';
import { Labels } from './labels.ts';
import { DANGER, SPACE } from './palette.ts';

export class Stage {
  readonly camera = new Camera();
  readonly atlas: Atlas;
  readonly batch: Batch;
  readonly labels: Labels;
  readonly #renderer: WebGLRenderer;
  readonly #root = new Container({ eventMode: 'none', interactiveChildren: false });
  readonly #backdrop = new Backdrop();
  readonly #veil: Sprite;
  readonly #ratio: number;
  #sharp = 1;
  #width = 1;
  #height = 1;

  private constructor(renderer: WebGLRenderer, ratio: number) {
    this.#renderer = renderer;
    this.#ratio = ratio;
    this.atlas = makeAtlas();
    this.batch = new Batch(this.atlas.source);
    this.labels = new Labels(ratio);
    this.#veil = makeVeil();
    this.#root.addChild(this.#backdrop.mesh, this.batch.mesh, this.labels.container, this.#veil);
  }

  /** Makes a stage on a canvas. It throws where there is no WebGL 2. */
  static async make(canvas: HTMLCanvasElement): Promise<Stage> {
    const ratio = Math.min(2, window.devicePixelRatio || 1);
    const renderer = new WebGLRenderer();
    await renderer.init({
      canvas, resolution: ratio, autoDensity: true, antialias: false, backgroundColor: SPACE, preferWebGLVersion: 2,
      powerPreference: 'high-performance', eventFeatures: { move: false, globalMove: false, click: false, wheel: false },
    });
    if (!('drawElementsInstanced' in renderer.gl)) throw new Error('no WebGL 2');
    return new Stage(renderer, ratio);
  }

  get width(): number {
    return this.#width;
  }

  get height(): number {
    return this.#height;
  }

  /** Share of the screen's pixels along an edge that are drawn: less, where drawing is slow. */
  get sharpness(): number {
    return this.#sharp;
  }

  set sharpness(k: number) {
    if (k === this.#sharp) return;
    this.#sharp = k;
    this.#renderer.resize(this.#width, this.#height, this.#ratio * k);
  }

  resize(width: number, height: number): void {
    this.#width = width;
    this.#height = height;
    this.#renderer.resize(width, height, this.#ratio * this.#sharp);
    this.#veil.width = width;
    this.#veil.height = height;
  }

  /** Begins a frame: the batch takes what is to be drawn. */
  begin(radius: number): void {
    this.camera.fit(this.#width, this.#height, radius);
    const { x, y, dx, dy, width, height } = this.camera;
    this.batch.begin(x, y, width, height, -dx, -dy);
    this.labels.begin();
  }

  /** Ends the frame and draws it. edge is that of the map; danger, 0 to 1, reddens the edges of the screen. */
  end(edge: number, danger: number): void {
    this.batch.end();
    this.labels.end();
    this.#backdrop.draw(this.camera, edge);
    this.#veil.visible = danger > 0.01;
    this.#veil.alpha = Math.min(1, danger);
    this.#renderer.render(this.#root);
  }
}

/** The screen's edges in red. */
function makeVeil(): Sprite {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 128;
  const pen = canvas.getContext('2d')!;
  const g = pen.createRadialGradient(64, 64, 38, 64, 64, 90);
  g.addColorStop(0, 'rgba(255, 255, 255, 0)');
  g.addColorStop(1, 'rgba(255, 255, 255, .85)');
  pen.fillStyle = g;
  pen.fillRect(0, 0, 128, 128);
  const sprite = new Sprite(new Texture({ source: new CanvasSource({ resource: canvas }) }));
  sprite.tint = DANGER;
  sprite.eventMode = 'none';
  return sprite;
}
