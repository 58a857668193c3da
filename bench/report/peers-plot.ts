import { medianOf, type Results, type Subject } from '../results.ts';
import { decades, element, line, logScale, picture, seconds, type Theme, text, WIDTH } from './svg.ts';

/** The subjects in the order of the plots, with names that fit there, and as whose mark they are drawn. */
export const DRAWN: readonly (readonly [Subject, string, 'ours' | 'limit' | 'others'])[] = [
  ['limit', 'limit', 'limit'],
  ['limit-seen', 'limit, seen by controller', 'limit'],
  ['action-no-wait', 'action, wait: false', 'ours'],
  ['action', 'action', 'ours'],
  ['kubectl', 'kubectl apply, no wait', 'others'],
  ['kubectl-wait', 'kubectl rollout status', 'others'],
  ['helm-fast', 'helm --wait --qps 1000', 'others'],
  ['helm', 'helm upgrade --wait', 'others'],
  ['xargs', 'kubectl patch, xargs -P 8', 'others'],
  ['script', 'documented script', 'others'],
];

const LEFT = 250;
const RIGHT = WIDTH - 85;
const ROW = 34;
const TOP = 14;

/** Draws how long each takes to deploy to a number of Deployments: dots, as no length on a logarithmic axis can be compared with another. */
export function peersPlot(results: Results, workloads: number, theme: Theme): string {
  const rows = DRAWN.flatMap(([subject, name, mark]) => {
    const ms = medianOf(results, { subject, operation: 'deploy', workloads, namespaces: 1 }, 'wallMs');
    return ms === undefined ? [] : [{ name, mark, ms }];
  });
  const ticks = decades(rows.map(({ ms }) => ms));
  const [low = 1, high = 10] = [ticks[0], ticks.at(-1)];
  const place = logScale(low, high, LEFT, RIGHT);
  const bottom = TOP + rows.length * ROW;
  const grid = ticks.flatMap((tick) => [
    line(place(tick), TOP, place(tick), bottom, theme.faint),
    text(place(tick), bottom + 22, `${tick / 1000} s`, theme.text, 'middle'),
  ]);
  const marks = rows.flatMap(({ name, mark, ms }, index) => {
    const y = TOP + (index + 0.5) * ROW;
    const bold = mark === 'ours' ? { 'font-weight': 'bold' } : {};
    return [
      text(LEFT - 14, y + 6, name, theme.text, 'end', bold),
      element('circle', { cx: place(ms), cy: y, r: 7, fill: theme[mark] }),
      text(place(ms) + 13, y + 6, seconds(ms), theme.text, 'start', bold),
    ];
  });
  const label = rows.map(({ name, ms }) => `${name} ${seconds(ms)}`).join(', ');
  return picture(bottom + 34, `First deployment to ${workloads} workloads: ${label}`, [...grid, ...marks]);
}
