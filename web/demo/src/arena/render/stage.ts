// The canvas and its layers, from far to near: the backdrop, everything in the arena,
// and names. Each is one draw call to Pixi's encoder; with three of them there is nothing
// for a scene graph to do.

import 'pixi.js/unsafe-eval'; // the page's policy forbids making code from text
import { Ticker, WebGLRenderer } from 'pixi.js';
import { type Atlas, makeAtlas } from './atlas.ts';
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
  readonly #backdrop = new Backdrop();
  readonly #ratio: number;
  #sharp = 1;
  #width = 1;
  #height = 1;

  /** Called by {@link Stage.make}. */
  constructor(
    renderer: WebGLRenderer,
    ratio: number,
    /** Whether the processor draws, as there is no graphics card. */
    readonly software: boolean,
  ) {
    this.#renderer = renderer;
    this.#ratio = ratio;
    this.atlas = makeAtlas();
    this.batch = new Batch(this.atlas.source);
    this.labels = new Labels(ratio);
  }

  /** Makes a stage on a canvas. Throws if there is no WebGL 2. */
  static async make(canvas: HTMLCanvasElement): Promise<Stage> {
    let ratio = Math.min(2, window.devicePixelRatio || 1);
    const renderer = new WebGLRenderer();
    await renderer.init({
      canvas,
      resolution: ratio,
      autoDensity: true,
      antialias: false,
      backgroundColor: SPACE,
      preferWebGLVersion: 2,
      powerPreference: 'high-performance',
      // Events and accessibility are those of the page's own elements.
      skipExtensionImports: true,
    });
    if (!('drawElementsInstanced' in renderer.gl)) throw new Error('no WebGL 2');
    // The page has its own loop.
    Ticker.system.autoStart = false;
    Ticker.system.stop();
    const slow = software(renderer.gl);
    if (slow) ratio = 1;
    return new Stage(renderer, ratio, slow);
  }

  get width(): number {
    return this.#width;
  }

  get height(): number {
    return this.#height;
  }

  /** The share of the screen's pixels along an edge that are drawn; less where drawing is slow. */
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
  }

  /** Begins a frame. What is to be drawn is then added to the batch. */
  begin(radius: number): void {
    this.camera.fit(this.#width, this.#height, radius);
    const { x, y, dx, dy, width, height } = this.camera;
    this.batch.begin(x, y, width, height, -dx, -dy);
    this.labels.batch.begin(x, y, width, height, -dx, -dy);
    this.labels.begin(performance.now());
  }

  /** Ends the frame and draws it. edge is that of the map; danger, 0 to 1, reddens the edges of the screen. */
  end(edge: number, danger: number): void {
    const { camera, batch, labels } = this;
    const renderer = this.#renderer;
    if (danger > 0.01)
      batch.quad(
        this.atlas.veil,
        camera.x,
        camera.y,
        camera.width * 1.02,
        camera.height * 1.02,
        0,
        DANGER,
        danger,
        0.2,
      );
    labels.end();
    // Nothing has to be cleared, as the backdrop covers everything.
    renderer.renderTarget.bind({ target: renderer.view.renderTarget, clear: false });
    this.#backdrop.draw(renderer, camera, edge);
    batch.draw(renderer);
    labels.batch.draw(renderer);
  }
}

function software(gl: WebGL2RenderingContext): boolean {
  const info = gl.getExtension('WEBGL_debug_renderer_info');
  return (
    info !== null &&
    /swiftshader|llvmpipe|software|basic render/i.test(String(gl.getParameter(info.UNMASKED_RENDERER_WEBGL)))
  );
}
