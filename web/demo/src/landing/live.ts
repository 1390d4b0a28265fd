// Watches an arena of this server, for the picture behind the headline while somebody
// plays. It is loaded only then.

import { Client, type Room } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';

import { colorOf } from '../arena/render/palette.ts';
import type { Scene } from './scene.ts';

/** How long to keep watching after all players have left, in milliseconds. */
const alone = 20_000;

export class Live {
  readonly room: Room<typeof arena>;

  readonly #scene: Scene;
  #aloneSince = 0;
  /** Colours by ship, as one that has just blown up is not in the tables any more. */
  readonly #colours = new Map<number, number>();

  /** Called by {@link Live.watch}. */
  constructor(room: Room<typeof arena>, scene: Scene) {
    this.room = room;
    this.#scene = scene;
    room.onEvent(arena.Explosion, (e) => {
      // The view is a little in the past.
      const age = -room.interpolation.delayMs / 1000;
      if (scene.blasts.length < 8)
        scene.blasts.push({ x: e.x, y: e.y, colour: this.#colours.get(e.ship) ?? this.#colour(e.ship), age });
    });
  }

  /** Watches a room, at half of its rate, which is enough for a background. */
  static async watch(roomId: string, scene: Scene, signal: AbortSignal): Promise<Live> {
    const room = await new Client('/ws').spectate(arena, roomId, { every: 2, signal, timeoutMs: 5000 });
    return new Live(room, scene);
  }

  /** Whether there is still a game to watch. */
  worthwhile(now: number): boolean {
    if (this.room.state === 'closed') return false;
    for (const c of this.room.tables.census) {
      if (c.players > 0) this.#aloneSince = 0;
      else this.#aloneSince ||= now;
    }
    return this.#aloneSince === 0 || now - this.#aloneSince < alone;
  }

  census(): { players: number; bots: number } | undefined {
    for (const c of this.room.tables.census) return { players: c.players, bots: c.bots };
    return undefined;
  }

  /** Sets the scene to the view of the room now. */
  step(now: number, dt: number): void {
    const { sight } = this.#scene;
    const view = this.room.view(now);
    const { tables } = view;
    let rules: arena.Rules | undefined;
    for (const r of tables.rules) rules = r;
    if (!rules) return;
    sight.radius = rules.viewRadius * 1.12;
    sight.edge = rules.edge;
    for (const c of this.room.tables.camera) {
      const followed = c.ship === 0 ? undefined : tables.ship.get(c.ship);
      this.#look(followed?.x ?? c.x, followed?.y ?? c.y, dt);
    }
    let n = 0;
    for (const s of tables.ship) {
      const who = this.room.tables.identity.get(s.entity);
      const ship = (sight.ships[n++] ??= { id: 0, x: 0, y: 0, heading: 0, colour: 0, thrust: false, name: '' });
      ship.id = s.entity;
      ship.x = s.x;
      ship.y = s.y;
      ship.heading = s.heading;
      ship.thrust = s.thrust;
      ship.colour = this.#colour(s.entity);
      this.#colours.set(s.entity, ship.colour);
      ship.name = who && who.player > 0 ? who.name : '';
    }
    sight.ships.length = n;
    if (this.#colours.size > 500) this.#colours.clear();
    n = 0;
    const perTick = rules.bulletSpeed / this.room.tickRate;
    for (const b of tables.bullet) {
      const way = (view.tick - b.tick) * perTick;
      if (way < 0) continue;
      const shot = (sight.shots[n++] ??= { x: 0, y: 0, heading: 0 });
      shot.x = b.x + Math.cos(b.heading) * way;
      shot.y = b.y + Math.sin(b.heading) * way;
      shot.heading = b.heading;
    }
    sight.shots.length = n;
    n = 0;
    for (const p of tables.pickup) {
      const to = (sight.pickups[n++] ??= { x: 0, y: 0, kind: 0 });
      to.x = p.x;
      to.y = p.y;
      to.kind = p.kind;
    }
    sight.pickups.length = n;
    n = 0;
    for (const o of this.room.tables.obstacle) {
      const reach = Math.max(o.radius, o.halfWidth, o.halfHeight) + sight.radius * 2.5;
      if (Math.abs(o.x - sight.x) > reach || Math.abs(o.y - sight.y) > reach) continue;
      const rock = (sight.rocks[n++] ??= { x: 0, y: 0, radius: 0, w: 0, h: 0 });
      rock.x = o.x;
      rock.y = o.y;
      rock.radius = o.radius;
      rock.w = o.halfWidth;
      rock.h = o.halfHeight;
    }
    sight.rocks.length = n;
  }

  /** Moves the middle of the picture smoothly, but not across the map. */
  #look(x: number, y: number, dt: number): void {
    const { sight } = this.#scene;
    const dx = x - sight.x;
    const dy = y - sight.y;
    const part = Math.hypot(dx, dy) > 500 ? 1 : 1 - Math.exp(-4 * dt);
    sight.x += dx * part;
    sight.y += dy * part;
  }

  #colour(ship: number): number {
    const who = this.room.tables.identity.get(ship);
    return who ? colorOf(who.team, who.hue) : 0xffb83d;
  }
}
