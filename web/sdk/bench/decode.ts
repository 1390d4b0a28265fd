// Measures the cost of holding and showing 1,000 walkers that all move, 20 times a second,
// with messages that take the whole way through a room.

import { walkers } from '../src/games/walkers.js';
import { connect, type SocketEvents } from '../src/index.js';
import { FakeClock, settle } from '../test/fake.js';
import { serverFrame, snapshot, walker, welcome, zigzag } from '../test/frames.js';
import { Random } from '../test/random.js';

const entities = 1000;
const tickRate = 20;
const warm = 400;
const measured = 1000;
const fps = 60;

declare const gc: () => void;

/** Returns snapshots of a random walk, packed like those of a server. A tenth of the walkers change their health, too. */
function record(count: number): Uint8Array[] {
  const r = new Random(1);
  const state = Array.from({ length: entities }, () => ({
    x: r.int(8000),
    y: r.int(8000),
    heading: r.int(256),
    health: 100,
  }));
  const frames = [
    serverFrame({
      ...snapshot(1, {}, { full: true }),
      set: [
        {
          component: 1,
          mixed: state.flatMap((s, i) =>
            walker(i + 1, {
              x: s.x / 8,
              y: s.y / 8,
              heading: (s.heading * Math.PI) / 128,
              health: s.health,
              player: i + 1,
            }),
          ),
        },
      ],
      welcome,
    }),
  ];
  for (let tick = 2; tick < count + 2; tick++) {
    const rows: number[] = [];
    const more: number[] = [];
    for (let i = 0; i < entities; i++) {
      const d = [r.int(33) - 16, r.int(33) - 16, r.int(7) - 3].map(zigzag);
      if (i % 10 === tick % 10) more.push(i + 1, ...d, zigzag(r.int(3) - 1));
      else rows.push(i + 1, ...d);
    }
    const tables = [
      { component: 1, mask: 7, rows },
      { component: 1, mask: 15, rows: more },
    ];
    frames.push(serverFrame({ tick, delta: tables, inputAck: tick }));
  }
  return frames;
}

const clock = new FakeClock();
let events: SocketEvents | undefined;
const joining = connect('ws://bench/ws', walkers, {
  clock,
  surroundings: { hidden: false, watch: () => () => {} },
  socket: (_url, _protocol, e) => {
    events = e;
    return { send: () => {}, close: () => {} };
  },
});
await settle();
const frames = record(2 * (warm + measured) + measured / 5 + 10);
events!.open();
events!.message(frames[0]);
const room = await joining;
let next = 1;

let sink = 0;

/** Reads the values that a game would draw. */
function draw(rows: readonly { x: number; y: number; heading: number }[]): void {
  let sum = 0;
  for (const w of rows) sum += w.x + w.y + w.heading;
  sink += sum;
}

const rubbish = new Int32Array(1 << 24);

/** Evicts everything from the processor's caches, as a page and its browser do between two frames. */
function cool(): void {
  for (let i = 0; i < rubbish.length; i += 16) rubbish[i]++;
}

/** Receives snapshots, and draws the frames between two of them. */
function play(count: number, views: boolean, cold = false): { snapshotMs: number; viewMs: number; heap: number } {
  gc();
  const before = process.memoryUsage().heapUsed;
  let snapshotMs = 0;
  let viewMs = 0;
  for (let i = 0; i < count; i++) {
    clock.sleep(1000 / tickRate);
    const bytes = frames[next++];
    if (cold) cool();
    let t = performance.now();
    events!.message(bytes);
    snapshotMs += performance.now() - t;
    if (!views) continue;
    for (let f = 0; f < fps / tickRate; f++) {
      if (cold) cool();
      t = performance.now();
      draw(room.view(clock.now() + (f * 1000) / fps).tables.walker.rows);
      viewMs += performance.now() - t;
    }
  }
  const heap = process.memoryUsage().heapUsed - before;
  return { snapshotMs: snapshotMs / count, viewMs: viewMs / count / (fps / tickRate), heap: heap / count };
}

play(warm, false);
const alone = play(measured, false);
play(warm, true);
const shown = play(measured, true);
const coldly = play(measured / 5, true, true);

const budget = 1000 / fps;
const share = (p: { snapshotMs: number; viewMs: number }) =>
  `${((100 * (p.snapshotMs * (tickRate / fps) + p.viewMs)) / budget).toFixed(1)} %`;
const bytes = frames.slice(1).reduce((n, f) => n + f.length, 0) / (frames.length - 1);
const lines: [string, string][] = [
  ['entities, all of them moving', String(room.tables.walker.size)],
  ['bytes of a snapshot', bytes.toFixed(0)],
  ['decode and apply a snapshot', `${alone.snapshotMs.toFixed(3)} ms`],
  ['  with views being drawn', `${shown.snapshotMs.toFixed(3)} ms`],
  ['a view, and reading it', `${shown.viewMs.toFixed(3)} ms`],
  [`both, of a frame at ${fps} fps`, share(shown)],
  ['with cold caches: a snapshot', `${coldly.snapshotMs.toFixed(3)} ms`],
  ['  a view, and reading it', `${coldly.viewMs.toFixed(3)} ms`],
  [`  both, of a frame at ${fps} fps`, share(coldly)],
  ['heap growth for each snapshot', `${(alone.heap / 1024).toFixed(1)} KB`],
  ['  with three views', `${(shown.heap / 1024).toFixed(1)} KB`],
];
for (const [name, value] of lines) console.log(`${name.padEnd(34)}${value.padStart(12)}`);
if (room.stats.desyncs > 0 || Number.isNaN(sink)) throw new Error('it went wrong');
process.exit(0);
