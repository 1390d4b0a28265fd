// Everything that moves is drawn in one call: quads of one atlas, written anew in
// each frame into one typed array, with no object for any of them. (Pixi's
// ParticleContainer wants an object for each particle that lives on; here what
// is drawn follows from the state, so nothing has to be kept, pooled or culled
// twice.)

import { Buffer, BufferUsage, Geometry, GlProgram, Mesh, Shader, type TextureSource } from 'pixi.js';

/** A picture in the atlas. */
export interface Frame {
  /** Its corners, as 16-bit parts of the atlas: (u0, v0) and (u1, v1), packed. */
  readonly from: number;
  readonly to: number;
  /** Width over height. */
  readonly aspect: number;
}

const WORDS = 9; // 32-bit words per quad

const vertex = /* glsl */ `#version 300 es
in vec2 aCorner;
in vec4 aPlace;  // x, y from the camera, angle, additive
in vec2 aSize;   // half width, half height
in vec4 aFrame;  // u0, v0, u1, v1
in vec4 aColor;
out vec2 vUv;
out vec4 vColor;
uniform vec4 uCamera; // 2 / width, 2 / height in units; shake x, y
void main() {
  float s = sin(aPlace.z), c = cos(aPlace.z);
  vec2 p = aCorner * aSize;
  p = vec2(p.x * c - p.y * s, p.x * s + p.y * c) + aPlace.xy + uCamera.zw;
  gl_Position = vec4(p * uCamera.xy, 0.0, 1.0);
  vUv = mix(aFrame.xy, aFrame.zw, vec2(aCorner.x, -aCorner.y) * 0.5 + 0.5);
  // Premultiplied: without its share of alpha a colour only adds light.
  vColor = vec4(aColor.rgb * aColor.a, aColor.a * (1.0 - aPlace.w));
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
  readonly mesh: Mesh<Geometry, Shader>;
  readonly #geometry: Geometry;
  readonly #buffer: Buffer;
  readonly #camera: Float32Array;
  #floats: Float32Array;
  #words: Uint32Array;
  #count = 0;
  // Where quads are relative to, so that 32 bits are enough far from the origin.
  #x = 0;
  #y = 0;

  constructor(atlas: TextureSource, capacity = 4096) {
    const data = new ArrayBuffer(capacity * WORDS * 4);
    this.#floats = new Float32Array(data);
    this.#words = new Uint32Array(data);
    this.#buffer = new Buffer({ data: this.#floats, usage: BufferUsage.VERTEX | BufferUsage.COPY_DST, shrinkToFit: false });
    const stride = WORDS * 4;
    const each = { buffer: this.#buffer, stride, instance: true };
    this.#geometry = new Geometry({
      attributes: {
        aCorner: { buffer: new Float32Array([-1, -1, 1, -1, 1, 1, -1, 1]), format: 'float32x2' },
        aPlace: { ...each, format: 'float32x4', offset: 0 },
        aSize: { ...each, format: 'float32x2', offset: 16 },
        aFrame: { ...each, format: 'unorm16x4', offset: 24 },
        aColor: { ...each, format: 'unorm8x4', offset: 32 },
      },
      indexBuffer: new Uint16Array([0, 1, 2, 0, 2, 3]),
    });
    this.#geometry.instanceCount = 0;
    this.#camera = new Float32Array(4);
    const shader = new Shader({
      glProgram: GlProgram.from({ vertex, fragment, name: 'quads' }),
      resources: {
        uAtlas: atlas,
        uSampler: atlas.style,
        camera: { uCamera: { value: this.#camera, type: 'vec4<f32>' } },
      },
    });
    this.mesh = new Mesh({ geometry: this.#geometry, shader });
    this.mesh.eventMode = 'none';
    this.mesh.cullable = false;
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
  quad(frame: Frame, x: number, y: number, width: number, height: number, angle: number, color: number, alpha: number, additive: number): void {
    let i = this.#count * WORDS;
    if (i + WORDS > this.#floats.length) this.#grow();
    const f = this.#floats;
    const w = this.#words;
    f[i++] = x - this.#x;
    f[i++] = y - this.#y;
    f[i++] = angle;
    f[i++] = additive;
    f[i++] = width * 0.5;
    f[i++] = height * 0.5;
    w[i++] = frame.from;
    w[i++] = frame.to;
    const a = alpha >= 1 ? 255 : alpha <= 0 ? 0 : (alpha * 255) | 0;
    w[i] = ((a << 24) | ((color & 0xff) << 16) | (color & 0xff00) | (color >>> 16)) >>> 0;
    this.#count++;
  }

  get count(): number {
    return this.#count;
  }

  /** Ends the frame: what was added is drawn with the stage. */
  end(): void {
    this.#geometry.instanceCount = this.#count;
    this.mesh.visible = this.#count > 0;
    this.#buffer.update(this.#count * WORDS * 4);
  }

  #grow(): void {
    const data = new ArrayBuffer(this.#floats.byteLength * 2);
    const floats = new Float32Array(data);
    floats.set(this.#floats);
    this.#floats = floats;
    this.#words = new Uint32Array(data);
    this.#buffer.data = floats;
  }
}
