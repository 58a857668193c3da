import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import {
  findRollbackTarget,
  revisionAfterRollback,
  verifiedLevel,
} from '../../../../src/deploy/plan/rollback-target.ts';
import {
  mountedRevision,
  type PodRevision,
  podRevisionOf,
  type Revision,
} from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import {
  type ClusterParts,
  patchedWith,
  pulledRevision,
  READY_STATUS,
  refOf,
  revision,
  snapshotOf,
} from '../../builders.ts';
import { NO_MOUNTS, NO_STATE, objectsOf, plannedFor, runningOn } from '../planned.ts';

const PATH = 'shop/deploy/reviews';
const ref = refOf(PATH);
const first = revision('add-header', { mountPath: '/first' });
const second = revision('add-header', { configuration: '2' });
const third = revision('add-header', { configuration: '3' });
const NOT_READY = { status: { ...READY_STATUS, updatedReplicas: 0 } };

/** A workload that runs `now`, after `before`; an edit for each further argument. */
const running = (now: Revision, before?: Revision, ...edits: readonly object[]): Workload =>
  runningOn(PATH, { now, ...(before === undefined ? {} : { before }) }, ...edits);
const verifiedOn = (revision: Revision, text: string): ClusterParts => {
  const configMap = renderConfigMap(revision, 'shop');
  const annotations = { ...configMap.metadata.annotations, 'deploy-wasm-filter/verified': text };
  return {
    ...objectsOf(first),
    configMaps: { shop: [renderConfigMap(first, 'shop'), { metadata: { ...configMap.metadata, annotations } }] },
  };
};
const targetOf = (workload: Workload, wanted: string | undefined, cluster: ClusterParts): PodRevision | undefined => {
  const snapshot = snapshotOf(cluster);
  return findRollbackTarget(observedFilter('add-header', { ref, workload }, snapshot), wanted, snapshot);
};
const back = (workload: Workload, cluster: ClusterParts, wanted: string = third.id): string | undefined =>
  targetOf(workload, wanted, cluster)?.id;

test('settings that were pushed stay pushed where the pods go back, and name what they run', () => {
  const envoyFilter = renderEnvoyFilter(second, 'shop', { podRevision: mountedRevision(first) });
  const cluster: ClusterParts = { ...objectsOf(first), filterResources: { shop: [envoyFilter] } };
  const back = targetOf(running(first), third.id, cluster);
  expect(back).toEqual({ ...podRevisionOf(first), pushed: second.id });
  const rollbackTargets = new Map(back && [['add-header', back]]);
  const after = (podRevision: PodRevision): string | null =>
    revisionAfterRollback({ revisions: [{ revision: third, podRevision }], rollbackTargets }, 'add-header');
  expect(after(podRevisionOf(third))).toBe(second.id);
  // What this run has pushed into the same pods stays, too.
  expect(after(podRevisionOf(first))).toBe(third.id);
  expect(revisionAfterRollback({ revisions: [], rollbackTargets }, 'other')).toBeNull();
});

describe('findWayBack', () => {
  const both = objectsOf(first, second);
  const verified = verifiedOn(second, 'Deployment/reviews listener');
  const bare = plannedFor(PATH).observed;

  test.each<[string, Workload, ClusterParts, string | undefined]>([
    ['nothing was there', bare, {}, undefined],
    ['what runs is ready', running(second, first), both, second.id],
    ['what runs is not ready, but was verified', running(second, first, NOT_READY), verified, second.id],
    [
      'what runs was verified on another workload alone',
      running(second, first, NOT_READY),
      verifiedOn(second, 'StatefulSet/reviews listener'),
      first.id,
    ],
    ['what runs was never good', running(second, first, NOT_READY), both, first.id],
    [
      'and the one before has lost its ConfigMap',
      running(second, first, NOT_READY),
      { ...both, configMaps: {} },
      second.id,
    ],
    [
      'and the one before has lost its EnvoyFilter',
      running(second, first, NOT_READY),
      { ...both, filterResources: {} },
      second.id,
    ],
    ['and there was none before', running(second, undefined, NOT_READY), both, second.id],
    ['nothing is recorded of what runs', running(second, first, NOT_READY, NO_STATE), both, second.id],
    ['nothing is mounted, and its objects are gone', running(second, undefined, NO_MOUNTS), {}, undefined],
    ['nothing is mounted, but its objects are there', running(second, undefined, NO_MOUNTS), both, second.id],
  ])('%s', (_, on, cluster, id) => {
    expect(back(on, cluster)).toBe(id);
  });

  test('after several that were never good it is the last one that was', () => {
    const { observed, patch } = plannedFor(PATH, {
      revisions: [second],
      rollbackTargets: [podRevisionOf(first)],
      observed: running(third, first),
    });
    const on = patchedWith(patchedWith(observed, patch), NOT_READY);
    expect(on.metadata.annotations?.['deploy-wasm-filter/state']).toContain(`"previous":"${first.id}"`);
    expect(back(on, objectsOf(first, second, third), 'other')).toBe(first.id);
  });

  test('a first revision that was never good goes back to none when it is wanted again', () => {
    expect(back(running(second, undefined, NOT_READY), both, second.id)).toBeUndefined();
  });

  test('a revision that was never good goes back to the one before when it is wanted again', () => {
    expect(back(running(second, first, NOT_READY), both, second.id)).toBe(first.id);
  });

  test('a removal goes back to what is there', () => {
    const on = running(second, first);
    expect(targetOf(on, undefined, both)?.id).toBe(second.id);
  });

  test('knows where the modules are mounted: now from the pod template, before from the EnvoyFilter', () => {
    const on = running(second, first, NOT_READY);
    expect(targetOf(on, third.id, both)).toEqual(podRevisionOf(first));
    expect(targetOf(running(second), third.id, {})).toEqual(podRevisionOf(second));
    const unmounted = running(second, undefined, NO_MOUNTS);
    expect(targetOf(unmounted, third.id, both)).toEqual(podRevisionOf(second));
  });
});

describe('a revision whose image the proxies pull', () => {
  const pulled = pulledRevision();
  const record = renderConfigMap(pulled, 'shop');
  const both = objectsOf(first, pulled);
  const wayOf = (on: Workload, cluster: ClusterParts): unknown => targetOf(on, third.id, cluster);

  test('is gone back to by its record, also while its WasmPlugin is gone', () => {
    expect(wayOf(running(pulled, first), both)).toEqual(podRevisionOf(pulled));
    expect(wayOf(running(pulled), { configMaps: { shop: [record] } })).toEqual(podRevisionOf(pulled));
  });

  test('is gone back to by its WasmPlugin when it was the one before', () => {
    expect(wayOf(running(second, pulled, NOT_READY), both)).toEqual(podRevisionOf(pulled));
  });

  test('gives way to a mounted one that was there before', () => {
    expect(wayOf(running(pulled, first, NOT_READY), both)).toEqual(podRevisionOf(first));
  });

  test('is nothing to go back to without any of its objects', () => {
    expect(wayOf(running(pulled), {})).toBeUndefined();
  });
});

test.each([
  ['Deployment/reviews listener', 'listener'],
  ['Deployment/other listener\nDeployment/reviews stats', 'stats'],
  ['StatefulSet/reviews listener', undefined],
  ['', undefined],
])('provenLevel of %j is %s', (text, level) => {
  expect(verifiedLevel(ref, podRevisionOf(second), snapshotOf(verifiedOn(second, text)))).toBe(level);
  expect(verifiedLevel(ref, podRevisionOf(third), snapshotOf(verifiedOn(second, text)))).toBeUndefined();
});

test('pushed settings are verified by a record of theirs alone', () => {
  const cluster = (text: string): ClusterParts => ({
    ...verifiedOn(second, text),
    filterResources: { shop: [renderEnvoyFilter(third, 'shop', { podRevision: mountedRevision(second) })] },
  });
  const level = (text: string): string | undefined =>
    verifiedLevel(ref, podRevisionOf(second), snapshotOf(cluster(text)));
  expect(level('Deployment/reviews listener')).toBeUndefined();
  expect(level(`Deployment/reviews@${third.id} stats`)).toBe('stats');
});
