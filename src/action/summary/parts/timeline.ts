import { greatest } from '../../../base/lists.ts';
import type { TargetReport } from '../../../deploy/report/report.ts';
import { countOf, plain } from '../../verdict/text.ts';
import { type Bar, type BarState, timelineOf } from '../../verdict/timeline.ts';
import type { Limits } from './limits.ts';
import { blocks, fence } from './markdown.ts';

const MAX_TITLE_CHARACTERS = 24;
/** The left column of a chart, in pixels: that of Mermaid has room for ten characters. */
const PIXELS_PER_CHARACTER = 7;
const USUAL_CHARACTERS = 10;
const HOUR_MS = 3_600_000;

/** The tags of Mermaid's own by which a bar gets its colour: grey, red, grey with a red border, blue. */
const LOOKS: Readonly<Record<BarState, { readonly icon: string; readonly tags: string }>> = {
  done: { icon: '✅', tags: 'done' },
  failed: { icon: '❌', tags: 'crit' },
  'rolled-back': { icon: '↩️', tags: 'crit, done' },
  open: { icon: '⏳', tags: 'active' },
};

/** The rollout over time as a Gantt chart of Mermaid (https://mermaid.js.org/syntax/gantt.html); empty where there is little to see. */
export function renderTimeline(targets: readonly TargetReport[], { bars }: Limits): string {
  const timeline = timelineOf(targets, bars);
  if (timeline === undefined) return '';
  const { sections, isFolded, left } = timeline;
  const last = greatest(
    sections.flatMap((section) => section.bars.map(({ toMs }) => toMs)),
    0,
  );
  const titles = sections.map(({ title }) => plain(title, MAX_TITLE_CHARACTERS));
  const longest = greatest(
    titles.map(({ length }) => length),
    0,
  );
  const lines = [
    ...(longest <= USUAL_CHARACTERS
      ? []
      : ['---', 'config:', '  gantt:', `    leftPadding: ${longest * PIXELS_PER_CHARACTER}`, '---']),
    'gantt',
    '  dateFormat YYYY-MM-DD HH:mm:ss.SSS',
    `  axisFormat ${last < HOUR_MS ? '%M:%S' : '%H:%M'}`,
    '  todayMarker off',
    ...sections.flatMap(({ bars: ofSection }, index) => [
      ...(titles[index] ? [`  section ${escaped(titles[index])}`] : []),
      ...ofSection.map(barLine),
    ]),
  ];
  return blocks(
    '### Rollout over time',
    `${last < HOUR_MS ? 'Minutes and seconds' : 'Hours and minutes'} since the run began.${isFolded ? ' Workloads of a wave with the same result share a bar.' : ''}`,
    fence(lines.join('\n'), 'mermaid'),
    left > 0 ? `… and ${countOf(left, 'more wave')}.` : '',
  );
}

function barLine({ state, label, fromMs, toMs }: Bar): string {
  const { icon, tags } = LOOKS[state];
  // The icon keeps a label from being a word of Mermaid's.
  return `  ${icon} ${escaped(label)} :${tags}, ${clock(fromMs)}, ${clock(Math.max(toMs, fromMs + 1))}`;
}

/**
 * A time since the run's start as one of a day on which no clock is changed: Mermaid reads and writes the local time of whoever looks,
 * so it is the same everywhere.
 */
function clock(ms: number): string {
  return new Date(Date.UTC(2000, 0, 1) + Math.round(ms)).toISOString().replace('T', ' ').replace('Z', '');
}

/** Outside text in a chart: what is no letter, digit or harmless mark as Mermaid's code of it (`#58;`). */
function escaped(value: string): string {
  return value.replace(/[^\p{L}\p{N} .,/_·…-]/gu, (character) => `#${character.codePointAt(0)};`);
}
