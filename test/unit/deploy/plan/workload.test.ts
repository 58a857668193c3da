import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { judgeSharedVms } from '../../../../src/deploy/plan/shared-vms.ts';
import { type PlanningOptions, planWorkload } from '../../../../src/deploy/plan/workload.ts';
import { podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { revisionOn, stateOn } from '../../../../src/mesh/template/template.ts';
import { findUnmanaged } from '../../../../src/mesh/unmanaged/unmanaged.ts';
import { patchedWith, pulledRevision, revision, snapshotOf, workload } from '../../builders.ts';
import { NOW, PLANNING, plannedFor, type WantedParts, wantedOf } from '../planned.ts';
import { unmanagedEnvoyFilter } from '../unmanaged.ts';

const PATH = 'shop/deploy/reviews';
const LABEL = 'deploy-wasm-filter/add-header';
const STATE = 'deploy-wasm-filter/state';
const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const ours = revision();
const newer = revision('add-header', { configuration: 'new' });

/** The workload after it was planned and patched. */
function applied(parts: WantedParts, options: PlanningOptions = PLANNING): Workload {
  const { observed, patch } = plannedFor(PATH, parts, options);
  return patchedWith(observed, patch);
}
const deployed = applied({});

describe('workloads that cannot be rolled', () => {
  const problemsOf = (observed: Workload, parts: WantedParts = {}, wait = true): string[] => {
    const checked = planWorkload(wantedOf(PATH, { observed, ...parts }), { ...PLANNING, wait });
    return checked.ok ? [] : checked.problems.map(describeProblem);
  };

  test.each<[string, Workload, string]>([
    ['paused', workload('reviews', { spec: { paused: true } }), 'is paused, so no pod would get the change. Resume it'],
    [
      'being deleted',
      workload('reviews', { deletionTimestamp: '2026-01-01T00:00:00Z' }),
      'is being deleted. Take it out of the target list.',
    ],
    [
      'without a sidecar',
      workload('reviews', { podLabels: { 'sidecar.istio.io/inject': 'false' } }),
      'would not run the filter: its pod template has sidecar.istio.io/inject: "false"',
    ],
  ])('%s', (_, observed, message) => {
    expect(problemsOf(observed)).toEqual([expect.stringContaining('Deployment shop/reviews ')]);
    expect(problemsOf(observed)[0]).toContain(message);
  });

  test.each<[string, string, NonNullable<Workload['spec']>, string]>([
    ['updated by hand', 'shop/sts/db', { updateStrategy: { type: 'OnDelete' } }, 'update strategy OnDelete'],
    ['updated by hand', 'shop/ds/agent', { updateStrategy: { type: 'OnDelete' } }, 'update strategy OnDelete'],
    [
      'kept from some pods',
      'shop/sts/db',
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 1 } } },
      'has the partition 1',
    ],
  ])('%s (%s), which a run that does not wait may change', (_, path, spec, message) => {
    const plan = (wait: boolean): string[] => {
      const checked = planWorkload(wantedOf(path, { observed: workload('any', { spec }) }), { ...PLANNING, wait });
      return checked.ok ? [] : checked.problems.map(describeProblem);
    };
    expect(plan(true)).toEqual([expect.stringContaining(message)]);
    expect(plan(false)).toEqual([]);
  });

  test('of two filters with one name, which is told already, neither the path nor the VM is told', () => {
    const parts = { revisions: [ours, newer] };
    expect(problemsOf(workload('reviews'), parts)).toEqual([]);
    const wanted = plannedFor(PATH, parts);
    expect(judgeSharedVms([wanted], snapshotOf({}))).toEqual({ problems: [], warnings: [] });
  });

  test('what needs no new pods is no problem', () => {
    const paused = patchedWith(deployed, { spec: { paused: true } });
    expect(problemsOf(paused)).toEqual([]);
    expect(problemsOf(patchedWith(paused, { metadata: { annotations: null } }))).toEqual([]);
  });

  test('a gateway pulls what is for gateways, as it mounts it', () => {
    const gateway = workload('web', {
      podAnnotations: { 'inject.istio.io/templates': 'gateway' },
      podSpec: { containers: [{ name: 'istio-proxy', image: 'auto' }] },
    });
    const pulled = (direction: 'inbound' | 'gateway'): WantedParts => ({
      revisions: [pulledRevision('add-header', { direction })],
    });
    expect(problemsOf(gateway, pulled('gateway'))).toEqual([]);
    expect(problemsOf(gateway, pulled('inbound'))[0]).toMatch(/it is a gateway/);
    expect(problemsOf(workload('reviews'), pulled('gateway'))[0]).toMatch(/is for gateways/);
  });

  test('a filter can be taken from pods that have no sidecar', () => {
    const label = { spec: { template: { metadata: { labels: { 'sidecar.istio.io/inject': 'false' } } } } };
    const observed = patchedWith(deployed, label);
    expect(problemsOf(observed, { revisions: [], removals: ['add-header'] })).toEqual([]);
  });
});

describe('the state that is recorded', () => {
  const stateAfter = (parts: WantedParts, options?: PlanningOptions): unknown => stateOn(applied(parts, options));
  const run2 = { ...PLANNING, run: 'run-2' };

  test('names the revision, the run and the rollback', () => {
    expect(stateAfter({})).toEqual({ 'add-header': { revision: ours.id, run: 'r' } });
    expect(
      stateAfter({ observed: deployed, revisions: [newer], rollbackTargets: [podRevisionOf(ours)] }, run2),
    ).toEqual({
      'add-header': { revision: newer.id, run: 'run-2', previous: ours.id },
    });
  });

  test('names no rollback to the revision itself', () => {
    expect(stateAfter({ rollbackTargets: [podRevisionOf(ours)] })).toEqual({
      'add-header': { revision: ours.id, run: 'r' },
    });
  });

  test('keeps the record of a revision that stays, also when something is fixed', () => {
    const drifted = patchedWith(deployed, { spec: { template: { metadata: { labels: { [LABEL]: null } } } } });
    expect(stateAfter({ observed: drifted, rollbackTargets: [podRevisionOf(newer)] }, run2)).toEqual(stateOn(deployed));
  });

  test('is written anew, and restarts nothing, when it was lost', () => {
    const lost = patchedWith(deployed, { metadata: { annotations: { [STATE]: null } } });
    expect(plannedFor(PATH, { observed: lost }, run2).patch).toEqual({
      metadata: { annotations: { [STATE]: `{"add-header":{"revision":"${ours.id}","run":"run-2"}}` } },
    });
  });

  test('of other filters stays, that of a removed one goes', () => {
    const two = applied({ observed: deployed, revisions: [revision('auth')] }, run2);
    expect(stateOn(two)).toMatchObject({ 'add-header': { run: 'r' }, auth: { run: 'run-2' } });
    expect(Object.keys(stateOn(applied({ observed: two, revisions: [], removals: ['add-header'] })))).toEqual(['auth']);
    expect(applied({ observed: deployed, revisions: [], removals: ['add-header'] }).metadata.annotations).toEqual({});
  });

  test('has an expiry only when the filter has one, and drops one that is no longer wanted', () => {
    const hour = { expiresMs: 3_600_000 };
    const expiring = applied(hour);
    expect(stateOn(expiring)['add-header']?.expires).toBe('2026-01-02T04:04:05.000Z');
    expect(plannedFor(PATH, { observed: expiring, ...hour }).patch).toBeUndefined();
    const later = { ...PLANNING, now: new Date(NOW.getTime() + 1_900_000) };
    expect(stateOn(applied({ observed: expiring, ...hour }, later))['add-header']?.expires).toBe(
      '2026-01-02T04:35:45.000Z',
    );
    expect(stateOn(applied({ observed: expiring }))).toEqual(stateOn(deployed));
  });
});

describe('what is told of a workload', () => {
  test('its revisions before, of wanted and of removed filters', () => {
    const two = applied({ observed: deployed, revisions: [revision('auth')] });
    const planned = plannedFor(PATH, { observed: two, revisions: [newer], removals: ['auth', 'other'] });
    expect(planned.before).toEqual(
      new Map([
        ['add-header', ours.id],
        ['auth', revision('auth').id],
      ]),
    );
    expect(revisionOn(patchedWith(two, planned.patch), 'auth')).toBeUndefined();
  });

  test('a volume that only an adopted filter reads goes, one that stays is left', () => {
    const observed = workload('reviews', {
      podAnnotations: {
        [VOLUME]: '[{"name":"hand","configMap":{"name":"x"}},{"name":"data","emptyDir":{}}]',
        [MOUNT]: '[{"name":"hand","mountPath":"/filters"},{"name":"data","mountPath":"/data"}]',
      },
    });
    const filters = findUnmanaged(observed.spec?.template ?? {}, [unmanagedEnvoyFilter('/filters/x.wasm')]);
    expect(filters).toHaveLength(1);
    const volumes = [
      { volume: 'hand', configMap: 'x' },
      { volume: 'data', configMap: undefined, stays: 'it is not that of a ConfigMap' },
    ];
    const adopted = applied({ observed, adopted: filters.map((one) => ({ ...one, by: 'add-header' })), volumes });
    const names = [VOLUME, MOUNT].map((key) =>
      JSON.parse(adopted.spec?.template?.metadata?.annotations?.[key] ?? '').map((one: { name: string }) => one.name),
    );
    expect(names).toEqual([
      ['data', 'wasm-filter-add-header'],
      ['data', 'wasm-filter-add-header'],
    ]);
  });
});

describe('drift', () => {
  const pod = (field: 'labels' | 'annotations', key: string, value: string | null): object => ({
    spec: { template: { metadata: { [field]: { [key]: value } } } },
  });
  const elsewhere = '[{"name":"wasm-filter-add-header","mountPath":"/elsewhere","readOnly":true}]';
  const writable = `[{"name":"wasm-filter-add-header","mountPath":"${ours.settings.mountPath}"}]`;
  const anew = { metadata: { annotations: { [STATE]: null } } };

  test.each<[string, readonly object[], string[]]>([
    ['none', [], []],
    ['the label gone', [pod('labels', LABEL, null)], ['the label of add-header was removed']],
    ['the label changed', [pod('labels', LABEL, '0123456789')], ['the label of add-header was changed to 0123456789']],
    ['the volume gone', [pod('annotations', VOLUME, null)], [`the annotation ${VOLUME} was edited`]],
    ['the mount gone', [pod('annotations', MOUNT, '[]')], [`the annotation ${MOUNT} was edited`]],
    ['the mount writable', [pod('annotations', MOUNT, writable)], [`the annotation ${MOUNT} was edited`]],
    ['the mount moved', [pod('annotations', MOUNT, elsewhere)], ['add-header was mounted at /elsewhere']],
    [
      'the mount moved and the volume gone',
      [pod('annotations', MOUNT, elsewhere), pod('annotations', VOLUME, null)],
      [`the annotation ${VOLUME} was edited`, 'add-header was mounted at /elsewhere'],
    ],
    [
      'all of it',
      [pod('labels', LABEL, null), pod('annotations', VOLUME, null), pod('annotations', MOUNT, null)],
      [
        'the label of add-header was removed',
        `the annotation ${VOLUME} was edited`,
        `the annotation ${MOUNT} was edited`,
      ],
    ],
    ['foreign labels and volumes are not ours to tell of', [pod('labels', 'team', 'a')], []],
    ['without a record nobody knows what was there', [anew, pod('labels', LABEL, null)], []],
  ])('%s', (_, edits, drift) => {
    const observed = edits.reduce<Workload>(patchedWith, deployed);
    expect(plannedFor(PATH, { observed }).drift).toEqual(drift);
  });

  test('a new revision is no drift', () => {
    expect(plannedFor(PATH, { observed: deployed, revisions: [newer] }).drift).toEqual([]);
  });

  test('another filter, which comes or goes, is no drift', () => {
    const auth = revision('auth');
    expect(plannedFor(PATH, { observed: deployed, revisions: [ours, auth] }).drift).toEqual([]);
    const both = applied({ observed: deployed, revisions: [auth] });
    expect(plannedFor(PATH, { observed: both, removals: ['auth'] }).drift).toEqual([]);
  });

  test('is that of its filter alone', () => {
    const two = applied({ observed: deployed, revisions: [ours, revision('auth')] });
    const observed = patchedWith(two, pod('labels', LABEL, null));
    expect(plannedFor(PATH, { observed, revisions: [ours, revision('auth')] }).drift).toEqual([
      'the label of add-header was removed',
    ]);
    const unmounted = patchedWith(two, pod('annotations', VOLUME, null));
    expect(plannedFor(PATH, { observed: unmounted, revisions: [ours, revision('auth')] }).drift).toEqual([
      `the annotation ${VOLUME} was edited`,
    ]);
    const moved = patchedWith(two, pod('annotations', MOUNT, elsewhere));
    expect(plannedFor(PATH, { observed: moved, revisions: [ours, revision('auth')] }).drift).toEqual([
      'add-header was mounted at /elsewhere',
    ]);
  });
});
