import { describe, expect, test } from '@jest/globals';
import { dataKey } from '../../../../src/base/json.ts';
import { silentLog } from '../../../../src/base/log.ts';
import { ok } from '../../../../src/base/problem.ts';
import type { Pod } from '../../../../src/cluster/objects.ts';
import type { DeployContext } from '../../../../src/deploy/context.ts';
import { RunningProxies } from '../../../../src/deploy/observe/running-proxies.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { checkFilter } from '../../../../src/deploy/preflight/filter-check.ts';
import { tryAhead } from '../../../../src/deploy/preflight/trial-ahead.ts';
import type { DeployRequest, FilterRequest } from '../../../../src/deploy/request.ts';
import type { TrialRequest } from '../../../../src/filter/host/request.ts';
import { checkModule } from '../../../../src/filter/module/module.ts';
import { makeModule } from '../../../harness/action.ts';
import {
  filterRequest as anyFilter,
  type ClusterParts,
  deployRequest,
  must,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

/** A filter whose module every proxy takes. */
const filterRequest = (targets: string, over: Partial<FilterRequest> = {}): FilterRequest =>
  anyFilter(targets, { module: must(checkModule(makeModule('root'), 'f')), ...over });

const SHOP = { 'shop/deploy/reviews': workload('reviews'), 'shop/deploy/ratings': workload('ratings') };
const ALL = '- deploy/reviews\n- deploy/ratings';

/** A pod of a Deployment of the shop with a proxy of a version of Istio. */
const pod = (deployment: string, istio: string): Pod => ({
  metadata: {
    name: `${deployment}-6d5f7c9b8-x`,
    labels: { app: deployment, 'pod-template-hash': '6d5f7c9b8' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${deployment}-6d5f7c9b8`, controller: true }],
  },
  spec: { containers: [{ name: 'istio-proxy', image: `istio/proxyv2:${istio}` }] },
});

/** What is asked of trials: ahead, and by the check of the plan. */
async function asked(
  request: DeployRequest,
  cluster: ClusterParts,
  pods: readonly Pod[] = [],
): Promise<{ ahead: string[]; checked: string[] }> {
  const snapshot = snapshotOf(cluster);
  const proxies = Object.assign(new RunningProxies({} as DeployContext), { podsIn: async () => ok(pods) });
  const taking = (taken: string[]): Pick<DeployContext, 'trial' | 'log' | 'signal'> => ({
    log: silentLog,
    signal: new AbortController().signal,
    trial: async ({ module, ...rest }: TrialRequest) => {
      taken.push(`${module.length} ${dataKey(rest)}`);
      return { state: 'passed', logs: [] };
    },
  });
  const [ahead, checked]: [string[], string[]] = [[], []];
  await tryAhead(request, snapshot, proxies, taking(ahead));
  const plan = must(makePlan(request, snapshot, NOW));
  const nothing = { problems: [], missingForCleanup: [], unknown: new Set<never>() };
  await checkFilter({ plan, request, snapshot, proxies, ...nothing }, taking(checked) as DeployContext);
  return { ahead: ahead.sort(), checked: checked.sort() };
}

const OF_TWO_KINDS = [pod('reviews', '1.30.0'), pod('ratings', '1.31.0'), pod('other', '1.24.0')];
const REQUEST = deployRequest(filterRequest(ALL));

describe('tryAhead asks for the trials that the check of the plan asks for', () => {
  test.each<[string, DeployRequest, readonly Pod[], number]>([
    ['no proxy is known', REQUEST, [], 1],
    ['the proxies of the targets are of two kinds', REQUEST, OF_TWO_KINDS, 2],
    [
      'a target has settings of its own',
      deployRequest(filterRequest('- deploy/reviews\n- {kind: deployment, name: ratings, configuration: other}')),
      [],
      2,
    ],
    ['there are two filters', deployRequest(filterRequest(ALL), filterRequest(ALL, { name: 'other' })), [], 2],
  ])('%s', async (_, request, pods, count) => {
    const { ahead, checked } = await asked(request, { workloads: SHOP }, pods);
    expect(ahead).toEqual(checked);
    expect(ahead).toHaveLength(count);
  });

  test('none of a filter that the namespace has, or that is not to be checked', async () => {
    const deployed = executePlan(must(makePlan(REQUEST, snapshotOf({ workloads: SHOP }), NOW)), { workloads: SHOP });
    expect(await asked(REQUEST, deployed)).toEqual({ ahead: [], checked: [] });
    const unchecked = deployRequest(filterRequest(ALL, { check: false }));
    expect(await asked(unchecked, { workloads: SHOP })).toEqual({ ahead: [], checked: [] });
  });

  test('only of the new one, where its settings change', async () => {
    const deployed = executePlan(must(makePlan(REQUEST, snapshotOf({ workloads: SHOP }), NOW)), { workloads: SHOP });
    const changed = deployRequest(filterRequest(ALL, { settings: settings({ configuration: 'changed' }) }));
    const { ahead, checked } = await asked(changed, deployed);
    expect(ahead).toEqual(checked);
    expect(ahead).toEqual([expect.stringContaining('"changed"')]);
  });
});
