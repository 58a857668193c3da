import { onlyShows } from '../../../src/base/permission.ts';
import { namespaceDoubt } from '../../../src/deploy/observe/doubted-namespaces.ts';
import { warnMovedTags } from '../../../src/deploy/plan/moved-tags.ts';
import type { MovedTag } from '../../../src/deploy/report/moved-tag.ts';
import type { PlannedChange } from '../../../src/deploy/report/plan-report.ts';
import type { RenderedFile } from '../../../src/deploy/report/render-report.ts';
import type { Report, ReportOf } from '../../../src/deploy/report/report.ts';
import {
  change,
  filter,
  found,
  IMAGE,
  image,
  MODULE,
  NEW,
  neededIn,
  OLD,
  OLD_MODULE,
  permission,
  planned,
  type ReportParts,
  ref,
  removed,
  report,
  rollback,
  running,
  stuck,
  unchanged,
  untouched,
} from './report-builder.ts';
import { CRASHED_SOAK } from './scenarios-soak.ts';
import { REFUSED, workloads } from './shop.ts';

const rendered = () => {
  const { previous: _, run: __, ...filterStatus } = running({ rendered: ['kustomize-controller'] });
  return filterStatus;
};

const OBJECTS = ['shop', 'edge'].flatMap((namespace) => [
  `EnvoyFilter ${namespace}/add-header-${NEW}`,
  `ConfigMap ${namespace}/add-header-${NEW}`,
]);

const CONFIG_MAP = [
  '+metadata:',
  `+  name: add-header-${NEW}`,
  '+binaryData:',
  `+  add-header-${NEW}.wasm: <31.2 KiB, sha256:9f86d081884c>`,
];
const TEMPLATE = [
  ' metadata.annotations:',
  `-  deploy-wasm-filter/state: {"add-header":{"revision":"${OLD}"}}`,
  `+  deploy-wasm-filter/state: {"add-header":{"previous":"${OLD}","revision":"${NEW}"}}`,
  ' spec.template.metadata.labels:',
  `-  deploy-wasm-filter/add-header: ${OLD}`,
  `+  deploy-wasm-filter/add-header: ${NEW}`,
];

const five = workloads.slice(0, 5);
const writes: readonly PlannedChange[] = [
  change(`create ConfigMap shop/add-header-${NEW}`, { diff: CONFIG_MAP }),
  change(`create EnvoyFilter shop/add-header-${NEW}`, { diff: ['+spec:', '+  priority: 0'] }),
  ...five.map((path) => change(`change Deployment ${path}`, { diff: TEMPLATE })),
];
const restarts = five.map((path, index) => ({ ref: ref(path), pods: index === 0 ? 2 : 3, wave: index === 0 ? 1 : 2 }));
const plannedTargets = five.map((path) => untouched(path, { outcome: 'unchanged' }));

const keptMoves: readonly MovedTag[] = [
  {
    image: 'ghcr.io/octo/add-header',
    tag: 'v1',
    from: `sha256:${'a'.repeat(64)}`,
    to: `sha256:${'5f'.repeat(32)}`,
    run: 'octo/shop/4711/1',
    onNewDigest: 'report',
    workloads: five.map((path) => ref(path)),
  },
];

/** What a removal that finds nothing to do has found instead. */
const PRESENT = [
  { filter: 'add-header', namespace: 'shop', workloads: [ref('shop/reviews'), ref('shop/ratings')] },
  { filter: 'auth', namespace: 'edge', workloads: [ref('edge/front')], expires: '2026-11-30T10:00:00.000Z' },
];

/** Endings of the commands other than `deploy`. */
export const COMMAND_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'planned-push': () =>
    plan(
      { images: [image('planned')], changes: writes.slice(0, 3), restarts: restarts.slice(0, 1) },
      { filters: [filter({ source: IMAGE })] },
    ),

  'planned-adoption': () =>
    plan(
      {
        adoptions: [
          {
            what: '"add-header" of EnvoyFilter shop/wasm (/etc/wasm/add-header.wasm; SIDECAR_INBOUND, every port)',
            by: 'add-header',
            workloads: ['Deployment shop/reviews', 'Deployment shop/ratings'],
            fate: 'patched',
            keeps: ['HTTP_FILTER INSERT_BEFORE "auth"', 'CLUSTER ADD "wasm-store"'],
            volumes: [{ volume: 'headers' }, { volume: 'files', stays: 'ConfigMap files also holds auth.wasm' }],
          },
          {
            what: '"old" of EnvoyFilter istio-system/old (https://store.example/old.wasm; ANY, every port)',
            by: 'add-header',
            workloads: ['Deployment shop/reviews'],
            fate: 'stays',
            keeps: ['every other namespace'],
            volumes: [],
          },
        ],
        changes: [
          change('change EnvoyFilter shop/wasm', {
            reasons: ['replaced by this action: "add-header"'],
            diff: [' spec:', '   configPatches:', '-  - applyTo: HTTP_FILTER'],
          }),
        ],
        restarts: restarts.slice(0, 1),
      },
      { targets: plannedTargets.map((target) => ({ ...target, alsoRuns: ['rate-limit'] })) },
    ),

  'planned-tag-moved': () =>
    plan(
      { changes: writes, restarts, waves: 2 },
      {
        filters: [filter({ source: IMAGE })],
        warnings: [
          {
            topic: 'Moved tag',
            subject: 'ghcr.io/octo/add-header:v1',
            text: `The tag "v1" of ghcr.io/octo/add-header moved from sha256:${'a'.repeat(64)} to sha256:${'5f'.repeat(32)} since run octo/shop/4711/1, which put it on Deployment shop/reviews and 4 more.`,
          },
        ],
      },
    ),

  'unchanged-tag-moved': () =>
    report({
      targets: five.map((path) => unchanged(path)),
      requests: { reads: 14, writes: 0 },
      filters: [filter({ source: IMAGE, onNewDigest: 'report' })],
      movedTags: keptMoves,
      warnings: warnMovedTags(keptMoves),
    }),

  removed: () =>
    report({
      command: 'remove',
      targets: five.map((path) => removed(path)),
      collected: { deleted: OBJECTS, left: [] },
    }),

  'removed-with-rest': () =>
    report({
      command: 'remove',
      targets: five.map((path) => removed(path)),
      collected: {
        deleted: OBJECTS.slice(0, 2),
        left: OBJECTS.slice(2).map((object) => ({ object, why: 'the pod web-7d4f9c6b8d-x2x4q is still terminating' })),
      },
    }),

  'remove-nothing': () => removedNothing('remove', ['add-hedder']),

  'sweep-nothing': () => removedNothing('sweep', []),

  'remove-failed': () =>
    report({
      command: 'remove',
      targets: [
        removed('shop/details'),
        stuck('shop/reviews', {
          revisions: [{ filter: 'add-header', before: NEW }],
          rollback: rollback('rolled-back', { to: { 'add-header': NEW } }),
          diagnosis: REFUSED.slice(1),
          problem: {
            kind: 'rollout',
            subject: 'Deployment shop/reviews',
            form: 'clause',
            message: 'not ready after 5 min: 1 of 3 pods updated.',
            remedy:
              'Look for the cause in the events (`kubectl events -n shop --types=Warning`) and in the logs of the pods, fix it and re-run the job. If the pods only need more time, set a longer "timeout". Once the workload is rolled back, its pods have the filter again.',
            offersEvents: true,
          },
        }),
        untouched('shop/ratings', { revisions: [{ filter: 'add-header', before: NEW }] }),
      ],
      durationMs: 313_000,
    }),

  swept: () =>
    report({
      command: 'sweep',
      targets: [removed('pr-17/reviews'), removed('pr-21/reviews')],
      collected: {
        deleted: ['EnvoyFilter pr-17/add-header-77aa01b2c3', 'ConfigMap pr-17/add-header-77aa01b2c3'],
        left: [],
      },
    }),

  'sweep-objects-only': () =>
    report({
      command: 'sweep',
      collected: { deleted: ['EnvoyFilter pr-9/auth-77aa01b2c3', 'ConfigMap pr-9/auth-77aa01b2c3'], left: [] },
      requests: { reads: 12, writes: 4 },
      durationMs: 2_100,
    }),

  planned: () =>
    plan({
      ...{ changes: writes, restarts, waves: 2 },
      modules: [
        {
          filter: 'add-header',
          state: 'other',
          before: OLD_MODULE,
          after: MODULE,
          workloads: five.slice(0, 4).map((path) => `Deployment ${path}`),
        },
        {
          filter: 'add-header',
          state: 'new',
          after: MODULE,
          workloads: five.slice(4).map((path) => `Deployment ${path}`),
        },
      ],
      settings: [
        {
          filter: 'add-header',
          workloads: five.map((path) => `Deployment ${path}`),
          before: { configuration: '{"header":"open","limits":{"max":5},"pin":4711}', environment: { MODE: 'gentle' } },
          after: { configuration: '{"header":"closed","limits":{"max":5,"burst":9},"pin":4712}', environment: {} },
        },
      ],
    }),

  'plan-nothing': () => plan({}, { targets: five.map((path) => unchanged(path)) }),

  'plan-of-a-reader': () =>
    report({
      command: 'plan',
      requests: { reads: 9, writes: 0 },
      durationMs: 1_200,
      account: 'only-reads',
      permissions: neededIn('shopp', 'edge').filter(onlyShows),
      problems: ['configmaps', 'deployments.apps', 'envoyfilters.networking.istio.io'].map((resource) => ({
        kind: 'permission' as const,
        permission: permission(`list ${resource} in namespace "shopp"`),
        user: 'system:serviceaccount:shop:deploy-wasm-filter-plan',
        message: `The kubeconfig user cannot list ${resource} in namespace "shopp".`,
        permissionDoubt: namespaceDoubt([{ name: 'shopp', isMissing: false }], ['edge', 'shop']),
      })),
    }),

  'plan-missing-permissions': () =>
    plan(
      {
        restarts,
        waves: 1,
        missingPermissions: [
          permission('create configmaps in namespace "shop"'),
          permission('patch configmaps in namespace "shop"'),
        ],
        changes: writes.map((write) =>
          write.kind === 'ConfigMap'
            ? {
                ...write,
                admission: {
                  state: 'not-asked',
                  why: 'the kubeconfig user cannot create configmaps in namespace "shop"',
                },
              }
            : write,
        ),
      },
      { permissions: neededIn('shop') },
    ),

  'plan-only-reads': () =>
    plan(
      {
        restarts,
        waves: 1,
        uncheckedPermissions: [
          permission('create configmaps in namespace "shop"'),
          permission('patch configmaps in namespace "shop"'),
        ],
        changes: writes.map((write) => ({
          ...write,
          admission: {
            state: 'not-asked',
            why: `the kubeconfig user cannot patch ${write.kind} in namespace "shop"`,
          },
        })),
      },
      { permissions: neededIn('shop') },
    ),

  'plan-rejected': () => {
    const message =
      'admission webhook "policy.example.com" denied the request: the label deploy-wasm-filter/add-header is not allowed';
    return plan(
      {
        restarts,
        changes: [
          ...writes.map((write): PlannedChange => {
            if (/ratings|reviews/.test(write.name)) return { ...write, admission: { state: 'refused', message } };
            return write.kind === 'EnvoyFilter'
              ? { ...write, admission: { state: 'accepted', warnings: ['spec.priority is unusual'] } }
              : write;
          }),
          change('delete EnvoyFilter shop/add-header-77aa01b2c3', { diff: [], reasons: ['superseded'] }),
          change('delete ConfigMap shop/add-header-77aa01b2c3', { diff: [], reasons: ['superseded'] }),
        ],
      },
      {
        problems: ['reviews', 'ratings'].map((name) => ({
          kind: 'cluster',
          subject: `Deployment shop/${name}`,
          message: `would be rejected by the API server: ${message}`,
          remedy: 'Change what the webhook "policy.example.com" objects to, or ask its owner for an exception.',
        })),
      },
    );
  },

  'status-mixed': () =>
    status(
      [
        found('shop/details'),
        found('shop/reviews', [
          running({
            health: 'drifted',
            notes: [{ form: 'clause', text: `EnvoyFilter shop/add-header-${NEW} was edited by kubectl-edit` }],
          }),
          running({ filter: 'auth', revision: 'c3d4e5f607', expires: '2026-12-01T08:30:00.000Z' }),
        ]),
        found(
          'StatefulSet shop/cart',
          [
            unverified({
              health: 'not-ready',
              notes: [{ form: 'clause', text: 'not ready: 2 of 3 pods are ready' }],
            }),
          ],
          2,
        ),
        found('edge/web', [
          unverified({
            health: 'no-effect',
            notes: [
              {
                form: 'clause',
                text: 'its pods are ready, but add-header is in no listener of pod web-7d4f9c6b8d-x2x4q.',
              },
            ],
          }),
        ]),
        found('edge/preview', [running({ expires: '2026-11-01T08:30:00.000Z', expired: true })]),
        found('edge/brand-new', [
          {
            filter: 'add-header',
            health: 'missing',
            notes: [{ form: 'clause', text: 'the filter "add-header" is missing; the next "deploy" adds it' }],
          },
        ]),
        {
          ref: ref('edge/nightly'),
          pods: { ready: 0, wanted: 0 },
          filters: [unverified({ health: 'scaled-to-zero' })],
        },
      ],
      {
        namespaces: ['shop', 'edge'],
        garbage: ['EnvoyFilter edge/add-header-77aa01b2c3', 'ConfigMap edge/add-header-77aa01b2c3'],
      },
      { requests: { reads: 61, writes: 0 }, durationMs: 4_100 },
    ),

  'status-outdated': () =>
    status([
      found('shop/reviews', [
        running({
          health: 'outdated',
          revision: OLD,
          wanted: NEW,
          compared: 'everything',
          notes: [{ text: `runs ${OLD}, the manifest says ${NEW}; the next "deploy" updates it` }],
        }),
        running({ filter: 'auth', revision: 'c3d4e5f607', compared: 'settings' }),
      ]),
      found('shop/ratings', [running({ compared: 'everything' })]),
    ]),

  'status-not-compared': () =>
    status([
      found('shop/reviews', [
        running({ compared: 'settings' }),
        running({ filter: 'auth', revision: 'c3d4e5f607', compared: 'nothing' }),
      ]),
    ]),

  'status-rolling': () =>
    status(
      [
        found('shop/reviews', [
          running({
            health: 'progressing',
            alsoRuns: ['77aa01b2c3'],
            notes: [{ form: 'clause', text: 'rolling out: 1 of 3 pods updated' }],
          }),
        ]),
        found('Rollout shop/web', [
          running({
            health: 'waiting-for-promotion',
            notes: [{ text: 'waits for promotion: paused at step 2 of 4 of its canary' }],
          }),
        ]),
        found('Rollout shop/api', [
          unverified({
            health: 'aborted',
            notes: [
              {
                form: 'clause',
                text: 'its rollout was aborted: RolloutAborted: Rollout aborted update to revision 4',
              },
              { form: 'clause', text: `its 3 stable pods run revision ${OLD} of the filter` },
            ],
          }),
        ]),
        found('shop/ratings'),
        found('shop/details', [rendered()]),
      ],
      {
        kept: [`EnvoyFilter shop/add-header-${OLD}`, `ConfigMap shop/add-header-${OLD}`],
        inUse: ['EnvoyFilter shop/add-header-77aa01b2c3', 'ConfigMap shop/add-header-77aa01b2c3'],
      },
    ),

  'status-healthy': () =>
    status(
      workloads.map((path) => found(path)),
      { namespaces: ['edge', 'shop'] },
      { requests: { reads: 40, writes: 0 }, durationMs: 3_100 },
    ),

  'status-crashed': () =>
    status([
      found('shop/details'),
      { ...found('shop/reviews'), soak: CRASHED_SOAK },
      found('shop/ratings', [running({ health: 'drifted' })]),
    ]),

  'status-nothing': () => status([], {}, EMPTY),

  rendered: () => {
    return report({
      command: 'render',
      clusters: [],
      requests: { reads: 0, writes: 0 },
      durationMs: 120,
      rendered: {
        state: 'written',
        folder: 'wasm-filter',
        revisions: [{ filter: 'add-header', revision: NEW }],
        files: [
          file(`component/configmap_shop_add-header-${NEW}.yaml`, 42_800, `ConfigMap shop/add-header-${NEW}`),
          file(`component/envoyfilter_shop_add-header-${NEW}.yaml`, 1_730, `EnvoyFilter shop/add-header-${NEW}`),
          {
            ...file('component/patch_shop_deployment_reviews.yaml', 640, 'patch for Deployment shop/reviews'),
            patches: ref('shop/reviews'),
          },
          {
            ...file('component/patch_shop_rollout_checkout.yaml', 660, 'patch for Rollout shop/checkout'),
            patches: { kind: 'Rollout', namespace: 'shop', name: 'checkout' },
          },
          file('component/kustomization.yaml', 510, 'Component with all of these files'),
          file('kustomization.yaml', 610, 'overlay for kubectl apply --server-side -k, yours to edit'),
        ],
        removed: [`wasm-filter/component/configmap_shop_add-header-${OLD}.yaml`],
      },
    });
  },
};

/** What a run takes that finds nothing. */
const EMPTY = { requests: { reads: 9, writes: 0 }, durationMs: 640 };

type PartsOf<C extends Report['command']> = Omit<Extract<ReportParts, { readonly command: C }>, 'command'>;
type StatusRead = Extract<ReportOf<'status'>['status'], { readonly state: 'read' }>;

/** A plan for five workloads. */
function plan(made: Parameters<typeof planned>[0], more: PartsOf<'plan'> = {}): Report {
  return report({
    command: 'plan',
    requests: { reads: 22, writes: 0 },
    durationMs: 1_900,
    targets: plannedTargets,
    plan: planned(made),
    ...more,
  });
}

/** The status of these workloads, of namespace shop where `read` does not say another. */
function status(
  workloads: StatusRead['workloads'],
  read: Partial<StatusRead> = {},
  more: PartsOf<'status'> = {},
): Report {
  return report({
    command: 'status',
    status: { state: 'read', namespaces: ['shop'], garbage: [], workloads, ...read },
    ...more,
  });
}

/** A removal that finds none of these filters. */
function removedNothing(command: 'remove' | 'sweep', filters: readonly string[]): Report {
  return report({
    command,
    ...EMPTY,
    removal: { state: 'nothing', filters, namespaces: ['shop', 'edge'], present: PRESENT },
  });
}

function file(name: string, bytes: number, content: string): RenderedFile {
  return { path: `wasm-filter/${name}`, bytes, content };
}

/** A filter without any evidence. */
function unverified(changes: Parameters<typeof running>[0]): ReturnType<typeof running> {
  const { verification, ...rest } = running(changes);
  return rest;
}
