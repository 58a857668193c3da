import { medianOf, type Results } from '../results.ts';
import { DRAWN } from './peers-plot.ts';
import { decades, element, FONT, line, logScale, picture, seconds, type Theme, text, WIDTH } from './svg.ts';

const LEFT = 70;
const RIGHT = WIDTH - 245;
const TOP = 14;
const BOTTOM = 400;
/** Lines of others are told apart by their dashes, too. */
const DASHES = ['', '9 5', '3 4', '12 4 3 4'];

interface Curve {
  readonly name: string;
  readonly mark: 'ours' | 'limit' | 'others';
  readonly dash: string;
  readonly points: readonly { readonly workloads: number; readonly ms: number }[];
}

/** Draws how the time of a first deployment grows with the number of workloads; both axes are logarithmic. */
export function growthPlot(results: Results, theme: Theme): string {
  const curves = curvesOf(results);
  const all = curves.flatMap(({ points }) => points);
  const sizes = [...new Set(all.map(({ workloads }) => workloads))].sort((a, b) => a - b);
  const ticks = decades(all.map(({ ms }) => ms));
  const x = logScale(Math.min(...sizes), Math.max(...sizes), LEFT, RIGHT);
  const y = logScale(ticks[0] ?? 1, ticks.at(-1) ?? 10, BOTTOM, TOP);
  const grid = [
    ...ticks.flatMap((tick) => [
      line(LEFT, y(tick), RIGHT, y(tick), theme.faint),
      text(LEFT - 10, y(tick) + 6, `${tick / 1000} s`, theme.text, 'end'),
    ]),
    ...sizes.map((size) => text(x(size), BOTTOM + 24, size.toLocaleString('en'), theme.text, 'middle')),
    text((LEFT + RIGHT) / 2, BOTTOM + 48, 'workloads', theme.text, 'middle'),
  ];
  const ends = curves.map(({ points }) => {
    const last = points.at(-1);
    return last === undefined ? 0 : y(last.ms);
  });
  const labels = apart(ends, FONT * 1.3);
  const drawn = curves.flatMap(({ name, mark, dash, points }, index) => {
    const path = points.map(
      ({ workloads, ms }, at) => `${at === 0 ? 'M' : 'L'}${x(workloads).toFixed(1)} ${y(ms).toFixed(1)}`,
    );
    const last = points.at(-1);
    const [endX, endY, labelY] = [x(last?.workloads ?? 1), ends[index] ?? 0, labels[index] ?? 0];
    const style = { fill: 'none', stroke: theme[mark], 'stroke-width': mark === 'ours' ? 4 : 2.5 };
    return [
      element('path', { d: path.join(' '), ...style, ...(dash !== '' && { 'stroke-dasharray': dash }) }),
      ...points.map((point) =>
        element('circle', { cx: x(point.workloads), cy: y(point.ms), r: 4.5, fill: theme[mark] }),
      ),
      line(endX + 7, endY, RIGHT + 16, labelY, theme[mark], { 'stroke-width': 1, 'stroke-opacity': 0.6 }),
      text(RIGHT + 20, labelY + 6, name, theme.text, 'start', mark === 'ours' ? { 'font-weight': 'bold' } : {}),
    ];
  });
  const label = curves
    .map(({ name, points }) => `${name} ${points.map(({ ms }) => seconds(ms)).join(', ')}`)
    .join('; ');
  return picture(BOTTOM + 60, `First deployment to ${sizes.join(', ')} workloads: ${label}`, [...grid, ...drawn]);
}

function curvesOf(results: Results): Curve[] {
  const used: Record<string, number> = {};
  return DRAWN.flatMap(([subject, name, mark]) => {
    const sizes = new Set(
      results.samples
        .filter((one) => one.subject === subject && one.namespaces === 1)
        .map(({ workloads }) => workloads),
    );
    const points = [...sizes]
      .sort((a, b) => a - b)
      .flatMap((workloads) => {
        const ms = medianOf(results, { subject, operation: 'deploy', workloads, namespaces: 1 }, 'wallMs');
        return ms === undefined ? [] : [{ workloads, ms }];
      });
    const count = used[mark] ?? 0;
    used[mark] = count + 1;
    return points.length === 0 ? [] : [{ name, mark, dash: DASHES[count] ?? '', points }];
  });
}

/** Moves places apart that are too close for their labels, as little as needed, in their order. */
export function apart(places: readonly number[], distance: number): number[] {
  const sorted = places.map((place, index) => ({ index, at: place })).sort((a, b) => a.at - b.at);
  // Each push is shared by both, again and again, until nobody is pushed any more.
  for (let turn = 0; turn < 200; turn++) {
    let moved = false;
    for (let index = 1; index < sorted.length; index++) {
      const [one, other] = [sorted[index - 1], sorted[index]];
      if (one === undefined || other === undefined) continue;
      const missing = distance - (other.at - one.at);
      if (missing < 0.1) continue;
      one.at -= missing / 2;
      other.at += missing / 2;
      moved = true;
    }
    if (!moved) break;
  }
  const moved = [...places];
  for (const { index, at } of sorted) moved[index] = at;
  return moved;
}
