// What the player does: keys, a finger or the mouse.

const keys = {
  ArrowLeft: 'left', KeyA: 'left', ArrowRight: 'right', KeyD: 'right', ArrowUp: 'up', KeyW: 'up', Space: 'fire',
};

export class Controls {
  /** fire is a button for fingers. */
  constructor(canvas, fire) {
    this.held = new Set();
    this.stick = null; // {id, x, y, dx, dy, mouse}
    this.firing = false;
    this.used = false;
    this.touch = matchMedia('(pointer: coarse)').matches;

    window.addEventListener('keydown', (e) => {
      const what = keys[e.code];
      if (!what || e.ctrlKey || e.metaKey || e.altKey || e.target.tagName === 'INPUT') return;
      e.preventDefault();
      this.used = true;
      this.held.add(what);
    });
    window.addEventListener('keyup', (e) => this.held.delete(keys[e.code]));
    window.addEventListener('blur', () => this.#drop());
    document.addEventListener('visibilitychange', () => { if (document.hidden) this.#drop(); });

    canvas.addEventListener('pointerdown', (e) => {
      this.used = true;
      if (e.pointerType === 'touch') this.touch = true;
      if (this.stick && this.stick.id !== e.pointerId) {
        this.firing = true; // a second finger, anywhere
        this.second = e.pointerId;
        return;
      }
      canvas.setPointerCapture(e.pointerId);
      this.stick = { id: e.pointerId, x: e.clientX, y: e.clientY, dx: 0, dy: 0, mouse: e.pointerType === 'mouse' };
      this.#move(e);
    });
    canvas.addEventListener('pointermove', (e) => this.#move(e));
    const up = (e) => {
      if (this.stick?.id === e.pointerId) this.stick = null;
      if (this.second === e.pointerId) {
        this.firing = false;
        this.second = undefined;
      }
    };
    canvas.addEventListener('pointerup', up);
    canvas.addEventListener('pointercancel', up);
    canvas.addEventListener('contextmenu', (e) => e.preventDefault());

    const press = (on) => (e) => {
      e.preventDefault();
      this.used = true;
      this.firing = on;
      fire.classList.toggle('on', on);
    };
    fire.addEventListener('pointerdown', press(true));
    for (const end of ['pointerup', 'pointercancel', 'pointerleave']) fire.addEventListener(end, press(false));
  }

  #drop() {
    this.held.clear();
    this.stick = null;
    this.firing = false;
  }

  #move(e) {
    const s = this.stick;
    if (s?.id !== e.pointerId) return;
    if (s.mouse) {
      // The ship is in the middle.
      s.dx = e.clientX - innerWidth / 2;
      s.dy = e.clientY - innerHeight / 2;
      return;
    }
    s.dx = e.clientX - s.x;
    s.dy = e.clientY - s.y;
    // The stick's foot follows a finger that goes far.
    const far = Math.hypot(s.dx, s.dy) / 70;
    if (far > 1) {
      s.x += s.dx * (1 - 1 / far);
      s.y += s.dy * (1 - 1 / far);
    }
  }

  /** {turn, thrust, fire, steer, aim}, as a ShipInput has them. */
  read() {
    const out = {
      turn: (this.held.has('left') ? 1 : 0) - (this.held.has('right') ? 1 : 0), thrust: this.held.has('up') ? 1 : 0,
      fire: this.firing || this.held.has('fire'), steer: false, aim: 0,
    };
    const s = this.stick;
    if (s) {
      const reach = Math.hypot(s.dx, s.dy);
      if (reach > 8) {
        out.steer = true;
        out.aim = Math.atan2(-s.dy, s.dx);
        out.thrust = Math.min(1, reach / (s.mouse ? 140 : 60));
      }
    }
    return out;
  }
}
