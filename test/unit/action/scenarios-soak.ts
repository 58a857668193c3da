import { DEFAULT_SOAK_LIMITS } from '../../../src/deploy/policy.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import type { SoakReport } from '../../../src/deploy/report/soak-report.ts';
import { beganBefore, unjudgedLimits } from '../../../src/deploy/rollout/unjudged-limits.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import { deployed, policy, ref, report, rolledBack } from './report-builder.ts';
import { workloads } from './shop.ts';

const MIB = 1024 * 1024;
const COURSE = [0, 3, 6, 9, 12, 15, 18, 21].map((seconds) => ({
  seconds,
  requests: seconds * 40,
  failed: seconds < 9 ? 0 : seconds - 6,
}));

/** What watching the pods of a workload came to. */
export const PASSED_SOAK: SoakReport = {
  verdict: 'passed',
  pods: { watched: 3, all: 3 },
  comparedWith: 'old-pods',
  new: { requests: 840, failed: 2, p50Ms: 4.5, p99Ms: 48.2, memoryBytes: 86 * MIB, cpu: 0.021 },
  old: { requests: 12_310, failed: 31, p50Ms: 4.4, p99Ms: 47.9, memoryBytes: 71 * MIB, cpu: 0.019 },
  recent: { ms: 24_000, requests: 960, failed: 3 },
  counters: 'istio',
  crashes: 0,
  restarts: 0,
  unseen: [],
  course: COURSE.map((point) => ({ ...point, failed: Math.floor(point.failed / 8) })),
};

/** What is wrong after all with a workload that got the filter. */
export const BREACHED_SOAK: SoakReport = {
  ...PASSED_SOAK,
  verdict: 'breached',
  breach:
    'pod reviews-7d9f-x2x: proxy_on_request_headers of add-header failed (Uncaught RuntimeError: unreachable, in boom < on_headers); 2 traps in the log of its proxy, 0 in the old pods',
  noticedMs: 3_010,
  pods: { watched: 10, all: 12 },
  new: { requests: 840, failed: 15, p50Ms: 4.5, p99Ms: 51.3, memoryBytes: 87 * MIB },
  crashes: 2,
  restarts: 1,
  probes: { sent: 105, failed: 2 },
  course: COURSE,
};

/** The same of what runs, as `status` sees it. */
export const CRASHED_SOAK: SoakReport = {
  verdict: 'breached',
  breach: BREACHED_SOAK.breach ?? '',
  pods: { watched: 3, all: 3 },
  comparedWith: 'nothing',
  new: BREACHED_SOAK.new,
  counters: 'istio',
  crashes: 2,
  restarts: 0,
  unseen: [],
};

const [FIRST = '', SECOND = '', THIRD = '', ...OTHERS] = workloads;

/** Endings of `deploy` after pods were watched. */
export const SOAK_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'worse-under-traffic': () =>
    report({
      policy: policy({
        soakMs: 600_000,
        soakLimits: {
          maxErrorRate: { share: 0.01, beyond: 'old-pods' },
          maxLatencyIncrease: { ms: 100 },
          minRequests: 50,
          requires: 'nothing',
          traffic: 'probe',
        },
      }),
      targets: [
        rolledBack(FIRST, {
          outcome: 'failed',
          problem: {
            kind: 'verification',
            subject: describeWorkload(ref(FIRST)),
            form: 'clause',
            message: `${BREACHED_SOAK.breach}. Its filters logged: " add_header: no <b>token</b> in \`x-user\`".`,
            clause: 'the filter crashed under traffic',
            remedy: 'Correct the filter, and deploy it again.',
          },
          soak: BREACHED_SOAK,
        }),
        deployed(SECOND, { soak: PASSED_SOAK }),
        deployed(THIRD, {
          soak: {
            verdict: 'no-traffic',
            pods: { watched: 3, all: 3 },
            comparedWith: 'nothing',
            new: { requests: 3, failed: 0 },
            counters: 'envoy',
            crashes: 0,
            restarts: 0,
            unseen: ['crashes in the log of proxies (get pods/log)'],
          },
        }),
        ...OTHERS.map((path) => deployed(path)),
      ],
    }),

  'worse-before-the-change': () => {
    const excused =
      'istio_requests_total: 5.1% of 840 requests failed (5xx or reset) in the new pods, 0.3% of 12310 requests in the old pods, but 4.8% of 960 requests in their last 24 s';
    return report({
      policy: policy({ soakMs: 600_000 }),
      targets: [
        deployed(FIRST, {
          soak: {
            ...PASSED_SOAK,
            new: { ...PASSED_SOAK.new, failed: 43 },
            recent: { ms: 24_000, requests: 960, failed: 46 },
            excused,
          },
        }),
      ],
      warnings: beganBefore([{ ref: ref(FIRST), few: excused }]),
    });
  },

  'uncounted-under-traffic': () =>
    report({
      targets: [
        deployed(FIRST, {
          soak: {
            verdict: 'no-traffic',
            pods: { watched: 2, all: 2 },
            comparedWith: 'nothing',
            new: { requests: 0, failed: 0 },
            crashes: 0,
            restarts: 0,
            unseen: [],
          },
        }),
      ],
      warnings: unjudgedLimits({ ...DEFAULT_SOAK_LIMITS, maxErrorRate: { share: 0.01, beyond: 'zero' } }, [
        {
          ref: ref(FIRST),
          few: 'no requests counted: there were none, or its proxies have no counters of requests',
        },
      ]),
    }),
};
