import type { PlannedChange } from '../../../src/deploy/report/plan-report.ts';
import type { RenderedFile } from '../../../src/deploy/report/render-report.ts';
import type { Report } from '../../../src/deploy/report/report.ts';
import {
  change,
  filter,
  found,
  IMAGE,
  image,
  NEW,
  neededIn,
  OLD,
  permission,
  planned,
  ref,
  removed,
  report,
  rollback,
  running,
  stuck,
  unchanged,
  untouched,
} from './report-builder.ts';
import { REFUSED, workloads } from './shop.ts';

const rendered = () => {
  const { previous: _, run: __, ...status } = running({ rendered: ['kustomize-controller'] });
  return status;
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
const plannedTargets = workloads.slice(0, 5).map((path) => untouched(path, { outcome: 'unchanged' }));
const quick = { requests: { reads: 22, writes: 0 }, durationMs: 1_900, targets: plannedTargets };

/** Endings of the commands other than `deploy`. */
/** What a removal that finds nothing to do has found instead. */
const PRESENT = [
  { filter: 'add-header', namespace: 'shop', workloads: [ref('shop/reviews'), ref('shop/ratings')] },
  { filter: 'auth', namespace: 'edge', workloads: [ref('edge/front')], expires: '2026-11-30T10:00:00.000Z' },
];

export const COMMAND_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'planned-push': () =>
    report({
      command: 'plan',
      ...quick,
      filters: [filter({ source: IMAGE })],
      plan: planned({ images: [image('planned')], changes: writes.slice(0, 3), restarts: restarts.slice(0, 1) }),
    }),

  'planned-adoption': () =>
    report({
      command: 'plan',
      ...quick,
      targets: plannedTargets.map((target) => ({ ...target, alsoRuns: ['rate-limit'] })),
      plan: planned({
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
            reasons: ['ours takes the place of "add-header"'],
            diff: [' spec:', '   configPatches:', '-  - applyTo: HTTP_FILTER'],
          }),
        ],
        restarts: restarts.slice(0, 1),
      }),
    }),

  'planned-tag-moved': () =>
    report({
      command: 'plan',
      ...quick,
      filters: [filter({ source: IMAGE })],
      plan: planned({ changes: writes, restarts, waves: 2 }),
      warnings: [
        {
          topic: 'Moved tag',
          subject: 'ghcr.io/octo/add-header:v1',
          text: `The tag "v1" of ghcr.io/octo/add-header moved from sha256:${'a'.repeat(64)} to sha256:${'5f'.repeat(32)} since run octo/shop/4711/1, which put it on Deployment shop/reviews and 4 more.`,
        },
      ],
    }),

  removed: () =>
    report({
      command: 'remove',
      targets: workloads.slice(0, 5).map((path) => removed(path)),
      collected: { deleted: OBJECTS, left: [] },
    }),

  'removed-with-rest': () =>
    report({
      command: 'remove',
      targets: workloads.slice(0, 5).map((path) => removed(path)),
      collected: {
        deleted: OBJECTS.slice(0, 2),
        left: OBJECTS.slice(2).map((object) => ({ object, why: 'the pod web-7d4f9c6b8d-x2x4q is still terminating' })),
      },
    }),

  'remove-nothing': () =>
    report({
      command: 'remove',
      requests: { reads: 9, writes: 0 },
      durationMs: 640,
      removal: { state: 'nothing', filters: ['add-hedder'], namespaces: ['shop', 'edge'], present: PRESENT },
    }),

  'sweep-nothing': () =>
    report({
      command: 'sweep',
      requests: { reads: 9, writes: 0 },
      durationMs: 640,
      removal: { state: 'nothing', filters: [], namespaces: ['shop', 'edge'], present: PRESENT },
    }),

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
            message: 'not ready after 5 min: 1 of 3 pods updated.',
            remedy: 'Check the events and logs of its pods, fix the cause and re-run the job.',
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

  planned: () => report({ ...quick, command: 'plan', plan: planned({ changes: writes, restarts, waves: 2 }) }),

  'plan-nothing': () =>
    report({ ...quick, targets: five.map((path) => unchanged(path)), command: 'plan', plan: planned() }),

  'plan-missing-permissions': () =>
    report({
      ...quick,
      command: 'plan',
      permissions: neededIn('shop'),
      plan: planned({
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
      }),
    }),

  'plan-rejected': () => {
    const message =
      'admission webhook "policy.example.com" denied the request: the label deploy-wasm-filter/add-header is not allowed';
    return report({
      ...quick,
      command: 'plan',
      problems: ['reviews', 'ratings'].map((name) => ({
        kind: 'cluster',
        subject: `Deployment shop/${name}`,
        message: `would be rejected by the API server: ${message}`,
        remedy: 'Change what the webhook "policy.example.com" objects to, or ask its owner for an exception.',
      })),
      plan: planned({
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
      }),
    });
  },

  'status-mixed': () =>
    report({
      command: 'status',
      requests: { reads: 61, writes: 0 },
      durationMs: 4_100,
      status: {
        state: 'read',
        namespaces: ['shop', 'edge'],
        garbage: ['EnvoyFilter edge/add-header-77aa01b2c3', 'ConfigMap edge/add-header-77aa01b2c3'],
        workloads: [
          found('shop/details'),
          found('shop/reviews', [
            running({
              health: 'drifted',
              notes: [`EnvoyFilter shop/add-header-${NEW} was edited by kubectl-edit`],
            }),
            running({ filter: 'auth', revision: 'c3d4e5f607', expires: '2026-12-01T08:30:00.000Z' }),
          ]),
          found(
            'StatefulSet shop/cart',
            [unverified({ health: 'not-ready', notes: ['not ready: 2 of 3 pods are ready'] })],
            2,
          ),
          found('edge/web', [
            unverified({
              health: 'no-effect',
              notes: ['its pods are ready, but add-header is in no listener of pod web-7d4f9c6b8d-x2x4q.'],
            }),
          ]),
          found('edge/preview', [running({ expires: '2026-11-01T08:30:00.000Z', expired: true })]),
          found('edge/brand-new', [
            {
              filter: 'add-header',
              health: 'missing',
              notes: ['is a target, but does not have the filter; the next "deploy" puts it there'],
            },
          ]),
          {
            ref: ref('edge/nightly'),
            pods: { ready: 0, wanted: 0 },
            filters: [unverified({ health: 'scaled-to-zero' })],
          },
        ],
      },
    }),

  'status-outdated': () =>
    report({
      command: 'status',
      status: {
        state: 'read',
        namespaces: ['shop'],
        garbage: [],
        workloads: [
          found('shop/reviews', [
            running({
              health: 'outdated',
              revision: OLD,
              wanted: NEW,
              compared: 'everything',
              notes: [`runs ${OLD}, the manifest says ${NEW}; the next "deploy" brings it`],
            }),
            running({ filter: 'auth', revision: 'c3d4e5f607', compared: 'settings' }),
          ]),
          found('shop/ratings', [running({ compared: 'everything' })]),
        ],
      },
    }),

  'status-not-compared': () =>
    report({
      command: 'status',
      status: {
        state: 'read',
        namespaces: ['shop'],
        garbage: [],
        workloads: [
          found('shop/reviews', [
            running({ compared: 'settings' }),
            running({ filter: 'auth', revision: 'c3d4e5f607', compared: 'nothing' }),
          ]),
        ],
      },
    }),

  'status-rolling': () =>
    report({
      command: 'status',
      status: {
        state: 'read',
        namespaces: ['shop'],
        garbage: [],
        kept: [`EnvoyFilter shop/add-header-${OLD}`, `ConfigMap shop/add-header-${OLD}`],
        inUse: ['EnvoyFilter shop/add-header-77aa01b2c3', 'ConfigMap shop/add-header-77aa01b2c3'],
        workloads: [
          found('shop/reviews', [
            running({
              health: 'progressing',
              alsoRuns: ['77aa01b2c3'],
              notes: ['rolling out: 1 of 3 pods updated'],
            }),
          ]),
          found('Rollout shop/web', [
            running({
              health: 'waiting-for-promotion',
              notes: ['waits for promotion: paused at step 2 of 4 of its canary'],
            }),
          ]),
          found('shop/ratings'),
          found('shop/details', [rendered()]),
        ],
      },
    }),

  'status-healthy': () =>
    report({
      command: 'status',
      requests: { reads: 40, writes: 0 },
      durationMs: 3_100,
      status: {
        state: 'read',
        namespaces: ['edge', 'shop'],
        garbage: [],
        workloads: workloads.map((path) => found(path)),
      },
    }),

  'status-nothing': () =>
    report({
      command: 'status',
      requests: { reads: 9, writes: 0 },
      durationMs: 640,
      status: { state: 'read', namespaces: ['shop'], garbage: [], workloads: [] },
    }),

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
          file('component/kustomization.yaml', 510, 'Component that holds all of it'),
          file('kustomization.yaml', 610, 'overlay for kubectl apply -k, yours to edit'),
        ],
        removed: [`wasm-filter/component/configmap_shop_add-header-${OLD}.yaml`],
      },
    });
  },
};

function file(name: string, bytes: number, content: string): RenderedFile {
  return { path: `wasm-filter/${name}`, bytes, content };
}

/** A filter without any evidence. */
function unverified(changes: Parameters<typeof running>[0]): ReturnType<typeof running> {
  const { verification, ...rest } = running(changes);
  return rest;
}
