// What is kept of each ship in sight, to draw it: its look, and what fades.

import { EntityMap } from '@tickroom/client';
import { colorOf, HULLS, hullOf, mix, WHITE } from './render/palette.ts';
import type { ShipLook } from './render/scene.ts';

export interface IdentityRow {
  readonly player: number;
  readonly name: string;
  readonly team: number;
  readonly hue: number;
}

export interface VitalsRow {
  readonly health: number;
  readonly shield: number;
  readonly protected: boolean;
  readonly rapid: boolean;
  readonly boost: boolean;
}

/** What a ship lost since it was looked at last. */
export interface Loss {
  hull: number;
  shield: number;
}

/** Frames after which a ship that isn't seen is forgotten. */
const FORGET = 90;

export class Looks {
  /** Those of the last moments; drawn are those whose frame is the current one. */
  readonly list: ShipLook[] = [];
  /** Colours of all ships, also of those that are not on the screen, or no more: their bullets fly on. */
  readonly colors = new EntityMap<number>();
  readonly #byEntity = new EntityMap<ShipLook>();
  readonly #pool: ShipLook[] = [];
  readonly #loss: Loss = { hull: 0, shield: 0 };
  frame = 0;

  get(entity: number): ShipLook | undefined {
    return this.#byEntity.get(entity);
  }

  /** Returns the look of a ship that is to be drawn now. */
  meet(entity: number): ShipLook {
    let s = this.#byEntity.get(entity);
    if (!s) {
      s = this.#pool.pop() ?? blank();
      Object.assign(s, fresh);
      s.entity = entity;
      this.#byEntity.set(entity, s);
      this.list.push(s);
    }
    return s;
  }

  /** Takes note of a ship that has come into the room's view in a tick. */
  arrive(entity: number, tick: number): void {
    const s = this.meet(entity);
    s.since = tick;
    if (s.frame !== this.frame) s.frame = this.frame - 2; // it is not on the screen yet
  }

  /** Returns whether a ship was on the screen in the last frame. */
  shows(s: Readonly<ShipLook> | undefined): s is ShipLook {
    return s !== undefined && this.frame - s.frame <= 1;
  }

  /** Forgets names and vitals, so that they are read from the tables again. */
  forgetKnown(): void {
    for (const s of this.list) s.known = s.named = false;
  }

  /** Sets who flies a ship. */
  name(s: ShipLook, id: IdentityRow | undefined, own: boolean): void {
    s.own = own;
    if (!id) return;
    s.named = true;
    s.name = id.name;
    s.human = id.player > 0;
    s.team = id.team;
    s.color = colorOf(id.team, id.hue);
    s.hull = hullOf(id.team, id.hue) % HULLS;
    s.labelColor = own ? WHITE : mix(s.color, WHITE, id.player > 0 ? 0.65 : 0.35);
  }

  /** Sets a ship's vitals, and returns what it has lost since. */
  heal(s: ShipLook, v: VitalsRow | undefined): Readonly<Loss> {
    this.#loss.hull = this.#loss.shield = 0;
    if (!v) return this.#loss;
    if (s.known) {
      this.#loss.hull = Math.max(0, s.health - v.health);
      this.#loss.shield = Math.max(0, s.shield - v.shield);
      if (this.#loss.hull > 0) s.flash = 1;
      if (this.#loss.shield > 0) s.spark = 1;
    }
    s.known = true;
    s.health = v.health;
    s.shield = v.shield;
    s.protected = v.protected;
    s.rapid = v.rapid;
    s.boost = v.boost;
    return this.#loss;
  }

  /** Advances a ship by dt seconds. */
  age(s: ShipLook, thrust: boolean, dt: number): void {
    s.burn += ((thrust ? 1 : 0) - s.burn) * Math.min(1, dt * 14);
    s.flash *= Math.exp(-dt * 11);
    s.spark *= Math.exp(-dt * 5);
    s.frame = this.frame;
  }

  /** Drops the looks of ships that have not been on the screen for a while. */
  sweep(): void {
    for (let i = this.list.length - 1; i >= 0; i--) {
      const s = this.list[i]!;
      if (this.frame - s.frame < FORGET) continue;
      this.#byEntity.delete(s.entity);
      this.list[i] = this.list[this.list.length - 1]!;
      this.list.pop();
      this.#pool.push(s);
    }
  }

  clear(): void {
    this.#pool.push(...this.list);
    this.list.length = 0;
    this.colors.clear();
    this.#byEntity.clear();
  }
}

const fresh = {
  name: '',
  color: WHITE,
  labelColor: WHITE,
  hull: 0,
  team: 0,
  human: false,
  own: false,
  leader: false,
  named: false,
  known: false,
  fell: 0,
  puff: 0,
  since: 0,
  health: 100,
  shield: 0,
  protected: false,
  rapid: false,
  boost: false,
  burn: 0,
  flash: 0,
  spark: 0,
  frame: 0,
} as const;

function blank(): ShipLook {
  return { ...fresh, entity: 0, x: 0.5, y: 0.5, heading: 0.5 };
}
