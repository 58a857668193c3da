import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { observedFilter } from '../../../../src/deploy/observe/snapshot.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import { findRollbackTarget } from '../../../../src/deploy/plan/rollback-target.ts';
import { planWorkload } from '../../../../src/deploy/plan/workload.ts';
import { rollbackGoal, rollbackPatch, whyDiffers } from '../../../../src/deploy/rollout/rollback-patch.ts';
import { type PodRevision, podRevisionOf } from '../../../../src/mesh/identity/revision.ts';
import { parseAnnotationList } from '../../../../src/mesh/template/annotation-list.ts';
import { mountedAt } from '../../../../src/mesh/template/sidecar-mounts.ts';
import { filtersOn, revisionOn, stateOn } from '../../../../src/mesh/template/template.ts';
import type { WorkloadPatch } from '../../../../src/mesh/workload-patch.ts';
import { patchedWith, refOf, revision, snapshotOf, workload } from '../../builders.ts';
import { anyStart, workloadFrom } from '../any-workload.ts';
import { PLANNING, plannedFor, type WantedParts, wantedOf } from '../planned.ts';

const PATH = 'shop/deploy/reviews';
const LABEL = 'deploy-wasm-filter/add-header';
const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const first = revision();
const second = revision('add-header', { configuration: '2' });
const third = revision('add-header', { configuration: '3', mountPath: '/third' });

/** What a run finds it goes back to, in a cluster without objects of ours. */
function backTo(observed: Workload, ...filters: readonly string[]): PodRevision[] {
  const snapshot = snapshotOf({ workloads: { [PATH]: observed } });
  const target = { ref: refOf(PATH), workload: observed };
  return filters.flatMap((filter) => findRollbackTarget(observedFilter(filter, target, snapshot), '', snapshot) ?? []);
}
const patchOf = (planned: PlannedWorkload, current: Workload): WorkloadPatch | undefined => {
  const { patch } = planned;
  const write = { result: { state: 'done' as const }, ...(patch === undefined ? {} : { patch }) };
  const restoring = rollbackPatch({ planned, write }, current);
  if (!restoring.ok) throw new Error(restoring.problems[0].message);
  return restoring.value;
};
const rolledBack = (planned: PlannedWorkload, current = patchedWith(planned.observed, planned.patch)): Workload =>
  patchedWith(current, patchOf(planned, current));
const running = (...parts: readonly WantedParts[]): Workload =>
  parts.reduce<Workload>((observed, one) => {
    const { patch } = plannedFor(PATH, { ...one, observed });
    return patchedWith(observed, patch);
  }, workload('reviews'));
/** A copy without maps that are empty: a merge patch leaves those behind. */
const tidy = (on: Workload): unknown =>
  JSON.parse(JSON.stringify(on, (_, value) => (isEmptyMap(value) ? undefined : value)));
const isEmptyMap = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;

describe('restorePatch', () => {
  test('takes everything away where nothing was', () => {
    const planned = plannedFor(PATH);
    expect(tidy(rolledBack(planned))).toEqual(tidy(planned.observed));
  });

  test('gives back the revision and the record of before', () => {
    const observed = running({});
    const planned = plannedFor(PATH, { observed, revisions: [second], rollbackTargets: [podRevisionOf(first)] });
    expect(rolledBack(planned)).toEqual(observed);
  });

  test('gives back a filter that was removed', () => {
    const observed = running({ revisions: [first, revision('auth')] });
    const planned = plannedFor(PATH, {
      observed,
      revisions: [],
      removals: ['add-header'],
      rollbackTargets: [podRevisionOf(first)],
    });
    expect(rolledBack(planned)).toEqual(observed);
  });

  test('has nothing to do when it is done already', () => {
    const observed = running({});
    const planned = plannedFor(PATH, { observed, revisions: [second], rollbackTargets: [podRevisionOf(first)] });
    const killed: PlannedWorkload = {
      ...planned,
      patch: undefined,
      revisions: [{ revision: first, podRevision: podRevisionOf(first) }],
    };
    expect(rollbackPatch({ planned: killed, write: { result: { state: 'unchanged' } } }, observed)).toEqual({
      ok: true,
      value: undefined,
    });
  });

  test('after a killed run: to the revision before, with its mount path, and a record of it', () => {
    const observed = running({ revisions: [third] }, { revisions: [second], rollbackTargets: [podRevisionOf(third)] });
    const planned = plannedFor(PATH, { observed, revisions: [second], rollbackTargets: [podRevisionOf(third)] });
    expect(planned.patch).toBeUndefined();
    const after = rolledBack(planned, observed);
    expect(revisionOn(after, 'add-header')).toBe(third.id);
    expect(mountedAt(after.spec?.template ?? {}, 'add-header')).toBe('/third');
    expect(stateOn(after)['add-header']?.revision).toBe(third.id);
  });

  test('leaves the texts of before also where others have written beside it', () => {
    const texts = { [VOLUME]: ' [ {"name": "data", "emptyDir": {}} ] ', [MOUNT]: '{ "data": {"mountPath": "/data"} }' };
    const planned = plannedFor(PATH, { observed: workload('reviews', { podAnnotations: texts }) });
    const record = { ...stateOn(patchedWith(planned.observed, planned.patch)), auth: { revision: '1', run: 'other' } };
    const state = { metadata: { annotations: { 'deploy-wasm-filter/state': JSON.stringify(record) } } };
    const after = rolledBack(planned, patchedWith(patchedWith(planned.observed, planned.patch), state));
    expect(after.spec?.template?.metadata?.annotations).toEqual(texts);
    expect(stateOn(after)).toEqual({ auth: record.auth });
  });

  test.each<[string, WantedParts, string | null]>([
    ['another revision', {}, '0123456789'],
    ['no label any more', {}, null],
    ['the filter again that this run removed', { revisions: [], removals: ['add-header'] }, '0123456789'],
  ])('leaves a workload alone that has %s', (_, parts, label) => {
    const observed = running({});
    const planned = plannedFor(PATH, { observed, revisions: [second], ...parts });
    const edited = patchedWith(patchedWith(observed, planned.patch), {
      spec: { template: { metadata: { labels: { [LABEL]: label } } } },
    });
    const write = { result: { state: 'done' as const } };
    expect(rollbackPatch({ planned, write }, edited)).toMatchObject({
      problems: [{ kind: 'conflict', subject: 'Deployment shop/reviews' }],
    });
  });

  test('hands on why mounts cannot be rolled back', () => {
    const planned = plannedFor(PATH, {
      observed: running({}),
      revisions: [second],
      rollbackTargets: [podRevisionOf(first)],
    });
    const broken = patchedWith(patchedWith(planned.observed, planned.patch), {
      spec: { template: { metadata: { annotations: { [VOLUME]: '{' } } } },
    });
    expect(rollbackPatch({ planned, write: { result: { state: 'done' } } }, broken)).toMatchObject({
      problems: [{ kind: 'mount' }],
    });
  });
});

describe('a pod template that is rolled back', () => {
  const observed = running({});
  const back = { observed, revisions: [second], rollbackTargets: [podRevisionOf(first)] };
  const edited = patchedWith(observed, { spec: { template: { metadata: { annotations: { theirs: '1' } } } } });
  const mended = [podRevisionOf(revision('auth'))];
  test.each<[string, Partial<PlannedWorkload>, WantedParts, Workload, ReturnType<typeof whyDiffers>]>([
    ['is as it was', {}, back, observed, undefined],
    ['has what others changed', {}, back, edited, 'changed-by-others'],
    ['has an earlier revision', {}, { ...back, rollbackTargets: [podRevisionOf(third)] }, edited, 'earlier-revision'],
    ['has what was put back of other filters', { mended }, back, edited, 'other-filters-put-back'],
    [
      'has an earlier revision, and what was put back of other filters',
      { mended },
      { ...back, rollbackTargets: [podRevisionOf(third)] },
      edited,
      'other-filters-put-back',
    ],
  ])('%s', (_, more, parts, seen, why) => {
    expect(whyDiffers({ ...plannedFor(PATH, parts), ...more }, seen)).toBe(why);
  });
});

describe('whatever a workload was like', () => {
  const kinds = fc.constantFrom<WantedParts>(
    { revisions: [first] },
    { revisions: [second, revision('auth')] },
    { revisions: [], removals: ['add-header'] },
    { revisions: [revision('auth')], removals: ['add-header'] },
  );
  const filtersOf = ({ revisions = [], removals = [] }: WantedParts): string[] => [
    ...revisions.map(({ filter }) => filter),
    ...removals,
  ];
  /** A label without a mount is no filter to go back to; everything else is. */
  const runs = (on: Workload, filter: string): string | undefined =>
    mountedAt(on.spec?.template ?? {}, filter) === undefined ? undefined : revisionOn(on, filter);
  const run = (observed: Workload, wanted: WantedParts): PlannedWorkload | undefined => {
    const parts = { ...wanted, observed, rollbackTargets: backTo(observed, ...filtersOf(wanted)) };
    const checked = planWorkload(wantedOf(PATH, parts), PLANNING);
    return checked.ok ? checked.value : undefined;
  };

  test('a run that is rolled back leaves it as it was, to the letter', () => {
    let planned = 0;
    fc.assert(
      fc.property(anyStart, kinds, (start, wanted) => {
        const observed = workloadFrom('reviews', start);
        const one = run(observed, wanted);
        if (one?.patch === undefined) return;
        if (filtersOf(wanted).some((filter) => revisionOn(observed, filter) !== runs(observed, filter))) return;
        planned++;
        expect(tidy(rolledBack(one))).toEqual(tidy(observed));
      }),
      { numRuns: 400 },
    );
    expect(planned).toBeGreaterThan(20);
  });

  const key = fc.constantFrom('a', 'b', 'c', 'team');
  const edits = fc.record({
    own: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    labels: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    annotations: fc.dictionary(key, fc.string(), { noNullPrototype: true }),
    volume: fc.boolean(),
    state: fc.boolean(),
  });

  test('what others edit meanwhile stays, and ours is rolled back all the same', () => {
    let withVolume = 0;
    fc.assert(
      fc.property(anyStart, kinds, edits, (start, wanted, { own, labels, annotations, state, ...edited }) => {
        const observed = workloadFrom('reviews', start);
        const one = run(observed, wanted);
        if (one?.patch === undefined) return;
        const written = patchedWith(observed, one.patch);
        const template = written.spec?.template?.metadata?.annotations ?? {};
        // Nobody adds an entry to what is no list, and no run edits it.
        const volume = edited.volume && [VOLUME, MOUNT].every((one) => parseAnnotationList(template[one]).ok);
        const added = volume ? foreignVolume(template) : {};
        const record = { ...stateOn(written), other: { revision: '1', run: 'other' } };
        const edit = {
          metadata: {
            annotations: { ...own, ...(state ? { 'deploy-wasm-filter/state': JSON.stringify(record) } : {}) },
          },
          spec: { template: { metadata: { labels, annotations: { ...annotations, ...added } } } },
        };
        const current = patchedWith(written, edit);
        const back = rollbackPatch({ planned: one, write: { result: { state: 'done' }, patch: one.patch } }, current);
        if (!back.ok) {
          // What was there under our names was not as a run leaves it, and cannot be made anew.
          expect(back.problems[0].kind).toBe('mount');
          return;
        }
        const after = patchedWith(current, back.value);
        if (volume) withVolume++;
        expect(after.metadata.annotations).toMatchObject(own);
        expect(after.spec?.template?.metadata?.labels).toMatchObject(labels);
        expect(after.spec?.template?.metadata?.annotations).toMatchObject(annotations);
        expect(mountedAt(after.spec?.template ?? {}, '-of-others')).toBe(volume ? '/of-others' : undefined);
        if (state) expect(stateOn(after).other?.run).toBe('other');
        for (const filter of filtersOf(wanted)) expect(revisionOn(after, filter)).toBe(runs(observed, filter));
        const others = filtersOn(observed).filter((filter) => !filtersOf(wanted).includes(filter));
        expect(filtersOn(after)).toEqual(expect.arrayContaining(others));
      }),
      { numRuns: 400 },
    );
    expect(withVolume).toBeGreaterThan(20);
  });

  /** Another volume beside what is there, in its form. */
  function foreignVolume(there: Readonly<Record<string, string>>): Record<string, string> {
    const name = 'wasm-filter--of-others';
    const add = (text: string | undefined, entry: object): string => {
      const value = JSON.parse(text ?? '[]');
      return JSON.stringify(Array.isArray(value) ? [...value, { name, ...entry }] : { ...value, [name]: entry });
    };
    return { [VOLUME]: add(there[VOLUME], { emptyDir: {} }), [MOUNT]: add(there[MOUNT], { mountPath: '/of-others' }) };
  }
});

test('rollbackGoal: what has no rollback goes', () => {
  const planned = plannedFor(PATH, {
    observed: running({ revisions: [first, revision('auth')] }),
    revisions: [second, revision('extra')],
    removals: ['auth'],
    rollbackTargets: [podRevisionOf(first), podRevisionOf(revision('auth'))],
  });
  expect(rollbackGoal(planned)).toEqual({
    podRevisions: [podRevisionOf(first), podRevisionOf(revision('auth'))],
    removals: ['extra'],
  });
});
