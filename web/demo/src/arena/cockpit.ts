// What the page shows of the player's ship besides the ship itself: meters, the time
// left of boosts, red edges of the screen, and who shot it down.

import type { Room } from '@tickroom/client';
import type { arena } from '@tickroom/client/games/arena';
import { Every } from './every.ts';
import type { Hud } from './hud/hud.ts';
import type { OwnShip } from './ownship.ts';

// How long things last in seconds, for their displays alone.
const RESPAWN = 3;
const PROTECTED = 2.5;
const RAPID = 8;
const BOOST = 8;

export class Cockpit {
  /** How red the edges of the screen are, from 0 to 1. */
  danger = 0;
  /** The name of the player who shot the ship down; empty while it flies. */
  killer = '';
  #alive = false;
  readonly #meters = new Every(50);

  constructor(
    readonly room: Room<typeof arena>,
    readonly hud: Hud,
  ) {}

  /** Takes note of a hit. */
  struck(damage: number): void {
    if (damage > 0) this.danger = Math.min(0.6, this.danger + 0.3);
  }

  /** Forgets the ship, as the session is another one. */
  clear(): void {
    this.#alive = false;
  }

  /** Shows the state of the ship at the tick ahead. */
  show(ship: number, p: OwnShip | null, ahead: number, now: number, dt: number, calm: boolean): void {
    const { room, hud } = this;
    const [pilot] = room.tables.pilot;
    if (!p || !pilot) {
      this.danger = 0;
      return;
    }
    const v = room.tables.vitals.get(ship);
    const health = p.alive ? (v?.health ?? 0) : 0;
    if (this.#meters.due(now)) {
      hud.vitals.set(health, p.alive ? (v?.shield ?? 0) : 0, p.alive ? p.energy(ahead) : 0);
      const left = (until: number) => (p.alive ? Math.max(0, until - ahead) / room.tickRate : 0);
      hud.vitals.boost('protected', left(pilot.protectedUntil) / PROTECTED);
      hud.vitals.boost('rapid', left(pilot.rapidUntil) / RAPID);
      hud.vitals.boost('boost', left(pilot.boostUntil) / BOOST);
    }
    // At low health the edges of the screen pulse.
    const low = p.alive && health <= 30 ? (0.3 - health / 100) * 1.6 + 0.12 : 0;
    const beat = calm ? 1 : 0.75 + 0.25 * Math.sin(now / 180);
    this.danger = Math.max(low * beat, this.danger * Math.exp(-dt * 2.8));
    if (!p.alive && pilot.respawnTick > 0) {
      this.danger = 0;
      hud.fallen(this.killer, (pilot.respawnTick - room.serverTick(now)) / room.tickRate, RESPAWN);
    } else if (!this.#alive && p.alive) {
      hud.alive();
      this.killer = '';
    }
    this.#alive = p.alive;
  }
}
