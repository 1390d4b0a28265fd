// A room on the screen: listens to the room, has the own ship predicted, and draws frames.

import type { Room, View } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import { t } from '../i18n.ts';
import { Board } from './board.ts';
import { Bullets } from './bullets.ts';
import { Cockpit } from './cockpit.ts';
import { Every } from './every.ts';
import { Feedback } from './feedback.ts';
import type { Hud, Mode } from './hud/hud.ts';
import type { Controls } from './input/controls.ts';
import { type IdentityRow, Looks, type VitalsRow } from './looks.ts';
import { radians, type ShipInput } from './motion.ts';
import { OwnShip, pilotRules } from './ownship.ts';
import { PendingVitals } from './pendingvitals.ts';
import { Effects } from './render/effects.ts';
import { colorOf, ICE } from './render/palette.ts';
import { Scene } from './render/scene.ts';
import type { Stage } from './render/stage.ts';
import type { Sounds } from './sound.ts';
import { type Obstacle, Terrain } from './terrain.ts';
import { Timeline } from './timeline.ts';

export type ArenaRoom = Room<typeof arena>;

/** A ship that has been in the room's view for longer, in ticks, has not just spawned. */
const NEW = 30;
const KILL = 10; // points, for the text alone
/** The page counts as hidden after so many milliseconds without a frame. */
const UNSEEN = 3000;
/** With more ships than this only players and ships near the middle have labels. */
const CROWD = 40;
/** With up to so many ships, arrows point at those beyond the screen. */
const POINTED = 30;
const NOTHING: Readonly<ShipInput> = { turn: 0, thrust: 0, fire: false, steer: false, aim: 0 };

export class Game {
  readonly looks = new Looks();
  readonly effects: Effects;
  pilot: OwnShip | null = null;
  bullets: Bullets | null = null;
  terrain: Terrain | null = null;
  /** Whether to move less, for people who prefer reduced motion. */
  calm = false;
  /** The number of ships, bullets and pickups on the screen in the last frame, for tests. */
  visible = 0;
  /** The number of other ships in view. */
  rivals = 0;

  readonly #scene: Scene;
  readonly #pending = new PendingVitals();
  #missedUntil = 0; // vitals up to this tick have come and were not kept
  #rules: arena.Rules | null = null;
  #dirty = true; // the terrain has to be built anew from the rows
  #ship = 0; // the entity of the own ship, or of the one that is followed
  #team = 0;
  #leader = 0;
  #ahead = 0; // the tick that the own ship is shown at
  #shownAt = performance.now(); // of the last frame, in milliseconds
  readonly #coming = new Timeline();
  readonly #feedback: Feedback;
  readonly #cockpit: Cockpit;
  readonly #board: Board;
  readonly #boardTime = new Every(250);
  readonly #mapTime = new Every(100);
  readonly #off: (() => void)[] = [];

  constructor(
    readonly room: ArenaRoom,
    readonly stage: Stage,
    readonly controls: Controls,
    readonly sounds: Sounds,
    readonly hud: Hud,
    readonly mode: Mode,
  ) {
    this.effects = new Effects(stage.atlas);
    this.#feedback = new Feedback(this.looks, this.effects, stage.camera, sounds);
    this.#cockpit = new Cockpit(room, hud);
    this.#board = new Board(hud.leaders);
    this.#scene = new Scene(stage.batch, stage.atlas, stage.camera);
    stage.camera.forget();
    const { tables } = room;
    const off = this.#off;
    const dirty = () => (this.#dirty = true);
    off.push(tables.obstacle.onAdd(dirty), tables.obstacle.onRemove(dirty), tables.rules.onAdd(dirty));
    off.push(
      tables.bullet.onAdd((row, entity) => {
        this.#settle();
        this.bullets?.add(entity, row, this.#own);
      }),
      tables.bullet.onRemove((_, entity) => this.bullets?.remove(entity, room.tick)),
      tables.ship.onAdd((_, entity) => {
        if (!this.#unseen) this.looks.arrive(entity, room.tick);
      }),
      tables.vitals.onAdd((row, entity) => this.#vitals(row, entity)),
      tables.vitals.onChange((row, entity) => this.#vitals(row, entity)),
      tables.identity.onAdd((row, entity) => this.#identity(row, entity, this.looks.get(entity)?.named ?? false)),
      tables.identity.onChange((row, entity) => this.#identity(row, entity, true)),
      room.on('snapshot', () => this.#snapshot()),
      room.on('rejoined', () => this.#anew()),
    );
    this.#listen();
    if (room.tick > 0) this.#snapshot();
  }

  /** Detaches from the room. */
  stop(): void {
    for (const off of this.#off) off();
    this.pilot?.stop();
    this.sounds.engine(0);
    this.controls.release();
    this.hud.time(Infinity);
  }

  /** The entity of the ship in the middle: the own one, or the one that is followed. */
  get ship(): number {
    return this.#ship;
  }

  /** Where the own ship is shown, for tests. */
  get own(): { x: number; y: number; heading: number; alive: boolean } {
    const p = this.pilot;
    return p ? { x: p.x, y: p.y, heading: p.heading, alive: p.alive } : { x: 0, y: 0, heading: 0, alive: false };
  }

  /** The entity of the own ship; 0 for a spectator. */
  get #own(): number {
    return this.mode === 'play' ? this.#ship : 0;
  }

  /** Whether there has been no frame for so long that the page must be hidden. */
  get #unseen(): boolean {
    return performance.now() - this.#shownAt > UNSEEN;
  }

  // --- listening to the room

  #listen(): void {
    const { room } = this;
    const feedback = this.#feedback;
    const off = this.#off;
    off.push(
      room.onEvent(arena.Explosion, (e, tick) => {
        const own = this.mode === 'play' && e.ship === this.#ship;
        const show = () => feedback.explode(e.x, e.y, e.ship, own);
        // The own ship is shown ahead of the others, so its end comes at once.
        if (own) show();
        else this.#coming.at(tick, show);
      }),
      room.onEvent(arena.PickupTaken, (e, tick) => {
        const show = () => feedback.taken(e.ship, e.kind);
        if (e.ship === this.#own) show();
        else this.#coming.at(tick, show);
      }),
      room.onEvent(arena.Hit, (e, tick) => {
        if (this.mode !== 'play') return;
        if (e.ship === this.#ship) {
          feedback.struck(e.ship, e.damage);
          this.#cockpit.struck(e.damage);
        } else if (e.by === this.#ship) this.#coming.at(tick, () => feedback.hit(e.ship, e.damage));
      }),
      room.onEvent(arena.Kill, (e) => {
        const mine = this.mode !== 'play' ? '' : e.by === this.#ship ? 'by' : e.ship === this.#ship ? 'ship' : '';
        this.hud.feed.kill(e.byName, e.name, mine);
        if (mine === 'by') {
          this.sounds.play('kill', 0.7);
          this.hud.toast(t('arena.kill.you', { name: e.name }), t('arena.kill.points', { n: KILL }));
        }
        if (mine === 'ship') this.#cockpit.killer = e.byName;
      }),
      room.onEvent(arena.Said, (e) => {
        const mine = e.player === room.player && this.mode === 'play';
        this.hud.chat.said(e.name, e.text, e.team, mine);
        if (!mine) this.sounds.play('talk', 0.35);
      }),
    );
  }

  /** Drops everything of the session before. */
  #anew(): void {
    this.looks.clear();
    this.effects.clear();
    this.bullets?.clear();
    this.#pending.clear();
    this.#coming.clear();
    this.pilot?.stop();
    this.pilot = null;
    this.bullets = null;
    this.terrain = null;
    this.#dirty = true;
    this.#ship = this.#ahead = 0;
    this.#cockpit.clear();
    this.#boardTime.restart();
    this.#mapTime.restart();
    this.hud.feed.clear();
    this.stage.camera.forget();
  }

  /** Builds the terrain, and what depends on it, when its rows have changed. */
  #settle(): void {
    if (!this.#dirty) return;
    const { room } = this;
    const [rules] = room.tables.rules;
    if (!rules) return;
    this.#dirty = false;
    this.#rules = { ...rules };
    const obstacles: Obstacle[] = [];
    for (const o of room.tables.obstacle)
      obstacles.push({ x: o.x, y: o.y, radius: o.radius, halfWidth: o.halfWidth, halfHeight: o.halfHeight });
    this.terrain = new Terrain(rules.edge, rules.shipRadius, obstacles);
    const perTick = rules.bulletSpeed / room.tickRate;
    const end = this.#feedback.ended.bind(this.#feedback);
    this.bullets = new Bullets(perTick, rules.bulletRange, this.terrain, { end });
    for (const b of room.tables.bullet) this.bullets.add(b.entity, b, this.#own);
    this.pilot?.stop();
    this.pilot = this.mode === 'play' ? new OwnShip(room, pilotRules(rules), this.terrain) : null;
    if (this.pilot) {
      this.pilot.onFire = (tick, m) => {
        this.bullets?.expect(this.#ship, m.x, m.y, radians(m.heading), tick);
        this.sounds.play('shot', 0.5);
      };
    }
    this.hud.chat.teams = rules.teams > 0;
  }

  #vitals(row: VitalsRow, entity: number): void {
    // Vitals that were not kept are read from the table when they are to be shown.
    if (!this.#pending.add(this.room.tick, entity, row)) this.#missedUntil = this.room.tick;
  }

  /** Takes note of who flies a ship; anew if the ship had another name or pilot before. */
  #identity(row: IdentityRow, entity: number, anew: boolean): void {
    const { looks, room } = this;
    looks.colors.set(entity, colorOf(row.team, row.hue));
    if (!anew || this.#unseen) return;
    this.#coming.at(room.tick, () => {
      const s = looks.get(entity);
      if (s) s.named = false;
    });
  }

  #snapshot(): void {
    this.#settle();
    if (this.#unseen) {
      // The page is hidden: what would be shown must not pile up.
      this.bullets?.clear();
      this.#pending.clear();
      this.#coming.clear();
    }
    const [pilot] = this.room.tables.pilot;
    if (pilot && this.pilot) this.#ship = pilot.ship;
  }

  // --- drawing a frame

  /** Draws the frame at now, in milliseconds, dt seconds after the last one. */
  frame(now: number, dt: number): void {
    const { room, stage, terrain } = this;
    const view = room.view(now);
    const rules = this.#rules;
    this.looks.frame++;
    if (!rules || !terrain || !this.bullets || view.tick === 0) {
      stage.camera.update(dt, this.calm);
      stage.begin(rules?.viewRadius ?? 400);
      stage.end(rules?.edge ?? 4096, 0);
      return;
    }
    if (this.#unseen) {
      this.looks.forgetKnown();
      this.bullets.clear();
      for (const b of room.tables.bullet) this.bullets.add(b.entity, b, this.#own);
    }
    this.#shownAt = performance.now();
    this.effects.calm = this.calm;
    this.#steer(now);
    this.#coming.play(view.tick);
    this.#look(view, dt);
    stage.camera.update(dt, this.calm);
    stage.begin(rules.viewRadius);
    this.#draw(view, rules, terrain, now / 1000, dt);
    const { danger } = this.#cockpit;
    stage.end(rules.edge, this.calm ? Math.min(0.5, danger) : danger);
    this.#report(view, rules, now, dt);
    if (this.looks.frame % 30 === 0) this.looks.sweep();
  }

  /** Sends an input for each tick, and moves the own ship to where it is shown. */
  #steer(now: number): void {
    const { pilot } = this;
    if (!pilot || this.#ship === 0) return;
    pilot.update(now, this.#read);
    this.#ahead = pilot.tick;
    this.sounds.engine(pilot.alive ? pilot.thrust : 0);
  }

  /** Returns what the pilot does in a tick. A field, so that the function is made only once. */
  readonly #read = (): Readonly<ShipInput> => {
    const { pilot, controls, stage } = this;
    if (!pilot?.alive) return NOTHING;
    if (pilot.vx !== 0 || pilot.vy !== 0) controls.keys.back = Math.atan2(-pilot.vy, -pilot.vx);
    const { camera } = stage;
    return controls.read(
      stage.width / 2 + (pilot.x - camera.x) * camera.scale,
      stage.height / 2 - (pilot.y - camera.y) * camera.scale,
      pilot.heading,
    );
  };

  /** Moves the camera. */
  #look(view: View<typeof arena>, dt: number): void {
    const { camera } = this.stage;
    const p = this.pilot;
    if (p) {
      // A little ahead of the ship.
      if (p.alive) camera.follow(p.x + p.vx * 0.1, p.y + p.vy * 0.1, 0.09, dt);
      return;
    }
    const [row] = this.room.tables.camera;
    if (!row) {
      this.#lookThrough(view, dt);
      return;
    }
    this.#ship = row.ship;
    const s = view.tables.ship.get(row.ship);
    if (s) camera.follow(s.x, s.y, 0.12, dt);
    else camera.follow(row.x, row.y, 0.3, dt);
  }

  /** Moves the camera with the player's ship whose eyes a replay is seen through. */
  #lookThrough(view: View<typeof arena>, dt: number): void {
    const [pilot] = this.room.tables.pilot;
    if (!pilot) return;
    this.#ship = pilot.ship;
    const s = view.tables.ship.get(pilot.ship);
    this.stage.camera.follow(s?.x ?? pilot.x, s?.y ?? pilot.y, 0.12, dt);
  }

  #draw(view: View<typeof arena>, rules: arena.Rules, terrain: Terrain, time: number, dt: number): void {
    const scene = this.#scene;
    const { looks } = this;
    const bullets = this.bullets!;
    const p = this.pilot;
    const { camera } = this.stage;
    scene.obstacles(terrain, time);
    let visible = 0;
    for (const row of view.tables.pickup) {
      scene.pickup(row.entity, row.kind, row.x, row.y, time);
      if (camera.sees(row.x, row.y, 20)) visible++;
    }
    bullets.update(view.tick, p ? this.#ahead : view.tick, p ? p.x : 0, p ? p.y : 0, camera);
    for (let i = 0; i < bullets.live.length; i++) {
      const b = bullets.live[i]!;
      scene.bullet(b, looks.colors.get(b.ship) ?? ICE);
      if (camera.sees(b.px, b.py, 10)) visible++;
    }
    this.#pending.play(view.tick, this.#heal);
    if (this.#missedUntil > 0) {
      looks.forgetKnown();
      if (view.tick >= this.#missedUntil) this.#missedUntil = 0;
    }
    const { rows } = view.tables.ship;
    const reach = rules.shipRadius * 3;
    const pointed = rows.length <= POINTED;
    this.rivals = rows.length - (p && view.tables.ship.has(this.#ship) ? 1 : 0);
    for (let i = 0; i < rows.length; i++) {
      const row = rows[i]!;
      const { entity } = row;
      if (p && entity === this.#ship) continue;
      const { x, y } = row;
      if (camera.sees(x, y, reach)) {
        this.#other(view, rules, row, x, y, time, dt);
        visible++;
      } else if (pointed) scene.pointer(x, y, looks.colors.get(entity) ?? ICE);
    }
    if (p?.alive && this.#ship !== 0) {
      this.#self(p, rules, time, dt);
      visible++;
    }
    this.#missing(view, rules);
    this.effects.draw(this.stage.batch, camera, dt);
    this.visible = visible;
  }

  /** A field, so that the function is made only once. */
  readonly #heal = (entity: number, v: VitalsRow): void => this.#feedback.vitals(entity, v);

  /** Draws another ship, which is on the screen at (x, y). */
  #other(
    view: View<typeof arena>,
    rules: arena.Rules,
    row: { entity: number; heading: number; thrust: boolean },
    x: number,
    y: number,
    time: number,
    dt: number,
  ): void {
    const { looks, stage } = this;
    const { camera } = stage;
    const { entity } = row;
    const s = looks.meet(entity);
    const came = s.frame !== looks.frame - 1;
    s.x = x;
    s.y = y;
    s.heading = row.heading;
    s.leader = entity === this.#leader;
    if (!s.named) looks.name(s, view.tables.identity.get(entity), false);
    if (came) {
      s.known = false;
      s.flash = s.spark = 0;
    }
    if (!s.known) looks.heal(s, view.tables.vitals.get(entity));
    looks.age(s, row.thrust, dt);
    if (came && s.protected && view.tick - s.since < NEW) this.#feedback.spawned(s);
    this.#feedback.exhaust(s, rules.shipRadius, dt);
    this.#scene.ship(s, rules.shipRadius, time);
    this.#scene.badge(s, rules.shipRadius);
    const dx = (x - camera.x) * camera.scale;
    const dy = (y - camera.y) * camera.scale;
    if (this.rivals > CROWD && !s.human && dx * dx + dy * dy > 150 * 150) return;
    const below = rules.shipRadius * 1.75 + (s.health < 100 || s.shield > 0 ? 10 : 4) / camera.scale;
    stage.labels.put(entity, s.name, s.labelColor, x, y - below, camera);
  }

  #self(p: OwnShip, rules: arena.Rules, time: number, dt: number): void {
    const { looks, room } = this;
    const s = looks.meet(this.#ship);
    const came = s.frame !== looks.frame - 1;
    s.x = p.x;
    s.y = p.y;
    s.heading = p.heading;
    s.leader = this.#ship === this.#leader;
    const id = room.tables.identity.get(this.#ship);
    this.#team = id?.team ?? 0;
    looks.name(s, id, true);
    looks.heal(s, room.tables.vitals.get(this.#ship));
    looks.age(s, p.thrust > 0, dt);
    if (came) this.#feedback.spawned(s);
    this.#feedback.exhaust(s, rules.shipRadius, dt);
    this.#scene.ship(s, rules.shipRadius, time);
    this.#scene.badge(s, rules.shipRadius);
  }

  /** Shows that ships have left: those that were well in view a frame ago and were not shot down. */
  #missing(view: View<typeof arena>, rules: arena.Rules): void {
    const { list, frame } = this.looks;
    const { camera } = this.stage;
    for (let i = 0; i < list.length; i++) {
      const s = list[i]!;
      if (s.frame !== frame - 1 || frame - s.fell < 30 || s.own || view.tables.ship.has(s.entity)) continue;
      if (camera.sees(s.x, s.y, 0) && Math.hypot(s.x - camera.x, s.y - camera.y) < rules.viewRadius * 0.85)
        this.#feedback.left(s);
    }
  }

  // --- around the picture

  #report(view: View<typeof arena>, rules: arena.Rules, now: number, dt: number): void {
    const { room, hud, pilot: p } = this;
    this.#cockpit.show(this.#ship, p, this.#ahead, now, dt, this.calm);
    // At a high frame rate the map and the board are drawn in different frames.
    const board = this.#boardTime.due(now);
    if ((!board || dt > 0.04) && this.#mapTime.due(now)) {
      hud.minimap.draw(
        this.terrain!,
        this.stage.camera,
        rules.viewRadius,
        view.tables.ship.rows,
        this.looks.colors,
        p?.alive ? p : undefined,
        this.#own,
      );
    }
    if (!board) return;
    this.#leader = this.#board.show(room, this.mode, this.#ship, this.#team);
    hud.time(rules.endTick > 0 ? (rules.endTick - room.serverTick(now)) / room.tickRate : Infinity);
    if (this.mode === 'watch') {
      const [camera] = room.tables.camera;
      const [pilot] = room.tables.pilot;
      const row = camera ?? (pilot && { ship: pilot.ship, auto: false });
      const id = row ? (view.tables.identity.get(row.ship) ?? room.tables.identity.get(row.ship)) : undefined;
      let name = id?.name ?? '';
      if (!name && row) for (const l of room.tables.leader) if (l.ship === row.ship) name = l.name;
      if (row?.ship && !name) name = '…';
      hud.watching(name, row?.auto ?? true);
    }
  }
}
