import type { Problem } from '../../../../src/base/problem.ts';
import type { Report, TargetReport } from '../../../../src/deploy/report/report.ts';
import {
  change,
  connected,
  deployed,
  deployPlan,
  filter,
  found,
  IMAGE,
  image,
  NEW,
  NEWER,
  OLD,
  PROVENANCE,
  permission,
  planned,
  policy,
  ref,
  report,
  rollback,
  running,
  stuck,
  superseded,
  verification,
} from '../report-builder.ts';
import { BREACHED_SOAK } from '../scenarios-soak.ts';

const PERMISSION = permission('patch deployments.apps in namespace "shop"');
const PROBLEM: Problem = {
  kind: 'permission',
  subject: 'Deployment shop/reviews',
  at: { file: 'filters.yaml', line: 12, column: 5 },
  message: 'cannot be patched.',
  remedy: 'Grant the permission.',
  permission: PERMISSION,
  user: 'ci',
  cause: new Error('NOT-TO-BE-TOLD'),
};
const IN_STAGING = { ...ref('shop/reviews'), cluster: 'staging' };
const EXPIRES = '2026-12-05T10:00:00.000Z';

const TARGETS: readonly TargetReport[] = [
  deployed('shop/details', {
    wave: 1,
    wavePart: 'canary',
    revisions: [{ filter: 'add-header', revision: NEW, before: OLD, pushed: true }],
    times: { patchedMs: 1_204, readyMs: 9_000, verifiedMs: 9_120 },
    soak: BREACHED_SOAK,
    verification: verification('stats', { probed: true, notes: ['requests to port 9090 pass by it'] }),
    drift: ['the label was removed'],
    takenOver: ['shop/wasm'],
    alsoRuns: ['auth'],
  }),
  stuck('shop/reviews', {
    ref: IN_STAGING,
    wave: 2,
    times: { patchedMs: 10_000, failedMs: 310_000, rollbackStartedMs: 311_000, rollbackEndedMs: 323_000 },
    rollback: rollback('failed', { unready: '1 of 3 pods ready' }),
    unready: '1 of 3 pods ready',
    problem: PROBLEM,
    diagnosis: ['Envoy: no'],
  }),
  superseded('shop/ratings', { newer: { filter: 'add-header', revision: NEWER, run: 'local' } }),
];

const MOVED = [
  {
    image: 'ghcr.io/octo/f',
    tag: 'v1',
    from: 'sha256:a',
    to: 'sha256:b',
    run: 'o/r/1/1',
    onNewDigest: 'report' as const,
    workloads: [IN_STAGING],
  },
];

/** Reports with everything in them that the report of a command may have. */
export const COMPLETE_REPORTS: Readonly<Record<string, () => Report>> = {
  deployed: () =>
    report({
      clusters: [connected('staging'), { state: 'skipped', name: 'prod', context: 'prod-eu', why: 'does not answer.' }],
      targets: TARGETS,
      problems: [PROBLEM],
      permissions: [PERMISSION],
      warnings: [{ topic: 'Moved tag', subject: 'ghcr.io/octo/f:v1', text: 'The tag has moved.' }],
      movedTags: MOVED,
      refusedInputs: ['timeout'],
      policy: policy({
        canary: { percent: 10 },
        maxParallel: { count: 5 },
        soakMs: 30_000,
        soakLimits: {
          maxErrorRate: { share: 0.005, beyond: 'zero' },
          maxLatencyIncrease: { share: 0.2 },
          minRequests: 10,
          requires: 'traffic',
          traffic: 'off',
        },
        probe: {
          method: 'GET',
          port: 9080,
          path: '/health',
          headers: { 'x-token': 'NOT-TO-BE-TOLD' },
          expect: { status: [200], headers: {} },
        },
      }),
      filters: [
        filter({
          original: { digest: 'sha256:0f', bytes: 99_000, how: 'without its custom sections' },
          source: IMAGE,
          provenance: PROVENANCE,
          delivered: 'a Gateway takes nothing else',
          refusedSettings: ['order'],
          settings: {
            ...filter().settings,
            port: 9080,
            reloadBackoffMs: 5_000,
            failPolicy: 'reload',
            allowOnHeadersStopIteration: true,
            environment: { MODE: 'NOT-TO-BE-TOLD', POD: { from: 'proxy' } },
            capabilities: ['proxy_log'],
            allowPrecompiled: true,
            logLevel: 'debug',
            image: { reference: IMAGE.pinned, pullSecret: 'registry', phase: 'authn' },
          },
        }),
        filter({ name: 'auth', source: { kind: 'file', given: 'build/auth.wasm' } }),
      ],
      plan: deployPlan({ images: [image('pushed')], expires: EXPIRES }),
      collected: {
        deleted: ['ConfigMap shop/a'],
        left: [
          {
            object: 'ConfigMap shop/b',
            why: 'a pod runs it',
            runBy: 'web-1',
            runOn: IN_STAGING,
            missing: [PERMISSION],
          },
        ],
      },
    }),

  planned: () =>
    report({
      command: 'plan',
      movedTags: MOVED,
      targets: TARGETS,
      permissions: [PERMISSION],
      plan: planned({
        parts: [
          { what: 'change Deployment shop/reviews', digest: 'a'.repeat(64) },
          { what: 'filter add-header', digest: 'b'.repeat(64), shown: 'sha256:9f86d081884c (31.2 KiB)' },
        ],
        changes: [
          change('change Deployment shop/reviews', { cluster: 'staging' }),
          change('delete ConfigMap shop/a', { admission: { state: 'refused', message: 'no.' } }),
          change('create ConfigMap shop/b', { admission: { state: 'not-asked', why: 'nobody may.' } }),
        ],
        modules: [
          {
            filter: 'add-header',
            state: 'other',
            before: { digest: 'sha256:a', bytes: 1, image: 'registry.example/add-header@sha256:b' },
            after: { digest: 'sha256:c', bytes: 2, image: 'registry.example/add-header@sha256:d' },
            workloads: ['staging: Deployment shop/reviews'],
          },
        ],
        restarts: [{ ref: IN_STAGING, pods: 3, wave: 1, wavePart: 'canary' }],
        inPlace: [{ ref: { ...ref('Gateway shop/web'), cluster: 'staging' }, wave: 2, wavePart: 'prune' }],
        adoptions: [
          {
            what: '"old" of EnvoyFilter shop/old',
            by: 'add-header',
            workloads: ['Deployment shop/reviews'],
            fate: 'stays',
            keeps: ['others'],
            volumes: [{ volume: 'files', stays: 'it holds more' }],
          },
        ],
        images: [image('planned')],
        missingPermissions: [{ ...PERMISSION, cluster: 'staging', user: 'ci' }],
        uncheckedPermissions: [{ ...PERMISSION, cluster: 'prod', user: 'planner' }],
        expires: EXPIRES,
      }),
    }),

  status: () =>
    report({
      command: 'status',
      movedTags: MOVED,
      permissions: [PERMISSION],
      status: {
        state: 'read',
        namespaces: ['shop'],
        garbage: ['ConfigMap shop/a'],
        kept: ['ConfigMap shop/b'],
        inUse: ['ConfigMap shop/c'],
        inUseUnseen: ['ConfigMap shop/e'],
        unknown: ['ConfigMap shop/d'],
        workloads: [
          {
            ...found('shop/reviews', [
              running({
                alsoRuns: [OLD],
                rendered: ['argocd'],
                image: IMAGE.pinned,
                expires: EXPIRES,
                expired: true,
                changed: true,
                owner: 'Shop hello',
                notes: [{ text: 'was edited' }],
              }),
            ]),
            soak: BREACHED_SOAK,
          },
        ].map((one) => ({ ...one, ref: IN_STAGING })),
      },
    }),

  ...Object.fromEntries(
    (['remove', 'sweep'] as const).map((command) => [
      command,
      () =>
        report({
          command,
          targets: TARGETS,
          permissions: [PERMISSION],
          removal: {
            state: 'nothing',
            filters: ['add-header'],
            namespaces: ['shop'],
            present: [{ filter: 'auth', namespace: 'shop', workloads: [ref('shop/a')], expires: EXPIRES }],
          },
        }),
    ]),
  ),

  rendered: () =>
    report({
      command: 'render',
      rendered: {
        state: 'written',
        folder: 'wasm-filter',
        revisions: [{ filter: 'add-header', revision: NEW }],
        removed: ['wasm-filter/old.yaml'],
        files: [
          { path: 'wasm-filter/kustomization.yaml', bytes: 90, content: 'overlay', kept: true },
          { path: 'wasm-filter/a.yaml', bytes: 900, content: 'patch', patches: ref('shop/reviews') },
        ],
      },
    }),
};
