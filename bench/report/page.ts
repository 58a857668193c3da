import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { blocks, table } from '../../scripts/docs/markdown.ts';
import { countOf, median, medianOf, type Operation, PEERS, type Results, type Subject } from '../results.ts';
import { OPERATIONS, TITLES } from '../titles.ts';
import { goals, met } from './goals.ts';
import { seconds } from './svg.ts';
import { readTimelines } from './timeline.ts';

const BEGIN = '<!-- figures: made of results.json by "npm run docs" -->';
const END = '<!-- end of figures -->';
const DEPLOYERS: readonly Subject[] = ['limit', 'limit-seen', 'action-no-wait', 'action', ...PEERS];
const OF_THE_ACTION: readonly Operation[] = ['deploy', 'no-op', 'status', 'plan', 'settings', 'one-more', 'remove'];

/** Returns the figures that are kept; undefined before the first whole run. */
export function readResults(): Results | undefined {
  const file = join(import.meta.dirname, '..', 'results.json');
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Results) : undefined;
}

/** Returns the page with its figures written anew. Throws if it has no place for them. */
export function withFigures(page: string): string {
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`bench/README.md needs ${BEGIN} and ${END}`);
  const results = readResults();
  const figures = blocks(results === undefined ? [] : figuresOf(results), timelines());
  return `${before}${BEGIN}\n\n${figures}\n\n${END}${after}`;
}

function figuresOf(results: Results): string[] {
  return [
    '## Goals',
    goalTable(results),
    ...baseline(results),
    '## A first deployment',
    'Seconds, on logarithmic axes: each line is ten times the one before. “No wait” ends before the controller has seen the changes.',
    pictureOf('peers', 'Time of a first deployment to 100 workloads, by everyone'),
    deployTable(results),
    pictureOf('growth', 'Time of a first deployment over the number of workloads'),
    '## Everything that the action does',
    operationTable(results),
    '## What goes over the wire',
    'Counted by a recorder between the process and the API server, in a run of its own; bytes with TLS and headers, answers not compressed.',
    wireTable(results),
    '## Machine and versions',
    machineTable(results),
  ];
}

function goalTable(results: Results): string {
  const rows = goals(results).map((goal) => {
    const measured = goal.measured === undefined ? '–' : goal.show(goal.measured);
    const verdict = goal.measured === undefined ? 'not measured' : met(goal) ? 'yes' : '**no**';
    const possible = goal.possible === undefined ? '' : goal.show(goal.possible);
    return [goal.name, `at ${goal.most ? 'most' : 'least'} ${goal.show(goal.limit)}`, measured, verdict, possible];
  });
  return table(['', 'goal', 'measured', 'met', 'the bare client in place of the action'], rows);
}

/** Returns what the unit of two goals took, which is the machine's; nothing where it was not measured. */
export function baseline({ samples }: Results): string[] {
  const starts = samples.filter(({ subject }) => subject === 'node').map(({ wallMs }) => wallMs);
  const ms = median(starts);
  return ms === undefined
    ? []
    : [`\`node -e 0\`, a start of Node without a program, took ${Math.round(ms)} ms (median of ${starts.length}).`];
}

/** The sizes that were measured, in order. */
function sizesOf({ samples }: Results, subject: Subject): { workloads: number; namespaces: number }[] {
  const texts = samples
    .filter((sample) => sample.subject === subject && sample.operation === 'deploy')
    .map(({ workloads, namespaces }) => JSON.stringify({ workloads, namespaces }));
  return [...new Set(texts)]
    .map((text) => JSON.parse(text) as { workloads: number; namespaces: number })
    .sort((a, b) => a.workloads - b.workloads || a.namespaces - b.namespaces);
}

const headOf = ({ workloads, namespaces }: { workloads: number; namespaces: number }): string =>
  `${workloads.toLocaleString('en')}${namespaces === 1 ? '' : ` in ${namespaces} namespaces`}`;

function deployTable(results: Results): string {
  const sizes = sizesOf(results, 'action');
  const known = DEPLOYERS.filter((subject) => sizesOf(results, subject).length > 0);
  const rows = known.map((subject) => [
    TITLES[subject],
    ...sizes.map((size) => {
      const ms = medianOf(results, { ...size, subject, operation: 'deploy' }, 'wallMs');
      const { length: rounds } = deploysOf(results, subject, size);
      return ms === undefined ? '–' : `${seconds(ms)}${rounds === 1 ? '¹' : ''}`;
    }),
  ]);
  return blocks(
    table(['', ...sizes.map(headOf)], rows),
    'Medians of the rounds, of which the next table says how many there were. ¹: one round. –: not measured; xargs and the script are written for one namespace, and the rest was left out to save time.',
    costTable(results),
  );
}

/** What the first deployments of a size took. */
function deploysOf(
  { samples }: Results,
  subject: Subject,
  { workloads, namespaces }: { workloads: number; namespaces: number },
): Results['samples'] {
  return samples.filter(
    (sample) =>
      sample.subject === subject &&
      sample.operation === 'deploy' &&
      sample.workloads === workloads &&
      sample.namespaces === namespaces,
  );
}

function costTable(results: Results): string {
  const rows = DEPLOYERS.flatMap((subject) => {
    const what = { subject, operation: 'deploy', workloads: 100, namespaces: 1 } as const;
    const wall = medianOf(results, what, 'wallMs');
    if (wall === undefined) return [];
    const of = (figure: 'userMs' | 'systemMs'): string => seconds(medianOf(results, what, figure) ?? 0);
    const peak = Math.round((medianOf(results, what, 'peakKiB') ?? 0) / 1024);
    const all = deploysOf(results, subject, what).map(({ wallMs }) => wallMs);
    const range = `${all.length}: ${seconds(Math.min(...all))} to ${seconds(Math.max(...all))}`;
    return [[TITLES[subject], seconds(wall), range, of('userMs'), of('systemMs'), `${peak} MiB`]];
  });
  return table(
    ['100 workloads, one namespace', 'time', 'rounds', 'processor: user', 'system', 'memory of the largest process'],
    rows,
  );
}

function operationTable(results: Results): string {
  const sizes = sizesOf(results, 'action');
  const cell = (subject: Subject, operation: Operation, size: { workloads: number; namespaces: number }): string => {
    const what = { ...size, subject, operation };
    const wall = medianOf(results, what, 'wallMs');
    if (wall === undefined) return '–';
    const peak = Math.round((medianOf(results, what, 'peakKiB') ?? 0) / 1024);
    return `${seconds(wall)} · ${seconds(medianOf(results, what, 'userMs') ?? 0)} · ${peak}`;
  };
  const rows = OF_THE_ACTION.map((operation) => [
    OPERATIONS[operation],
    ...sizes.map((size) => cell('action', operation, size)),
  ]);
  const others = (['manifest', 'embedded'] as const).flatMap((subject) =>
    sizesOf(results, subject).map((size) => [
      `${TITLES[subject]}, ${headOf(size)} workloads`,
      ...(['deploy', 'no-op', 'remove'] as const).map((operation) => cell(subject, operation, size)),
    ]),
  );
  return blocks(
    'Time · processor (user) · MiB of the largest process.',
    table(['', ...sizes.map(headOf)], rows),
    others.length === 0 ? undefined : table(['', OPERATIONS.deploy, OPERATIONS['no-op'], OPERATIONS.remove], others),
  );
}

function wireTable(results: Results): string {
  const rows = results.counts
    .filter(
      ({ workloads, namespaces, operation }) =>
        [100, 300].includes(workloads) && namespaces === 1 && operation !== 'start',
    )
    .map((what) => {
      const count = (figure: 'requests' | 'writes' | 'sockets'): string =>
        String(countOf(results, what, figure) ?? '–');
      const kib = (figure: 'bytesToServer' | 'bytesFromServer'): string => `${Math.round(what[figure] / 1024)} KiB`;
      const title = `${OPERATIONS[what.operation]}, ${what.workloads}`;
      return [
        TITLES[what.subject],
        title,
        count('requests'),
        count('writes'),
        kib('bytesToServer'),
        kib('bytesFromServer'),
        count('sockets'),
      ];
    });
  return table(['', '', 'requests', 'writes', 'sent', 'received', 'sockets at once'], rows);
}

function machineTable({ command, takenAt, minutes, machine, versions, samples }: Results): string {
  const rounds = Math.max(...samples.map(({ round }) => round));
  const rows = [
    ['command', `\`${command}\`, ${minutes} minutes, up to ${rounds} rounds, ${takenAt}`],
    ['machine', `${machine.processor}, ${machine.processors} processors, ${machine.memory}, ${machine.kernel}`],
    [
      'versions',
      Object.entries(versions)
        .map(([name, version]) => `${name} ${version}`)
        .join(', '),
    ],
  ];
  return table(['', ''], rows);
}

/** A picture for pages of either lightness. */
function pictureOf(name: string, alt: string): string {
  return [
    '<picture>',
    `  <source media="(prefers-color-scheme: dark)" srcset="images/${name}-dark.svg">`,
    `  <img alt="${alt}" src="images/${name}-light.svg" width="760">`,
    '</picture>',
  ].join('\n');
}

function timelines(): string[] {
  const known = readTimelines();
  if (known.size === 0) return [];
  return [
    '## The time line of a run',
    'One deployment to 100 workloads through the recorder, which takes time itself: each bar is a request, from its arrival to the end of its answer.',
    ...[...known].flatMap(([name, { commit }]) => [
      `**${name}** (commit ${commit})`,
      pictureOf(`timeline-${name}`, `Requests of a deployment to 100 workloads over time, ${name}`),
    ]),
  ];
}
