import { greatest, least } from '../../base/lists.ts';
import { formatDuration } from '../../base/text.ts';
import type { TargetReport } from '../../deploy/report/report.ts';
import { compareWaves, waveName, waveOf } from '../../deploy/report/wave-mark.ts';
import { shortWorkload } from '../../targets/target.ts';
import { countOf, plain } from './text.ts';

/**
 * How something on a timeline ended: as wanted, failed, rolled back, or `open`: nobody has seen its end, or it waits for something. A
 * failed one is red, so that is also a rollback that failed.
 */
export type BarState = 'done' | 'failed' | 'rolled-back' | 'open';

/** What one workload, or several, did for a time. */
export interface Bar {
  readonly state: BarState;
  /** Plain text, which may have names in it. */
  readonly label: string;
  /** Milliseconds since the run's start. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** The bars of one wave in one cluster. */
export interface Section {
  /** Plain text; empty where there is no other. */
  readonly title: string;
  readonly bars: readonly Bar[];
}

/** A rollout over time. */
export interface Timeline {
  readonly sections: readonly Section[];
  /** Whether workloads stand together in bars. */
  readonly isFolded: boolean;
  /** Waves that there was no room for. */
  readonly left: number;
}

/** A picture of one workload, or of what is over at once, shows nothing. */
const MIN_BARS = 3;
const MIN_SPAN_MS = 2_000;
const MAX_NAME_CHARACTERS = 48;

/** How workloads are put together, the fullest first: how many failed ones of each wave stand alone, and into how many bars others go. */
const FOLDS = [
  { alone: Number.POSITIVE_INFINITY, groups: Number.POSITIVE_INFINITY },
  { alone: 24, groups: 10 },
  { alone: 12, groups: 5 },
  { alone: 6, groups: 3 },
  { alone: 3, groups: 1 },
  { alone: 0, groups: 1 },
] as const;
type Fold = { readonly alone: number; readonly groups: number };

/**
 * Returns the rollouts of a run over time, of at most `maxBars` bars: one for each workload, and one for its rollback; where these
 * would be too many, workloads of a wave that ended alike stand together. `undefined` where there is nothing worth seeing.
 */
export function timelineOf(targets: readonly TargetReport[], maxBars: number): Timeline | undefined {
  const rolled = targets.flatMap((target) => rolledOf(target) ?? []);
  const waves = wavesOf(rolled);
  for (const fold of FOLDS) {
    const sections = waves.map(({ title, rolled: ofWave }) => ({ title, bars: barsOf(ofWave, fold) }));
    const isLast = fold === FOLDS.at(-1);
    const shown = isLast ? firstOf(sections, maxBars) : sections;
    if (countBars(shown) > maxBars) continue;
    const isFolded = fold !== FOLDS[0];
    return isWorthSeeing(shown) ? { sections: shown, isFolded, left: sections.length - shown.length } : undefined;
  }
  return undefined;
}

/** What is known of when a workload was rolled. */
interface Rolled {
  readonly target: TargetReport;
  readonly name: string;
  readonly forward: Omit<Bar, 'label'>;
  readonly back?: Omit<Bar, 'label'>;
}

function rolledOf(target: TargetReport): Omit<Rolled, 'name'> | undefined {
  const { times, rollback, durationMs } = target;
  if (times === undefined) return undefined;
  const { patchedMs: fromMs, readyMs, verifiedMs, failedMs, rollbackStartedMs, rollbackEndedMs } = times;
  const end = failedMs ?? verifiedMs ?? readyMs ?? rollbackStartedMs;
  const seen = failedMs !== undefined ? 'failed' : verifiedMs !== undefined || readyMs !== undefined ? 'done' : 'open';
  const isOpen = target.phase === 'interrupted' || target.phase === 'superseded';
  // What nobody waited for has no length.
  if (end === undefined && durationMs === undefined) return undefined;
  const forward = { state: isOpen ? 'open' : seen, fromMs, toMs: end ?? fromMs + (durationMs ?? 0) } as const;
  if (rollbackStartedMs === undefined || rollbackEndedMs === undefined) return { target, forward };
  const state = BACK_STATES[rollback?.state ?? 'rolled-back'];
  return { target, forward, back: { state, fromMs: rollbackStartedMs, toMs: rollbackEndedMs } };
}

const BACK_STATES = { 'rolled-back': 'rolled-back', failed: 'failed', skipped: 'open' } as const;

/** Stands in where a run has one wave only. */
const NO_WAVE = { wave: 0 };

interface WaveOfCluster {
  readonly title: string;
  readonly rolled: readonly Rolled[];
}

function wavesOf(rolled: readonly Omit<Rolled, 'name'>[]): WaveOfCluster[] {
  const clusters = new Set(rolled.map(({ target }) => target.ref.cluster)).size > 1;
  const namespaces = new Set(rolled.map(({ target }) => target.ref.namespace)).size > 1;
  const nameOf = ({ ref: { namespace, name } }: TargetReport): string =>
    namespaces ? shortWorkload({ namespace, name, kind: '' }) : name;
  const titleOf = (target: TargetReport): string => {
    const mark = waveOf(target);
    return [mark === undefined ? '' : `Wave ${waveName(mark)}`, clusters ? (target.ref.cluster ?? '') : '']
      .filter((part) => part !== '')
      .join(' · ');
  };
  const sorted = rolled
    .map((one) => ({ ...one, name: plain(nameOf(one.target), MAX_NAME_CHARACTERS) }))
    .sort((a, b) => compareWaves(waveOf(a.target) ?? NO_WAVE, waveOf(b.target) ?? NO_WAVE));
  return [...Map.groupBy(sorted, ({ target }) => titleOf(target))].map(([title, ofWave]) => ({
    title,
    rolled: ofWave.sort((a, b) => a.forward.fromMs - b.forward.fromMs || a.forward.toMs - b.forward.toMs),
  }));
}

function barsOf(rolled: readonly Rolled[], { alone, groups }: Fold): Bar[] {
  if (groups === Number.POSITIVE_INFINITY) return rolled.flatMap((one) => barsTogether([one]));
  const failed = rolled.filter(({ forward, back }) => forward.state === 'failed' || back?.state === 'failed');
  const single = new Set(failed.slice(0, alone));
  const alike = Map.groupBy(
    rolled.filter((one) => !single.has(one)),
    ({ forward, back }) => `${forward.state} ${back?.state ?? ''}`,
  );
  const each = Math.max(1, Math.floor(groups / alike.size));
  const together = [...alike.values()].flatMap((ones) =>
    slices(
      ones.sort((a, b) => a.forward.toMs - b.forward.toMs),
      each,
    ),
  );
  return [...[...single].map((one) => [one]), ...together].flatMap(barsTogether);
}

/** The bars of workloads that ended alike: from the first one's begin to the last one's end. */
function barsTogether(ones: readonly Rolled[]): Bar[] {
  const [first] = ones;
  if (first === undefined) return [];
  const name = ones.length === 1 ? first.name : countOf(ones.length, 'workload');
  const span = (bars: readonly Omit<Bar, 'label'>[]): Pick<Bar, 'fromMs' | 'toMs'> => ({
    fromMs: least(bars.map(({ fromMs }) => fromMs)),
    toMs: greatest(
      bars.map(({ toMs }) => toMs),
      0,
    ),
  });
  const bar = (bars: readonly Omit<Bar, 'label'>[], words: Readonly<Record<BarState, string>>): Bar[] => {
    const [{ state } = { state: undefined }] = bars;
    if (state === undefined) return [];
    const { fromMs, toMs } = span(bars);
    return [{ state, label: `${name}${words[state]}, ${formatDuration(toMs - fromMs)}`, fromMs, toMs }];
  };
  return [
    ...bar(
      ones.map(({ forward }) => forward),
      FORWARD,
    ),
    ...bar(
      ones.flatMap(({ back }) => back ?? []),
      BACK,
    ),
  ];
}

const FORWARD = { done: '', failed: ' failed', open: ' not finished', 'rolled-back': '' };
const BACK = { done: '', failed: ' rollback failed', open: ' not rolled back', 'rolled-back': ' rolled back' };

/** As many lists as `parts`, or as there are items, of about the same length. */
function slices<T>(items: readonly T[], parts: number): T[][] {
  const n = Math.min(parts, items.length);
  return Array.from({ length: n }, (_, index) =>
    items.slice(Math.floor((index * items.length) / n), Math.floor(((index + 1) * items.length) / n)),
  );
}

function firstOf(sections: readonly Section[], maxBars: number): Section[] {
  let room = maxBars;
  const end = sections.findIndex(({ bars }) => {
    room -= bars.length;
    return room < 0;
  });
  return end < 0 ? [...sections] : sections.slice(0, end);
}

function countBars(sections: readonly Section[]): number {
  return sections.reduce((sum, { bars }) => sum + bars.length, 0);
}

function isWorthSeeing(sections: readonly Section[]): boolean {
  const bars = sections.flatMap((section) => section.bars);
  const from = least(bars.map(({ fromMs }) => fromMs));
  const to = greatest(
    bars.map(({ toMs }) => toMs),
    0,
  );
  return bars.length >= MIN_BARS && to - from >= MIN_SPAN_MS;
}
