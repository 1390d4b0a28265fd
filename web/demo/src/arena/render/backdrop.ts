// What is behind everything: a nebula and stars at several distances, the grid
// of the map, its edge, and the dark beyond. One pass over the screen draws all
// of it.

import { BufferImageSource, Geometry, GlProgram, Mesh, Shader, type TextureSource } from 'pixi.js';
import type { Camera } from './camera.ts';

const vertex = /* glsl */ `#version 300 es
in vec2 aPosition;
out vec2 vAt;
void main() {
  vAt = aPosition * 0.5;
  gl_Position = vec4(aPosition, 0.0, 1.0);
}`;

const fragment = /* glsl */ `#version 300 es
precision highp float;
in vec2 vAt;
out vec4 finalColor;
uniform sampler2D uSky;
uniform vec4 uView;  // x, y of the camera; units across the screen
uniform vec4 uMap;   // edge of the map; units per pixel; strength of the grid
void main() {
  vec2 off = vAt * uView.zw;
  vec2 at = uView.xy + off;
  // Farther layers move less. The alpha of the picture is stars, its colour mist.
  vec3 color = texture(uSky, (off + uView.xy * 0.08) / 1500.0).rgb;
  float far = texture(uSky, (off + uView.xy * 0.22) / 620.0).a;
  float near = texture(uSky, (off + uView.xy * 0.5 + 97.0) / 1130.0).a;
  color += far * vec3(0.5, 0.6, 0.95) * 0.6 + near * vec3(0.9, 0.95, 1.0);
  vec2 cell = abs(fract(at / 128.0 + 0.5) - 0.5) * 128.0 / uMap.y;
  vec2 line = 1.0 - smoothstep(0.2, 1.3, cell);
  vec2 big = 1.0 - smoothstep(0.4, 1.6, abs(fract(at / 512.0 + 0.5) - 0.5) * 512.0 / uMap.y);
  vec2 out2 = abs(at - uMap.x * 0.5) - uMap.x * 0.5;
  float beyond = max(out2.x, out2.y);
  if (beyond < 0.0) {
    color += vec3(0.32, 0.42, 1.0) * (max(line.x, line.y) * 0.085 + max(big.x, big.y) * 0.1) * uMap.z;
  } else {
    float stripe = smoothstep(0.46, 0.5, abs(fract((at.x + at.y) / 48.0) - 0.5));
    color = color * 0.3 + vec3(0.4, 0.08, 0.25) * stripe * exp(-beyond / 90.0) * 0.5;
  }
  float d = abs(beyond) / uMap.y;
  color += vec3(0.95, 0.35, 0.85) * (1.0 - smoothstep(0.8, 2.4, d)) + vec3(0.6, 0.2, 0.75) * exp(-d / 12.0) * 0.55;
  // Towards the corners it is darker.
  color *= 1.0 - dot(vAt, vAt) * 0.75;
  finalColor = vec4(color, 1.0);
}`;

export class Backdrop {
  readonly mesh: Mesh<Geometry, Shader>;
  readonly #view = new Float32Array(4);
  readonly #map = new Float32Array([4096, 1, 1, 0]);

  constructor() {
    const sky = makeSky(512);
    const geometry = new Geometry({
      attributes: { aPosition: { buffer: new Float32Array([-1, -1, 3, -1, -1, 3]), format: 'float32x2' } },
    });
    const shader = new Shader({
      glProgram: GlProgram.from({ vertex, fragment, name: 'backdrop' }),
      resources: {
        uSky: sky,
        uSampler: sky.style,
        space: { uView: { value: this.#view, type: 'vec4<f32>' }, uMap: { value: this.#map, type: 'vec4<f32>' } },
      },
    });
    this.mesh = new Mesh({ geometry, shader });
    this.mesh.eventMode = 'none';
    this.mesh.cullable = false;
    this.mesh.blendMode = 'none';
  }

  draw(camera: Camera, edge: number): void {
    this.#view[0] = camera.x + camera.dx;
    this.#view[1] = camera.y + camera.dy;
    this.#view[2] = camera.width;
    this.#view[3] = camera.height;
    this.#map[0] = edge;
    this.#map[1] = 1 / camera.scale;
  }
}

/** A picture that repeats: mist in its colours, stars in its alpha. */
function makeSky(n: number): TextureSource {
  const data = new Uint8Array(n * n * 4);
  const mist = fractal(n, 4, 5, 3);
  const tint = fractal(n, 2, 3, 8);
  const wisp = fractal(n, 8, 4, 21);
  for (let i = 0; i < n * n; i++) {
    // Sparse: most of space is dark.
    const thick = Math.max(0, mist[i]! - 0.4) * 1.7;
    const k = Math.min(1, Math.max(0, (tint[i]! - 0.3) * 2.5));
    const w = Math.max(0, 1 - Math.abs(wisp[i]! - 0.5) * 9) * thick;
    data[i * 4] = 5 + thick * (14 + 62 * k) + w * 18;
    data[i * 4 + 1] = 7 + thick * (44 - 22 * k) + w * 18;
    data[i * 4 + 2] = 17 + thick * (92 + 12 * k) + w * 34;
  }
  let seed = 12345;
  const rnd = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  for (let k = 0; k < 420; k++) {
    const [x, y, light] = [Math.trunc(rnd() * n), Math.trunc(rnd() * n), rnd() ** 3];
    const put = (dx: number, dy: number, v: number) => {
      const i = (((y + dy + n) % n) * n + ((x + dx + n) % n)) * 4 + 3;
      data[i] = Math.max(data[i]!, v);
    };
    put(0, 0, 70 + 185 * light);
    if (light > 0.25) for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]] as const) put(dx, dy, 110 * light);
  }
  const source = new BufferImageSource({ resource: data, width: n, height: n, format: 'rgba8unorm', alphaMode: 'no-premultiply-alpha', autoGenerateMipmaps: true });
  source.style.addressMode = 'repeat';
  source.style.scaleMode = 'linear';
  source.style.mipmapFilter = 'linear';
  return source;
}

/** Noise of several sizes that repeats after n, about 0 to 1. */
function fractal(n: number, cells: number, octaves: number, seed: number): Float32Array {
  const sum = new Float32Array(n * n);
  let s = Math.imul(seed, 2654435761) >>> 0;
  const rnd = () => (s = (Math.imul(s, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  let weight = 0.5;
  for (let o = 0; o < octaves; o++, cells *= 2, weight /= 2) {
    const lattice = Float32Array.from({ length: cells * cells }, rnd);
    for (let y = 0; y < n; y++) {
      const fy = (y / n) * cells;
      const y0 = Math.trunc(fy);
      const ky = smooth(fy - y0);
      const row0 = (y0 % cells) * cells;
      const row1 = ((y0 + 1) % cells) * cells;
      for (let x = 0; x < n; x++) {
        const fx = (x / n) * cells;
        const x0 = Math.trunc(fx);
        const kx = smooth(fx - x0);
        const x1 = (x0 + 1) % cells;
        const a = lattice[row0 + x0]! * (1 - kx) + lattice[row0 + x1]! * kx;
        const b = lattice[row1 + x0]! * (1 - kx) + lattice[row1 + x1]! * kx;
        sum[y * n + x]! += (a * (1 - ky) + b * ky) * weight;
      }
    }
  }
  return sum;
}

function smooth(k: number): number {
  return k * k * (3 - 2 * k);
}
