// Everything that moves is drawn in one call: quads of one atlas, written in each frame
// into one typed array, without an object for any of them. (Pixi's ParticleContainer
// needs an object that lives on for each particle; here what is drawn follows from the
// state, so nothing has to be kept, pooled or culled twice.) Their corners are computed
// here and not, with instances, by the graphics card: where the processor draws in its
// place each instance costs as much as a call, and a thousand of them 100 ms.

import {
  Buffer,
  BufferUsage,
  Geometry,
  GlProgram,
  Shader,
  State,
  type TextureSource,
  type WebGLRenderer,
} from 'pixi.js';

/** A picture in the atlas. */
export interface Frame {
  /** Its corners (u0, v0) and (u1, v1) in the atlas, each as two packed 16-bit fractions. */
  readonly from: number;
  readonly to: number;
  /** Its width divided by its height. */
  readonly aspect: number;
}

const WORDS = 4; // 32-bit words per corner
const QUAD = 4 * WORDS;

const vertex = /* glsl */ `#version 300 es
in vec2 aPlace; // from the camera
in vec2 aUv;
in vec4 aColor; // premultiplied
out vec2 vUv;
out vec4 vColor;
uniform vec4 uCamera; // 2 / width, 2 / height in units; shake x, y
void main() {
  gl_Position = vec4((aPlace + uCamera.zw) * uCamera.xy, 0.0, 1.0);
  vUv = aUv;
  vColor = aColor;
}`;

const fragment = /* glsl */ `#version 300 es
precision mediump float;
in vec2 vUv;
in vec4 vColor;
out vec4 finalColor;
uniform sampler2D uAtlas;
void main() {
  finalColor = texture(uAtlas, vUv) * vColor;
}`;

export class Batch {
  readonly #geometry: Geometry;
  readonly #shader: Shader;
  readonly #state = State.for2d();
  readonly #buffer: Buffer;
  readonly #indices: Buffer;
  readonly #camera: Float32Array;
  #floats: Float32Array;
  #words: Uint32Array;
  #count = 0;
  readonly #numbers = new Float64Array(7);
  // The origin of quads, so that 32 bits are enough far from that of the map.
  #x = 0;
  #y = 0;

  constructor(atlas: TextureSource, capacity = 4096) {
    const data = new ArrayBuffer(capacity * QUAD * 4);
    this.#floats = new Float32Array(data);
    this.#words = new Uint32Array(data);
    this.#buffer = new Buffer({
      data: this.#floats,
      usage: BufferUsage.VERTEX | BufferUsage.COPY_DST,
      shrinkToFit: false,
    });
    this.#indices = new Buffer({ data: corners(capacity), usage: BufferUsage.INDEX | BufferUsage.COPY_DST });
    const each = { buffer: this.#buffer, stride: WORDS * 4 };
    this.#geometry = new Geometry({
      attributes: {
        aPlace: { ...each, format: 'float32x2', offset: 0 },
        aUv: { ...each, format: 'unorm16x2', offset: 8 },
        aColor: { ...each, format: 'unorm8x4', offset: 12 },
      },
      indexBuffer: this.#indices,
    });
    this.#camera = new Float32Array(4);
    this.#shader = new Shader({
      glProgram: GlProgram.from({ vertex, fragment, name: 'quads' }),
      resources: {
        uAtlas: atlas,
        uSampler: atlas.style,
        camera: { uCamera: { value: this.#camera, type: 'vec4<f32>' } },
      },
    });
  }

  /** Begins a frame that shows width by height units around (x, y), moved by (dx, dy). */
  begin(x: number, y: number, width: number, height: number, dx: number, dy: number): void {
    this.#x = x;
    this.#y = y;
    this.#camera[0] = 2 / width;
    this.#camera[1] = 2 / height;
    this.#camera[2] = dx;
    this.#camera[3] = dy;
    this.#count = 0;
  }

  /**
   * Adds a quad: its middle, its width and height in units, its angle, a colour
   * (0xrrggbb), its alpha, and whether (1) it only adds light or (0) covers too.
   */
  quad(
    frame: Frame,
    x: number,
    y: number,
    width: number,
    height: number,
    angle: number,
    color: number,
    alpha: number,
    additive: number,
  ): void {
    // Engines inline a function as short as this, and then its numbers need no objects.
    // As arguments of a function that is not inlined, those of a thousand quads are a
    // hundred kilobytes of garbage.
    const n = this.#numbers;
    n[0] = x;
    n[1] = y;
    n[2] = width;
    n[3] = height;
    n[4] = angle;
    n[5] = alpha;
    n[6] = additive;
    this.#add(frame, color);
  }

  #add(frame: Frame, color: number): void {
    let i = this.#count * QUAD;
    if (i + QUAD > this.#floats.length) this.#grow();
    const f = this.#floats;
    const w = this.#words;
    const n = this.#numbers;
    const x = n[0]! - this.#x;
    const y = n[1]! - this.#y;
    // Half of the sides, rotated.
    let ax = n[2]! * 0.5;
    let ay = 0;
    let bx = 0;
    let by = n[3]! * 0.5;
    const angle = n[4]!;
    const alpha = n[5]!;
    const additive = n[6]!;
    if (angle !== 0) {
      const c = Math.cos(angle);
      const s = Math.sin(angle);
      ay = ax * s;
      ax *= c;
      bx = -by * s;
      by *= c;
    }
    const a = Math.min(Math.max(alpha, 0), 1);
    // A premultiplied colour without alpha only adds light.
    const r = ((color >>> 16) * a + 0.5) | 0;
    const g = (((color >>> 8) & 0xff) * a + 0.5) | 0;
    const b = ((color & 0xff) * a + 0.5) | 0;
    const tint = (((255 * a * (1 - additive) + 0.5) << 24) | (b << 16) | (g << 8) | r) >>> 0;
    const { from, to } = frame;
    const left = from & 0xffff;
    const right = to & 0xffff;
    const top = (from & 0xffff0000) >>> 0;
    const bottom = (to & 0xffff0000) >>> 0;
    f[i++] = x - ax - bx;
    f[i++] = y - ay - by;
    w[i++] = bottom + left;
    w[i++] = tint;
    f[i++] = x + ax - bx;
    f[i++] = y + ay - by;
    w[i++] = bottom + right;
    w[i++] = tint;
    f[i++] = x + ax + bx;
    f[i++] = y + ay + by;
    w[i++] = top + right;
    w[i++] = tint;
    f[i++] = x - ax + bx;
    f[i++] = y - ay + by;
    w[i++] = top + left;
    w[i] = tint;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** Draws what was added since the frame began. */
  draw(renderer: WebGLRenderer): void {
    if (this.#count === 0) return;
    this.#buffer.update(this.#count * QUAD * 4);
    renderer.encoder.draw({
      geometry: this.#geometry,
      shader: this.#shader,
      state: this.#state,
      size: this.#count * 6,
    });
  }

  #grow(): void {
    const data = new ArrayBuffer(this.#floats.byteLength * 2);
    const floats = new Float32Array(data);
    floats.set(this.#floats);
    this.#floats = floats;
    this.#words = new Uint32Array(data);
    this.#buffer.data = floats;
    this.#indices.data = corners(floats.length / QUAD);
  }
}

/** Returns the indices of the corners of quads, each as two triangles. */
function corners(quads: number): Uint32Array {
  const indices = new Uint32Array(quads * 6);
  for (let q = 0, i = 0, v = 0; q < quads; q++, v += 4) {
    indices[i++] = v;
    indices[i++] = v + 1;
    indices[i++] = v + 2;
    indices[i++] = v;
    indices[i++] = v + 2;
    indices[i++] = v + 3;
  }
  return indices;
}
