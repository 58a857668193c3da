import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Json } from '../../../src/base/json.ts';
import type { PodTemplate } from '../../../src/cluster/objects.ts';
import type { EnvoyFilter } from '../../../src/mesh/envoy-filter.ts';
import { findHandMade, type HandMade, selectsTemplate } from '../../../src/mesh/hand-made.ts';

const FOLDER = '/var/local/lib/wasm-filters';
const VOLUME = 'sidecar.istio.io/userVolume';
const MOUNT = 'sidecar.istio.io/userVolumeMount';
const ours = { name: 'auth', rootId: 'auth_root' };

interface Parts {
  readonly httpFilter?: string;
  readonly configName?: string;
  readonly rootId?: string;
  readonly file?: string;
  readonly operation?: string;
  readonly match?: Json;
  readonly applyTo?: string;
  readonly form?: 'direct' | 'TypedStruct' | 'camelCase';
  readonly selector?: Json;
  readonly targetRefs?: Json;
}

/** The EnvoyFilter of the documented procedure. */
function envoyFilter(parts: Parts = {}): EnvoyFilter {
  const { httpFilter = 'some-filter', configName = 'some-config', rootId = 'some-root' } = parts;
  const { file = `${FOLDER}/some.wasm`, operation = 'INSERT_BEFORE', applyTo = 'HTTP_FILTER' } = parts;
  const { match = { context: 'SIDECAR_INBOUND' }, form = 'direct', selector, targetRefs } = parts;
  const type = 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm';
  const code = { local: { filename: file } };
  const config = { name: configName, root_id: rootId, vm_config: { code } };
  const typed: Record<NonNullable<Parts['form']>, Record<string, Json>> = {
    direct: { typed_config: { '@type': type, config } },
    TypedStruct: {
      typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', type_url: type, value: { config } },
    },
    camelCase: { typedConfig: { '@type': type, config: { name: configName, rootId, vmConfig: { code } } } },
  };
  return {
    metadata: { name: 'by-hand' },
    spec: {
      ...(selector === undefined ? {} : { workloadSelector: selector }),
      ...(targetRefs === undefined ? {} : { targetRefs }),
      configPatches: [{ applyTo, match, patch: { operation, value: { name: httpFilter, ...typed[form] } } }],
    },
  };
}

const template = (
  volumes: unknown,
  mounts: unknown,
  labels: Readonly<Record<string, string>> = { app: 'a' },
): PodTemplate => ({
  metadata: { labels, annotations: { [VOLUME]: JSON.stringify(volumes), [MOUNT]: JSON.stringify(mounts) } },
});
const volume = { name: 'filters-dir', configMap: { name: 'filters' } };
const mount = { name: 'filters-dir', mountPath: FOLDER };
const documented = template([volume], [mount]);
const find = (parts: Parts, on = documented): readonly HandMade[] => findHandMade(on, [envoyFilter(parts)], ours);

describe('findHandMade', () => {
  test('the documented steps', () => {
    expect(find({})).toEqual([
      {
        envoyFilter: 'by-hand',
        httpFilter: 'some-filter',
        context: 'SIDECAR_INBOUND',
        volume: 'filters-dir',
        file: `${FOLDER}/some.wasm`,
        configMap: 'filters',
        sameFilter: false,
        sameName: false,
      },
    ]);
  });

  test.each<[string, Parts, PodTemplate | undefined]>([
    ['a TypedStruct', { form: 'TypedStruct' }, undefined],
    ['names in camel case', { form: 'camelCase' }, undefined],
    ['inserted after', { operation: 'INSERT_AFTER' }, undefined],
    ['inserted first', { operation: 'INSERT_FIRST' }, undefined],
    ['added', { operation: 'ADD' }, undefined],
    ['a selector of its labels', { selector: { labels: { app: 'a' } } }, undefined],
    [
      'annotations in map form',
      {},
      template({ 'filters-dir': { configMap: { name: 'filters' } } }, { 'filters-dir': { mountPath: FOLDER } }),
    ],
    ['a path that ends with a slash', {}, template([volume], [{ ...mount, mountPath: `${FOLDER}/` }])],
    [
      'the file itself mounted',
      {},
      template([volume], [{ ...mount, mountPath: `${FOLDER}/some.wasm`, subPath: 'some.wasm' }]),
    ],
    [
      'one mount inside another',
      { file: `${FOLDER}/deep/some.wasm` },
      template(
        [volume],
        [
          { name: 'outer', mountPath: FOLDER },
          { ...mount, mountPath: `${FOLDER}/deep` },
        ],
      ),
    ],
  ])('%s', (_, parts, on) => {
    expect(find(parts, on)).toEqual([expect.objectContaining({ volume: 'filters-dir', configMap: 'filters' })]);
  });

  test('context and port come from the match', () => {
    const listener = { portNumber: 9080 };
    expect(find({ match: { context: 'SIDECAR_OUTBOUND', listener } })[0]).toMatchObject({
      context: 'SIDECAR_OUTBOUND',
      portNumber: 9080,
    });
    const [everywhere] = find({ match: {} });
    expect(everywhere?.context).toBe('ANY');
    expect(everywhere).not.toHaveProperty('portNumber');
  });

  test.each<[string, Parts]>([
    ['removes a filter', { operation: 'REMOVE' }],
    ['changes a filter', { operation: 'MERGE' }],
    ['is about something else', { applyTo: 'NETWORK_FILTER' }],
    ['selects other pods', { selector: { labels: { app: 'b' } } }],
    ['is for gateways', { match: { context: 'GATEWAY' } }],
    ['is for waypoints', { match: { context: 'WAYPOINT' } }],
    ['is bound to a Gateway', { targetRefs: [{ kind: 'Gateway', name: 'g' }] }],
  ])('an EnvoyFilter that %s does not count', (_, parts) => {
    expect(find(parts)).toEqual([]);
  });

  test('a file that no annotation mounts has no volume', () => {
    expect(find({ file: '/elsewhere/some.wasm' })[0]).toMatchObject({ volume: undefined, configMap: undefined });
    expect(find({ file: `${FOLDER}-2/some.wasm` })[0]).toMatchObject({ volume: undefined });
    expect(find({}, template('text', 'text'))[0]).toMatchObject({ volume: undefined });
    expect(find({}, template([{ name: 'filters-dir', emptyDir: {} }], [mount]))[0]).toMatchObject({
      volume: 'filters-dir',
      configMap: undefined,
    });
  });

  test.each<[string, Parts, boolean, boolean]>([
    ['nothing alike', {}, false, false],
    ['the name of the HTTP filter', { httpFilter: 'auth' }, true, true],
    ['the name of the plugin', { configName: 'auth' }, true, true],
    ['the name of the file', { file: `${FOLDER}/auth.wasm` }, true, true],
    ['the root id', { rootId: 'auth_root' }, true, false],
    ['only the start of a name', { httpFilter: 'auth-2', file: `${FOLDER}/auth.v2.wasm` }, false, false],
  ])('same filter by %s', (_, parts, sameFilter, sameName) => {
    expect(find(parts)[0]).toMatchObject({ sameFilter, sameName });
  });

  test('an empty root id says nothing', () => {
    const [found] = findHandMade(documented, [envoyFilter({ rootId: '' })], { name: 'auth', rootId: '' });
    expect(found?.sameFilter).toBe(false);
  });

  test('several EnvoyFilters and patches are all found', () => {
    const two = [envoyFilter({ httpFilter: 'a' }), envoyFilter({ httpFilter: 'b' })];
    const patches = two.flatMap(({ spec }) => spec.configPatches as Json[]);
    const both = { metadata: { name: 'both' }, spec: { configPatches: patches } };
    expect(findHandMade(documented, [...two, both], ours).map((one) => `${one.envoyFilter} ${one.httpFilter}`)).toEqual(
      ['by-hand a', 'by-hand b', 'both a', 'both b'],
    );
  });

  test('no EnvoyFilter makes it throw', () => {
    const json = fc.jsonValue() as fc.Arbitrary<Json>;
    const spec = fc.record({ workloadSelector: json, targetRefs: json, configPatches: fc.oneof(json, fc.array(json)) });
    fc.assert(
      fc.property(spec, (strange) => {
        const filters: readonly EnvoyFilter[] = [{ metadata: { name: 'x' }, spec: strange }];
        expect(findHandMade(documented, filters, ours)).toEqual([]);
      }),
    );
  });
});

describe('selectsTemplate', () => {
  test.each<[string, Parts, boolean]>([
    ['no selector', {}, true],
    ['an empty selector', { selector: {} }, true],
    ['no labels', { selector: { labels: {} } }, true],
    ['one of its labels', { selector: { labels: { app: 'a' } } }, true],
    ['all of its labels', { selector: { labels: { app: 'a', version: 'v1' } } }, true],
    ['another value', { selector: { labels: { app: 'b' } } }, false],
    ['one label too many', { selector: { labels: { app: 'a', tier: 'web' } } }, false],
    ['a Gateway or Service', { targetRefs: [{ kind: 'Service', name: 'a' }] }, false],
    ['an empty list of those', { targetRefs: [] }, true],
  ])('%s', (_, parts, selects) => {
    expect(selectsTemplate(envoyFilter(parts), { app: 'a', version: 'v1' })).toBe(selects);
  });
});
