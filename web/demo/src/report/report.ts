// The page of tickroom matchsim: what came of some runs, side by side, as plots and
// tables. It is one file that needs nothing else: `npm run report` (report.test.ts) bundles it into
// matchmaking/internal/sim/page, and the command puts the runs into it, as JSON.

import uPlot from 'uplot';

/** How numbers are spread, as in Go's sim.Spread. */
interface Spread {
  count: number;
  p50: number;
  p95: number;
}

/** What the page shows of a run, as in Go's sim.Report. */
interface Report {
  deciles: { name: string; wait: Spread }[];
  by_hour: { hour: number; wait: Spread }[];
  /** By name: the value below which each hundredth part is, of 101. */
  curves: Record<string, number[] | null>;
}

/** What the command writes into the page, as in Go's sim.Page. */
interface PageData {
  /**
   * The text: what it is of and the runs' names, then lines of a name and a value of each
   * run, below headings, which have no values.
   */
  rows: string[][];
  reports: Report[];
}

interface Plan {
  title: string;
  text: string;
  /** What the axes are. */
  x: string;
  y: string;
  /** The runs' lines, one or two of each; none if there is nothing to see. */
  lines: { x: number[]; y: (number | null)[]; dashed?: boolean; name: string; run: number }[];
  log?: boolean;
  /** Distances that marks of the x axis may have. */
  marks?: number[];
}

const colours = ['#2563eb', '#e16a1d', '#0f8a5f', '#8b3fc4'];
const colour = (run: number): string => colours[run % colours.length];

function el(name: string, text = '', className = ''): HTMLElement {
  const e = document.createElement(name);
  e.textContent = text;
  e.className = className;
  return e;
}

function named(name: string, run: number): HTMLElement {
  const dot = el('span', '', 'dot');
  dot.style.background = colour(run);
  const e = el('span', '', 'run');
  e.append(dot, name);
  return e;
}

/** How a number is spread: each hundredth part of all, and the value that it has at most. */
function quantiles(d: PageData, name: string, title: string, text: string, unit: string, log = false): Plan {
  const lines: Plan['lines'] = [];
  for (const [run, r] of d.reports.entries()) {
    const curve = r.curves[name];
    if (curve && curve[0] < curve[curve.length - 1])
      lines.push({
        x: curve.map((_, i) => i),
        y: curve.map((v) => (log ? Math.max(v, 0.5) : v)),
        name: d.rows[0][run + 1],
        run,
      });
  }
  return { title, text, x: '% of all', y: unit, lines, log };
}

/** Median and 95th percentile of waiting along an axis. */
function waits(
  d: PageData,
  title: string,
  text: string,
  x: string,
  marks: number[],
  points: (r: Report) => [number, Spread][],
): Plan {
  const lines: Plan['lines'] = [];
  for (const [run, r] of d.reports.entries()) {
    const all = points(r).filter(([, wait]) => wait.count > 0);
    if (all.length < 2) continue;
    const at = all.map(([x]) => x);
    lines.push({ x: at, y: all.map(([, wait]) => wait.p50), name: `${d.rows[0][run + 1]}, median`, run });
    lines.push({ x: at, y: all.map(([, wait]) => wait.p95), name: `${d.rows[0][run + 1]}, 95th`, run, dashed: true });
  }
  return { title, text, x, y: 'seconds', lines, marks };
}

function plans(d: PageData): Plan[] {
  return [
    quantiles(
      d,
      'wait',
      'Waiting time',
      'How long each hundredth part of the matched tickets waited at most. The axis is logarithmic.',
      'seconds',
      true,
    ),
    waits(
      d,
      'Waiting over the day',
      'Of the tickets matched in an hour: the line is the median, the dashed one the 95th percentile.',
      'hour (UTC)',
      [1, 3, 6, 12, 24],
      (r) => r.by_hour.map((h) => [h.hour, h.wait]),
    ),
    waits(
      d,
      'Waiting by rating',
      'Tenths of the tickets, from the lowest ratings to the highest: median and, dashed, 95th percentile.',
      'tenth, by rating',
      [1, 2, 5],
      (r) => r.deciles.map((g, i) => [i + 1, g.wait]),
    ),
    quantiles(
      d,
      'rating',
      'Rating spread within a match',
      'Highest less lowest, as the matcher sees tickets.',
      'points',
    ),
    quantiles(
      d,
      'favourite',
      'Favourite’s chance',
      'The predicted chance of the likeliest team; even is best.',
      'chance to win',
    ),
    quantiles(d, 'latency', 'Latency', 'Of each player to the place of its match.', 'milliseconds'),
  ];
}

/** Three digits say enough. */
function short(v: number | null | undefined): string {
  return v == null ? '–' : String(Number(v.toPrecision(3)));
}

function draw(plan: Plan, holder: HTMLElement): void {
  const style = getComputedStyle(document.documentElement);
  const ink = style.getPropertyValue('--ink-2');
  const axis: uPlot.Axis = {
    stroke: ink,
    font: '12px system-ui, sans-serif',
    labelFont: '12px system-ui, sans-serif',
    labelSize: 20,
    grid: { stroke: style.getPropertyValue('--line'), width: 1 },
    ticks: { show: false },
  };
  const data = uPlot.join(plan.lines.map((l) => [l.x, l.y]));
  const size = () => ({
    width: Math.max(240, holder.clientWidth),
    height: Math.min(300, Math.max(220, holder.clientWidth * 0.55)),
  });
  const plot = new uPlot(
    {
      ...size(),
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false },
        y: plan.log
          ? { distr: 3 }
          : { range: (_, min, max) => [plan.y === 'seconds' ? 0 : min, max + 0.05 * Math.max(max - min, 0.1)] },
      },
      axes: [
        { ...axis, label: plan.x, size: 28, ...(plan.marks ? { incrs: plan.marks } : {}) },
        // uPlot leaves out the marks of a logarithmic axis that there is no room for, as nulls.
        {
          ...axis,
          label: plan.y,
          size: 56,
          values: (_, marks: (number | null)[]) => marks.map((v) => (v === null ? null : short(v))),
        },
      ],
      series: [
        { label: plan.x },
        ...plan.lines.map((l) => ({
          label: l.name,
          stroke: colour(l.run),
          width: l.dashed ? 1.25 : 2,
          ...(l.dashed ? { dash: [5, 4] } : {}),
          spanGaps: true,
          points: { show: false },
          value: (_: uPlot, v: number | null) => short(v),
        })),
      ],
    },
    data,
    holder,
  );
  new ResizeObserver(() => {
    if (size().width !== plot.width) plot.setSize(size());
  }).observe(holder);
}

/** The part of the text below each heading, as a table. */
function tables(names: string[], rows: string[][]): HTMLElement[] {
  const sections: HTMLElement[] = [];
  let table = el('table');
  for (const [name, ...values] of rows) {
    const tr = el('tr');
    if (values.length > 0) {
      tr.append(el('td', name), ...values.map((v) => el('td', v)));
    } else {
      table = el('table');
      const section = el('section', '', 'card');
      section.append(el('h2', name), table);
      sections.push(section);
      tr.append(el('th'));
      for (const [run, name] of names.entries()) {
        const th = el('th');
        th.append(named(name, run));
        tr.append(th);
      }
    }
    table.append(tr);
  }
  return sections;
}

function show(d: PageData): void {
  const [[title, ...names], ...rows] = d.rows;
  document.title = `matchsim: ${title}`;
  const runs = el('p');
  runs.append(...names.map(named));
  const grid = el('div', '', 'plots');
  document.body.append(el('h1', title), runs, grid, ...tables(names, rows));
  for (const plan of plans(d)) {
    if (plan.lines.length === 0) continue;
    const card = el('section', '', 'card');
    const holder = el('div', '', 'plot');
    card.append(el('h2', plan.title), el('p', plan.text), holder);
    grid.append(card);
    draw(plan, holder);
  }
}

show(JSON.parse(document.querySelector('#data')!.textContent) as PageData);
