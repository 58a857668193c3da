import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { describeProblem, type Result } from '../../../../src/base/problem.ts';
import type { PodTemplate } from '../../../../src/cluster/objects.ts';
import { podRevisionOf, type Revision } from '../../../../src/mesh/identity/revision.ts';
import type { MountChange } from '../../../../src/mesh/template/mount-change.ts';
import {
  type MountAnnotations,
  mergeMounts,
  mountedAt,
  preferText,
} from '../../../../src/mesh/template/sidecar-mounts.ts';
import { must, problemsIn, pulledRevision, revision } from '../../builders.ts';

const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const ours = revision();
const OUR_PATH = '/var/local/lib/wasm-filters/add-header';
const ourVolume = { name: 'wasm-filter-add-header', configMap: { name: `add-header-${ours.id}` } };
const ourMount = { name: 'wasm-filter-add-header', mountPath: OUR_PATH, readOnly: true };

const annotated = (volumes: unknown, mounts: unknown): PodTemplate => ({
  metadata: { annotations: { [VOLUME]: JSON.stringify(volumes), [MOUNT]: JSON.stringify(mounts) } },
});
const WORKLOAD = 'Deployment shop/reviews';
const change = (template: PodTemplate, wanted: Partial<MountChange>): Result<MountAnnotations> =>
  mergeMounts(template, { podRevisions: [], remove: [], ...wanted }, WORKLOAD);
const merge = (template: PodTemplate, ...revisions: readonly Revision[]): Result<MountAnnotations> =>
  change(template, { podRevisions: (revisions.length === 0 ? [ours] : revisions).map(podRevisionOf) });
const readAll = (annotations: MountAnnotations): { volumes: unknown; mounts: unknown } => ({
  volumes: JSON.parse(annotations[VOLUME] ?? 'null'),
  mounts: JSON.parse(annotations[MOUNT] ?? 'null'),
});
const merged = (template: PodTemplate, ...revisions: readonly Revision[]): { volumes: unknown; mounts: unknown } =>
  readAll(must(merge(template, ...revisions)));
const messages = (template: PodTemplate, ...revisions: readonly Revision[]): string[] => {
  const problems = problemsIn(merge(template, ...revisions));
  for (const problem of problems) expect(problem).toMatchObject({ kind: 'mount', subject: WORKLOAD });
  return problems.map(describeProblem);
};

describe('mergeMounts', () => {
  test.each<[string, PodTemplate]>([
    ['an empty template', {}],
    ['a template without annotations', { metadata: {}, spec: {} }],
    ['empty arrays', annotated([], [])],
    [
      'an older revision of ours',
      annotated([{ ...ourVolume, configMap: { name: 'add-header-0123456789' } }], [ourMount]),
    ],
    ['what is there already', annotated([ourVolume], [ourMount])],
    ['a mount of ours at another path', annotated([ourVolume], [{ ...ourMount, mountPath: '/old', readOnly: false }])],
  ])('on %s', (_, template) => {
    expect(merged(template)).toEqual({ volumes: [ourVolume], mounts: [ourMount] });
  });

  test('keeps what others mount, in array and in map form', () => {
    const [volume, mount] = [{ emptyDir: {} }, { mountPath: '/data', readOnly: false }];
    expect(merged(annotated([{ name: 'data', ...volume }], { data: mount }))).toEqual({
      volumes: [{ name: 'data', ...volume }, ourVolume],
      mounts: { data: mount, 'wasm-filter-add-header': { mountPath: OUR_PATH, readOnly: true } },
    });
  });

  test('leaves the text of annotations that need no change', () => {
    const text = ` [ ${JSON.stringify(ourVolume, null, 2)} ] `;
    const template = { metadata: { annotations: { [VOLUME]: text, [MOUNT]: JSON.stringify([ourMount]) } } };
    expect(must(merge(template))[VOLUME]).toBe(text);
  });

  test('reads fields of entries as Go does, whatever their case, and leaves the text to the letter', () => {
    const theirs = '{"name": "data", "mountpath": "/data"}';
    const mine = `{"name":"wasm-filter-add-header","mountpath":"${OUR_PATH}","readOnly":true}`;
    const volume = `{"name":"wasm-filter-add-header","configmap":{"Name":"add-header-0123456789"}}`;
    const template = { metadata: { annotations: { [VOLUME]: `[${volume}]`, [MOUNT]: `[${theirs}, ${mine}]` } } };
    expect(mountedAt(template, 'add-header')).toBe(OUR_PATH);
    expect(must(merge(template))[MOUNT]).toContain(theirs);
    const same = merge(template, revision('auth', { mountPath: '/data' }));
    expect(problemsIn(same)[0]?.message).toMatch(/the mount path "\/data" is "\/data", .*"data"/);
  });

  test('mounts several filters into one template', () => {
    const { volumes, mounts } = merged(annotated([ourVolume], [ourMount]), ours, revision('auth'));
    expect(volumes).toEqual([ourVolume, expect.objectContaining({ name: 'wasm-filter-auth' })]);
    expect(mounts).toEqual([ourMount, expect.objectContaining({ mountPath: '/var/local/lib/wasm-filters/auth' })]);
  });

  test('takes a filter whose name starts with another one for another filter', () => {
    const longer = revision('add-header-v2');
    expect(merged(reannotated(merged({}, longer)), ours).volumes).toHaveLength(2);
  });
});

function reannotated({ volumes, mounts }: { volumes: unknown; mounts: unknown }): PodTemplate {
  return annotated(volumes, mounts);
}

describe('filters that are to go', () => {
  const [volume, mount] = [
    { name: 'data', emptyDir: {} },
    { name: 'data', mountPath: '/data' },
  ];
  const removed = (template: PodTemplate, ...remove: readonly string[]): { volumes: unknown; mounts: unknown } =>
    readAll(must(change(template, { remove })));

  test.each<[string, PodTemplate, unknown, unknown]>([
    ['alone: nothing stays', annotated([ourVolume], [ourMount]), null, null],
    ['beside others', annotated([volume, ourVolume], [ourMount, mount]), [volume], [mount]],
    [
      'beside others in a map',
      annotated({ data: volume, 'wasm-filter-add-header': ourVolume }, { data: mount, ours: ourMount }),
      { data: volume },
      { data: mount },
    ],
    ['that are not there', annotated([volume], [mount]), [volume], [mount]],
    ['without any annotation', {}, null, null],
    ['half of them', annotated([], [ourMount]), [], null],
  ])('%s', (_, template, volumes, mounts) => {
    expect(removed(template, 'add-header', 'other')).toEqual({ volumes, mounts });
  });

  test('leave the volume of others that has our name, and its mount', () => {
    const template = annotated([{ ...ourVolume, configMap: { name: 'mine' } }], [ourMount]);
    expect(must(change(template, { remove: ['add-header'] }))).toEqual(template.metadata?.annotations);
  });

  test('leave texts that need no change', () => {
    const annotations = { [VOLUME]: ' [ ] ', [MOUNT]: '{ "data": {"mountPath": "/data"} }' };
    expect(must(change({ metadata: { annotations } }, { remove: ['add-header'] }))).toEqual(annotations);
  });

  test('make room for others of the same change', () => {
    const same = revision('auth', { mountPath: OUR_PATH });
    const template = annotated([ourVolume], [ourMount]);
    expect(merge(template, same).ok).toBe(false);
    expect(
      readAll(must(change(template, { podRevisions: [podRevisionOf(same)], remove: ['add-header'] }))).mounts,
    ).toEqual([{ name: 'wasm-filter-auth', mountPath: OUR_PATH, readOnly: true }]);
  });

  test('volumes of others go when they are dropped, and their path is free', () => {
    const template = annotated([{ name: 'hand', configMap: { name: 'x' } }], [{ name: 'hand', mountPath: OUR_PATH }]);
    expect(merge(template).ok).toBe(false);
    expect(readAll(must(change(template, { podRevisions: [podRevisionOf(ours)], drop: ['hand'] })))).toEqual({
      volumes: [ourVolume],
      mounts: [ourMount],
    });
  });

  const entry = fc.record({
    name: fc.constantFrom('a', 'b', 'c'),
    value: fc.dictionary(fc.constantFrom('x', 'y'), fc.jsonValue(), { minKeys: 1 }),
  });
  const others = fc.uniqueArray(entry, { selector: ({ name }) => name });
  const annotation = fc
    .tuple(others, fc.boolean())
    .map(([entries, array]) =>
      array
        ? entries.map(({ name, value }) => ({ ...value, name }))
        : Object.fromEntries(entries.map(({ name, value }) => [name, value])),
    );

  test('placing filters and taking them away again leaves what others mount, in its form', () => {
    fc.assert(
      fc.property(annotation, annotation, (volumes, mounts) => {
        const placed = must(merge(annotated(volumes, mounts), ours, revision('auth')));
        const template = { metadata: { annotations: JSON.parse(JSON.stringify(placed)) } };
        const nothing = (list: object): unknown =>
          Object.keys(list).length === 0 ? null : JSON.parse(JSON.stringify(list));
        expect(removed(template, 'auth', 'add-header')).toEqual({ volumes: nothing(volumes), mounts: nothing(mounts) });
      }),
    );
  });
});

describe('an annotation that Istio could not read', () => {
  const broken = (text: string, mounts = '[]'): PodTemplate => ({
    metadata: { annotations: { [VOLUME]: text, [MOUNT]: mounts } },
  });
  const pulled: MountChange['podRevisions'] = [podRevisionOf(pulledRevision())];

  test.each<[string, PodTemplate, Partial<MountChange>]>([
    ['a removal of what is not there', broken('no json'), { remove: ['add-header'] }],
    ['a removal beside another broken one', broken('', ''), { remove: ['add-header'] }],
    ['a filter whose image is pulled', broken('[{}]'), { podRevisions: pulled }],
  ])('is not the business of %s', (_, template, wanted) => {
    expect(must(change(template, wanted))).toEqual(template.metadata?.annotations);
  });

  test.each<[string, PodTemplate, Partial<MountChange>]>([
    ['a filter that is mounted', broken('no json'), { podRevisions: [podRevisionOf(ours)] }],
    ['a removal of what stands in it', broken('[wasm-filter-add-header'), { remove: ['add-header'] }],
    ['a pulled filter whose mount stands in it', broken('[wasm-filter-add-header'), { podRevisions: pulled }],
  ])('keeps %s from being written', (_, template, wanted) => {
    const [problem, ...more] = problemsIn(change(template, wanted)).map(describeProblem);
    expect(more).toEqual([]);
    expect(problem).toMatch(/userVolume of its pod template is not valid JSON .*no pod could be created/);
  });
});

describe('mountedAt', () => {
  test.each<[string, PodTemplate, string | undefined]>([
    ['nothing', {}, undefined],
    ['others alone', annotated([], [{ name: 'data', mountPath: '/data' }]), undefined],
    ['ours', annotated([], [ourMount]), OUR_PATH],
    ['ours in a map', annotated({}, { 'wasm-filter-add-header': { mountPath: '/x' } }), '/x'],
    ['ours without a path', annotated([], [{ name: 'wasm-filter-add-header' }]), undefined],
    ['what nobody can read', { metadata: { annotations: { [MOUNT]: '{' } } }, undefined],
  ])('%s', (_, template, path) => {
    expect(mountedAt(template, 'add-header')).toBe(path);
  });
});

test.each<[string, string | undefined, string | undefined, string | undefined]>([
  ['the same in other letters', '[{"name":"a"}]', ' [ {"name": "a"} ]', ' [ {"name": "a"} ]'],
  ['array and map of the same', '[{"name":"a","x":1}]', '{"a":{"name":"a","x":1}}', '{"a":{"name":"a","x":1}}'],
  ['another content', '[{"name":"a"}]', '[{"name":"b"}]', '[{"name":"a"}]'],
  ['another order', '[{"name":"a"},{"name":"b"}]', '[{"name":"b"},{"name":"a"}]', '[{"name":"a"},{"name":"b"}]'],
  ['none, which was an empty list', undefined, '[]', '[]'],
  ['an empty list, which was none', '[]', undefined, undefined],
  ['something, which was unreadable', '[]', '{', '[]'],
  ['none, before and after', undefined, undefined, undefined],
])('preferText: %s', (_, now, before, text) => {
  expect(preferText(now, before)).toBe(text);
});

describe('a taken volume name', () => {
  test.each<[string, unknown]>([
    ['a volume of another kind', { ...ourVolume, configMap: undefined, emptyDir: {} }],
    ['a foreign ConfigMap', { ...ourVolume, configMap: { name: 'something' } }],
    ['the ConfigMap of another filter', { ...ourVolume, configMap: { name: 'auth-0123456789' } }],
    ['a ConfigMap without a name', { ...ourVolume, configMap: {} }],
  ])('by %s in the annotation', (_, volume) => {
    const [message, ...more] = messages(annotated([volume], []));
    expect(more).toEqual([]);
    expect(message).toContain(`the volume name "wasm-filter-add-header" is taken in ${VOLUME} by {`);
    expect(message).toContain('Choose another "name", or remove what uses it now.');
  });

  test('by a volume of the pod template', () => {
    expect(messages({ spec: { volumes: [{ name: 'data' }, { name: 'wasm-filter-add-header' }] } })).toEqual([
      expect.stringContaining('is taken by a volume of the pod template'),
    ]);
  });

  test('the foreign value is quoted, but not without end', () => {
    const [message] = messages(annotated([{ ...ourVolume, configMap: { name: 'x'.repeat(5_000) } }], []));
    expect(message).toContain('xxx');
    expect(message?.length).toBeLessThan(500);
  });
});

describe('a taken mount path', () => {
  const other = (mountPath: string): PodTemplate => annotated([], [{ name: 'data', mountPath }]);
  const inProxy = (list: 'containers' | 'initContainers', mountPath: string): PodTemplate => ({
    spec: { [list]: [{ name: 'app' }, { name: 'istio-proxy', volumeMounts: [{ name: 'data', mountPath }] }] },
  });

  test.each<[string, PodTemplate, RegExp]>([
    ['equal', other(OUR_PATH), /^.+ is "\/var\/.+belongs to the mount of volume "data" in sidecar/],
    ['equal but for a slash', other(`${OUR_PATH}/`), / is "/],
    [
      'of the proxy container',
      inProxy('containers', OUR_PATH),
      / is ".+the volume "data" of the container istio-proxy/,
    ],
    ['of a native sidecar', inProxy('initContainers', OUR_PATH), / is ".+of the container istio-proxy/],
  ])('%s', (_, template, relation) => {
    expect(messages(template)).toEqual([expect.stringMatching(relation)]);
    expect(messages(template)[0]).toContain('Choose another "mount-path"');
  });

  test.each<[string, PodTemplate]>([
    ['beside ours', other('/var/local/lib/wasm-filters/other')],
    ['around ours', other('/var/local/lib/wasm-filters')],
    ['inside ours', other(`${OUR_PATH}/data`)],
    ['that only starts with the same letters', other(`${OUR_PATH}-2`)],
    ['without a path', annotated([], [{ name: 'data' }])],
    [
      'of another container',
      { spec: { containers: [{ name: 'app', volumeMounts: [{ name: 'x', mountPath: OUR_PATH }] }] } },
    ],
  ])('a path %s is free', (_, template) => {
    expect(merge(template).ok).toBe(true);
  });

  const volumeOf = (name: string, source: object): { name: string } => ({ name, ...source });
  // What containerd and runc do on a real node with each of these.
  const around = (volume: object, mount: object = {}, mountPath = '/var/local/lib/wasm-filters'): PodTemplate =>
    annotated([{ name: 'v', ...volume }], [{ name: 'v', mountPath, ...mount }]);
  const files = { configMap: { name: 'c' } };
  test.each<[string, PodTemplate, RegExp | undefined]>([
    ['an emptyDir', around({ emptyDir: {} }), undefined],
    ['an emptyDir that may be written', around({ emptyDir: {} }, { readOnly: false }), undefined],
    [
      'a read-only emptyDir',
      around({ emptyDir: {} }, { readOnly: true }),
      /lies inside what is mounted read-only.+"v"/,
    ],
    [
      'one farther out',
      around({ emptyDir: {} }, { readOnly: true }, '/var/local/'),
      /read-only.+ "\/var\/local\/", which/,
    ],
    ['a subPath of one', around({ emptyDir: {} }, { readOnly: true, subPath: 'x' }), /mounted read-only/],
    ['one whose fields Go reads all the same', around({ emptyDir: {} }, { readonly: true }), /mounted read-only/],
    [
      'a path whose field Go reads all the same',
      annotated([{ name: 'v', EmptyDir: {} }], [{ name: 'v', mountpath: '/var/local', readonly: true }]),
      /lies inside what is mounted read-only.+"v"/,
    ],
    ['a ConfigMap that Go reads all the same', around({ configmap: { name: 'c' } }, { readOnly: true }), undefined],
    ['one whose exact field says otherwise', around({ emptyDir: {} }, { readonly: true, readOnly: false }), undefined],
    ['a hostPath', around({ hostPath: { path: '/x' } }), undefined],
    ['a read-only hostPath', around({ hostPath: { path: '/x' } }, { readOnly: true }), /mounted read-only/],
    ['a ConfigMap', around(files), undefined],
    ['a read-only ConfigMap', around(files, { readOnly: true }), undefined],
    ['a read-only secret', around({ secret: { secretName: 's' } }, { readOnly: true }), undefined],
    ['a read-only projected volume', around({ projected: {} }, { readOnly: true }), undefined],
    ['a read-only downward API', around({ downwardAPI: {} }, { readOnly: true }), undefined],
    ['a subPath of a ConfigMap', around(files, { subPath: 'd' }), /inside the subPath "d", in which nothing/],
    ['a subPath that Go reads all the same', around(files, { subpath: 'd' }), /inside the subPath "d"/],
    ['a file inside ours', around(files, { subPath: 'a' }, `${OUR_PATH}/a.txt`), /contains the file "\/var.+a\.txt"/],
    [
      'a file of items inside ours',
      around({ secret: { items: [{ key: 'a', path: 'b' }] } }, { subPath: 'b' }, `${OUR_PATH}/a.txt`),
      /contains the file/,
    ],
    [
      'a folder of items inside ours',
      around({ secret: { items: [{ key: 'a', path: 'd/b' }] } }, { subPath: 'd' }, `${OUR_PATH}/d`),
      undefined,
    ],
    ['a volume inside ours', around({ emptyDir: {} }, {}, `${OUR_PATH}/data`), undefined],
    [
      'a read-only one around one that may be written',
      annotated(
        [
          { name: 'v', emptyDir: {} },
          { name: 'w', emptyDir: {} },
        ],
        [
          { name: 'v', mountPath: '/var/local', readOnly: true },
          { name: 'w', mountPath: '/var/local/lib' },
        ],
      ),
      undefined,
    ],
    [
      "a read-only volume of the pod's own",
      {
        ...annotated([], [{ name: 'v', mountPath: '/var/local/lib', readOnly: true }]),
        spec: { volumes: [volumeOf('v', { emptyDir: {} })] },
      },
      /mounted read-only/,
    ],
  ])('nested with %s', (_, template, problem) => {
    const result = merge(template);
    const found = result.ok ? [] : result.problems.map(describeProblem);
    expect(found).toEqual(problem === undefined ? [] : [expect.stringMatching(problem)]);
    for (const text of found) expect(text).toContain('Choose another "mount-path"');
  });

  test('nested in what goes with the same change, it is free', () => {
    const template = around({ emptyDir: {} }, { readOnly: true });
    expect(change(template, { podRevisions: [podRevisionOf(ours)], drop: ['v'] }).ok).toBe(true);
  });

  test.each([
    ['/etc/istio/proxy', 1],
    ['/etc/istio/proxy/wasm', 1],
    ['/etc/istio', 3],
    ['/var/run/secrets/istio', 1],
    ['/var/lib/istio/data', 1],
    ['/var/run', 1],
    ['/etc/istio2', 0],
    ['/opt/filters', 0],
  ])('in the folders of Istio: %s', (mountPath, found) => {
    const result = merge({}, revision('add-header', { mountPath }));
    expect(result.ok ? [] : result.problems.map(({ message }) => message)).toEqual(
      Array.from({ length: found }, () => expect.stringMatching(/belongs to the proxy itself/)),
    );
  });

  test('by another filter of the same run', () => {
    const shared = { mountPath: '/filters' };
    expect(messages({}, revision('a', shared), revision('b', shared))).toEqual([
      expect.stringContaining('the mount path "/filters" is "/filters"'),
    ]);
  });
});

describe('annotations that Istio could not read', () => {
  test.each([
    ['[{"name":"a",}]', /is not valid JSON/],
    ['"text"', /is neither a JSON array nor a JSON object/],
    ['["data"]', /has the entry "data"/],
  ])('%s', (text, why) => {
    const [message, ...more] = messages({ metadata: { annotations: { [VOLUME]: text } } });
    expect(more).toEqual([]);
    expect(message).toMatch(why);
    expect(message).toContain(`the annotation ${VOLUME} of its pod template`);
    expect(message).toContain(text);
  });

  test('both are told', () => {
    expect(messages({ metadata: { annotations: { [VOLUME]: '{', [MOUNT]: '[' } } })).toHaveLength(2);
  });
});

test('everything that is wrong is told at once', () => {
  const template = annotated([{ name: 'wasm-filter-add-header', emptyDir: {} }], [{ name: 'x', mountPath: OUR_PATH }]);
  expect(messages(template, ours, revision('auth', { mountPath: '/etc/istio/pod' }))).toHaveLength(3);
});
