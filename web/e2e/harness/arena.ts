// The arena's page as its players use it. Its state is read from window.tickroom, which
// the page has for tests.

import type { Room } from '@tickroom/client';
import type { arena } from '@tickroom/client/games/arena';

import type { View } from './browser.ts';

/** What the page offers for tests: see web/demo/src/arena/main.ts, game.ts and perf.ts. */
export interface Hooks {
  readonly room: Room<typeof arena> | null;
  readonly game: {
    /** Entity of the own ship, or of the one that is followed. */
    readonly ship: number;
    readonly own: { readonly x: number; readonly y: number; readonly heading: number; readonly alive: boolean };
    readonly visible: number;
    readonly rivals: number;
    readonly stage: {
      readonly width: number;
      readonly height: number;
      readonly camera: { readonly x: number; readonly y: number; readonly scale: number };
    };
  } | null;
  readonly perf: {
    readonly frames: number;
    readonly frameScriptMs: Float32Array;
    readonly frameGapMs: Float32Array;
    readonly visible: number;
  };
}

declare global {
  interface Window {
    readonly tickroom: Hooks;
  }
}

/** What identifies a player's session, to be compared later. */
export interface Seat {
  readonly room: string;
  readonly player: number;
  readonly ship: number;
  readonly fullSnapshots: number;
  readonly resumes: number;
}

/** Waits until the player flies a ship. */
export async function playing(view: View): Promise<Seat> {
  await view.until(
    'a ship flies',
    () => window.tickroom.room?.state === 'live' && window.tickroom.game!.ship > 0 && window.tickroom.game!.own.alive,
  );
  return seat(view);
}

export function seat(view: View): Promise<Seat> {
  return view.page.evaluate(() => {
    const { room, game } = window.tickroom;
    return {
      room: room!.id,
      player: room!.player,
      ship: game!.ship,
      fullSnapshots: room!.stats.fullSnapshots,
      resumes: room!.stats.resumes,
    };
  });
}

/** Returns the player's name as others see it. The player's ship must fly. */
export function callsign(view: View): Promise<string> {
  return view.until(
    'the ship has a name',
    () => window.tickroom.room!.tables.identity.get(window.tickroom.game!.ship)?.name,
  );
}

/** Waits for more checks of the state hash, and checks that none has failed. */
export async function sound(view: View, more = 1): Promise<void> {
  const before = await view.page.evaluate(() => window.tickroom.room!.stats.hashChecks);
  await view.until('more hashes were compared', (n) => window.tickroom.room!.stats.hashChecks >= n, before + more);
  const desyncs = await view.page.evaluate(() => window.tickroom.room!.stats.desyncs);
  if (desyncs !== 0) throw new Error(`the state differed from the server's ${desyncs} times`);
}

/** Points the mouse from the own ship towards another one, and flies there if it is far. */
export async function chase(view: View, ship: number): Promise<void> {
  const at = await view.page.evaluate((entity) => {
    const { room, game } = window.tickroom;
    const other = room!.tables.ship.get(entity);
    if (!other || !game!.own.alive) return undefined;
    const { own, stage } = game!;
    const { camera } = stage;
    const dx = other.x - own.x;
    const dy = other.y - own.y;
    const far = Math.hypot(dx, dy);
    const x = stage.width / 2 + (own.x - camera.x) * camera.scale;
    const y = stage.height / 2 - (own.y - camera.y) * camera.scale;
    return { x: x + (dx / far) * 120, y: y - (dy / far) * 120, far };
  }, ship);
  if (!at) return;
  await view.page.mouse.move(at.x, at.y);
  if (at.far > 120) await view.page.keyboard.down('KeyW');
  else await view.page.keyboard.up('KeyW');
}
