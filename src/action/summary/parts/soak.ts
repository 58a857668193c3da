import { formatBytes, MAX_LISTED, someOf } from '../../../base/text.ts';
import type { TargetReport } from '../../../deploy/report/report.ts';
import type { SoakCounts, SoakReport, SoakVerdict } from '../../../deploy/report/soak-report.ts';
import { describeWorkload } from '../../../targets/target.ts';
import { countOf } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, fence, text } from './markdown.ts';
import { type Catalogue, type Row, renderTable } from './table.ts';

/** A workload that was watched. */
type Soaked = Pick<TargetReport, 'ref'> & { readonly soak: SoakReport };

const VERDICTS: Catalogue<SoakVerdict> = {
  breached: { icon: '❌', word: 'got worse' },
  'not-watched': { icon: '⚠️', word: 'not watched' },
  'no-traffic': { icon: '⚠️', word: 'no traffic seen' },
  passed: { icon: '✅', word: 'as good as before' },
};
/** The same of what runs, which nothing is compared with. */
const STATES: Catalogue<SoakVerdict> = {
  ...VERDICTS,
  breached: { icon: '❌', word: 'crashed' },
  passed: { icon: '✅', word: 'no crash' },
  'no-traffic': { icon: '✅', word: 'no crash, no traffic seen' },
};
const HEADER = ['Workload', 'Verdict', 'Requests', 'Failed', 'p99', 'Crashes', 'Memory'];
/** Points of the chart; the page of GitHub has room for some twenty. */
const MAX_POINTS = 16;

/** What was seen of watched pods, and how many requests failed over the time; empty where nothing was watched. */
export function renderSoak(targets: readonly Pick<TargetReport, 'ref' | 'soak'>[], limits: Limits): string {
  const soaked = targets.flatMap(({ ref, soak }): Soaked[] => (soak === undefined ? [] : [{ ref, soak }]));
  if (soaked.length === 0) return '';
  const rows = soaked.map((one) => rowOf(one, limits));
  const isUrgent = ({ count }: Row<SoakVerdict>): boolean => count === 'breached' || count === 'not-watched';
  const unseen = [...new Set(soaked.flatMap(({ soak }) => soak.unseen))];
  return blocks(
    renderTable(
      'Under traffic',
      {
        noun: 'watched workload',
        header: HEADER,
        catalogue: VERDICTS,
        urgent: rows.filter(isUrgent),
        calm: rows.filter((row) => !isUrgent(row)),
        above: `New pods against old ones, as far as both were seen${soaked.some(({ soak }) => soak.recent !== undefined) ? ' (lately: in the last minutes of the old ones)' : ''}; of each, the proxy that has most memory.`,
      },
      limits,
    ),
    unseen.length === 0
      ? ''
      : `Not watched, for want of a permission: ${someOf(
          unseen.map((one) => text(one, limits.message)),
          MAX_LISTED,
          '; ',
        )}.`,
    soaked.some(({ soak }) => isUncounted(soak))
      ? 'Where no requests were counted there were none, or the proxies have no counters of requests (docs/soak.md says how they get them): only crashes, restarts and memory were judged there.'
      : '',
    renderChart(soaked),
  );
}

/** What the proxies of workloads have counted and logged since they began; empty where nobody looked. */
export function renderTraffic(
  workloads: readonly { readonly ref: TargetReport['ref']; readonly soak?: SoakReport }[],
  limits: Limits,
): string {
  const seen = workloads.flatMap(({ ref, soak }): Soaked[] =>
    soak === undefined || soak.verdict === 'not-watched' ? [] : [{ ref, soak }],
  );
  const rows = seen.map((one) => rowOf(one, limits, STATES));
  const parts = {
    noun: 'workload',
    header: HEADER,
    catalogue: STATES,
    urgent: rows.filter(({ count }) => count === 'breached'),
    calm: rows.filter(({ count }) => count !== 'breached'),
    above: 'What the proxies of the pods have counted and logged since they began.',
  };
  const breaches = seen.flatMap(({ ref, soak }) => {
    return soak.breach === undefined
      ? []
      : [`- ${text(describeWorkload(ref), limits.name)}: ${text(soak.breach, limits.message)}.`];
  });
  return blocks(
    renderTable('Under traffic', parts, limits),
    someOf(breaches.slice(0, limits.entries), MAX_LISTED, '\n'),
  );
}

function rowOf({ ref, soak }: Soaked, limits: Limits, words = VERDICTS): Row<SoakVerdict> {
  const { verdict, old, pods, crashes, restarts, probes } = soak;
  const { icon, word: seen } = words[verdict];
  const known = soak.excused === undefined ? seen : 'worse, as it was before the change';
  const word = isUncounted(soak) ? seen.replace('no traffic seen', 'no requests counted') : known;
  const both = (of: (counts: SoakCounts) => string): string =>
    old === undefined ? of(soak.new) : `${of(soak.new)} / ${of(old)}`;
  const watched = pods.watched < pods.all ? `, ${pods.watched} of ${countOf(pods.all, 'pod')}` : '';
  const probed = probes === undefined ? '' : ` (probe: ${probes.failed} of ${probes.sent} failed)`;
  return {
    count: verdict,
    cells: [
      text(describeWorkload(ref), limits.name),
      `${icon} ${word}${watched}`,
      `${soak.counters === undefined ? '–' : both(({ requests }) => String(requests))}${probed}`,
      soak.counters === undefined ? '–' : `${both(rateWords)}${latelyWords(soak)}`,
      soak.new.p99Ms === undefined ? '–' : both(({ p99Ms }) => (p99Ms === undefined ? '–' : `${p99Ms} ms`)),
      restarts > 0 ? `${crashes}, ${countOf(restarts, 'restart')}` : String(crashes),
      soak.new.memoryBytes === undefined
        ? '–'
        : both(({ memoryBytes }) => (memoryBytes === undefined ? '–' : formatBytes(memoryBytes))),
    ],
  };
}

/** Whether nobody has counted a request: that there was no traffic would be more than is known. */
function isUncounted({ verdict, counters, probes }: SoakReport): boolean {
  return verdict === 'no-traffic' && counters === undefined && probes === undefined;
}

function latelyWords({ recent }: SoakReport): string {
  return recent === undefined || recent.requests === 0 ? '' : `, lately ${rateWords(recent)}`;
}

function rateWords({ requests, failed }: Pick<SoakCounts, 'requests' | 'failed'>): string {
  return requests === 0 ? '–' : `${failed} (${percentOf(failed, requests)} %)`;
}

/** With two digits behind the point, so that one of a thousand is seen. */
function percentOf(part: number, all: number): number {
  return all === 0 ? 0 : Math.round((10_000 * part) / all) / 100;
}

/** The share of failed requests over time, of all watched workloads together (https://mermaid.js.org/syntax/xyChart.html). */
function renderChart(soaked: readonly Soaked[]): string {
  const courses = soaked.flatMap(({ soak }) => (soak.course === undefined ? [] : [soak.course]));
  const end = courses.reduce((last, course) => Math.max(last, course.at(-1)?.seconds ?? 0), 0);
  const counted = soaked.reduce((sum, { soak }) => sum + soak.new.requests, 0);
  if (end <= 0 || counted === 0) return '';
  // Between two looks nothing was counted.
  const points = courses.reduce((most, course) => Math.max(most, Math.min(course.length - 1, MAX_POINTS)), 2);
  const times = Array.from({ length: points }, (_, index) => (end * (index + 1)) / points);
  const sums = [0, ...times].map((time) => sumAt(courses, time));
  const now = times.map((_, index) => {
    const [from, to] = [sums[index] ?? NOTHING, sums[index + 1] ?? NOTHING];
    return percentOf(to.failed - from.failed, to.requests - from.requests);
  });
  const old = soaked.reduce(
    (sum, { soak }) => ({
      requests: sum.requests + (soak.old?.requests ?? 0),
      failed: sum.failed + (soak.old?.failed ?? 0),
    }),
    NOTHING,
  );
  const before = percentOf(old.failed, old.requests);
  const top = [...now, before].reduce((most, value) => Math.max(most, value), 1);
  const lines = [
    'xychart-beta',
    '  title "Failed requests over time"',
    `  x-axis "Seconds since the first look" [${pointsOf(times.map((time) => Math.round(time * 10) / 10))}]`,
    `  y-axis "Failed, %" 0 --> ${Math.ceil(top)}`,
    `  line [${pointsOf(now)}]`,
    ...(old.requests > 0 ? [`  line [${pointsOf(times.map(() => before))}]`] : []),
  ];
  const flat = old.requests > 0 ? '; the straight line is what the old ones had' : '';
  return blocks(`Failed requests in the new pods of all watched workloads${flat}.`, fence(lines.join('\n'), 'mermaid'));
}

function pointsOf(values: readonly number[]): string {
  return someOf(values.map(String), MAX_POINTS);
}

const NOTHING = { requests: 0, failed: 0 };

/** What all workloads had come to at a time; those that were not watched yet had nothing. */
function sumAt(courses: readonly NonNullable<SoakReport['course']>[], seconds: number): typeof NOTHING {
  return courses.reduce((sum, course) => {
    const at = seconds === 0 ? undefined : course.findLast((point) => point.seconds <= seconds);
    return { requests: sum.requests + (at?.requests ?? 0), failed: sum.failed + (at?.failed ?? 0) };
  }, NOTHING);
}
