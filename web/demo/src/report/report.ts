// The page of a report, as of tickroom matchsim and tickroom bots: what came of some runs, side
// by side, as plots and tables. It is one file that needs nothing else: `npm run report`
// (report.test.ts) bundles it into internal/reportpage, and a command puts the runs into it, as JSON.

import uPlot from 'uplot';

/** What a command writes into the page, as in Go's reportpage.Page. */
interface PageData {
  title: string;
  runs: string[];
  /** Lines of a name and a value of each run, below headings, which have no values. */
  rows: string[][];
  plots: Plot[] | null;
}

/** A plot, as in Go's reportpage.Plot. */
interface Plot {
  title: string;
  text: string;
  /** What the axes are. */
  x: string;
  y: string;
  log?: boolean;
  /** The axis of values begins at 0. */
  zero?: boolean;
  /** Distances that marks of the x axis may have. */
  marks?: number[];
  /** None if there is nothing to see. */
  lines: { name: string; run: number; dashed?: boolean; xs: number[]; ys: number[] }[] | null;
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

/** Three digits say enough. */
function short(v: number | null | undefined): string {
  return v == null ? '–' : String(Number(v.toPrecision(3)));
}

function draw(plan: Plot, lines: NonNullable<Plot['lines']>, holder: HTMLElement): void {
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
  const data = uPlot.join(lines.map((l) => [l.xs, l.ys]));
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
          : { range: (_, min, max) => [plan.zero ? 0 : min, max + 0.05 * Math.max(max - min, 0.1)] },
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
        ...lines.map((l) => ({
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
  document.title = d.title;
  const runs = el('p');
  runs.append(...d.runs.map(named));
  const grid = el('div', '', 'plots');
  document.body.append(el('h1', d.title), runs, grid, ...tables(d.runs, d.rows));
  for (const plan of d.plots ?? []) {
    const lines = plan.lines ?? [];
    if (lines.length === 0) continue;
    const card = el('section', '', 'card');
    const holder = el('div', '', 'plot');
    card.append(el('h2', plan.title), el('p', plan.text), holder);
    grid.append(card);
    draw(plan, lines, holder);
  }
}

show(JSON.parse(document.querySelector('#data')!.textContent) as PageData);
