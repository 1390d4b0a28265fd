// Profiles the functions of the arena's page with hundreds of things on the screen:
//
//	npm run profile -w e2e
//
// Its settings are those of `npm run perf` (VISIBLE, DURATION, WIDTH, HEIGHT). The
// profiler itself costs as much again, so only the shares are meaningful.

import { crowd, viewport } from './crowd.ts';

const seconds = Number(process.env.DURATION ?? 20);
const lines = Number(process.env.LINES ?? 45);

export async function main(): Promise<void> {
  await crowd(
    async (view) => {
      const { cdp } = view;
      await cdp.send('Profiler.enable');
      await cdp.send('Profiler.setSamplingInterval', { interval: 200 });
      const count = () => view.page.evaluate(() => window.tickroom.perf.frames);
      const before = await count();
      await cdp.send('Profiler.start');
      await view.page.evaluate((ms) => new Promise<void>((resolve) => setTimeout(resolve, ms)), seconds * 1000);
      const { profile } = await cdp.send('Profiler.stop');
      const frames = (await count()) - before;
      const nodes = new Map(profile.nodes.map((n) => [n.id, n]));
      const own = new Map<number, number>();
      for (const [i, id] of profile.samples!.entries()) own.set(id, (own.get(id) ?? 0) + profile.timeDeltas![i]!);
      const name = (id: number) => {
        const { functionName, lineNumber, url } = nodes.get(id)!.callFrame;
        return `${functionName || '(anonymous)'}${url ? ` :${lineNumber + 1}` : ''}`;
      };
      const self = new Map<string, number>();
      const total = new Map<string, number>();
      const add = (to: Map<string, number>, key: string, v: number) =>
        to.set(key, (to.get(key) ?? 0) + v / 1000 / frames);
      const walk = (id: number, above: ReadonlySet<string>): number => {
        const n = name(id);
        const below = above.has(n) ? above : new Set([...above, n]);
        let sum = own.get(id) ?? 0;
        add(self, n, sum);
        for (const child of nodes.get(id)!.children ?? []) sum += walk(child, below);
        if (!above.has(n)) add(total, n, sum);
        return sum;
      };
      walk(profile.nodes[0]!.id, new Set());
      console.log(
        `${viewport.width} x ${viewport.height}, ${(frames / seconds).toFixed(1)} frames per second; milliseconds per frame, own and with what is called\n`,
      );
      for (const [n, ms] of [...self].sort((a, b) => b[1] - a[1]).slice(0, lines))
        console.log(`${ms.toFixed(3).padStart(9)}${total.get(n)!.toFixed(3).padStart(9)}  ${n}`);
      console.log();
      for (const [n, ms] of [...total].sort((a, b) => b[1] - a[1]).slice(0, lines))
        console.log(`${self.get(n)!.toFixed(3).padStart(9)}${ms.toFixed(3).padStart(9)}  ${n}`);
    },
    { minify: false },
  );
}
