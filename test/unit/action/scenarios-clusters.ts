import type { Problem } from '../../../src/base/problem.ts';
import { NOTHING_COLLECTED, type OutcomeOf } from '../../../src/deploy/report/conclude.ts';
import { mergeDeploy, mergePlan, mergeRemoval, mergeStatus } from '../../../src/deploy/report/merge.ts';
import type { ClusterConnection, Report } from '../../../src/deploy/report/report.ts';
import {
  change,
  deployed,
  deployPlan,
  found,
  MODULE,
  OLD,
  oneOfSeveral,
  permission,
  planned,
  policy,
  ref,
  removed,
  report,
  rolledBack,
  running,
  unchanged,
  untouched,
  withdrawn,
} from './report-builder.ts';

type Parts<O> = Readonly<Record<string, Partial<O>>>;

const SAID = { problems: [], warnings: [] };

/** What the commands of several clusters come to, one outcome for each. */
function deployedTo(parts: Parts<OutcomeOf<'deploy'>>): OutcomeOf<'deploy'> {
  return mergeDeploy(
    Object.entries(parts).map(([cluster, outcome]) => ({
      cluster,
      outcome: {
        command: 'deploy',
        ...SAID,
        targets: [],
        collected: NOTHING_COLLECTED,
        plan: deployPlan(),
        ...outcome,
      },
    })),
  );
}

const TWO: readonly ClusterConnection[] = [oneOfSeveral('staging', 'v1.35.0'), oneOfSeveral('prod-eu')];
const SHOP = ['shop/cart', 'shop/reviews'];

const LIST_REFUSED: Problem = {
  kind: 'permission',
  message: 'The kubeconfig user cannot list pods in namespace "shop".',
  remedy: 'Grant the permission.',
};

/** What several clusters look like on each page. */
export const CLUSTER_SCENARIOS: Readonly<Record<string, () => Report>> = {
  'clusters-deployed': () =>
    report({
      ...deployedTo({
        staging: { targets: SHOP.map((path) => deployed(path, { wave: 1 })) },
        'prod-eu': {
          targets: SHOP.map((path) => deployed(path, { wave: 2 })),
          warnings: [{ topic: 'Superseded objects kept', text: '2 objects of superseded revisions are kept.' }],
          collected: { deleted: [`ConfigMap shop/add-header-${OLD}`], left: [] },
        },
      }),
      clusters: TWO,
    }),

  'clusters-rolled-back': () =>
    report({
      ...deployedTo({
        staging: { targets: SHOP.map((path) => withdrawn(path, { wave: 1 })) },
        'prod-eu': { targets: [rolledBack('shop/reviews', { wave: 2 }), withdrawn('shop/cart', { wave: 2 })] },
        'prod-us': { targets: SHOP.map((path) => untouched(path, { wave: 3 })) },
      }),
      clusters: [...TWO, { ...oneOfSeveral('production-us', 'v1.33.2'), name: 'prod-us' }],
      policy: policy({ onFailure: 'rollback-all' }),
    }),

  'clusters-one-skipped': () =>
    report({
      ...deployedTo({
        staging: { targets: SHOP.map((path) => deployed(path)) },
        'prod-eu': { targets: SHOP.map((path) => unchanged(path)) },
      }),
      warnings: [
        {
          topic: 'Skipped',
          subject: 'cluster prod-us',
          text: 'Cluster prod-us was skipped, because it does not answer: The API server refuses the connection.',
        },
      ],
      clusters: [
        ...TWO,
        {
          state: 'skipped',
          name: 'prod-us',
          context: 'prod-us',
          why: 'The API server refuses the connection.',
        },
      ],
    }),

  'clusters-refused': () =>
    report({
      ...deployedTo({
        staging: { targets: SHOP.map((path) => untouched(path)) },
        'prod-eu': {
          targets: SHOP.map((path) => untouched(path)),
          problems: [{ ...LIST_REFUSED, permission: permission('list pods in namespace "shop"') }],
        },
      }),
      clusters: TWO,
    }),

  'clusters-planned': () => {
    const over = (pods: number, wave: number): OutcomeOf<'plan'> => ({
      command: 'plan',
      ...SAID,
      targets: [],
      plan: planned({
        changes: [change('change Deployment shop/reviews', { diff: ['+  sidecar: x'] })],
        modules: [
          {
            filter: 'add-header',
            state: 'same',
            before: MODULE,
            after: MODULE,
            workloads: ['Deployment shop/reviews'],
          },
        ],
        restarts: [{ ref: ref('shop/reviews'), pods, wave }],
      }),
    });
    return report({
      ...mergePlan([
        { cluster: 'staging', outcome: over(1, 1) },
        { cluster: 'prod-eu', outcome: over(5, 2) },
      ]),
      clusters: TWO,
    });
  },

  'clusters-status': () => {
    const inCluster = (workloads: ReturnType<typeof found>[]): OutcomeOf<'status'> => ({
      command: 'status',
      ...SAID,
      status: { state: 'read', workloads, namespaces: ['shop'], garbage: [] },
    });
    return report({
      ...mergeStatus([
        { cluster: 'staging', outcome: inCluster(SHOP.map((path) => found(path))) },
        {
          cluster: 'prod-eu',
          outcome: inCluster([
            found('shop/cart'),
            found(
              'shop/reviews',
              [running({ health: 'not-ready', notes: [{ form: 'clause', text: 'not ready: 1 of 3 pods' }] })],
              1,
            ),
          ]),
        },
      ]),
      clusters: TWO,
    });
  },

  'clusters-removed': () => {
    const inCluster = (paths: readonly string[]): OutcomeOf<'remove'> => ({
      command: 'remove',
      ...SAID,
      targets: paths.map((path) => removed(path)),
      collected: { deleted: paths.map(() => `ConfigMap shop/add-header-${OLD}`), left: [] },
      removal: { state: 'found' },
    });
    return report({
      ...mergeRemoval('remove', [
        { cluster: 'staging', outcome: inCluster(['shop/cart']) },
        { cluster: 'prod-eu', outcome: inCluster(['shop/reviews']) },
      ]),
      clusters: TWO,
    });
  },
};
