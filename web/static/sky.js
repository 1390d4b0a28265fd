// The background: stars and clouds that move slower the farther they are.

/** Random numbers that are the same each time (mulberry32). */
export function random(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), seed | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export function sheet(width, height = width) {
  const c = document.createElement('canvas');
  c.width = width;
  c.height = height;
  return [c, c.getContext('2d')];
}

const size = 768;

/** Draws at all places where something near an edge shows on a seamless tile. */
function wrapped(x, y, r, fn) {
  for (const dx of [-size, 0, size]) {
    for (const dy of [-size, 0, size]) {
      if (x + dx > -r && x + dx < size + r && y + dy > -r && y + dy < size + r) fn(x + dx, y + dy);
    }
  }
}

function clouds() {
  const [c, g] = sheet(size);
  const rnd = random(7);
  for (const [hue, n, alpha] of [[228, 9, 0.13], [262, 6, 0.1], [192, 5, 0.07], [320, 3, 0.05]]) {
    for (let i = 0; i < n; i++) {
      const r = 130 + rnd() * 190;
      wrapped(rnd() * size, rnd() * size, r, (x, y) => {
        const glow = g.createRadialGradient(x, y, 0, x, y, r);
        glow.addColorStop(0, `hsl(${hue} 80% 55% / ${alpha})`);
        glow.addColorStop(1, `hsl(${hue} 80% 55% / 0)`);
        g.fillStyle = glow;
        g.fillRect(x - r, y - r, 2 * r, 2 * r);
      });
    }
  }
  return c;
}

function stars(seed, n, most) {
  const [c, g] = sheet(size);
  const rnd = random(seed);
  for (let i = 0; i < n; i++) {
    const r = 0.35 + rnd() * rnd() * most, hue = [215, 225, 45, 190][Math.floor(rnd() * 4)], light = 70 + rnd() * 28;
    wrapped(rnd() * size, rnd() * size, 12, (x, y) => {
      if (r > 1.1) {
        const glow = g.createRadialGradient(x, y, 0, x, y, r * 6);
        glow.addColorStop(0, `hsl(${hue} 90% 75% / .3)`);
        glow.addColorStop(1, `hsl(${hue} 90% 75% / 0)`);
        g.fillStyle = glow;
        g.fillRect(x - r * 6, y - r * 6, r * 12, r * 12);
      }
      g.fillStyle = `hsl(${hue} 70% ${light}% / ${0.35 + 0.6 * Math.min(1, r)})`;
      g.beginPath();
      g.arc(x, y, r, 0, 7);
      g.fill();
    });
  }
  return c;
}

export class Sky {
  constructor() {
    this.layers = [[clouds(), 0.08], [stars(1, 260, 0.9), 0.12], [stars(2, 110, 1.2), 0.25], [stars(3, 34, 1.7), 0.45]];
  }

  draw({ ctx, width, height }, x, y, scale) {
    ctx.fillStyle = '#060919';
    ctx.fillRect(0, 0, width, height);
    for (const [tile, depth] of this.layers) {
      const ox = -((((x * scale * depth) % size) + size) % size), oy = -((((-y * scale * depth) % size) + size) % size);
      for (let tx = ox; tx < width; tx += size) {
        for (let ty = oy; ty < height; ty += size) ctx.drawImage(tile, Math.round(tx), Math.round(ty));
      }
    }
  }
}
