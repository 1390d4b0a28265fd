// The arena as a player sees it.

import { Writer, readMessage } from './tickroom.js';
import { Controls } from './controls.js';
import { Sky, random, sheet } from './sky.js';

const TAU = 2 * Math.PI;
const $ = (id) => document.getElementById(id);

// Commands and events, as in arena.proto.
const CHAT = 2;
const EVENTS = {
  1: ['explosion', { 1: ['x', 'uint'], 2: ['y', 'uint'], 3: ['ship', 'uint'] }],
  2: ['hit', { 1: ['ship', 'uint'], 2: ['by', 'uint'], 3: ['damage', 'uint'] }],
  3: ['kill', { 1: ['ship', 'uint'], 2: ['by', 'uint'], 3: ['name', 'text'], 4: ['byName', 'text'] }],
  4: ['said', { 1: ['player', 'uint'], 2: ['name', 'text'], 3: ['text', 'text'], 4: ['team', 'bool'] }],
  5: ['taken', { 1: ['kind', 'uint'], 2: ['ship', 'uint'] }],
};

const PICKUPS = {
  1: { hue: 145, sign: '+' }, 2: { hue: 212, sign: '◇' }, 3: { hue: 38, sign: '»' }, 4: { hue: 285, sign: '▲' },
};

/** Round light of a hue, made once. */
const glows = new Map();
function glow(hue, light = 60) {
  const key = `${Math.round(hue / 8)} ${light}`;
  let c = glows.get(key);
  if (!c) {
    let g;
    [c, g] = sheet(64);
    const r = g.createRadialGradient(32, 32, 0, 32, 32, 32);
    r.addColorStop(0, `hsl(${hue} 95% ${Math.min(96, light + 30)}% / 1)`);
    r.addColorStop(0.25, `hsl(${hue} 95% ${light}% / .55)`);
    r.addColorStop(1, `hsl(${hue} 95% ${light}% / 0)`);
    g.fillStyle = r;
    g.fillRect(0, 0, 64, 64);
    glows.set(key, c);
  }
  return c;
}

export class Arena {
  constructor(view) {
    this.view = view;
    this.sky = new Sky();
    this.controls = new Controls($('view'), $('fire'));
    this.camera = { x: 0, y: 0, set: false };
    this.sparks = [];
    this.queue = []; // events whose tick is not shown yet
    this.shake = 0;
    this.hurt = 0;
    this.scene = { ships: 0 };
    this.hudAt = 0;
    this.#talk();
  }

  start(welcome, session) {
    this.session = session;
    this.player = welcome.player;
    this.rate = welcome.tickRate;
    this.camera.set = false;
    this.queue.length = this.sparks.length = 0;
    this.drawnMap = null;
    session.input = () => {
      const c = this.controls.read();
      return new Writer().float(1, c.turn).float(2, c.thrust).bool(3, c.fire).bool(4, c.steer).float(5, c.aim).finish();
    };
    const help = $('help');
    help.innerHTML = '<kbd>←</kbd> <kbd>→</kbd> turn, <kbd>↑</kbd> thrust, or hold the mouse; <kbd>space</kbd> fire, <kbd>enter</kbd> talk';
    help.hidden = false;
  }

  #talk() {
    const form = $('talk'), text = $('text');
    window.addEventListener('keydown', (e) => {
      if (e.code === 'Enter' && form.hidden && this.session?.state === 'open') {
        e.preventDefault();
        form.hidden = false;
        text.focus();
      } else if (e.code === 'Escape') form.hidden = true;
    });
    text.addEventListener('blur', () => { form.hidden = true; });
    form.addEventListener('submit', (e) => {
      e.preventDefault();
      const said = text.value.trim();
      text.value = '';
      form.hidden = true;
      if (said) this.session.command(CHAT, new Writer().text(1, said).finish()).catch((err) => this.#tell('said', ['lost', err.message]));
    });
  }

  summary() {
    const census = this.#first('Census');
    return census ? `${census.players} ${census.players === 1 ? 'player' : 'players'}${census.bots ? `, ${census.bots} bots` : ''}` : '';
  }

  /** The row of a component that there is one of. */
  #first(name) {
    for (const [, row] of this.session?.table(name) ?? []) return row;
    return null;
  }

  // --- events

  event({ event, data }, tick) {
    const known = EVENTS[event];
    if (!known) return;
    const zero = Object.fromEntries(Object.values(known[1]).map(([n, t]) => [n, t === 'text' ? '' : t === 'bool' ? false : 0]));
    this.queue.push({ tick, what: known[0], ...zero, ...readMessage(data, known[1]) });
  }

  #play(tick) {
    const due = this.queue.filter((e) => e.tick <= tick);
    if (!due.length) return;
    this.queue = this.queue.filter((e) => e.tick > tick);
    for (const e of due) {
      switch (e.what) {
        case 'explosion': this.#explode(e.x, e.y, this.#hueOf(e.ship)); break;
        case 'hit': this.#hit(e, tick); break;
        case 'kill': {
          const mine = e.ship === this.ship || e.by === this.ship;
          if (e.by && e.by !== e.ship) this.#tell(mine ? 'mine' : '', ['', e.byName || '?'], 'shot down', ['', e.name || '?']);
          else this.#tell(mine ? 'mine' : '', ['lost', e.name || '?'], 'crashed');
          break;
        }
        case 'said': this.#tell('said', ['', e.name], e.team ? `(team) ${e.text}` : e.text); break;
        case 'taken': {
          const at = this.session.tracksOf('Ship').get(e.ship, tick);
          if (at) this.sparks.push({ kind: 'ring', x: at.x, y: at.y, hue: PICKUPS[e.kind]?.hue ?? 200, age: 0, life: 0.5, size: 34 });
          break;
        }
      }
    }
  }

  #hit(e, tick) {
    const at = this.session.tracksOf('Ship').get(e.ship, tick);
    if (at) this.#burst(at.x, at.y, e.damage ? 30 : 200, 7, 90);
    if (e.ship === this.ship && e.damage) {
      this.shake = Math.min(8, this.shake + 3);
      this.hurt = Math.min(1, this.hurt + 0.4);
    }
  }

  #explode(x, y, hue) {
    this.#burst(x, y, hue, 26, 170);
    this.#burst(x, y, 35, 22, 110);
    this.sparks.push({ kind: 'flash', x, y, hue: 40, age: 0, life: 0.45, size: 90 }, { kind: 'ring', x, y, hue, age: 0, life: 0.7, size: 80 });
    const near = Math.hypot(x - this.camera.x, y - this.camera.y);
    if (near < 300) this.shake = Math.min(9, this.shake + 5 * (1 - near / 300));
  }

  #burst(x, y, hue, n, speed) {
    for (let i = 0; i < n && this.sparks.length < 700; i++) {
      const a = Math.random() * TAU, v = speed * (0.2 + Math.random());
      this.sparks.push({ kind: 'spark', x, y, vx: Math.cos(a) * v, vy: Math.sin(a) * v, hue: hue + Math.random() * 24 - 12, age: 0, life: 0.3 + Math.random() * 0.6 });
    }
  }

  /** Adds a line to the feed, of plain texts and of names, [class, name]. */
  #tell(kind, ...parts) {
    const li = document.createElement('li');
    if (kind) li.className = kind;
    for (const p of parts) {
      const el = document.createElement(Array.isArray(p) ? 'b' : 'span');
      if (Array.isArray(p)) {
        if (p[0]) el.className = p[0];
        el.textContent = p[1];
      } else el.textContent = p;
      li.append(el);
    }
    li.addEventListener('animationend', () => li.remove());
    const feed = $('feed');
    feed.append(li);
    while (feed.children.length > 6) feed.firstChild.remove();
  }

  #hueOf(ship) {
    const hue = this.session?.table('Identity')?.value(ship, 'hue');
    return hue === undefined ? 200 : (hue * 360) / 256;
  }

  // --- the picture

  draw(session, tick, dt, time) {
    const { view } = this, { ctx, width, height } = view;
    this.session = session;
    const rules = session.table('Rules') && this.#first('Rules');
    if (!rules) {
      this.sky.draw(view, time * 30, time * 12, 1);
      return;
    }
    const ships = session.tracksOf('Ship'), pilot = this.#first('Pilot');
    this.ship = pilot?.ship ?? 0;
    this.#play(tick);

    const own = ships.get(this.ship, tick);
    const alive = own !== null;
    const cam = this.camera;
    if (own) {
      cam.x = own.x;
      cam.y = own.y;
      cam.set = true;
    } else if (!cam.set && pilot) {
      cam.x = pilot.x;
      cam.y = pilot.y;
    }
    // What is on the screen is within sight.
    const scale = Math.hypot(width, height) / 2 / (rules.view_radius * 0.97);
    this.scale = scale;
    this.shake = Math.max(0, this.shake - dt * 18);
    const ox = (Math.random() - 0.5) * this.shake * 2, oy = (Math.random() - 0.5) * this.shake * 2;

    this.sky.draw(view, cam.x, cam.y, scale);
    ctx.save();
    ctx.translate(width / 2 + ox, height / 2 + oy);
    ctx.scale(scale, -scale);
    ctx.translate(-cam.x, -cam.y);
    this.#ground(rules, width / scale, height / scale);
    this.#obstacles(session, width / scale / 2 + 10, height / scale / 2 + 10);
    this.#pickups(session, tick, time);
    this.#bullets(session, tick, rules);
    this.#sparks(dt);
    const labels = this.#ships(session, tick, rules, time);
    ctx.restore();
    this.#labels(labels, width / 2 + ox, height / 2 + oy);
    this.#frame(dt, alive);
    this.#hud(session, pilot, rules, alive, tick, time);
  }

  #ground(rules, w, h) {
    const { ctx } = this.view, { x, y } = this.camera, edge = rules.edge, step = 128;
    const x0 = Math.max(0, x - w / 2), x1 = Math.min(edge, x + w / 2), y0 = Math.max(0, y - h / 2), y1 = Math.min(edge, y + h / 2);
    ctx.lineWidth = 1 / this.scale;
    ctx.strokeStyle = 'rgba(120, 145, 255, .07)';
    ctx.beginPath();
    for (let gx = Math.ceil(x0 / step) * step; gx <= x1; gx += step) {
      ctx.moveTo(gx, y0);
      ctx.lineTo(gx, y1);
    }
    for (let gy = Math.ceil(y0 / step) * step; gy <= y1; gy += step) {
      ctx.moveTo(x0, gy);
      ctx.lineTo(x1, gy);
    }
    ctx.stroke();
    // Beyond the edge there is nothing.
    const far = w + h;
    ctx.fillStyle = 'rgba(3, 4, 10, .72)';
    ctx.beginPath();
    ctx.rect(-far, -far, edge + 2 * far, edge + 2 * far);
    ctx.rect(0, 0, edge, edge);
    ctx.fill('evenodd');
    for (const [wide, alpha] of [[14, 0.06], [7, 0.12], [2, 0.8]]) {
      ctx.strokeStyle = `rgba(164, 139, 255, ${alpha})`;
      ctx.lineWidth = wide;
      ctx.strokeRect(0, 0, edge, edge);
    }
  }

  #obstacles(session, w, h) {
    const { ctx } = this.view, cam = this.camera;
    for (const [entity, o] of session.table('Obstacle')) {
      const rx = o.radius || o.half_width, ry = o.radius || o.half_height;
      if (Math.abs(o.x - cam.x) > w + rx || Math.abs(o.y - cam.y) > h + ry) continue;
      ctx.save();
      ctx.translate(o.x, o.y);
      if (o.radius) this.#rock(entity, o.radius);
      else this.#block(entity, rx, ry);
      ctx.restore();
    }
  }

  #rock(entity, r) {
    const { ctx } = this.view, rnd = random(entity), hue = 225 + rnd() * 40;
    const fill = ctx.createRadialGradient(-r * 0.35, r * 0.4, r * 0.1, 0, 0, r);
    fill.addColorStop(0, `hsl(${hue} 22% 44%)`);
    fill.addColorStop(0.65, `hsl(${hue} 26% 25%)`);
    fill.addColorStop(1, `hsl(${hue} 32% 14%)`);
    ctx.fillStyle = fill;
    ctx.beginPath();
    ctx.arc(0, 0, r, 0, TAU);
    ctx.fill();
    ctx.strokeStyle = `hsl(${hue} 45% 60% / .55)`;
    ctx.lineWidth = 1.2;
    ctx.stroke();
    for (let i = 0; i < 6; i++) {
      const a = rnd() * TAU, d = rnd() * 0.68 * r, s = (0.07 + rnd() * 0.14) * r;
      const cx = Math.cos(a) * d, cy = Math.sin(a) * d;
      ctx.fillStyle = `hsl(${hue} 30% 10% / .42)`;
      ctx.beginPath();
      ctx.arc(cx, cy, s, 0, TAU);
      ctx.fill();
      ctx.strokeStyle = `hsl(${hue} 35% 62% / .22)`;
      ctx.beginPath();
      ctx.arc(cx, cy, s, Math.PI * 1.05, Math.PI * 1.95);
      ctx.stroke();
    }
  }

  #block(entity, w, h) {
    const { ctx } = this.view, rnd = random(entity), hue = 205 + rnd() * 25;
    const fill = ctx.createLinearGradient(-w, h, w, -h);
    fill.addColorStop(0, `hsl(${hue} 24% 32%)`);
    fill.addColorStop(1, `hsl(${hue} 32% 14%)`);
    ctx.fillStyle = fill;
    ctx.beginPath();
    ctx.roundRect(-w, -h, 2 * w, 2 * h, 4);
    ctx.fill();
    ctx.strokeStyle = `hsl(${hue} 60% 62% / .6)`;
    ctx.lineWidth = 1.3;
    ctx.stroke();
    const pad = Math.min(7, w / 3, h / 3);
    ctx.strokeStyle = `hsl(${hue} 50% 60% / .18)`;
    ctx.lineWidth = 1;
    ctx.strokeRect(-w + pad, -h + pad, 2 * (w - pad), 2 * (h - pad));
    ctx.beginPath();
    if (w > h) for (let x = -w + 24; x < w - 8; x += 24) { ctx.moveTo(x, -h + pad); ctx.lineTo(x, h - pad); }
    else for (let y = -h + 24; y < h - 8; y += 24) { ctx.moveTo(-w + pad, y); ctx.lineTo(w - pad, y); }
    ctx.stroke();
    ctx.fillStyle = `hsl(${rnd() < 0.5 ? 38 : 180} 90% 65% / .8)`;
    for (const [sx, sy] of [[-1, -1], [1, 1]]) ctx.fillRect(sx * (w - pad / 2) - 1.2, sy * (h - pad / 2) - 1.2, 2.4, 2.4);
  }

  #pickups(session, tick, time) {
    const { ctx } = this.view;
    session.tracksOf('Pickup').each(tick, (entity, p) => {
      const look = PICKUPS[p.kind] ?? { hue: 0, sign: '?' }, beat = 1 + 0.08 * Math.sin(time * 3 + entity);
      ctx.save();
      ctx.translate(p.x, p.y);
      ctx.globalCompositeOperation = 'lighter';
      ctx.globalAlpha = 0.5;
      ctx.drawImage(glow(look.hue), -22 * beat, -22 * beat, 44 * beat, 44 * beat);
      ctx.globalCompositeOperation = 'source-over';
      ctx.globalAlpha = 1;
      ctx.scale(beat, -beat);
      ctx.fillStyle = `hsl(${look.hue} 60% 16% / .85)`;
      ctx.strokeStyle = `hsl(${look.hue} 85% 68%)`;
      ctx.lineWidth = 1.4;
      ctx.beginPath();
      for (let i = 0; i < 6; i++) ctx.lineTo(8.5 * Math.cos((i * TAU) / 6 + time * 0.5), 8.5 * Math.sin((i * TAU) / 6 + time * 0.5));
      ctx.closePath();
      ctx.fill();
      ctx.stroke();
      ctx.fillStyle = `hsl(${look.hue} 90% 80%)`;
      ctx.font = '700 10px system-ui, sans-serif';
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      ctx.fillText(look.sign, 0, 0.5);
      ctx.restore();
    });
  }

  #bullets(session, tick, rules) {
    const { ctx } = this.view, life = (rules.bullet_range / rules.bullet_speed) * this.rate;
    ctx.save();
    ctx.globalCompositeOperation = 'lighter';
    ctx.lineCap = 'round';
    session.tracksOf('Bullet').each(tick, (entity, b) => {
      const age = tick - b.tick;
      if (age < 0 || age > life + 1) return;
      const way = (age / this.rate) * rules.bullet_speed, cos = Math.cos(b.heading), sin = Math.sin(b.heading);
      const x = b.x + cos * way, y = b.y + sin * way, hue = this.#hueOf(b.ship), tail = Math.min(13, way);
      ctx.drawImage(glow(hue), x - 9, y - 9, 18, 18);
      ctx.strokeStyle = `hsl(${hue} 100% 72% / .55)`;
      ctx.lineWidth = 2.6;
      ctx.beginPath();
      ctx.moveTo(x - cos * tail, y - sin * tail);
      ctx.lineTo(x, y);
      ctx.stroke();
      ctx.strokeStyle = 'rgba(255, 255, 255, .9)';
      ctx.lineWidth = 1.1;
      ctx.beginPath();
      ctx.moveTo(x - cos * tail * 0.4, y - sin * tail * 0.4);
      ctx.lineTo(x, y);
      ctx.stroke();
    });
    ctx.restore();
  }

  #sparks(dt) {
    const { ctx } = this.view;
    ctx.save();
    ctx.globalCompositeOperation = 'lighter';
    this.sparks = this.sparks.filter((p) => {
      p.age += dt;
      const k = p.age / p.life;
      if (k >= 1) return false;
      if (p.kind === 'spark') {
        p.x += p.vx * dt;
        p.y += p.vy * dt;
        p.vx *= 1 - 1.8 * dt;
        p.vy *= 1 - 1.8 * dt;
        const r = 5 * (1 - k * 0.6);
        ctx.globalAlpha = 1 - k;
        ctx.drawImage(glow(p.hue), p.x - r, p.y - r, 2 * r, 2 * r);
      } else if (p.kind === 'flash') {
        const r = p.size * (0.4 + 0.6 * k);
        ctx.globalAlpha = (1 - k) ** 2;
        ctx.drawImage(glow(p.hue, 70), p.x - r, p.y - r, 2 * r, 2 * r);
      } else {
        ctx.globalAlpha = (1 - k) * 0.8;
        ctx.strokeStyle = `hsl(${p.hue} 95% 70%)`;
        ctx.lineWidth = 3 * (1 - k);
        ctx.beginPath();
        ctx.arc(p.x, p.y, p.size * Math.sqrt(k), 0, TAU);
        ctx.stroke();
      }
      return true;
    });
    ctx.restore();
  }

  #ships(session, tick, rules, time) {
    const { ctx } = this.view, r = rules.ship_radius;
    const vitals = session.table('Vitals'), identity = session.table('Identity');
    const labels = [];
    this.scene.list = [];
    session.tracksOf('Ship').each(tick, (entity, s) => {
      const mine = entity === this.ship, v = vitals.get(entity) ?? { health: 100, shield: 0 }, hue = this.#hueOf(entity);
      ctx.save();
      ctx.translate(s.x, s.y);
      ctx.globalCompositeOperation = 'lighter';
      ctx.globalAlpha = mine ? 0.4 : 0.25;
      ctx.drawImage(glow(hue), -r * 2.4, -r * 2.4, r * 4.8, r * 4.8);
      ctx.globalAlpha = 1;
      ctx.rotate(s.heading);
      if (s.thrust) {
        const long = r * (1.25 + 0.45 * Math.sin(time * 47 + entity) + (v.boost ? 0.9 : 0));
        const flame = ctx.createLinearGradient(-r * 0.5, 0, -r * 0.5 - long, 0);
        flame.addColorStop(0, v.boost ? 'hsl(285 100% 80% / .95)' : 'hsl(195 100% 82% / .95)');
        flame.addColorStop(0.35, v.boost ? 'hsl(290 100% 62% / .6)' : 'hsl(28 100% 60% / .65)');
        flame.addColorStop(1, 'hsl(10 100% 50% / 0)');
        ctx.fillStyle = flame;
        ctx.beginPath();
        ctx.moveTo(-r * 0.5, r * 0.34);
        ctx.quadraticCurveTo(-r * 0.6 - long * 0.4, r * 0.3, -r * 0.5 - long, 0);
        ctx.quadraticCurveTo(-r * 0.6 - long * 0.4, -r * 0.3, -r * 0.5, -r * 0.34);
        ctx.fill();
      }
      ctx.globalCompositeOperation = 'source-over';
      // The hull: two wings, lit from one side, and a cockpit.
      for (const side of [1, -1]) {
        ctx.fillStyle = `hsl(${hue} ${side > 0 ? '72% 60%' : '68% 42%'})`;
        ctx.beginPath();
        ctx.moveTo(r * 1.15, 0);
        ctx.lineTo(r * 0.1, side * r * 0.42);
        ctx.lineTo(-r * 0.85, side * r * 0.92);
        ctx.lineTo(-r * 0.45, 0);
        ctx.closePath();
        ctx.fill();
      }
      ctx.strokeStyle = mine ? '#fff' : `hsl(${hue} 95% 82%)`;
      ctx.lineJoin = 'round';
      ctx.lineWidth = mine ? 1.4 : 1;
      ctx.beginPath();
      ctx.moveTo(r * 1.15, 0);
      ctx.lineTo(r * 0.1, r * 0.42);
      ctx.lineTo(-r * 0.85, r * 0.92);
      ctx.lineTo(-r * 0.45, 0);
      ctx.lineTo(-r * 0.85, -r * 0.92);
      ctx.lineTo(r * 0.1, -r * 0.42);
      ctx.closePath();
      ctx.stroke();
      ctx.fillStyle = 'rgba(235, 248, 255, .9)';
      ctx.beginPath();
      ctx.ellipse(r * 0.28, 0, r * 0.26, r * 0.13, 0, 0, TAU);
      ctx.fill();
      ctx.restore();

      if (v.shield > 0 || v.protected) {
        ctx.strokeStyle = v.protected ? `hsl(50 100% 75% / ${0.55 + 0.3 * Math.sin(time * 9)})` : `hsl(208 100% 70% / ${0.15 + (0.6 * v.shield) / 100})`;
        ctx.lineWidth = 1.6;
        ctx.beginPath();
        ctx.arc(s.x, s.y, r * 1.55, 0, TAU);
        ctx.stroke();
      }
      const name = identity.value(entity, 'name') ?? '', team = identity.value(entity, 'team') ?? 0;
      labels.push({ x: s.x, y: s.y, r, name, health: v.health, hue, mine });
      this.scene.list.push({ entity, x: s.x, y: s.y, hue, mine, team });
    });
    this.scene.ships = this.scene.list.length;
    return labels;
  }

  /** Names and health, upright and of a size that can be read. */
  #labels(labels, cx, cy) {
    const { ctx } = this.view, { scale, camera: cam } = this;
    ctx.textAlign = 'center';
    ctx.textBaseline = 'top';
    ctx.font = '500 11.5px system-ui, sans-serif';
    for (const l of labels) {
      const x = cx + (l.x - cam.x) * scale, y = cy - (l.y - cam.y) * scale, off = l.r * 1.7 * scale;
      if (!l.mine && l.name) {
        ctx.fillStyle = 'rgba(4, 6, 16, .6)';
        ctx.fillText(l.name, x + 1, y + off + 3);
        ctx.fillStyle = `hsl(${l.hue} 75% 82%)`;
        ctx.fillText(l.name, x, y + off + 2);
      }
      if (l.health < 100) {
        const w = Math.max(26, l.r * 2.2 * scale), top = y - off - 5;
        ctx.fillStyle = 'rgba(4, 6, 16, .7)';
        ctx.fillRect(x - w / 2 - 1, top - 1, w + 2, 5);
        ctx.fillStyle = l.health > 50 ? '#6ee7a0' : l.health > 25 ? '#ffc766' : '#ff6b81';
        ctx.fillRect(x - w / 2, top, (w * l.health) / 100, 3);
      }
    }
  }

  /** The edges of the picture: dark, red when hurt; and the stick. */
  #frame(dt, alive) {
    const { ctx, width, height } = this.view;
    this.hurt = Math.max(0, this.hurt - dt * 1.6);
    if (!this.vignette || this.vignette.width !== width || this.vignette.height !== height) {
      const far = Math.hypot(width, height) / 2;
      const make = (rgb, alpha) => {
        const g = ctx.createRadialGradient(width / 2, height / 2, far * 0.55, width / 2, height / 2, far);
        g.addColorStop(0, `rgba(${rgb}, 0)`);
        g.addColorStop(1, `rgba(${rgb}, ${alpha})`);
        return g;
      };
      this.vignette = { width, height, dark: make('2, 3, 10', 0.62), red: make('255, 40, 70', 0.75) };
    }
    ctx.fillStyle = this.vignette.dark;
    ctx.fillRect(0, 0, width, height);
    if (this.hurt > 0 || !alive) {
      ctx.globalAlpha = Math.max(this.hurt, alive ? 0 : 0.5);
      ctx.fillStyle = this.vignette.red;
      ctx.fillRect(0, 0, width, height);
      ctx.globalAlpha = 1;
    }
    const s = this.controls.stick;
    if (s && !s.mouse) {
      ctx.lineWidth = 2;
      ctx.strokeStyle = 'rgba(200, 215, 255, .25)';
      ctx.beginPath();
      ctx.arc(s.x, s.y, 60, 0, TAU);
      ctx.stroke();
      const far = Math.hypot(s.dx, s.dy), k = far > 60 ? 60 / far : 1;
      ctx.fillStyle = 'rgba(93, 224, 230, .45)';
      ctx.beginPath();
      ctx.arc(s.x + s.dx * k, s.y + s.dy * k, 22, 0, TAU);
      ctx.fill();
    }
  }

  // --- around the picture

  #hud(session, pilot, rules, alive, tick, time) {
    const vitals = session.table('Vitals').get(this.ship);
    $('bars').hidden = false;
    $('map').hidden = false;
    $('fire').hidden = !this.controls.touch;
    if (this.controls.used && !$('help').classList.contains('gone')) setTimeout(() => $('help').classList.add('gone'), 4000);
    const energy = pilot ? Math.min(100, pilot.energy + (Math.max(0, tick - pilot.energy_tick) / this.rate) * rules.energy_rate) : 0;
    this.#bar('hull', alive ? vitals?.health ?? 0 : 0, 30);
    this.#bar('shield', alive ? vitals?.shield ?? 0 : 0, -1);
    this.#bar('energy', alive ? energy : 0, rules.energy_shot);

    if (!alive && pilot?.respawn_tick) {
      const { ctx, width, height } = this.view, left = Math.max(0, (pilot.respawn_tick - tick) / this.rate);
      ctx.textAlign = 'center';
      ctx.textBaseline = 'middle';
      ctx.fillStyle = '#fff';
      ctx.font = '600 26px system-ui, sans-serif';
      ctx.fillText('Shot down', width / 2, height * 0.36);
      ctx.font = '15px system-ui, sans-serif';
      ctx.fillStyle = 'rgba(220, 228, 255, .8)';
      ctx.fillText(`back in ${left.toFixed(1)} s`, width / 2, height * 0.36 + 28);
    }
    if (time - this.hudAt > 0.2 || time < this.hudAt) {
      this.hudAt = time;
      this.#leaders(session);
      this.#map(session, rules);
    }
  }

  #bar(name, value, low) {
    const el = document.querySelector(`.bar.${name}`);
    el.classList.toggle('low', value <= low);
    el.lastElementChild.style.transform = `scaleX(${Math.max(0, Math.min(1, value / 100)).toFixed(3)})`;
  }

  #leaders(session) {
    const rows = [...session.table('Leader')].map(([, l]) => l).sort((a, b) => a.rank - b.rank);
    const teams = [...session.table('TeamScore')].map(([, t]) => t).sort((a, b) => a.team - b.team);
    const list = rows.map((l) => [`${l.rank}`, l.name, `${l.score}`, l.ship === this.ship]);
    if (!rows.some((l) => l.ship === this.ship)) {
      const score = session.table('Score').get(this.ship);
      if (score) list.push(['–', session.table('Identity').value(this.ship, 'name') ?? '', `${score.score}`, true]);
    }
    for (const t of teams) list.push([`T${t.team}`, ['', 'red', 'blue', 'green', 'yellow'][t.team] ?? `team ${t.team}`, `${t.score}`, false]);
    const box = $('leaders');
    box.hidden = list.length === 0;
    const key = JSON.stringify(list);
    if (key === this.leadersKey) return;
    this.leadersKey = key;
    box.querySelector('tbody').replaceChildren(...list.map(([rank, name, score, me]) => {
      const tr = document.createElement('tr');
      if (me) tr.className = 'me';
      for (const text of [rank, name, score]) tr.insertCell().textContent = text;
      return tr;
    }));
  }

  #map(session, rules) {
    const canvas = $('map'), g = canvas.getContext('2d'), size = canvas.width, k = size / rules.edge;
    const obstacles = session.table('Obstacle');
    if (!this.drawnMap || this.drawnMap.n !== obstacles.size) {
      const [c, m] = sheet(size);
      m.fillStyle = 'rgba(150, 170, 255, .3)';
      for (const [, o] of obstacles) {
        m.beginPath();
        if (o.radius) m.arc(o.x * k, size - o.y * k, Math.max(1.5, o.radius * k), 0, TAU);
        else m.rect((o.x - o.half_width) * k, size - (o.y + o.half_height) * k, Math.max(2, 2 * o.half_width * k), Math.max(2, 2 * o.half_height * k));
        m.fill();
      }
      this.drawnMap = { n: obstacles.size, picture: c };
    }
    g.clearRect(0, 0, size, size);
    g.drawImage(this.drawnMap.picture, 0, 0);
    const w = (this.view.width / this.scale) * k, h = (this.view.height / this.scale) * k;
    g.strokeStyle = 'rgba(93, 224, 230, .5)';
    g.lineWidth = 1.5;
    g.strokeRect(this.camera.x * k - w / 2, size - this.camera.y * k - h / 2, w, h);
    for (const s of this.scene.list) {
      g.fillStyle = s.mine ? '#fff' : `hsl(${s.hue} 85% 65%)`;
      g.beginPath();
      g.arc(s.x * k, size - s.y * k, s.mine ? 5 : 4, 0, TAU);
      g.fill();
    }
  }
}
