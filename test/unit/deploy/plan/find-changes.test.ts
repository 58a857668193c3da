import { describe, expect, test } from '@jest/globals';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import { changesBefore, findChanges } from '../../../../src/deploy/plan/find-changes.ts';
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
      [`${revision}its volume and its mount were removed from the annotations of the pod template`],
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

describe('what others have changed of how a filter is mounted', () => {
  const VOLUME = 'sidecar.istio.io/userVolume';
  const MOUNT = 'sidecar.istio.io/userVolumeMount';
  const OURS = {
    [VOLUME]: { name: 'wasm-filter-add-header', configMap: { name: `add-header-${first.id}` } },
    [MOUNT]: {
      name: 'wasm-filter-add-header',
      mountPath: '/var/local/lib/wasm-filters/add-header',
      readOnly: true,
    },
  };
  const THEIRS = { [VOLUME]: { name: 'logs', emptyDir: {} }, [MOUNT]: { name: 'logs', mountPath: '/logs' } };
  const both = { [VOLUME]: [THEIRS[VOLUME], OURS[VOLUME]], [MOUNT]: [THEIRS[MOUNT], OURS[MOUNT]] };
  const annotated = (lists: Readonly<Record<string, unknown>>): object => {
    const texts = Object.entries(lists).map(([key, list]) => [key, list === null ? null : JSON.stringify(list)]);
    return { spec: { template: { metadata: { annotations: Object.fromEntries(texts) } } } };
  };
  const NO_VOLUME = 'its volume was removed from the annotations of the pod template';
  const NO_MOUNT = 'its mount was removed from the annotations of the pod template';
  const NEITHER = 'its volume and its mount were removed from the annotations of the pod template';
  const EDITED_VOLUME = 'its volume in the annotations of the pod template was edited';
  const EDITED_MOUNT = 'its mount in the annotations of the pod template was edited';

  test.each<[string, Readonly<Record<string, unknown>>, string[]]>([
    ['nothing', {}, []],
    ['nothing of ours, in lists of others', both, []],
    ['nothing, in maps', { [VOLUME]: { 'wasm-filter-add-header': { configMap: OURS[VOLUME].configMap } } }, []],
    ['the annotation of volumes is gone', { [VOLUME]: null }, [NO_VOLUME]],
    ['the annotation of mounts is gone', { [MOUNT]: null }, [NO_MOUNT]],
    ['both are gone', { [VOLUME]: null, [MOUNT]: null }, [NEITHER]],
    ['our volume was taken out of a list of others', { ...both, [VOLUME]: [THEIRS[VOLUME]] }, [NO_VOLUME]],
    ['our mount was taken out of a list of others', { ...both, [MOUNT]: [THEIRS[MOUNT]] }, [NO_MOUNT]],
    ['both were taken out of lists of others', { [VOLUME]: [THEIRS[VOLUME]], [MOUNT]: [THEIRS[MOUNT]] }, [NEITHER]],
    ['the volume is another', { [VOLUME]: [{ ...OURS[VOLUME], configMap: { name: 'other' } }] }, [EDITED_VOLUME]],
    ['the mount is elsewhere', { [MOUNT]: [{ ...OURS[MOUNT], mountPath: '/elsewhere' }] }, [EDITED_MOUNT]],
    ['the mount can be written to', { [MOUNT]: [{ ...OURS[MOUNT], readOnly: false }] }, [EDITED_MOUNT]],
    [
      'one is edited, the other gone',
      { [VOLUME]: null, [MOUNT]: [{ ...OURS[MOUNT], subPath: 'x' }] },
      [NO_VOLUME, EDITED_MOUNT],
    ],
    ['no pod can be made with it', { [VOLUME]: 'x' }, [NO_VOLUME]],
  ])('%s', (_, lists, changes) => {
    const snapshot = snapshotOf(whole);
    const current = observedFilter('add-header', { ref, workload: running(first, annotated(lists)) }, snapshot);
    expect(findChanges(current, snapshot, false)).toEqual(changes);
  });
});
