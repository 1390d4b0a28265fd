// Walkers as dots: what a capacity test looks like from inside.

import { Writer } from './tickroom.js';
import { Controls } from './controls.js';

export class Walkers {
  constructor(view) {
    this.view = view;
    this.controls = new Controls(document.getElementById('view'), document.getElementById('fire'));
    this.seen = 0;
    this.box = null;
  }

  start(welcome, session) {
    this.player = welcome.player;
    this.box = null;
    this.heading = 0;
    session.input = () => {
      // Without a hand on it the walker goes where the game likes.
      if (!this.controls.used) return null;
      const c = this.controls.read();
      this.heading += c.turn * 0.15;
      if (c.steer) this.heading = c.aim;
      return new Writer().float(1, this.heading).bool(2, !c.thrust).finish();
    };
  }

  event() {}

  summary() { return `${this.seen} walkers`; }

  draw(session, tick) {
    const { ctx, width, height } = this.view;
    ctx.fillStyle = '#060919';
    ctx.fillRect(0, 0, width, height);
    const tracks = session.tracksOf('Walker');
    if (!tracks) return;
    const list = [];
    tracks.each(tick, (entity, w) => list.push(w));
    this.seen = list.length;
    if (!list.length) return;

    // The map's size is not told: a power of two around all that was seen.
    let most = this.box ?? 64;
    for (const w of list) while (Math.max(Math.abs(w.x), Math.abs(w.y)) > most) most *= 2;
    this.box = most;
    const side = Math.min(width, height - 120), scale = side / most, left = (width - side) / 2, top = (height - side) / 2 + 20;
    ctx.strokeStyle = 'rgba(130, 150, 255, .3)';
    ctx.strokeRect(left, top, side, side);
    ctx.strokeStyle = 'rgba(130, 150, 255, .07)';
    ctx.beginPath();
    for (let i = 1; i < 8; i++) {
      ctx.moveTo(left + (i * side) / 8, top);
      ctx.lineTo(left + (i * side) / 8, top + side);
      ctx.moveTo(left, top + (i * side) / 8);
      ctx.lineTo(left + side, top + (i * side) / 8);
    }
    ctx.stroke();
    const r = Math.max(2.5, Math.min(7, 60 / Math.sqrt(list.length)));
    for (const w of list) {
      const x = left + w.x * scale, y = top + side - w.y * scale, mine = w.player === this.player;
      ctx.fillStyle = mine ? '#fff' : w.player ? `hsl(${(w.player * 67) % 360} 80% 65%)` : '#7f8bb8';
      ctx.globalAlpha = 0.35 + 0.65 * Math.min(1, w.health / 100);
      ctx.beginPath();
      ctx.arc(x, y, r, 0, 7);
      ctx.fill();
      ctx.strokeStyle = ctx.fillStyle;
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.moveTo(x, y);
      ctx.lineTo(x + Math.cos(w.heading) * r * 2.2, y - Math.sin(w.heading) * r * 2.2);
      ctx.stroke();
      if (mine) {
        ctx.beginPath();
        ctx.arc(x, y, r * 2.6, 0, 7);
        ctx.stroke();
      }
    }
    ctx.globalAlpha = 1;
    ctx.lineWidth = 1;
  }
}
