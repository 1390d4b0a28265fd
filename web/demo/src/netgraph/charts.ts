// The graphs, one below the other, with their newest values as text above them.

import type uPlotClass from 'uplot';

import { type Key, number, t } from '../i18n.ts';
import { el } from './dom.ts';
import { type Column, type Mark, type Sampler, shownMs } from './sampler.ts';

interface Line {
  column: Exclude<Column, 'at'>;
  name: Key;
  colour: string;
  fill?: string;
  /** Whether it is drawn in steps, for counts. */
  steps?: boolean;
}

interface Plan {
  title: Key;
  unit: Key;
  height: number;
  /** Whether it takes the whole width. */
  wide: boolean;
  /** The least maximum of the axis. */
  least: number;
  digits: number;
  /** The divisor of the values that are shown. */
  per: number;
  lines: Line[];
}

const cyan = '#54e3ee';
const violet = '#b49bff';
const amber = '#ffc861';
const magenta = '#ff6ad5';
const green = '#6df0a6';
const blue = '#6ea8ff';
const red = '#ff7186';

const plans: readonly Plan[] = [
  {
    title: 'net.times',
    unit: 'net.ms',
    height: 74,
    wide: true,
    least: 100,
    digits: 0,
    per: 1,
    lines: [
      { column: 'gap', name: 'net.gap', colour: violet, fill: 'rgb(180 155 255 / .1)' },
      { column: 'rtt', name: 'net.rtt', colour: cyan },
      { column: 'delay', name: 'net.delay', colour: amber },
    ],
  },
  {
    title: 'net.traffic',
    unit: 'net.kbs',
    height: 54,
    wide: true,
    least: 2,
    digits: 2,
    per: 1000,
    lines: [
      { column: 'bytesIn', name: 'net.in', colour: blue, fill: 'rgb(110 168 255 / .12)' },
      { column: 'bytesOut', name: 'net.out', colour: magenta },
    ],
  },
  {
    title: 'net.entity',
    unit: 'net.bytes',
    height: 36,
    wide: false,
    least: 8,
    digits: 1,
    per: 1,
    lines: [{ column: 'perEntity', name: 'net.entity', colour: green }],
  },
  {
    title: 'net.skipped',
    unit: 'net.pers',
    height: 36,
    wide: false,
    least: 4,
    digits: 0,
    per: 1,
    lines: [{ column: 'skipped', name: 'net.skipped', colour: red, fill: 'rgb(255 113 134 / .18)', steps: true }],
  },
  {
    title: 'net.decode',
    unit: 'net.ms',
    height: 36,
    wide: false,
    least: 0.5,
    digits: 2,
    per: 1,
    lines: [{ column: 'decode', name: 'net.decode', colour: cyan }],
  },
];

const markColours: Readonly<Record<Mark['what'], string>> = { lost: red, resumed: green, rejoined: amber };

interface Chart {
  plan: Plan;
  plot: uPlotClass;
  holder: HTMLElement;
  values: HTMLElement[];
}

export class Charts {
  readonly #charts: Chart[] = [];
  readonly #sampler: Sampler;
  readonly #sizes: ResizeObserver;

  constructor(container: HTMLElement, sampler: Sampler, uPlot: typeof uPlotClass) {
    this.#sampler = sampler;
    for (const plan of plans) this.#charts.push(this.#chart(container, plan, uPlot));
    this.#sizes = new ResizeObserver(() => {
      for (const c of this.#charts)
        c.plot.setSize({ width: Math.max(40, c.holder.clientWidth), height: c.plan.height });
    });
    this.#sizes.observe(container);
  }

  #chart(container: HTMLElement, plan: Plan, uPlot: typeof uPlotClass): Chart {
    const values = plan.lines.map(() => el('b', { class: 'num' }, '–'));
    const legend = el('div', { class: 'net-legend' });
    if (plan.lines.length > 1) {
      for (const [i, line] of plan.lines.entries()) {
        const key = el('span', { class: 'net-key' }, el('i'), el('span', { 'data-t': line.name }), values[i]);
        key.style.setProperty('--line-colour', line.colour);
        legend.append(key);
      }
      legend.append(el('small', { 'data-t': plan.unit }));
    } else {
      legend.append(
        el('span', { class: 'net-key' }, el('span', { 'data-t': plan.title })),
        el('span', { class: 'net-value' }, values[0], ' ', el('small', { 'data-t': plan.unit })),
      );
      legend.style.setProperty('--line-colour', plan.lines[0].colour);
    }
    const holder = el('div', { class: 'net-plot', 'aria-hidden': 'true' });
    const figure = el('figure', { class: plan.wide ? 'net-chart wide' : 'net-chart' }, legend, holder);
    container.append(figure);

    const sampler = this.#sampler;
    const stepped = uPlot.paths.stepped!({ align: 1 });
    const axis = {
      stroke: '#8793c2',
      font: '10px ui-monospace, Menlo, Consolas, "DejaVu Sans Mono", monospace',
      grid: { stroke: 'rgba(132,155,255,.12)', width: 1 },
      ticks: { show: false },
    };
    const plot = new uPlot(
      {
        width: Math.max(40, holder.clientWidth),
        height: plan.height,
        padding: [6, 2, 4, plan.wide ? 0 : 2],
        legend: { show: false },
        cursor: { show: false },
        select: { show: false, left: 0, top: 0, width: 0, height: 0 },
        scales: {
          x: { time: false, range: (_, __, max) => [max - shownMs / 1000, max] },
          y: { range: (_, __, max) => [0, Math.max(plan.least * plan.per, (max ?? 0) * 1.1)] },
        },
        axes: [
          { show: false },
          {
            ...axis,
            show: plan.wide,
            size: 34,
            gap: 4,
            space: 26,
            values: (_, ticks) =>
              ticks.map((v) =>
                number(v / plan.per, {
                  notation: v / plan.per >= 10_000 ? 'compact' : 'standard',
                  maximumFractionDigits: 1,
                }),
              ),
          },
        ],
        series: [
          {},
          ...plan.lines.map((l) => ({
            stroke: l.colour,
            width: 1.5,
            points: { show: false },
            ...(l.fill ? { fill: l.fill } : {}),
            ...(l.steps ? { paths: stepped } : {}),
          })),
        ],
        hooks: { drawAxes: [(u: uPlotClass) => drawMarks(u, sampler.marks)] },
      },
      this.#data(plan),
      holder,
    );
    return { plan, plot, holder, values };
  }

  #data(plan: Plan): uPlotClass.AlignedData {
    const { columns } = this.#sampler;
    return [columns.at, ...plan.lines.map((l) => columns[l.column])];
  }

  /** Draws the values of the sampler. */
  draw(): void {
    for (const c of this.#charts) {
      c.plot.setData(this.#data(c.plan));
      for (const [i, line] of c.plan.lines.entries()) {
        const v = this.#sampler.latest(line.column);
        const { digits, per } = c.plan;
        const shown =
          v === null ? '–' : number(v / per, { minimumFractionDigits: digits, maximumFractionDigits: digits });
        const node = c.values[i];
        if (node.textContent !== shown) node.textContent = shown;
      }
    }
  }

  /** Draws anew after the language has changed, as the axes have numbers. */
  translate(): void {
    for (const c of this.#charts) {
      c.holder.title = c.plan.wide ? t('net.window') : '';
      c.plot.redraw(false, true);
    }
  }

  destroy(): void {
    this.#sizes.disconnect();
    for (const c of this.#charts) c.plot.destroy();
  }
}

/** Draws lines where the connection was lost and came back. */
function drawMarks(u: uPlotClass, marks: readonly Mark[]): void {
  const { ctx, bbox } = u;
  ctx.save();
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  for (const m of marks) {
    const x = Math.round(u.valToPos(m.at, 'x', true));
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    ctx.strokeStyle = markColours[m.what];
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
  }
  ctx.restore();
}
