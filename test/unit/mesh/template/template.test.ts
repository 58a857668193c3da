import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { podRevisionOf, type Revision } from '../../../../src/mesh/identity/revision.ts';
import { formatState, type WorkloadState } from '../../../../src/mesh/identity/state.ts';
import {
  filtersOn,
  patchWorkload,
  revisionOn,
  stateOn,
  type TemplateChange,
} from '../../../../src/mesh/template/template.ts';
import type { WorkloadPatch } from '../../../../src/mesh/workload-patch.ts';
import { must, patchedWith, problemsIn, pulledRevision, revision, workload } from '../../builders.ts';

const NAME = 'Deployment shop/reviews';
const STATE = 'deploy-wasm-filter/state';
const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const LABEL = 'deploy-wasm-filter/add-header';
const ours = revision();
const newer = revision('add-header', { configuration: 'new' });

/** The change that puts revisions there and records them, and takes filters away. */
const changeTo = (revisions: readonly Revision[], run: string, remove: readonly string[] = []): TemplateChange => ({
  podRevisions: revisions.map(podRevisionOf),
  remove,
  state: (recorded): WorkloadState => ({
    ...Object.fromEntries(Object.entries(recorded).filter(([filter]) => !remove.includes(filter))),
    ...Object.fromEntries(
      revisions.map(({ filter, id }) => {
        const known = recorded[filter];
        return [filter, known?.revision === id ? known : { revision: id, run }];
      }),
    ),
  }),
});
const patchOf = (on: Workload, revisions: readonly Revision[] = [ours], run = 'run-2'): WorkloadPatch | undefined =>
  must(patchWorkload(on, changeTo(revisions, run), NAME));
const patched = (on: Workload, revisions: readonly Revision[], run: string): Workload =>
  patchedWith(on, patchOf(on, revisions, run));
const removed = (on: Workload, ...filters: readonly string[]): Workload =>
  patchedWith(on, must(patchWorkload(on, changeTo([], 'run-3', filters), NAME)));

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
    expect(patchOf({ metadata: { name: 'reviews' } })?.spec?.template.metadata?.labels).toEqual({ [LABEL]: ours.id });
  });

  test('hands on what keeps the mounts from being merged', () => {
    const broken = workload('reviews', { podAnnotations: { [VOLUME]: '{' } });
    const problems = problemsIn(patchWorkload(broken, changeTo([ours], 'run-1'), NAME));
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
      expect(Object.keys(patch?.spec?.template.metadata?.annotations ?? {})).toEqual([key]);
      expect(patch?.spec?.template.metadata?.labels).toBeUndefined();
      // A list without entries is somebody's text, and comes back when ours goes.
      expect(patch?.metadata === undefined).toBe(now === undefined);
      if (now !== '{}') {
        expect(patch?.spec?.template.metadata?.annotations?.[key]).toBe(value(deployed, 'annotations', key));
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
  test('is made of the one that is there, with fields that nobody knows', () => {
    const newerFormat = formatState({ other: { revision: 'a', run: 'b', later: true } as never });
    const annotations = newerFormat === undefined ? {} : { [STATE]: newerFormat };
    const after = patched(workload('reviews', { annotations }), [ours], 'run-1');
    expect(stateOn(after)).toEqual({
      other: { revision: 'a', run: 'b', later: true },
      'add-header': { revision: ours.id, run: 'run-1' },
    });
    expect(stateOn(patched(after, [newer], 'run-2'))).toMatchObject({ 'add-header': { run: 'run-2' }, other: {} });
  });

  test.each(['', 'no json', '[]', 'null', '"text"', '{"add-header":5}', '{"add-header":{"revision":5}}'])(
    'is written anew when it is damaged: %j',
    (damaged) => {
      const after = patched(drifted('own', 'annotations', STATE, damaged), [ours], 'run-2');
      expect(stateOn(after)).toEqual({ 'add-header': { revision: ours.id, run: 'run-2' } });
    },
  );
});

describe('a filter that is taken away', () => {
  const both = patched(deployed, [revision('auth')], 'run-2');

  test('leaves nothing of it behind', () => {
    const after = removed(deployed, 'add-header');
    expect(after.metadata.annotations).toEqual({});
    expect(after.spec?.template?.metadata).toEqual({ labels: { app: 'reviews' }, annotations: {} });
    expect(must(patchWorkload(after, changeTo([], 'run-4', ['add-header']), NAME))).toBeUndefined();
  });

  test('leaves the other filters as they were', () => {
    expect(removed(both, 'auth')).toEqual(deployed);
    expect(filtersOn(removed(both, 'add-header'))).toEqual(['auth']);
  });

  test('is one patch with a filter that comes', () => {
    const change = changeTo([revision('auth')], 'run-2', ['add-header']);
    const after = patchedWith(deployed, must(patchWorkload(deployed, change, NAME)));
    expect(filtersOn(after)).toEqual(['auth']);
    expect(Object.keys(stateOn(after))).toEqual(['auth']);
    expect(after.spec?.template?.metadata?.annotations?.[VOLUME]).not.toContain('add-header');
  });

  test('leaves an empty list as it was when the workload is to be like before', () => {
    const before = workload('reviews', { podAnnotations: { [VOLUME]: ' [ ] ', [MOUNT]: '{}' } });
    const after = patched(before, [ours], 'run-1');
    const back = { ...changeTo([], 'run-1', ['add-header']), like: before };
    const rolledBack = patchedWith(after, must(patchWorkload(after, back, NAME)));
    expect(rolledBack.spec?.template?.metadata?.annotations).toMatchObject({ [VOLUME]: ' [ ] ' });
  });
});

describe("the user's own text", () => {
  const auth = revision('auth');
  const texts = (on: Workload): unknown[] =>
    [VOLUME, MOUNT].map((key) => on.spec?.template?.metadata?.annotations?.[key]);
  const withTexts = (volumes: string | undefined, mounts: string | undefined): Workload =>
    workload('reviews', {
      podAnnotations: {
        ...(volumes === undefined ? {} : { [VOLUME]: volumes }),
        ...(mounts === undefined ? {} : { [MOUNT]: mounts }),
      },
    });
  const pretty = JSON.stringify([{ name: 'data', emptyDir: {} }], null, 2);

  test.each<[string, string | undefined]>([
    ['none', undefined],
    ['null', 'null'],
    ['null with a line break', ' null\n'],
    ['an empty array', '[ ]'],
    ['an empty map', ' { } '],
    ['a list with spaces and a trailing line break', '[{"name": "istio-certs", "mountPath": "/etc/istio-certs"}]\n\n'],
    ['a list over several lines', `${pretty}\n`],
    ['a map', '{ "data" : { "mountPath" : "/data" } }'],
    ['a list with a key that stands there twice', '[{"name":"a","name":"data","emptyDir":{}}]'],
    ['entries without names', '[ {"mountPath": "/data"} , {"mountPath": "/more"} ]'],
  ])('%s is back to the letter', (_, text) => {
    const before = withTexts(text, text);
    for (const first of [ours, auth]) {
      for (const last of [ours, auth]) {
        const both = patched(patched(before, [first], 'run-1'), [first === ours ? auth : ours], 'run-2');
        const renewed = patched(both, [newer, auth], 'run-3');
        const one = removed(renewed, last === ours ? 'auth' : 'add-header');
        expect(texts(removed(one, last.filter))).toEqual([text, text]);
      }
    }
  });

  test('what others add beside ours, and how they write it, stays', () => {
    const mine = (on: Workload, from: string, to: string): Workload =>
      patchedWith(on, {
        spec: {
          template: {
            metadata: {
              annotations: { [VOLUME]: String(texts(on)[0]).replace(from, to) },
            },
          },
        },
      });
    const deployedTwice = patched(patched(withTexts('null', '[]'), [ours], 'run-1'), [auth], 'run-2');
    const edited = mine(deployedTwice, '[', '[\n  {"name": "x", "emptyDir": {}},\n  ');
    expect(texts(removed(removed(edited, 'add-header'), 'auth'))).toEqual([
      '[\n  {"name": "x", "emptyDir": {}}]',
      '[]',
    ]);
  });

  /** Any text that Istio takes, written in some way. */
  const space = fc.constantFrom('', ' ', '\n', '  ');
  const member = fc
    .tuple(
      fc.constantFrom('data', 'certs', '7', 'a b'),
      fc.dictionary(fc.constantFrom('x', 'y'), fc.jsonValue(), { minKeys: 1 }),
    )
    .map(([name, value]) => [name, JSON.stringify({ name, ...value }, null, 1)] as const);
  const list = fc
    .tuple(
      fc.uniqueArray(member, { selector: ([name]) => name, maxLength: 4 }),
      fc.boolean(),
      fc.array(space, { minLength: 12, maxLength: 12 }),
    )
    .map(([members, isMap, spaces]) => {
      const at = (index: number): string => spaces[index % spaces.length] ?? '';
      const inner = members.map(([name, text], index) => {
        const key = isMap ? `${JSON.stringify(name)}${at(index)}:${at(index + 1)}` : '';
        return `${at(index + 2)}${key}${text}${at(index + 3)}`;
      });
      const [open, close] = isMap ? '{}' : '[]';
      return `${at(0)}${open}${inner.join(',')}${at(1)}${close}${at(2)}`;
    });
  const anyText = fc.oneof(fc.constant(undefined), fc.constantFrom('null', ' null '), list);

  test('of any list is back once the filters are gone, in whatever order they come and go', () => {
    const order = fc.shuffledSubarray([ours, auth, revision('third')], { minLength: 1 });
    fc.assert(
      fc.property(anyText, anyText, order, fc.boolean(), (volumes, mounts, filters, reverse) => {
        const before = withTexts(volumes, mounts);
        const all = filters.reduce((on, one, index) => patched(on, [one], `run-${index}`), before);
        const leaving = reverse ? filters.toReversed() : filters;
        const after = leaving.reduce((on, { filter }) => removed(on, filter), all);
        expect(texts(after)).toEqual([volumes, mounts]);
        expect(stateOn(after)).toEqual({});
      }),
    );
  });
});

describe('a filter whose image the proxies pull', () => {
  const pulled = pulledRevision();
  const others = workload('reviews', {
    podAnnotations: { [VOLUME]: '[{"name":"data","emptyDir":{}}]', [MOUNT]: '{"data":{"mountPath":"/data"}}' },
  });
  const templateOf = (on: Workload): unknown => on.spec?.template?.metadata;

  test('gives the pod template its label, and no annotation', () => {
    const patch = must(patchWorkload(workload('reviews'), changeTo([pulled], 'run-1'), NAME));
    expect(patch?.spec).toEqual({
      template: { metadata: { labels: { 'deploy-wasm-filter/add-header': pulled.id } } },
    });
  });

  test.each([
    ['nothing else', workload('reviews', { podAnnotations: {} })],
    ['mounts of others', others],
  ])('takes the place of a mounted one and gives it back, beside %s', (_, on) => {
    const mounted = patched(on, [ours], 'run-1');
    const switched = patched(mounted, [pulled], 'run-1');
    expect(templateOf(switched)).toEqual(templateOf(patched(on, [pulled], 'run-1')));
    expect(JSON.stringify(templateOf(switched))).not.toContain('wasm-filter-add-header');
    expect(templateOf(patched(switched, [ours], 'run-1'))).toEqual(templateOf(mounted));
  });
});

test('filtersOn names the filters of the labels, whichever they are', () => {
  const labels = { a: '1', 'deploy-wasm-filter/auth': '2', 'deploy-wasm-filter/x': '3', 'x/deploy-wasm-filter/y': '4' };
  expect(filtersOn(workload('reviews', { podLabels: labels }))).toEqual(['auth', 'x']);
  expect(filtersOn({ metadata: { name: 'reviews' } })).toEqual([]);
});

test('a patch that was applied leaves nothing to do, and other keys as they were', () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const keys = fc.dictionary(key, fc.string(), { noNullPrototype: true });
  const filters = fc
    .subarray([ours, newer, revision('auth'), revision('third')])
    .map((list) => [...new Map(list.map((one) => [one.filter, one])).values()]);
  fc.assert(
    fc.property(keys, keys, keys, filters, filters, (annotations, podLabels, podAnnotations, before, then) => {
      const on = patched(workload('reviews', { annotations, podLabels, podAnnotations }), before, 'run-1');
      const change = changeTo(
        then,
        'run-2',
        before.map(({ filter }) => filter).filter((filter) => !then.some((one) => one.filter === filter)),
      );
      const after = patchedWith(on, must(patchWorkload(on, change, NAME)));
      expect(must(patchWorkload(after, change, NAME))).toBeUndefined();
      expect(filtersOn(after).sort()).toEqual(then.map(({ filter }) => filter).sort());
      expect(Object.keys(stateOn(after)).sort()).toEqual(filtersOn(after).sort());
      expect(after.metadata.annotations).toMatchObject(annotations);
      expect(after.spec?.template?.metadata).toMatchObject({ labels: podLabels, annotations: podAnnotations });
    }),
  );
});
