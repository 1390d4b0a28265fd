// The results of a show's contestants, as tables and files. The columns are those of quiz.WriteCSV
// and quiz.WriteJSON in Go.

import { quiz } from '@tickroom/client/games/quiz';

import { letter } from './desk.ts';
import { csv } from './tables.ts';

/** How often a page of another house is asked for that has not come, and the pause between, in milliseconds. */
const tries = 60;
const pause = 250;

/** Fetches results of houses page by page. */
export async function fetchResults(
  page: (after: number, house: string) => Promise<quiz.ResultsReply>,
  houses: readonly string[] = [''],
): Promise<quiz.Result[]> {
  const all: quiz.Result[] = [];
  for (const house of houses) {
    const before = all.length;
    for (let waits = 0; ; ) {
      const { results, more, waiting } = await page(all.length - before, house);
      if (waiting && ++waits <= tries) {
        await new Promise((resolve) => setTimeout(resolve, pause));
        continue;
      }
      if (waiting) throw new Error(`house ${house} does not answer`);
      waits = 0;
      all.push(...results);
      if (!more || results.length === 0) break;
    }
  }
  // Those who are not ranked come last.
  return all.sort((a, b) => (a.rank || Infinity) - (b.rank || Infinity) || (a.name < b.name ? -1 : 1));
}

/** Returns results as CSV. */
export function resultsCSV(results: readonly quiz.Result[]): string {
  const questions = Math.max(0, ...results.map((r) => r.given.length));
  const head = ['rank', 'name', 'team', 'won', 'alive', 'out', 'points', 'right', 'seconds'];
  for (let i = 1; i <= questions; i++) head.push(`q${i}`, `q${i}_seconds`, `q${i}_verdict`);
  return csv(
    head,
    results.map((r) => {
      const line: (string | number | boolean)[] = [
        r.rank || '',
        r.name,
        r.team,
        r.won,
        r.alive,
        r.out || '',
        r.points,
        r.right,
        seconds(r.time),
      ];
      for (let i = 0; i < questions; i++) {
        const g = r.given[i];
        const answered = g !== undefined && g.choice > 0;
        line.push(answered ? letter(g.choice - 1) : '', answered ? seconds(g.elapsed) : '', verdict(g?.verdict));
      }
      return line;
    }),
  );
}

/** Returns results as JSON. */
export function resultsJSON(results: readonly quiz.Result[]): string {
  return `${JSON.stringify(
    results.map((r) => ({
      rank: r.rank || undefined,
      name: r.name,
      team: r.team || undefined,
      won: r.won,
      alive: r.alive,
      out: r.out || undefined,
      points: r.points,
      right: r.right,
      seconds: r.time / 100,
      answers: r.given.map((g) => ({
        answer: g.choice > 0 ? letter(g.choice - 1) : undefined,
        seconds: g.choice > 0 ? g.elapsed / 100 : undefined,
        credit_ms: g.choice > 0 ? g.credit : undefined,
        verdict: verdict(g.verdict) || undefined,
      })),
    })),
    undefined,
    2,
  )}\n`;
}

function seconds(hundredths: number): string {
  return (hundredths / 100).toFixed(2);
}

function verdict(v: quiz.Verdict | undefined): string {
  return v === undefined || v === quiz.Verdict.UNSPECIFIED ? '' : (names[v] ?? '');
}

const names: Readonly<Partial<Record<quiz.Verdict, string>>> = {
  [quiz.Verdict.RIGHT]: 'right',
  [quiz.Verdict.WRONG]: 'wrong',
  [quiz.Verdict.MISSED]: 'missed',
  [quiz.Verdict.REVIVED]: 'revived',
  [quiz.Verdict.SAVED]: 'saved',
  [quiz.Verdict.SKIPPED]: 'skipped',
};
