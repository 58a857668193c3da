import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../../src/base/json.ts';
import type { PodTemplate } from '../../../../src/cluster/objects.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { statedDigest } from '../../../../src/mesh/proxy/wasm-code.ts';
import {
  findUnmanaged,
  hasNameOf,
  isNameless,
  saysSomething,
  selectsTemplate,
  type UnmanagedFilter,
} from '../../../../src/mesh/unmanaged/unmanaged.ts';
import { code, ENVOY_FILTER_NAME, envoyFilter, extension, insertion, merge, type PatchParts } from './unmanaged.ts';

const pods = (labels: Readonly<Record<string, string>> = { app: 'a' }): PodTemplate => ({ metadata: { labels } });
const find = (parts: PatchParts, on = pods()): readonly UnmanagedFilter[] =>
  findUnmanaged(on, [envoyFilter([insertion(parts)])]);

describe('findUnmanaged', () => {
  test('the documented steps', () => {
    const patch = insertion();
    expect(find({})).toEqual([
      {
        envoyFilter: { namespace: 'shop', name: ENVOY_FILTER_NAME },
        httpFilter: 'some-filter',
        places: [{ context: 'SIDECAR_INBOUND' }],
        priority: 0,
        code: { kind: 'file', file: '/filters/some.wasm' },
        rootId: 'some-root',
        configurations: [''],
        names: ['some-filter', 'some-config'],
        patches: [patch],
      },
    ]);
  });

  test.each<[string, PatchParts]>([
    ['a TypedStruct of udpa', { form: 'udpa' }],
    ['a TypedStruct of xds', { form: 'xds' }],
    ['names in camel case', { form: 'camelCase' }],
    ['inserted after', { operation: 'INSERT_AFTER' }],
    ['inserted first', { operation: 'INSERT_FIRST' }],
    ['added', { operation: 'ADD' }],
  ])('%s', (_, parts) => {
    expect(find(parts)).toMatchObject([
      { httpFilter: 'some-filter', rootId: 'some-root', names: ['some-filter', 'some-config'] },
    ]);
  });

  test.each<[string, Json, UnmanagedFilter['code']]>([
    ['a file', code.file('/a/b.wasm'), { kind: 'file', file: '/a/b.wasm' }],
    ['an address', code.remote('https://x/b.wasm'), { kind: 'remote', uri: 'https://x/b.wasm' }],
    [
      'an address with its digest',
      code.remote('https://x/b.wasm', 'AB'.repeat(32)),
      { kind: 'remote', uri: 'https://x/b.wasm', digest: `sha256:${'ab'.repeat(32)}` },
    ],
    [
      'bytes inside',
      { local: { inline_bytes: 'AGFzbQ==' } },
      { kind: 'inline', digest: 'sha256:cd5d4935a48c0672cb06407bb443bc0087aff947c6b864bac886982c73b3027f' },
    ],
    ['text inside', { local: { inline_string: 'null_vm' } }, { kind: 'inline' }],
    ['nothing at all', {}, { kind: 'elsewhere' }],
  ])('a module from %s', (_, from, expected) => {
    expect(find({ code: from })[0]?.code).toEqual(expected);
  });

  test('one that stands in the place of another filter cannot be adopted', () => {
    expect(find({ operation: 'REPLACE', anchor: 'cors' })[0]?.unadoptable).toBe('it replaces cors');
  });

  test('context and port come from the match; port 0 is none', () => {
    expect(find({ context: 'SIDECAR_OUTBOUND', port: 9080 })[0]?.places).toEqual([
      { context: 'SIDECAR_OUTBOUND', portNumber: 9080 },
    ]);
    expect(find({ context: null, port: 0 })[0]?.places).toEqual([{ context: 'ANY' }]);
  });

  test.each<[string, PatchParts]>([
    ['removes a filter', { operation: 'REMOVE' }],
    ['changes a filter', { operation: 'MERGE' }],
    ['is about network filters', { applyTo: 'NETWORK_FILTER' }],
    ['is for gateways', { context: 'GATEWAY' }],
    ['is for waypoints', { context: 'WAYPOINT' }],
    ['inserts no Wasm filter', { form: 'lua' }],
  ])('a patch that %s does not count', (_, parts) => {
    expect(find(parts)).toEqual([]);
  });

  test('in a gateway it is the other way round', () => {
    const both = envoyFilter([insertion({ context: 'GATEWAY' }), insertion({ context: 'SIDECAR_INBOUND' })]);
    expect(findUnmanaged(pods(), [both], true).map(({ places }) => places)).toEqual([[{ context: 'GATEWAY' }]]);
  });

  test('the same filter in several places is one, with all of its patches; another in the same EnvoyFilter is another', () => {
    const [one, two] = [insertion({ port: 1 }), insertion({ port: 2 })];
    const other = insertion({ name: 'auth' });
    const changed = merge('some-filter');
    const found = findUnmanaged(pods(), [envoyFilter([one, other, two, changed, merge('other')])]);
    expect(found.map(({ httpFilter, places, patches }) => [httpFilter, places.length, patches])).toEqual([
      ['some-filter', 2, [one, changed, two]],
      ['auth', 1, [other]],
    ]);
  });

  describe('with a configuration apart', () => {
    const discovered = insertion({ form: 'discovery' });
    const configured = extension('some-filter');
    const found = (...all: readonly EnvoyFilter[]): UnmanagedFilter | undefined => findUnmanaged(pods(), all)[0];

    test('both patches belong to it', () => {
      expect(found(envoyFilter([discovered, configured, extension('other')]))).toMatchObject({
        patches: [discovered, configured],
        code: { kind: 'file', file: '/filters/some.wasm' },
        names: ['some-filter', 'some-config'],
      });
    });

    test.each<[string, readonly EnvoyFilter[], RegExp]>([
      ['nowhere', [envoyFilter([discovered])], /no EnvoyFilter .* configures it/],
      ['elsewhere', [envoyFilter([discovered]), envoyFilter([configured], 'b')], /another EnvoyFilter configures it/],
      ['twice', [envoyFilter([discovered, configured]), envoyFilter([configured], 'b')], /2 patches/],
    ])('that is %s it cannot be adopted', (_, all, why) => {
      expect(found(...all)?.unadoptable).toMatch(why);
    });
  });

  test('no EnvoyFilter makes it throw', () => {
    const json = fc.jsonValue() as fc.Arbitrary<Json>;
    const spec = fc.record({ workloadSelector: json, targetRefs: json, configPatches: fc.oneof(json, fc.array(json)) });
    fc.assert(
      fc.property(spec, (strange) => {
        expect(findUnmanaged(pods(), [{ metadata: { name: 'x' }, spec: strange }])).toEqual([]);
      }),
    );
  });
});

describe('names', () => {
  test.each<[string, PatchParts, string, boolean]>([
    ['of the HTTP filter', { name: 'auth' }, 'auth', true],
    ['of the plugin', { configName: 'auth' }, 'auth', true],
    ['of the file', { code: code.file('/x/auth.wasm') }, 'auth', true],
    ['of the address', { code: code.remote('https://x/auth.wasm?v=1') }, 'auth', true],
    ['of a file that any filter may have', { code: code.file('/x/main.wasm') }, 'main', false],
    ['of the HTTP filter, though any may have it', { name: 'filter' }, 'filter', true],
    ['that only starts so', { name: 'auth-2', code: code.file('/x/auth.v2.wasm') }, 'auth', false],
    ['of none but the root id', { rootId: 'auth' }, 'auth', false],
  ])('same name: %s', (_, parts, ours, same) => {
    const [filter] = find(parts);
    expect(filter && hasNameOf(filter, ours)).toBe(same);
  });

  test.each([
    'envoy.filters.http.wasm',
    'envoy.wasm',
    'wasm',
    'filter',
    'main',
    'plugin',
    'wasm-filter',
    'my_filter',
    'Example-Wasm',
    'http-filter',
  ])('%s says nothing', (name) => {
    expect(saysSomething(name)).toBe(false);
  });

  test.each(['auth', 'auth-filter', 'wasm-auth', 'headers', 'my-headers', 'domain', 'filters'])(
    '%s says something',
    (name) => {
      expect(saysSomething(name)).toBe(true);
    },
  );

  test('a filter is nameless when none of its names says anything', () => {
    const parts = { name: 'envoy.filters.http.wasm', configName: '', code: code.file('/x/main.wasm') };
    expect(find(parts).map(isNameless)).toEqual([true]);
    expect(find({ ...parts, configName: 'auth' }).map(isNameless)).toEqual([false]);
    expect(find({ ...parts, code: code.file('/x/auth.wasm') }).map(isNameless)).toEqual([false]);
  });
});

test.each<[string, UnmanagedFilter['code'], string | undefined]>([
  ['a field', { kind: 'remote', uri: 'https://x/a', digest: 'sha256:1' }, 'sha256:1'],
  ['a path', { kind: 'file', file: `/cache/${'a'.repeat(64)}.wasm` }, `sha256:${'a'.repeat(64)}`],
  ['an address', { kind: 'remote', uri: `https://x/sha256:${'b'.repeat(64)}` }, `sha256:${'b'.repeat(64)}`],
  ['nothing', { kind: 'file', file: '/x/a.wasm' }, undefined],
  ['more hex digits than that', { kind: 'file', file: `/x/${'a'.repeat(65)}` }, undefined],
])('the digest that %s states', (_, from, digest) => {
  expect(statedDigest(from)).toBe(digest);
});

describe('selectsTemplate', () => {
  test.each<[string, EnvoyFilter['spec'], boolean]>([
    ['no selector', {}, true],
    ['an empty selector', { workloadSelector: {} }, true],
    ['no labels', { workloadSelector: { labels: {} } }, true],
    ['one of its labels', { workloadSelector: { labels: { app: 'a' } } }, true],
    ['all of its labels', { workloadSelector: { labels: { app: 'a', version: 'v1' } } }, true],
    ['another value', { workloadSelector: { labels: { app: 'b' } } }, false],
    ['one label too many', { workloadSelector: { labels: { app: 'a', tier: 'web' } } }, false],
    ['a Gateway or Service', { targetRefs: [{ kind: 'Service', name: 'a' }] }, false],
    ['an empty list of those', { targetRefs: [] }, true],
  ])('%s', (_, spec, selects) => {
    expect(selectsTemplate({ metadata: { name: 'x' }, spec }, { app: 'a', version: 'v1' })).toBe(selects);
  });
});
