import { medianOf, type Results, type Subject } from '../results.ts';
import { DRAWN } from './peers-plot.ts';
import { decades, element, FONT, line, logScale, picture, seconds, type Theme, text, WIDTH } from './svg.ts';

const LEFT = 84;
const RIGHT = WIDTH - 262;
const TOP = 14;
const BOTTOM = 400;
/** Who is drawn, each with dashes of its own, which tell them apart without colours, too. Those that have few sizes lie above all others. */
const DASHES: Readonly<Partial<Record<Subject, string>>> = {
  ...{ action: '', 'action-no-wait': '9 5' },
  ...{ limit: '', 'limit-seen': '9 5' },
  ...{ kubectl: '', 'kubectl-wait': '2 3', 'helm-fast': '9 5', helm: '3 4', script: '12 4 3 4' },
};

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
  const [least, most] = [Math.min(...all.map(({ ms }) => ms)) * 0.8, Math.max(...all.map(({ ms }) => ms)) * 1.25];
  const ticks = decades([least, most]).filter((tick) => tick >= least && tick <= most);
  const x = logScale(Math.min(...sizes), Math.max(...sizes), LEFT, RIGHT);
  const y = logScale(least, most, BOTTOM, TOP);
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
    return { endX: x(last?.workloads ?? 1), endY: last === undefined ? 0 : y(last.ms) };
  });
  const labels = placeLabels(ends);
  const drawn = curves.flatMap(({ name, mark, dash, points }, index) => {
    const path = points.map(
      ({ workloads, ms }, at) => `${at === 0 ? 'M' : 'L'}${x(workloads).toFixed(1)} ${y(ms).toFixed(1)}`,
    );
    const { endX = 0, endY = 0 } = ends[index] ?? {};
    const { side = 1, labelY = 0 } = labels[index] ?? {};
    const labelX = endX + 22 * side;
    const style = { fill: 'none', stroke: theme[mark], 'stroke-width': mark === 'ours' ? 4 : 2.5 };
    return [
      element('path', { d: path.join(' '), ...style, ...(dash !== '' && { 'stroke-dasharray': dash }) }),
      ...points.map((point) =>
        element('circle', { cx: x(point.workloads), cy: y(point.ms), r: 4.5, fill: theme[mark] }),
      ),
      line(endX + 7 * side, endY, labelX - 4 * side, labelY, theme[mark], { 'stroke-width': 1, 'stroke-opacity': 0.6 }),
      text(
        labelX,
        labelY + 6,
        name,
        theme.text,
        side === 1 ? 'start' : 'end',
        mark === 'ours' ? { 'font-weight': 'bold' } : {},
      ),
    ];
  });
  const label = curves
    .map(({ name, points }) => `${name} ${points.map(({ ms }) => seconds(ms)).join(', ')}`)
    .join('; ');
  return picture(BOTTOM + 60, `First deployment to ${sizes.join(', ')} workloads: ${label}`, [...grid, ...drawn]);
}

/**
 * Places names beside the ends of their lines: at the right, or at the left of a line that ends before the largest size, where no other
 * line comes to, as all rise.
 */
function placeLabels(
  ends: readonly { readonly endX: number; readonly endY: number }[],
): readonly { readonly side: 1 | -1; readonly labelY: number }[] {
  const sides = ends.map(({ endX }): 1 | -1 => (endX < RIGHT ? -1 : 1));
  const places = new Map<number, number>();
  for (const side of [1, -1]) {
    const those = ends.flatMap(({ endY }, index) => (sides[index] === side ? [{ endY, index }] : []));
    const moved = apart(
      those.map(({ endY }) => endY),
      FONT * 1.3,
      TOP + FONT / 2,
      BOTTOM,
    );
    for (const [at, { index }] of those.entries()) places.set(index, moved[at] ?? 0);
  }
  return sides.map((side, index) => ({ side, labelY: places.get(index) ?? 0 }));
}

function curvesOf({ samples, ...rest }: Results): Curve[] {
  return DRAWN.flatMap(([subject, name, mark]) => {
    const dash = DASHES[subject];
    if (dash === undefined) return [];
    const own = samples.filter((one) => one.subject === subject && one.namespaces === 1);
    const sizes = [...new Set(own.map(({ workloads }) => workloads))].sort((a, b) => a - b);
    const points = sizes.flatMap((workloads) => {
      const ms = medianOf({ samples: own, ...rest }, { operation: 'deploy', workloads }, 'wallMs');
      return ms === undefined ? [] : [{ workloads, ms }];
    });
    return points.length === 0 ? [] : [{ name, mark, dash, points }];
  });
}

/** Moves places apart that are too close for their labels, as little as needed, in their order, and between bounds. */
export function apart(places: readonly number[], distance: number, least: number, most: number): number[] {
  const sorted = places.map((place, index) => ({ index, at: place })).sort((a, b) => a.at - b.at);
  // Each push is shared by both, again and again, until nobody is pushed any more.
  for (let turn = 0; turn < 1_000; turn++) {
    let moved = false;
    // The bounds push back.
    for (const one of sorted) one.at = Math.min(Math.max(one.at, least), most);
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
