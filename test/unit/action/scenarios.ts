import { deletedProblem } from '../../../src/deploy/observe/deleted.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import {
  connected,
  deployed,
  deployPlan,
  filter,
  IMAGE,
  image,
  interrupted,
  NEW,
  neededIn,
  OLD,
  PROVENANCE,
  permission,
  policy,
  ref,
  report,
  rolledBack,
  stuck,
  unawaited,
  unchanged,
  untouched,
} from './report-builder.ts';
import { CHECK_SCENARIOS } from './scenarios-check.ts';
import { CLUSTER_SCENARIOS } from './scenarios-clusters.ts';
import { COMMAND_SCENARIOS } from './scenarios-commands.ts';
import { EVIDENCE_SCENARIOS } from './scenarios-evidence.ts';
import { GATEWAY_SCENARIOS } from './scenarios-gateway.ts';
import { IMAGE_SCENARIOS } from './scenarios-image.ts';
import { MANIFEST_SCENARIOS } from './scenarios-manifest.ts';
import { PROMOTION_SCENARIOS } from './scenarios-promotion.ts';
import { SCOUT_SCENARIOS } from './scenarios-scout.ts';
import { SOAK_SCENARIOS } from './scenarios-soak.ts';
import { TEST_SCENARIOS } from './scenarios-tests.ts';
import { WAVE_SCENARIOS } from './scenarios-waves.ts';
import { REFUSED, workloads } from './shop.ts';

const right = (verb: string, resource: string, namespace: string) => ({
  kind: 'permission' as const,
  permission: permission(`${verb} ${resource} in namespace "${namespace}"`),
  message: `The kubeconfig user cannot ${verb} ${resource} in namespace "${namespace}".`,
  user: 'system:serviceaccount:ci:deployer',
  remedy: 'Grant the permission with a Role and a RoleBinding.',
});

export const HOSTILE =
  '<img src=x onerror=alert(1)> </details> | **bold** _it_ `code` [link](https://evil.example) @octocat #1 www.evil.example https://evil.example/?a=b&c=d :tada: ~~gone~~ $x$ \n\n# heading\n- [ ] task\n```\nfence';

/** One report for each kind of ending; the golden files show what happens to them. */
export const SCENARIOS: Readonly<Record<string, () => Report>> = {
  ...EVIDENCE_SCENARIOS,
  ...SOAK_SCENARIOS,
  ...COMMAND_SCENARIOS,
  ...CLUSTER_SCENARIOS,
  ...IMAGE_SCENARIOS,
  ...GATEWAY_SCENARIOS,
  ...WAVE_SCENARIOS,
  ...PROMOTION_SCENARIOS,
  ...MANIFEST_SCENARIOS,
  ...CHECK_SCENARIOS,
  ...TEST_SCENARIOS,
  ...SCOUT_SCENARIOS,

  adopted: () =>
    report({
      targets: workloads
        .slice(0, 2)
        .map((path) => deployed(path, { takenOver: ['shop/wasm'], alsoRuns: ['rate-limit'] })),
      collected: { deleted: ['EnvoyFilter shop/wasm'], left: [] },
    }),

  'all-deployed': () => report({ targets: workloads.map((path) => deployed(path)) }),

  'shrunk-and-deployed': () =>
    report({
      filters: [
        filter({
          bytes: 474_112,
          original: {
            bytes: 1_782_580,
            digest: `sha256:${'0f'.repeat(32)}`,
            how: 'without its custom sections .debug_info, .debug_line and producers',
          },
        }),
      ],
      targets: workloads.map((path) => deployed(path)),
    }),

  'with-every-setting': () =>
    report({
      targets: workloads.slice(0, 1).map((path) => deployed(path)),
      filters: [
        filter({
          settings: {
            ...filter().settings,
            port: 9080,
            insert: { place: 'after', filter: 'istio.stats' },
            failPolicy: 'reload',
            reloadBackoffMs: 5_000,
            allowOnHeadersStopIteration: true,
            environment: { MODE: 'not to be shown', POD_NAME: { from: 'proxy' } },
            capabilities: ['proxy_log', 'proxy_on_request_headers'],
            allowPrecompiled: true,
            logLevel: 'info',
          },
        }),
      ],
    }),

  'some-deployed': () =>
    report({
      targets: workloads.map((path, index) => (index < 3 ? deployed(path) : unchanged(path))),
      warnings: [
        {
          topic: 'Kubeconfig',
          subject: 'context prod-eu',
          text: 'The context "prod-eu" does not check the certificate of its server (insecure-skip-tls-verify).',
        },
      ],
    }),

  unchanged: () =>
    report({
      targets: workloads.map((path) => unchanged(path)),
      requests: { reads: 14, writes: 0 },
      durationMs: 1_240,
    }),

  'one-failed-of-many': () =>
    report({
      targets: workloads.map((path) =>
        path === 'shop/reviews'
          ? stuck(path, { diagnosis: [...REFUSED, 'pod reviews-7d4f9c6b8d-x2x4q: container istio-proxy not ready'] })
          : deployed(path),
      ),
      policy: policy({ onFailure: 'keep' }),
      durationMs: 303_100,
    }),

  'many-failed': () =>
    report({
      targets: Array.from({ length: 60 }, (_, index) => {
        const path = `${index === 7 ? 'StatefulSet ' : ''}team-${index % 6}/service-${index}`;
        const diagnosis = [...REFUSED, `pod service-${index}-7d4f9c6b8d-x2x4q: container istio-proxy not ready`];
        if (index % 5 === 2) return rolledBack(path, { diagnosis });
        return index % 7 === 0 ? unchanged(path) : deployed(path);
      }),
      policy: policy({ maxFailures: { percent: 25 } }),
      durationMs: 303_100,
      requests: { reads: 121, writes: 64 },
    }),

  'input-problems': () => {
    return report({
      clusters: [],
      filters: [],
      problems: [
        {
          kind: 'input',
          subject: 'timeout',
          message: 'is "5 minuets", which is not a duration.',
          remedy: 'Write a number and a unit, like "90s", "10m" or "1h".',
        },
        {
          kind: 'filter',
          subject: 'build/filter.wasm',
          message: 'is not a WebAssembly module; it is a Git LFS pointer (check out with "lfs: true").',
          remedy: 'Pass the .wasm file that the compiler wrote.',
        },
        {
          kind: 'targets',
          subject: 'targets, entry 3',
          form: 'sentence',
          message: 'Deployment shop/review does not exist.',
          remedy: 'Change it to deployment/reviews.',
        },
        {
          kind: 'targets',
          subject: 'targets, entry 5',
          form: 'clause',
          message: 'the namespace "shopp" does not exist.',
          remedy: 'Check the spelling and the context of the kubeconfig.',
        },
      ],
      requests: { reads: 9, writes: 0 },
      durationMs: 812,
    });
  },

  attested: () =>
    report({
      filters: [filter({ provenance: PROVENANCE })],
      targets: workloads.slice(0, 3).map((path) => deployed(path)),
    }),

  'attestation-refused': () =>
    report({
      filters: [filter()],
      problems: [
        {
          kind: 'provenance',
          subject: 'filter "build/add_header.wasm"',
          message:
            'has 2 attestations in bookshop/filters, and none satisfies the policy: it was built on refs/pull/7/merge, not on refs/heads/main; the workflow evil/ci/.github/workflows/a.yml@refs/heads/<b> signed it, which is not in bookshop/filters.',
          remedy:
            'Deploy a file from the build that the input "attestation" names. If another build is trusted, too, change that input.',
        },
        {
          kind: 'targets',
          subject: 'targets, entry 3',
          form: 'sentence',
          message: 'Deployment shop/review does not exist.',
          remedy: 'Change it to deployment/reviews.',
        },
      ],
      requests: { reads: 9, writes: 0 },
      durationMs: 1_812,
    }),

  permissions: () =>
    report({
      targets: workloads.map((path) => untouched(path)),
      permissions: neededIn('edge', 'shop'),
      problems: [
        right('create', 'configmaps', 'edge'),
        right('create', 'configmaps', 'shop'),
        right('create', 'envoyfilters.networking.istio.io', 'edge'),
        right('patch', 'deployments.apps', 'edge'),
        right('patch', 'deployments.apps', 'shop'),
      ],
      requests: { reads: 22, writes: 0 },
      durationMs: 1_900,
    }),

  'deleted-meanwhile': () =>
    report({
      targets: workloads.slice(0, 3).map((path) =>
        path === 'shop/reviews'
          ? stuck(path, {
              problem: deletedProblem(ref(path), 'while this run waited for it'),
              pods: { ready: 0, wanted: 0 },
            })
          : deployed(path),
      ),
    }),

  'mount-conflict': () =>
    report({
      problems: ['reviews', 'ratings', 'details'].map((name) => ({
        kind: 'mount' as const,
        subject: `Deployment shop/${name}`,
        form: 'clause' as const,
        message:
          'the mount path "/var/local/wasm" contains "/var/local/wasm/cache", which belongs to the mount of volume "wasm-cache" in sidecar.istio.io/userVolumeMount.',
        remedy: 'Choose another "mount-path", or remove what uses it now.',
      })),
      requests: { reads: 9, writes: 0 },
      durationMs: 930,
    }),

  cancelled: () =>
    report({
      targets: workloads.map((path, index) =>
        index < 5 ? deployed(path) : index < 8 ? interrupted(path) : untouched(path),
      ),
      problems: [
        {
          kind: 'cancelled',
          message: 'The run was cancelled before it reached 4 workloads.',
          remedy: 'No workload is half written: each has its old revision or the new one. Re-run the job to finish.',
        },
      ],
      durationMs: 12_400,
    }),

  'not-awaited': () =>
    report({ targets: workloads.map((path) => unawaited(path)), policy: policy({ wait: false }), durationMs: 2_300 }),

  'first-deployment-failed': () =>
    report({
      targets: ['shop/reviews', 'StatefulSet shop/cart'].map((path) =>
        stuck(path, { revisions: [{ filter: 'add-header', revision: NEW }], diagnosis: REFUSED }),
      ),
      durationMs: 301_000,
    }),

  'pushed-to-registry': () =>
    report({
      filters: [filter({ source: IMAGE })],
      plan: deployPlan({ images: [image('pushed')] }),
      targets: [deployed('shop/reviews')],
    }),

  'push-to-registry-failed': () =>
    report({
      filters: [filter({ source: IMAGE })],
      plan: deployPlan({ images: [image('failed')] }),
      targets: workloads.slice(0, 2).map((path) => untouched(path)),
      problems: [
        {
          kind: 'registry',
          subject: IMAGE.given,
          message: 'requires authentication: ghcr.io answers 401: UNAUTHORIZED: authentication required.',
          remedy:
            'Set the inputs "registry-username" and "registry-password", or log in in an earlier step (docker/login-action).',
        },
      ],
      requests: { reads: 9, writes: 0 },
    }),

  'several-filters': () =>
    report({
      filters: [filter(), filter({ name: 'auth', digest: `sha256:${'a1'.repeat(32)}`, bytes: 412_003 })],
      targets: ['shop/reviews', 'shop/ratings'].map((path) =>
        deployed(path, {
          revisions: [
            { filter: 'add-header', revision: NEW, before: OLD },
            { filter: 'auth', revision: 'c3d4e5f607' },
          ],
        }),
      ),
    }),

  'hostile-names': () => {
    const base = filter();
    return report({
      filters: [
        filter({
          name: HOSTILE,
          digest: HOSTILE,
          settings: { ...base.settings, rootId: HOSTILE, configuration: HOSTILE },
          source: { ...IMAGE, given: HOSTILE, pinned: HOSTILE },
        }),
      ],
      targets: [
        stuck('shop/reviews', {
          ref: { kind: 'Deployment', namespace: HOSTILE, name: HOSTILE },
          revisions: [{ filter: HOSTILE, revision: HOSTILE, before: OLD }],
          problem: { kind: 'rollout', subject: HOSTILE, form: 'clause', message: HOSTILE, remedy: HOSTILE },
          diagnosis: [HOSTILE, HOSTILE],
        }),
      ],
      problems: [{ kind: 'conflict', subject: HOSTILE, form: 'clause', message: HOSTILE, remedy: HOSTILE }],
      warnings: [{ topic: HOSTILE, subject: HOSTILE, text: HOSTILE }],
      plan: deployPlan({ images: [{ ...image('pushed'), filter: HOSTILE, pinned: HOSTILE, tag: HOSTILE }] }),
      clusters: [connected(HOSTILE, HOSTILE)],
    });
  },
};
