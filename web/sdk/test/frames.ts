// Messages like those of a server.

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { walkers } from '../src/games/walkers.js';
import { type ServerFrame, ServerFrameSchema, type Table, type TableSchema } from '../src/gen/tickroom/v1/frame_pb.js';

export type FrameInit = Exclude<MessageInitShape<typeof ServerFrameSchema>, ServerFrame>;
export type TableInit = Exclude<MessageInitShape<typeof TableSchema>, Table>;

export function serverFrame(init: FrameInit): Uint8Array {
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, init));
}

export const zigzag = (v: number): number => ((v << 1) ^ (v >> 31)) >>> 0;

/** Fields of a walker, in their units. */
export interface WalkerInit {
  x?: number;
  y?: number;
  heading?: number;
  health?: number;
  lastInput?: number;
  player?: number;
}

/** Returns the row of a walker with absolute values, for the list mixed. */
export function walker(entity: number, w: WalkerInit): number[] {
  let mask = 0;
  const values: number[] = [];
  const put = (n: number, v: number | undefined): void => {
    if (v === undefined) return;
    mask |= 1 << (n - 1);
    values.push(v);
  };
  put(1, w.x === undefined ? undefined : zigzag(Math.round(w.x / 0.125)));
  put(2, w.y === undefined ? undefined : zigzag(Math.round(w.y / 0.125)));
  put(3, w.heading === undefined ? undefined : Math.round(w.heading / (Math.PI / 128)) & 255);
  put(4, w.health);
  put(5, w.lastInput);
  put(6, w.player);
  return [mask, entity, ...values];
}

/** A table of walkers with absolute values. */
export function walkersTable(rows: Readonly<Record<number, WalkerInit>>, removed: number[] = []): TableInit {
  return { component: 1, mixed: Object.entries(rows).flatMap(([e, w]) => walker(Number(e), w)), removed };
}

/** A snapshot of walkers with absolute values. */
export function snapshot(tick: number, rows: Readonly<Record<number, WalkerInit>>, more: FrameInit = {}): FrameInit {
  return { tick, set: Object.keys(rows).length > 0 ? [walkersTable(rows)] : [], ...more };
}

/** A welcome for a client that has the walkers' schema. */
export const welcome = {
  session: 'SESSION',
  room: 'walkers-1',
  kind: 'walkers',
  player: 1,
  tickRate: 20,
  fingerprint: walkers.fingerprint,
  ackWindow: 10,
  maxMessage: 8192,
  holdSeconds: 30,
};
