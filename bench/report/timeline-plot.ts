import { element, FONT, line, picture, seconds, type Theme, text, WIDTH } from './svg.ts';
import type { DrawnRequest, Timeline } from './timeline.ts';

const LEFT = 16;
const RIGHT = WIDTH - 24;
const BAR = 3.4;
const KINDS: readonly (readonly [DrawnRequest['kind'], 'ours' | 'limit' | 'others', string])[] = [
  ['read', 'others', 'read, question'],
  ['write', 'ours', 'write'],
  ['watch', 'limit', 'watch'],
];

interface Moment {
  readonly name: string;
  readonly ms: number;
}

/**
 * Draws the requests of a run as bars over time, one below the other in the order in which they came, and the moments of the run.
 * @param longestMs how much time the axis has: that of the longest run with which this one is compared
 */
export function timelinePlot({ workloads, wallMs, requests }: Timeline, longestMs: number, theme: Theme): string {
  const x = (ms: number): number => LEFT + (ms / longestMs) * (RIGHT - LEFT);
  const moments = momentsOf(requests, wallMs);
  const legendTop = 8;
  const legendLine = FONT * 1.45;
  const top = legendTop + legendLine * (1 + Math.ceil(moments.length / 2)) + 62;
  const bottom = top + requests.length * BAR + 6;
  const legend = KINDS.map(([, mark, name], index) => [
    element('rect', { x: LEFT + index * 190, y: legendTop + 4, width: 28, height: 10, fill: theme[mark] }),
    text(LEFT + index * 190 + 36, legendTop + FONT - 2, name, theme.text),
  ]);
  const words = moments.map(({ name, ms }, index) =>
    text(
      LEFT + (index % 2) * ((RIGHT - LEFT) / 2),
      legendTop + legendLine * (2 + Math.floor(index / 2)) - 4,
      `${index + 1}  ${name}: ${seconds(ms)}`,
      theme.text,
    ),
  );
  const step = stepOf(longestMs);
  const axis = Array.from({ length: Math.floor(longestMs / step) + 1 }, (_, index) => index * step).flatMap((ms) => [
    line(x(ms), bottom, x(ms), bottom + 6, theme.text),
    text(x(ms), bottom + 24, `${ms / 1000} s`, theme.text, ms === 0 ? 'start' : x(ms) > RIGHT - 20 ? 'end' : 'middle'),
  ]);
  const bars = requests.map(({ kind, beganMs, endedMs }, index) => {
    const [, mark] = KINDS.find(([name]) => name === kind) ?? ['read', 'others'];
    const width = Math.max(x(Math.min(endedMs, wallMs)) - x(beganMs), 1.5);
    return element('rect', { x: x(beganMs), y: top + index * BAR, width, height: BAR - 0.6, fill: theme[mark] });
  });
  const marked = moments.flatMap(({ ms }, index) => {
    // Neighbours may lie on each other: they take turns in two rows.
    const y = top - 34 + (index % 2) * 18;
    return [
      line(x(ms), y + 4, x(ms), bottom, theme.text, { 'stroke-dasharray': '2 4', 'stroke-opacity': 0.7 }),
      text(x(ms), y, String(index + 1), theme.text, 'middle', { 'font-weight': 'bold' }),
    ];
  });
  const label = moments.map(({ name, ms }) => `${name} ${seconds(ms)}`).join(', ');
  return picture(bottom + 34, `Requests of a deployment to ${workloads} workloads: ${label}`, [
    ...legend.flat(),
    ...words,
    line(LEFT, bottom, RIGHT, bottom, theme.text),
    ...axis,
    ...bars,
    ...marked,
  ]);
}

function momentsOf(requests: readonly DrawnRequest[], wallMs: number): Moment[] {
  const writes = requests.filter(({ kind }) => kind === 'write');
  const least = (list: readonly DrawnRequest[]): number => Math.min(...list.map(({ beganMs }) => beganMs));
  const moments = [
    { name: 'process starts', ms: 0 },
    { name: 'first request', ms: least(requests) },
    { name: 'first write', ms: least(writes) },
    { name: 'last write answered', ms: Math.max(...writes.map(({ endedMs }) => endedMs)) },
    { name: 'process ends', ms: wallMs },
  ];
  return moments.filter(({ ms }) => Number.isFinite(ms));
}

/** A step of the axis that makes 4 to 10 of them. */
function stepOf(ms: number): number {
  return [100, 200, 500, 1_000, 2_000, 5_000, 10_000].find((step) => ms / step <= 9) ?? 60_000;
}
