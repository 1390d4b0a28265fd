// The background: a nebula, stars at several distances, the grid of the map, its edge,
// and the dark beyond it. One pass over the screen draws all of it.

import { BufferImageSource, Geometry, GlProgram, Shader, State, type TextureSource, type WebGLRenderer } from 'pixi.js';
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
uniform sampler2D uMist;
uniform sampler2D uStars; // far ones in red, near ones in green
uniform vec4 uView;  // x, y of the camera; units across the screen
uniform vec4 uMap;   // edge of the map; pixels per unit; 1 / pixels per period of near and far stars
void main() {
  vec2 off = vAt * uView.zw;
  vec2 at = uView.xy + off;
  // Farther layers move less.
  vec3 color = texture(uMist, (off + uView.xy * 0.08) * 0.00072).rgb;
  vec2 px = off * uMap.y;
  float far = texture(uStars, px * uMap.z + uView.xy * uMap.y * uMap.z * 0.2).r;
  float near = texture(uStars, px * uMap.w + uView.xy * uMap.y * uMap.w * 0.45).g;
  color += far * vec3(0.42, 0.5, 0.8) + near * vec3(0.85, 0.92, 1.0);
  vec2 out2 = abs(at - uMap.x * 0.5) - uMap.x * 0.5;
  float beyond = max(out2.x, out2.y);
  if (beyond < 0.0) {
    vec2 line = 1.0 - clamp(abs(fract(at * 0.0078125 + 0.5) - 0.5) * 128.0 * uMap.y - 0.2, 0.0, 1.0);
    vec2 big = 1.0 - clamp(abs(fract(at * 0.001953125 + 0.5) - 0.5) * 512.0 * uMap.y - 0.3, 0.0, 1.0);
    color += vec3(0.032, 0.042, 0.1) * (max(line.x, line.y) * 0.85 + max(big.x, big.y));
  } else {
    float stripe = smoothstep(0.44, 0.5, abs(fract((at.x + at.y) / 48.0) - 0.5));
    color = color * 0.3 + vec3(0.4, 0.08, 0.25) * stripe * exp(-beyond / 90.0) * 0.5;
  }
  float d = abs(beyond) * uMap.y;
  if (d < 60.0) color += vec3(0.95, 0.35, 0.85) * (1.0 - smoothstep(0.8, 2.4, d)) + vec3(0.6, 0.2, 0.75) * exp(-d / 12.0) * 0.55;
  // Towards the corners it is darker.
  finalColor = vec4(color * (1.0 - dot(vAt, vAt) * 0.75), 1.0);
}`;

/** The width of the repeated pictures, in their own pixels. */
const MIST = 256;
const STARS = 1024;

export class Backdrop {
  readonly #geometry: Geometry;
  readonly #shader: Shader;
  readonly #state = State.for2d();
  readonly #view = new Float32Array(4);
  readonly #map = new Float32Array([4096, 1, 1, 0]);

  constructor() {
    const mist = makeMist(MIST);
    const stars = makeStars(STARS);
    this.#geometry = new Geometry({
      attributes: { aPosition: { buffer: new Float32Array([-1, -1, 3, -1, -1, 3]), format: 'float32x2' } },
    });
    this.#shader = new Shader({
      glProgram: GlProgram.from({ vertex, fragment, name: 'backdrop' }),
      resources: {
        uMist: mist,
        uMistSampler: mist.style,
        uStars: stars,
        uStarsSampler: stars.style,
        space: { uView: { value: this.#view, type: 'vec4<f32>' }, uMap: { value: this.#map, type: 'vec4<f32>' } },
      },
    });
    this.#state.blendMode = 'none';
  }

  draw(renderer: WebGLRenderer, camera: Camera, edge: number): void {
    this.#view[0] = camera.x + camera.dx;
    this.#view[1] = camera.y + camera.dy;
    this.#view[2] = camera.width;
    this.#view[3] = camera.height;
    this.#map[0] = edge;
    this.#map[1] = camera.scale;
    this.#map[2] = 1 / (STARS * 0.8);
    this.#map[3] = 1 / STARS;
    renderer.encoder.draw({ geometry: this.#geometry, shader: this.#shader, state: this.#state });
  }
}

function source(data: Uint8Array, n: number): TextureSource {
  const made = new BufferImageSource({
    resource: data,
    width: n,
    height: n,
    format: 'rgba8unorm',
    alphaMode: 'no-premultiply-alpha',
  });
  made.style.addressMode = 'repeat';
  made.style.scaleMode = 'linear';
  return made;
}

/** Returns a picture of sparse mist, as most of space is dark. */
function makeMist(n: number): TextureSource {
  const data = new Uint8Array(n * n * 4);
  const mist = fractal(n, 4, 5, 3);
  const tint = fractal(n, 2, 3, 8);
  const wisp = fractal(n, 8, 4, 21);
  for (let i = 0; i < n * n; i++) {
    const thick = Math.max(0, mist[i]! - 0.4) * 1.7;
    const k = Math.min(1, Math.max(0, (tint[i]! - 0.3) * 2.5));
    const w = Math.max(0, 1 - Math.abs(wisp[i]! - 0.5) * 9) * thick;
    data[i * 4] = 5 + thick * (14 + 66 * k) + w * 18;
    data[i * 4 + 1] = 7 + thick * (48 - 26 * k) + w * 18;
    data[i * 4 + 2] = 17 + thick * (98 + 12 * k) + w * 36;
    data[i * 4 + 3] = 255;
  }
  return source(data, n);
}

/** Returns a picture of stars: many small ones far away, fewer and brighter ones near. */
function makeStars(n: number): TextureSource {
  const data = new Uint8Array(n * n * 4);
  let seed = 12345;
  const rnd = () => (seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0) / 2 ** 32;
  const star = (channel: number, radius: number, light: number) => {
    const cx = rnd() * n;
    const cy = rnd() * n;
    const reach = Math.ceil(radius * 2);
    for (let dy = -reach; dy <= reach; dy++) {
      for (let dx = -reach; dx <= reach; dx++) {
        const x = Math.floor(cx) + dx;
        const y = Math.floor(cy) + dy;
        const d2 = ((x + 0.5 - cx) ** 2 + (y + 0.5 - cy) ** 2) / (radius * radius);
        const i = (((y + n) % n) * n + ((x + n) % n)) * 4 + channel;
        data[i] = Math.max(data[i]!, 255 * light * Math.exp(-d2 * 1.4));
      }
    }
  };
  for (let k = 0; k < 900; k++) star(0, 0.7 + rnd() * 0.3, 0.25 + 0.75 * rnd() ** 3);
  for (let k = 0; k < 150; k++) star(1, 0.8 + rnd() * 0.5, 0.3 + 0.7 * rnd() ** 2);
  for (let k = 0; k < 14; k++) star(1, 1.5 + rnd() * 0.6, 1);
  return source(data, n);
}

/** Returns noise of several sizes that repeats after n, about 0 to 1. */
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
