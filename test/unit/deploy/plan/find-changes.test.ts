import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import { changesBefore } from '../../../../src/deploy/plan/find-changes.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { mustBeReadyBefore } from '../../../../src/deploy/rollout/ready-before.ts';
import { type PodRevision, podRevisionOf, type Revision } from '../../../../src/mesh/identity/revision.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import {
  type ClusterParts,
  deployRequest,
  filterRequest,
  must,
  pulledRevision,
  READY_STATUS,
  refOf,
  revision,
  snapshotOf,
} from '../../builders.ts';
import { NO_MOUNTS, NO_STATE, NOW, objectsOf, runningOn } from '../planned.ts';

const PATH = 'shop/deploy/reviews';
const ref = refOf(PATH);
const first = revision('add-header', { configuration: '1' });
const wanted = podRevisionOf(revision('add-header', { configuration: '2' }));
const NO_LABEL = { spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': null } } } } };
const EDITED = [{ manager: 'kubectl-edit', fieldsV1: { 'f:spec': {} } }];

const running = (now: Revision, ...edits: readonly object[]): Workload => runningOn(PATH, { now }, ...edits);
const envoyFilter = renderEnvoyFilter(first, 'shop');
const whole = objectsOf(first);
const pulled = pulledRevision();
const changed = (wanted: PodRevision, workload: Workload, cluster: ClusterParts): string[] => {
  const snapshot = snapshotOf(cluster);
  return changesBefore(wanted, observedFilter('add-header', { ref, workload }, snapshot), snapshot);
};

describe('what others have changed of the revision that another one takes the place of', () => {
  const revision = `add-header ${first.id}: `;
  test.each<[string, Workload, ClusterParts, string[]]>([
    ['nothing', running(first), whole, []],
    [
      'its mount',
      running(first, NO_MOUNTS),
      whole,
      [`${revision}its mount was removed from the annotations of the pod template`],
    ],
    [
      'its ConfigMap',
      running(first),
      { ...whole, configMaps: {} },
      [`${revision}ConfigMap shop/add-header-${first.id} was deleted; new pods cannot start`],
    ],
    [
      'its EnvoyFilter, deleted',
      running(first),
      { ...whole, filterResources: {} },
      [`${revision}EnvoyFilter shop/add-header-${first.id} was deleted; no proxy runs it`],
    ],
    [
      'its EnvoyFilter, edited',
      running(first),
      {
        ...whole,
        filterResources: { shop: [{ ...envoyFilter, metadata: { ...envoyFilter.metadata, managedFields: EDITED } }] },
      },
      [`${revision}EnvoyFilter shop/add-header-${first.id} was edited by kubectl-edit`],
    ],
    ['an image needs no mount', running(pulled), objectsOf(pulled), []],
    ['nothing that is known: its pods do not carry it', running(first, NO_LABEL), whole, []],
    ['nothing that is known: no run has recorded it', running(first, NO_STATE, NO_MOUNTS), whole, []],
  ])('%s', (_, workload, cluster, changes) => {
    expect(changed(wanted, workload, cluster)).toEqual(changes);
  });

  test('of the wanted revision itself it says nothing: that is told elsewhere', () => {
    expect(changed(podRevisionOf(first), running(first, NO_MOUNTS), whole)).toEqual([]);
  });

  test.each<[string, readonly object[], boolean]>([
    ['for want of its own mount is repaired by new inputs, and not waited for', [NO_MOUNTS], false],
    ['with all that is ours is waited for', [], true],
  ])('a workload that is not ready %s', (_, edits, waits) => {
    const notReady = { status: { ...READY_STATUS, updatedReplicas: 0 } };
    const cluster = { ...whole, workloads: { [PATH]: running(first, ...edits, notReady) } };
    const plan = must(makePlan(deployRequest(filterRequest('- deploy/reviews')), snapshotOf(cluster), NOW));
    const [planned] = plan.workloads;
    expect(planned && mustBeReadyBefore(planned, { wait: true, unready: 'fail' }, () => true)).toBe(waits);
    expect(planned?.drift).toHaveLength(waits ? 0 : 1);
  });
});
