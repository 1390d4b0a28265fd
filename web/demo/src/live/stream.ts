// What stands for a video: a planet in a ring of light that beats with the room. It is drawn at 30 frames a
// second, and not at all while it is paused or hidden.

/** The widest that it is drawn, in pixels of its own; beyond, the browser enlarges it. */
const widest = 1280;
const every = 1000 / 30;
const bars = 144;

export class Stream {
  readonly #canvas: HTMLCanvasElement;
  readonly #g: CanvasRenderingContext2D;
  #sky: HTMLCanvasElement | undefined;
  #ground: HTMLCanvasElement | undefined;
  #frame = 0;
  #last = 0;
  #time = 0;
  #energy = 0.25;
  #comets: { x: number; y: number; vx: number; vy: number; life: number; hue: number }[] = [];
  #paused = false;

  constructor(canvas: HTMLCanvasElement) {
    this.#canvas = canvas;
    this.#g = canvas.getContext('2d', { alpha: false })!;
    new ResizeObserver(() => this.#resize()).observe(canvas);
    this.#resize();
    this.paused = matchMedia('(prefers-reduced-motion: reduce)').matches;
  }

  get paused(): boolean {
    return this.#paused;
  }

  set paused(paused: boolean) {
    this.#paused = paused;
    cancelAnimationFrame(this.#frame);
    if (!paused) this.#frame = requestAnimationFrame(this.#step);
  }

  /** Has the ring beat, from 0 to 1. */
  pulse(strength: number): void {
    this.#energy = Math.min(1, this.#energy + strength);
  }

  /** Has a comet fly by. */
  comet(): void {
    if (this.#paused || this.#comets.length > 12) return;
    const { width: w, height: h } = this.#canvas;
    const y = Math.random() * h * 0.5;
    const speed = w * (0.35 + Math.random() * 0.3);
    this.#comets.push({ x: -40, y, vx: speed, vy: speed * 0.25, life: 1, hue: 170 + Math.random() * 150 });
    this.pulse(0.3);
  }

  readonly #step = (now: number): void => {
    this.#frame = requestAnimationFrame(this.#step);
    if (now - this.#last < every - 2) return;
    const dt = Math.min(0.1, (now - this.#last) / 1000);
    this.#last = now;
    this.#time += dt;
    this.#energy += (0.25 - this.#energy) * Math.min(1, dt * 1.4);
    this.#draw(dt);
  };

  #resize(): void {
    const { clientWidth, clientHeight } = this.#canvas;
    if (clientWidth === 0) return;
    const scale = Math.min(Math.min(devicePixelRatio, 1.5), widest / clientWidth);
    this.#canvas.width = Math.round(clientWidth * scale);
    this.#canvas.height = Math.round(clientHeight * scale);
    this.#sky = sky(this.#canvas.width, this.#canvas.height);
    this.#ground = ground(Math.round(this.#canvas.height * 0.25));
    this.#draw(0);
  }

  #draw(dt: number): void {
    const g = this.#g;
    const { width: w, height: h } = this.#canvas;
    if (!this.#sky || !this.#ground) return;
    g.globalCompositeOperation = 'source-over';
    g.drawImage(this.#sky, 0, 0);
    const [x, y] = [w / 2, h * 0.52];
    const r = h * 0.25;
    this.#drawBars(x, y, r * 1.22, h);
    this.#drawRing(x, y, r, Math.PI, 2 * Math.PI, 0.6); // the half behind
    this.#drawPlanet(x, y, r);
    this.#drawRing(x, y, r, 0, Math.PI, 1);
    this.#drawComets(dt, h);
  }

  /** Lines about the planet, as of a sound that nobody hears. */
  #drawBars(x: number, y: number, r: number, h: number): void {
    const g = this.#g;
    const t = this.#time;
    g.globalCompositeOperation = 'lighter';
    g.lineCap = 'round';
    g.lineWidth = Math.max(1.5, h / 300);
    for (const [from, to, colour] of [
      [0, 48, 'rgb(84 227 238 / .55)'],
      [48, 96, 'rgb(169 139 255 / .6)'],
      [96, bars, 'rgb(255 106 213 / .5)'],
    ] as const) {
      g.strokeStyle = colour;
      g.beginPath();
      for (let i = from; i < to; i++) {
        const a = (i / bars) * Math.PI * 2 - Math.PI / 2 + t * 0.05;
        const wave =
          0.5 +
          0.28 * Math.sin(i * 0.41 + t * 2.3) +
          0.22 * Math.sin(i * 1.13 - t * 3.7) +
          0.2 * Math.sin(i * 0.17 + t * 1.1);
        const long = h * (0.012 + 0.13 * Math.max(0, wave) * (0.35 + this.#energy));
        const [c, s] = [Math.cos(a), Math.sin(a)];
        g.moveTo(x + c * r, y + s * r);
        g.lineTo(x + c * (r + long), y + s * (r + long));
      }
      g.stroke();
    }
    g.globalCompositeOperation = 'source-over';
  }

  #drawPlanet(x: number, y: number, r: number): void {
    const g = this.#g;
    const ground = this.#ground!;
    g.save();
    g.beginPath();
    g.arc(x, y, r, 0, 7);
    g.clip();
    const turn = (this.#time * 9) % (ground.width / 2);
    g.drawImage(ground, -turn + x - r, y - r, ground.width, r * 2);
    const shade = g.createRadialGradient(x - r * 0.45, y - r * 0.5, r * 0.1, x, y, r * 1.05);
    shade.addColorStop(0, 'rgb(190 225 255 / .32)');
    shade.addColorStop(0.45, 'rgb(10 14 40 / .1)');
    shade.addColorStop(1, 'rgb(3 4 14 / .92)');
    g.fillStyle = shade;
    g.fillRect(x - r, y - r, r * 2, r * 2);
    g.restore();
    g.strokeStyle = `rgb(110 190 255 / ${0.35 + this.#energy * 0.4})`;
    g.lineWidth = Math.max(1, r / 90);
    g.beginPath();
    g.arc(x, y, r, 0, 7);
    g.stroke();
  }

  #drawRing(x: number, y: number, r: number, from: number, to: number, bright: number): void {
    const g = this.#g;
    g.save();
    g.translate(x, y);
    g.rotate(-0.3);
    g.scale(1, 0.22);
    g.globalCompositeOperation = 'lighter';
    g.lineCap = 'butt';
    for (const [radius, width, alpha] of [
      [1.5, 0.06, 0.4],
      [1.66, 0.16, 0.26],
      [1.82, 0.05, 0.45],
      [1.93, 0.02, 0.5],
    ] as const) {
      g.strokeStyle = `rgb(186 160 255 / ${alpha * bright})`;
      g.lineWidth = r * width;
      g.beginPath();
      g.arc(0, 0, r * radius, from, to);
      g.stroke();
    }
    g.restore();
  }

  #drawComets(dt: number, h: number): void {
    const g = this.#g;
    g.globalCompositeOperation = 'lighter';
    for (const c of this.#comets) {
      c.x += c.vx * dt;
      c.y += c.vy * dt;
      c.life -= dt * 0.32;
      const tail = g.createLinearGradient(c.x, c.y, c.x - c.vx * 0.22, c.y - c.vy * 0.22);
      tail.addColorStop(0, `hsl(${c.hue} 95% 78% / ${Math.max(0, c.life)})`);
      tail.addColorStop(1, 'transparent');
      g.strokeStyle = tail;
      g.lineWidth = h / 160;
      g.beginPath();
      g.moveTo(c.x, c.y);
      g.lineTo(c.x - c.vx * 0.22, c.y - c.vy * 0.22);
      g.stroke();
    }
    this.#comets = this.#comets.filter((c) => c.life > 0);
    g.globalCompositeOperation = 'source-over';
  }
}

/** Numbers that are the same each time, so that the sky is. */
function seeded(seed: number): () => number {
  let s = seed;
  return () => {
    s = (Math.imul(s, 1664525) + 1013904223) >>> 0;
    return s / 2 ** 32;
  };
}

function canvasOf(width: number, height: number): [HTMLCanvasElement, CanvasRenderingContext2D] {
  const c = document.createElement('canvas');
  c.width = Math.max(1, width);
  c.height = Math.max(1, height);
  return [c, c.getContext('2d')!];
}

function sky(w: number, h: number): HTMLCanvasElement {
  const [c, g] = canvasOf(w, h);
  const rnd = seeded(7);
  const down = g.createLinearGradient(0, 0, 0, h);
  down.addColorStop(0, '#050818');
  down.addColorStop(0.6, '#0a1030');
  down.addColorStop(1, '#160a2e');
  g.fillStyle = down;
  g.fillRect(0, 0, w, h);
  for (const [x, y, r, colour] of [
    [0.18, 0.3, 0.55, 'rgb(60 90 220 / .28)'],
    [0.82, 0.24, 0.5, 'rgb(170 60 190 / .22)'],
    [0.6, 0.9, 0.7, 'rgb(20 150 190 / .16)'],
    [0.5, 0.52, 0.42, 'rgb(110 120 255 / .22)'],
  ] as const) {
    const cloud = g.createRadialGradient(w * x, h * y, 0, w * x, h * y, h * r * 1.5);
    cloud.addColorStop(0, colour);
    cloud.addColorStop(1, 'transparent');
    g.fillStyle = cloud;
    g.fillRect(0, 0, w, h);
  }
  for (let i = 0; i < 260; i++) {
    const bright = rnd();
    g.fillStyle = `hsl(${200 + rnd() * 80} 80% 88% / ${0.15 + bright * bright * 0.8})`;
    const size = bright > 0.93 ? 2.2 : 1.1;
    g.fillRect(rnd() * w, rnd() * h, size, size);
  }
  return c;
}

/** Bands of cloud, twice side by side, so that they can be pushed past without a seam. */
function ground(r: number): HTMLCanvasElement {
  const half = r * 4;
  const [c, g] = canvasOf(half * 2, r * 2);
  const rnd = seeded(21);
  g.fillStyle = '#1a2a6c';
  g.fillRect(0, 0, c.width, c.height);
  for (let i = 0; i < 26; i++) {
    const y = rnd() * r * 2;
    const thick = r * (0.03 + rnd() * 0.13);
    g.fillStyle = `hsl(${205 + rnd() * 80} 70% ${28 + rnd() * 40}% / .35)`;
    const [p1, p2, a1] = [rnd() * 6, rnd() * 6, r * 0.04];
    g.beginPath();
    for (let x = 0; x <= c.width; x += r / 12) {
      const a = (x / half) * Math.PI * 2;
      g.lineTo(x, y + Math.sin(a * 2 + p1) * a1 + Math.sin(a * 5 + p2) * a1 * 0.5);
    }
    for (let x = c.width; x >= 0; x -= r / 12) {
      const a = (x / half) * Math.PI * 2;
      g.lineTo(x, y + thick + Math.sin(a * 3 + p2) * a1);
    }
    g.fill();
  }
  for (let i = 0; i < 5; i++) {
    const [x, y, s] = [rnd() * half, r * (0.5 + rnd()), r * (0.06 + rnd() * 0.1)];
    g.fillStyle = `hsl(${300 + rnd() * 40} 70% 72% / .4)`;
    for (const dx of [0, half]) {
      g.beginPath();
      g.ellipse(x + dx, y, s * 1.9, s, 0, 0, 7);
      g.fill();
    }
  }
  return c;
}
