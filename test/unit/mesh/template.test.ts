import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../src/cluster/objects.ts';
import type { Revision } from '../../../src/mesh/revision.ts';
import { formatState, parseState, type WorkloadState } from '../../../src/mesh/state.ts';
import { patchWorkload, revisionOn, type WorkloadPatch } from '../../../src/mesh/template.ts';
import { must, patchedWith, problemsIn, revision, workload } from '../builders.ts';

const STATE = 'deploy-wasm-filter/state';
const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const LABEL = 'deploy-wasm-filter/add-header';
const ours = revision();
const newer = revision('add-header', { configuration: 'new' });

const patchOf = (on: Workload, revisions: readonly Revision[] = [ours], run = 'run-2'): WorkloadPatch | undefined =>
  must(patchWorkload(on, revisions, run, 'Deployment shop/reviews'));
const patched = (on: Workload, revisions: readonly Revision[], run: string): Workload =>
  patchedWith(on, patchOf(on, revisions, run));
const stateOf = (on: Workload): WorkloadState => parseState(on.metadata.annotations?.[STATE]);

const bare = workload('reviews');
const deployed = patched(bare, [ours], 'run-1');

/** A copy with one key of the workload's or of its pod template's metadata set, or taken away. */
function drifted(part: 'own' | 'pod', field: 'labels' | 'annotations', key: string, value?: string): Workload {
  const metadata = { [field]: { [key]: value ?? null } };
  return patchedWith(deployed, part === 'own' ? { metadata } : { spec: { template: { metadata } } });
}

describe('patchWorkload', () => {
  test('sets state, label and mounts on a workload that has nothing of ours', () => {
    const annotations = { [VOLUME]: expect.any(String), [MOUNT]: expect.any(String) };
    expect(patchOf(bare, [ours], 'run-1')).toEqual({
      metadata: { annotations: { [STATE]: `{"add-header":{"revision":"${ours.id}","run":"run-1"}}` } },
      spec: { template: { metadata: { labels: { [LABEL]: ours.id }, annotations } } },
    });
    expect(revisionOn(bare, 'add-header')).toBeUndefined();
    expect(revisionOn(deployed, 'add-header')).toBe(ours.id);
  });

  test('has nothing to do where everything is in place, whatever run asks', () => {
    expect(patchOf(deployed)).toBeUndefined();
  });

  test('changes nothing else of the workload', () => {
    const busy = workload('reviews', {
      labels: { a: 'b' },
      annotations: { c: 'd' },
      podLabels: { e: 'f' },
      podAnnotations: { g: 'h', [VOLUME]: '[{"name":"x","emptyDir":{}}]' },
      podSpec: { containers: [{ name: 'app' }] },
    });
    const after = patched(busy, [ours], 'run-1');
    expect(after).toMatchObject({
      metadata: { labels: { a: 'b' }, annotations: { c: 'd' } },
      spec: { template: { metadata: { labels: { app: 'reviews', e: 'f' }, annotations: { g: 'h' } } } },
    });
    expect(after.spec?.template?.spec).toEqual(busy.spec?.template?.spec);
    expect(after.spec?.template?.metadata?.annotations?.[VOLUME]).toMatch(/^\[\{"name":"x","emptyDir":\{\}\},\{/);
  });

  test('patches a workload of which only the name is known', () => {
    expect(patchOf({ metadata: { name: 'reviews' } })?.spec?.template.metadata.labels).toEqual({ [LABEL]: ours.id });
  });

  test('hands on what keeps the mounts from being merged', () => {
    const broken = workload('reviews', { podAnnotations: { [VOLUME]: '{' } });
    const problems = problemsIn(patchWorkload(broken, [ours], 'run-1', 'Deployment shop/reviews'));
    expect(problems).toMatchObject([{ kind: 'mount', subject: 'Deployment shop/reviews' }]);
  });
});

describe('drift of one key gives a patch of that key', () => {
  const value = (on: Workload, field: 'labels' | 'annotations', key: string): string | undefined =>
    on.spec?.template?.metadata?.[field]?.[key];

  test.each(['gone', 'changed'])('label %s', (how) => {
    const patch = patchOf(drifted('pod', 'labels', LABEL, how === 'gone' ? undefined : '0123456789'));
    expect(patch).toEqual({ spec: { template: { metadata: { labels: { [LABEL]: ours.id } } } } });
  });

  test.each([VOLUME, MOUNT])('annotation %s', (key) => {
    for (const now of [undefined, '[]', '{}']) {
      const patch = patchOf(drifted('pod', 'annotations', key, now));
      expect(Object.keys(patch?.spec?.template.metadata.annotations ?? {})).toEqual([key]);
      expect(patch?.spec?.template.metadata.labels).toBeUndefined();
      expect(patch?.metadata).toBeUndefined();
      if (now !== '{}') {
        expect(patch?.spec?.template.metadata.annotations?.[key]).toBe(value(deployed, 'annotations', key));
      }
    }
  });

  test('the state alone restarts nothing', () => {
    const patch = patchOf(drifted('own', 'annotations', STATE));
    expect(patch).toEqual({
      metadata: { annotations: { [STATE]: `{"add-header":{"revision":"${ours.id}","run":"run-2"}}` } },
    });
  });
});

describe('the state that is recorded', () => {
  test('names the revision before this one and the run that set it', () => {
    const after = patched(deployed, [newer], 'run-2');
    expect(stateOf(after)).toEqual({ 'add-header': { revision: newer.id, previous: ours.id, run: 'run-2' } });
    expect(stateOf(patched(after, [ours], 'run-3'))).toEqual({
      'add-header': { revision: ours.id, previous: newer.id, run: 'run-3' },
    });
  });

  test('keeps the run of a revision that stays, also when a label has to be mended', () => {
    const mended = patched(drifted('pod', 'labels', LABEL), [ours], 'run-2');
    expect(stateOf(mended)).toEqual(stateOf(deployed));
  });

  test('keeps the records of other filters, and fields that it does not know', () => {
    const other = patched(deployed, [revision('auth')], 'run-2');
    expect(stateOf(other)).toMatchObject({ 'add-header': { run: 'run-1' }, auth: { run: 'run-2' } });
    const newerFormat = formatState({ other: { revision: 'a', run: 'b', proven: true } as never });
    const after = patched(workload('reviews', { annotations: { [STATE]: newerFormat } }), [ours], 'run-1');
    expect(stateOf(after)).toMatchObject({ other: { revision: 'a', run: 'b', proven: true } });
  });

  test.each(['', 'no json', '[]', 'null', '"text"', '{"add-header":5}', '{"add-header":{"revision":5}}'])(
    'is written anew when it is damaged: %j',
    (damaged) => {
      const after = patched(drifted('own', 'annotations', STATE, damaged), [ours], 'run-2');
      expect(stateOf(after)).toEqual({ 'add-header': { revision: ours.id, run: 'run-2' } });
    },
  );

  test('takes the previous revision from the pod template when it is not recorded', () => {
    const after = patched(drifted('own', 'annotations', STATE), [newer], 'run-2');
    expect(stateOf(after)).toEqual({ 'add-header': { revision: newer.id, previous: ours.id, run: 'run-2' } });
  });

  test('survives writing and reading, in one text for equal states', () => {
    const record = fc.record(
      { revision: fc.string(), run: fc.string(), previous: fc.string() },
      { requiredKeys: ['revision', 'run'] },
    );
    fc.assert(
      fc.property(fc.dictionary(fc.string(), record, { noNullPrototype: true }), (state) => {
        const reversed = Object.fromEntries(Object.entries(state).reverse());
        expect(formatState(reversed)).toBe(formatState(state));
        expect(formatState(parseState(formatState(state)))).toBe(formatState(state));
      }),
    );
  });
});
