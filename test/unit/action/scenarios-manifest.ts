import type { Report, TargetReport } from '../../../src/deploy/report/report.ts';
import { describeWorkload } from '../../../src/targets/target.ts';
import {
  change,
  deployed,
  filter,
  NEW,
  OLD,
  planned,
  ref,
  report,
  rollback,
  stuck,
  untouched,
} from './report-builder.ts';

const FILTERS = ['auth', 'limits', 'add-header'].map((name, index) =>
  filter({ name, digest: `sha256:${`${index + 1}a`.repeat(32)}`, bytes: 31_968 * (index + 1) }),
);
const REVISIONS: TargetReport['revisions'] = [
  { filter: 'auth', revision: 'a1b2c3d4e5' },
  { filter: 'limits', revision: 'c3d4e5f607' },
  { filter: 'add-header', revision: NEW, before: OLD },
];
const PATHS = ['shop/frontpage', 'shop/reviews', 'shop/ratings', 'edge/web'];
/** The last workload gets two of the filters only. */
const revisionsOn = (path: string): TargetReport['revisions'] =>
  path === 'edge/web' ? REVISIONS.slice(0, 2) : REVISIONS;
const SAID = 'Envoy rejects limits: the filter said: no rule for this route (Failed to configure base Wasm plugin)';

/** Three filters of a manifest over four workloads. */
export const MANIFEST_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'manifest-deployed': () =>
    report({ filters: FILTERS, targets: PATHS.map((path) => deployed(path, { revisions: revisionsOn(path) })) }),

  'manifest-one-filter-failed': () =>
    report({
      filters: FILTERS,
      targets: PATHS.map((path) =>
        path === 'shop/ratings'
          ? stuck(path, {
              revisions: revisionsOn(path),
              rollback: rollback('rolled-back', { to: { auth: null, limits: null, 'add-header': OLD } }),
              diagnosis: [
                'the filter limits: no rule for this route',
                'Envoy about limits: Failed to configure base Wasm plugin',
              ],
              problem: {
                kind: 'rollout',
                filter: 'limits',
                subject: describeWorkload(ref(path)),
                form: 'clause',
                message: `not ready after 5 min: 1 of 3 pods updated. ${SAID}.`,
                remedy:
                  'Check "configuration" and "root-id": the filter rejected its configuration or does not know the root id.',
              },
            })
          : deployed(path, { revisions: revisionsOn(path) }),
      ),
    }),

  'manifest-planned': () =>
    report({
      command: 'plan',
      filters: FILTERS,
      targets: PATHS.map((path) => untouched(path, { revisions: revisionsOn(path) })),
      plan: planned({
        changes: [
          change('create ConfigMap shop/auth-a1b2c3d4e5'),
          change('create ConfigMap shop/limits-c3d4e5f607'),
          change(`create ConfigMap shop/add-header-${NEW}`),
          change('create EnvoyFilter shop/auth-a1b2c3d4e5'),
          change('create EnvoyFilter shop/limits-c3d4e5f607'),
          change(`create EnvoyFilter shop/add-header-${NEW}`),
          ...PATHS.map((path) => change(`change Deployment ${path}`)),
        ],
        modules: FILTERS.map(({ name, digest, bytes }) => ({
          filter: name,
          state: 'new',
          after: { digest, bytes },
          workloads: PATHS.map((path) => `Deployment ${path}`),
        })),
        restarts: PATHS.map((path) => ({ ref: ref(path), pods: 3, wave: 1 })),
      }),
    }),
};
