// A bot for Node: flies about in an arena and shoots at whoever is nearest.
//
//   node bot.js ws://localhost:7777/ws

import { connect, type Room, webSocketBy } from '@tickroom/client';
import { arena } from '@tickroom/client/games/arena';
import WebSocket from 'ws';

/** Plays until it is told to stop. */
export async function play(url: string, signal: AbortSignal): Promise<Room<typeof arena>> {
  const room = await connect(url, arena, { socket: webSocketBy(WebSocket), name: 'Bot', signal });
  room.onEvent(arena.Kill, (k) => console.log(`${k.byName} has shot down ${k.name}`));
  // Once for each snapshot is as often as there is news.
  const off = room.on('snapshot', () => {
    const [pilot] = room.tables.pilot;
    const own = pilot && room.tables.ship.get(pilot.ship);
    if (!own) return; // it is shot down, and will be back
    let nearest: { x: number; y: number } | undefined;
    let least = Infinity;
    for (const s of room.tables.ship) {
      const distance = Math.hypot(s.x - own.x, s.y - own.y);
      if (s.entity !== own.entity && distance < least) [nearest, least] = [s, distance];
    }
    if (nearest)
      room.input({
        steer: true,
        aim: Math.atan2(nearest.y - own.y, nearest.x - own.x),
        thrust: least > 150 ? 1 : 0,
        fire: least < 300,
      });
    else room.input({ turn: 0.3, thrust: 0.5 });
  });
  signal.addEventListener('abort', () => {
    off();
    void room.leave();
  });
  return room;
}

if (process.argv[1]?.endsWith('bot.js')) {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  await play(process.argv[2] ?? 'ws://localhost:7777/ws', stop.signal);
}
