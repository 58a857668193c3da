import { describe, expect, test } from '@jest/globals';
import type { Json } from '../../../../src/base/json.ts';
import type { PodTemplate } from '../../../../src/cluster/objects.ts';
import { BEFORE_ROUTER } from '../../../../src/filter/insertion.ts';
import { ownedLabels } from '../../../../src/mesh/identity/names.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { adoptedVolumes, type OtherReaders } from '../../../../src/mesh/unmanaged/adopted-volumes.ts';
import {
  type Adopt,
  type AdoptedName,
  chooseAdopted,
  nameFor,
} from '../../../../src/mesh/unmanaged/adoption-choice.ts';
import {
  type ConcernedProxies,
  dependentsOf,
  type ProxyChain,
  remainingPatches,
  sharersOf,
} from '../../../../src/mesh/unmanaged/adoption-limits.ts';
import { findUnmanaged, type UnmanagedFilter } from '../../../../src/mesh/unmanaged/unmanaged.ts';
import { code, envoyFilter, insertion, merge, type PatchParts } from './unmanaged.ts';

const NAMELESS = { name: 'envoy.filters.http.wasm', configName: '', rootId: '', code: code.file('/x/main.wasm') };
const POD: PodTemplate = { metadata: { labels: { app: 'a' } } };
const ours = { name: 'headers', rootId: 'root', digests: [`sha256:${'a'.repeat(64)}`] };
const named = (text: string): AdoptedName => {
  const [whole = '', filter] = text.split('#');
  const [name = '', namespace] = whole.split('/').reverse();
  return { text, envoyFilter: name, ...(namespace ? { namespace } : {}), ...(filter ? { filter } : {}) };
};

describe('chooseAdopted', () => {
  const auth = { name: 'auth', rootId: 'auth' };
  const headers = { name: 'headers', rootId: 'x' };
  const sameRoot = { name: 'security-headers', rootId: 'root' };
  const choose = (filters: readonly PatchParts[], adopt: Adopt) => {
    const found = findUnmanaged(POD, [envoyFilter(filters.map(insertion), 'wasm')]);
    const choice = chooseAdopted(found, ours, adopt, { begun: () => false, digestOf: () => undefined });
    const names = (list: readonly UnmanagedFilter[]): string[] => list.map(({ httpFilter }) => httpFilter);
    return {
      adopted: names(choice.adopted),
      twice: names(choice.twice),
      perhaps: names(choice.perhaps.map(({ filter }) => filter)),
      ambiguous: choice.ambiguous.map(({ name }) => name.text),
    };
  };
  const nothing = { adopted: [], twice: [], perhaps: [], ambiguous: [] };
  const generic = 'envoy.filters.http.wasm';

  test.each<[string, readonly PatchParts[], Adopt, Partial<ReturnType<typeof choose>>]>([
    ['without "adopt", our name runs twice', [headers, auth], false, { twice: ['headers'] }],
    ['without "adopt", our root id is a doubt', [sameRoot, auth], false, { perhaps: ['security-headers'] }],
    ['without "adopt", so is one that has no name', [NAMELESS], false, { perhaps: [generic] }],
    ['true: our name, and nothing beside it', [auth, headers], true, { adopted: ['headers'] }],
    ['true: another name with our root id is another filter', [sameRoot], true, { perhaps: ['security-headers'] }],
    ['true: the only one, with no name', [NAMELESS], true, { adopted: [generic] }],
    ['true: of one with a name and one without, neither', [NAMELESS, auth], true, { perhaps: [generic] }],
    ['true: the only one, with another name', [auth], true, {}],
    ['named: whatever it is called', [sameRoot], [named('wasm')], { adopted: ['security-headers'] }],
    [
      'named: one of several',
      [auth, sameRoot],
      [named('wasm#auth')],
      { adopted: ['auth'], perhaps: ['security-headers'] },
    ],
    ['named: by the name of its file', [auth, NAMELESS], [named('shop/wasm#main')], { adopted: [generic] }],
    ['named as a whole: that of our name', [auth, headers], [named('wasm')], { adopted: ['headers'] }],
    [
      'named as a whole, and none has our name',
      [auth, sameRoot],
      [named('wasm')],
      { perhaps: ['security-headers'], ambiguous: ['wasm'] },
    ],
    [
      'named: another one, so ours would run twice',
      [auth, headers],
      [named('wasm#auth')],
      { adopted: ['auth'], twice: ['headers'] },
    ],
    ['named in another namespace', [auth], [named('other/wasm')], {}],
  ])('%s', (_, filters, adopt, expected) => {
    expect(choose(filters, adopt)).toEqual({ ...nothing, ...expected });
  });

  test('the same module is a doubt, and no more', () => {
    const found = findUnmanaged(POD, [
      envoyFilter([insertion({ ...auth, code: code.remote('https://x/a.wasm', 'a'.repeat(64)) })]),
    ]);
    const facts = { begun: () => false, digestOf: () => undefined };
    expect(chooseAdopted(found, ours, true, facts)).toMatchObject({
      adopted: [],
      perhaps: [{ why: 'has the same module' }],
    });
    const [one] = findUnmanaged(POD, [envoyFilter([insertion(auth)])]);
    expect(
      chooseAdopted(one ? [one] : [], ours, true, { ...facts, digestOf: () => ours.digests[0] }).perhaps,
    ).toMatchObject([{ why: 'has the same module' }]);
  });

  test('what an earlier run has begun goes on without being named', () => {
    const found = findUnmanaged(POD, [envoyFilter([insertion(auth)])]);
    expect(chooseAdopted(found, ours, false, { begun: () => true, digestOf: () => undefined }).adopted).toEqual(found);
  });

  test('a filter is named by as little as tells it from others', () => {
    const found = findUnmanaged(POD, [
      envoyFilter(
        [insertion(auth), insertion({ ...NAMELESS }), insertion({ ...NAMELESS, code: code.file('/x/b.wasm') })],
        'wasm',
      ),
      envoyFilter([insertion({ name: 'one' })], 'single'),
    ]);
    expect(found.map((one) => nameFor(one, found, 'shop'))).toEqual(['wasm#auth', 'wasm#main', 'wasm#b', 'single']);
    expect(found.slice(3).map((one) => nameFor(one, found, 'other'))).toEqual(['shop/single']);
  });
});

describe('what hangs on an adopted filter', () => {
  const mine = insertion({ name: 'headers' });
  const only = (patches: readonly Json[]): readonly UnmanagedFilter[] =>
    findUnmanaged(POD, [envoyFilter(patches)]).filter(({ httpFilter }) => httpFilter === 'headers');
  const proxiesOf = (
    template: PodTemplate,
    chains: readonly ProxyChain[],
    ...envoyFilters: readonly EnvoyFilter[]
  ): ConcernedProxies[] => [{ workload: 'Deployment shop/a', template, envoyFilters, chains }];
  const sharers = (
    patches: readonly Json[],
    others: readonly EnvoyFilter[] = [],
    template = POD,
    chains: readonly ProxyChain[] = [],
  ) => {
    const [filter] = only(patches);
    if (filter === undefined) throw new Error('nothing is adopted');
    return sharersOf(filter, [filter], 'ours', proxiesOf(template, chains, envoyFilter(patches), ...others));
  };
  const chain = (httpFilters: readonly string[], direction: ProxyChain['direction'] = 'inbound'): ProxyChain => ({
    direction,
    port: 80,
    httpFilters,
  });

  test.each<[string, readonly Json[], readonly EnvoyFilter[], readonly string[]]>([
    ['nothing', [mine, insertion({ name: 'auth' })], [], []],
    [
      'another with the name in the same EnvoyFilter',
      [mine, insertion({ name: 'headers', rootId: 'b' })],
      [],
      ['another filter of EnvoyFilter shop/by-hand'],
    ],
    [
      'another with the name elsewhere, though it is no Wasm filter',
      [mine],
      [envoyFilter([insertion({ name: 'headers', form: 'lua' })], 'lua')],
      ['another filter of EnvoyFilter shop/lua'],
    ],
    [
      'the very same patch elsewhere',
      [mine],
      [envoyFilter([mine], 'twin')],
      ['another filter of EnvoyFilter shop/twin'],
    ],
    [
      'one for the other direction is apart',
      [mine],
      [envoyFilter([insertion({ name: 'headers', context: 'SIDECAR_OUTBOUND' })], 'out')],
      [],
    ],
    [
      'one for every direction is not',
      [mine],
      [envoyFilter([insertion({ name: 'headers', context: 'ANY' })], 'any')],
      ['another filter of EnvoyFilter shop/any'],
    ],
    [
      'one for other pods is apart',
      [mine],
      [envoyFilter([mine], 'b', { workloadSelector: { labels: { app: 'b' } } })],
      [],
    ],
  ])('the name is shared: %s', (_, patches, others, expected) => {
    expect(sharers(patches, others)).toEqual(expected);
  });

  test('the name is shared with a filter of this action', () => {
    const template = { metadata: { labels: { app: 'a', 'deploy-wasm-filter/headers': '0123456789' } } };
    expect(sharers([mine], [], template)).toEqual(['the filter headers of this action']);
  });

  test('the name is shared in a running proxy', () => {
    expect(sharers([mine], [], POD, [chain(['headers', 'router'])])).toEqual([]);
    expect(sharers([mine], [], POD, [chain(['headers', 'headers', 'router'])])).toEqual([
      'another filter in the chains of its running proxies',
    ]);
    // Our own may be there twice, once for each of two patches.
    const both = [mine, insertion({ name: 'headers', port: 80 })];
    expect(sharers(both, [], POD, [chain(['headers', 'headers', 'router'])])).toEqual([]);
  });

  test.each<[string, readonly Json[], readonly EnvoyFilter[], readonly string[]]>([
    ['nothing', [mine, merge('auth', 'INSERT_BEFORE')], [], []],
    [
      'what stands beside it',
      [mine, insertion({ name: 'auth', anchor: 'headers' })],
      [],
      ['EnvoyFilter shop/by-hand (HTTP_FILTER INSERT_BEFORE "auth" at it)'],
    ],
    [
      'what changes it elsewhere',
      [mine],
      [envoyFilter([merge('headers')], 'm')],
      ['EnvoyFilter shop/m (HTTP_FILTER MERGE "headers" at it)'],
    ],
    ['what changes it in the same EnvoyFilter goes with it', [mine, merge('headers')], [], []],
    [
      'our filter of another name',
      [mine],
      [
        {
          ...envoyFilter([insertion({ name: 'b', anchor: 'headers' })], 'b'),
          metadata: { name: 'b', namespace: 'shop', labels: ownedLabels('b', '1') },
        },
      ],
      ['EnvoyFilter shop/b (HTTP_FILTER INSERT_BEFORE "b" at it)'],
    ],
    [
      'an earlier revision of ours',
      [mine],
      [
        {
          ...envoyFilter([insertion({ anchor: 'headers' })], 'o'),
          metadata: { name: 'o', labels: ownedLabels('ours', '1') },
        },
      ],
      [],
    ],
  ])('depends on it: %s', (_, patches, others, expected) => {
    const [filter] = only(patches);
    if (filter === undefined) throw new Error('nothing is adopted');
    const proxies = proxiesOf(POD, [], envoyFilter(patches), ...others);
    expect(dependentsOf(filter, [filter], { filter: 'ours', settings: { insert: BEFORE_ROUTER } }, proxies)).toEqual(
      expected,
    );
    const beside = { filter: 'ours', settings: { insert: { place: 'before', filter: 'headers' } } } as const;
    expect(dependentsOf(filter, [filter], beside, [])).toEqual(['the input "insert"']);
  });

  test('everything else of its EnvoyFilter remains', () => {
    const cluster: Json = { applyTo: 'CLUSTER', patch: { operation: 'ADD', value: { name: 'store' } } };
    const patches = [insertion({ name: 'auth' }), mine, merge('headers'), cluster];
    expect(remainingPatches(envoyFilter(patches), only(patches))).toEqual([patches[0], cluster]);
  });
});

describe('adoptedVolumes', () => {
  const template = (
    parts: {
      volumes?: object[];
      mounts?: object[];
      containers?: { name: string; volumeMounts: { name: string; mountPath: string }[] }[];
    } = {},
  ): PodTemplate => ({
    metadata: {
      annotations: {
        'sidecar.istio.io/userVolume': JSON.stringify(parts.volumes ?? [{ name: 'v', configMap: { name: 'cm' } }]),
        'sidecar.istio.io/userVolumeMount': JSON.stringify(parts.mounts ?? [{ name: 'v', mountPath: '/f/' }]),
      },
    },
    spec: { containers: parts.containers ?? [] },
  });
  const filter = (file: string) =>
    findUnmanaged(POD, [envoyFilter([insertion({ name: file, code: code.file(file) })])]);
  const readers = (over: Partial<OtherReaders> = {}): OtherReaders => ({
    texts: [],
    keysOf: () => ['a.wasm'],
    ...over,
  });
  const fate = (on: PodTemplate, over?: Partial<OtherReaders>, files = ['/f/a.wasm']) =>
    adoptedVolumes(on, files.flatMap(filter), readers(over)).map(({ volume, stays }) => `${volume} ${stays ?? 'goes'}`);

  test.each<[string, PodTemplate, Partial<OtherReaders>, string]>([
    ['nothing else', template(), {}, 'v goes'],
    [
      'the file alone, by another name',
      template({ mounts: [{ name: 'v', mountPath: '/f/a.wasm', subPath: 'x' }] }),
      { keysOf: () => ['x'] },
      'v goes',
    ],
    [
      'another file of the ConfigMap',
      template(),
      { keysOf: () => ['a.wasm', 'b.wasm'] },
      'v ConfigMap cm also holds b.wasm',
    ],
    [
      'a ConfigMap that cannot be read',
      template(),
      { keysOf: () => undefined },
      'v ConfigMap cm could not be read, so it may hold other files',
    ],
    [
      'a folder of the node',
      template({ volumes: [{ name: 'v', hostPath: { path: '/x' } }] }),
      {},
      'v it is not that of a ConfigMap',
    ],
    ['another filter', template(), { texts: ['x', '/f/b.wasm'] }, 'v another filter reads /f/b.wasm from it'],
    [
      'another filter with the same file',
      template(),
      { texts: ['/f/a.wasm'] },
      'v another filter reads /f/a.wasm from it',
    ],
    ['a plugin', template(), { texts: ['file:///f/b.wasm'] }, 'v another filter reads /f/b.wasm from it'],
    [
      'another filter, by another mount of the volume',
      template({
        mounts: [
          { name: 'v', mountPath: '/f' },
          { name: 'v', mountPath: '/g' },
        ],
      }),
      { texts: ['/g/b.wasm'] },
      'v another filter reads /g/b.wasm from it',
    ],
    [
      'a mount inside it is another volume',
      template({
        mounts: [
          { name: 'v', mountPath: '/f' },
          { name: 'w', mountPath: '/f/w' },
        ],
      }),
      { texts: ['/f/w/b.wasm'] },
      'v goes',
    ],
    [
      'a container',
      template({ containers: [{ name: 'app', volumeMounts: [{ name: 'v', mountPath: '/x' }] }] }),
      {},
      'v the container "app" mounts it, too',
    ],
  ])('read by %s', (_, on, over, expected) => {
    expect(fate(on, over)).toEqual([expected]);
  });

  test('two adopted filters may share one; a file that nothing mounts has none', () => {
    expect(fate(template(), { keysOf: () => ['a.wasm', 'b.wasm'] }, ['/f/a.wasm', '/f/b.wasm'])).toEqual(['v goes']);
    expect(fate(template(), {}, ['/elsewhere/a.wasm', '/f-2/a.wasm'])).toEqual([]);
    expect(fate({ metadata: { annotations: { 'sidecar.istio.io/userVolumeMount': 'text' } } })).toEqual([]);
  });
});
