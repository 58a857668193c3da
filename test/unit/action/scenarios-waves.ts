import type { Report, TargetReport } from '../../../src/deploy/report/report.ts';
import {
  deployed,
  interrupted,
  oneOfSeveral,
  policy,
  report,
  rollback,
  rolledBack,
  stuck,
  unchanged,
  untouched,
} from './report-builder.ts';
import { REFUSED } from './shop.ts';

/** A workload that was patched `from` seconds after the run's start, and verified `seconds` later. */
function verifiedAt(from: number, seconds: number, path: string, more: Partial<TargetReport> = {}): TargetReport {
  const times = { patchedMs: from * 1000, readyMs: (from + seconds) * 1000 - 240, verifiedMs: (from + seconds) * 1000 };
  const { verification: _, ...changes } = more;
  return deployed(path, { durationMs: seconds * 1000, times, ...changes });
}

/** A workload that failed after `seconds`, and whose rollback took twelve more. */
function failedAt(from: number, seconds: number, build: typeof stuck, path: string, wave?: number): TargetReport {
  const failedMs = (from + seconds) * 1000;
  const times = {
    patchedMs: from * 1000,
    failedMs,
    rollbackStartedMs: failedMs + 900,
    rollbackEndedMs: failedMs + 12_900,
  };
  return build(path, {
    times,
    durationMs: seconds * 1000,
    diagnosis: REFUSED,
    ...(wave !== undefined && { wave }),
  });
}

const undone: typeof stuck = (path, changes) => stuck(path, { rollback: rollback('failed'), ...changes });

/** Two waves of many workloads in two clusters; every thirtieth fails. */
function fleet(size: number): TargetReport[] {
  return Array.from({ length: size }, (_, index) => {
    const wave = index < size / 10 ? 1 : 2;
    const name = `${index % 20 === 19 ? 'StatefulSet ' : ''}team-${index % 6}/service-${index}`;
    const from = wave === 1 ? 4 : 70 + (index % 10) * 6;
    const target =
      index % 30 === 29
        ? failedAt(from, 60, rolledBack, name, wave)
        : index % 12 === 7
          ? unchanged(name, { wave })
          : verifiedAt(from, 12 + (index % 23), name, { wave });
    return { ...target, ref: { ...target.ref, cluster: index % 2 === 0 ? 'staging' : 'prod-eu' } };
  });
}

/** Endings of rollouts that took their time. */
export const WAVE_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'rolled-over-time': () =>
    report({
      targets: [
        verifiedAt(3.2, 14, 'shop/frontpage', { wave: 1 }),
        verifiedAt(48, 21.4, 'shop/details', { wave: 2 }),
        failedAt(48, 35, rolledBack, 'shop/ratings', 2),
        failedAt(48.2, 41, undone, 'shop/reviews', 2),
        verifiedAt(48.4, 9, 'edge/web', { wave: 2 }),
        unchanged('shop/email', { wave: 1 }),
        untouched('shop/payment', { wave: 3 }),
        untouched('shop/checkout', { wave: 3 }),
      ],
      policy: policy({ canary: { count: 1 }, soakMs: 30_000 }),
      durationMs: 104_000,
    }),

  'cancelled-over-time': () =>
    report({
      targets: [
        verifiedAt(3, 14, 'shop/details'),
        verifiedAt(3, 19, 'shop/ratings'),
        interrupted('shop/reviews', { times: { patchedMs: 3_000, failedMs: 26_000 } }),
        untouched('shop/payment'),
      ],
      problems: [
        {
          kind: 'cancelled',
          message: 'The run was cancelled before it reached 1 workload.',
          remedy: 'No workload is half written: each has its old revision or the new one. Re-run the job to finish.',
        },
      ],
      durationMs: 26_400,
    }),

  'many-waves-of-clusters': () =>
    report({
      clusters: [oneOfSeveral('staging'), oneOfSeveral('prod-eu')],
      targets: fleet(120),
      policy: policy({ maxFailures: { percent: 10 } }),
      durationMs: 223_000,
    }),
};

/** A run over a whole mesh. */
export function bigRun(size: number): Report {
  return report({
    clusters: [oneOfSeveral('staging'), oneOfSeveral('prod-eu')],
    targets: fleet(size),
    policy: policy({ maxFailures: { percent: 10 } }),
    durationMs: 1_223_000,
  });
}
