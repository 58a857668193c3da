import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BEFORE_ROUTER } from '../../../../src/filter/insertion.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { makeRevision, podRevisionOf, revisionName } from '../../../../src/mesh/identity/revision.ts';
import { holdsRevision, imageOf, renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { filterModule, PULLED, pulledRevision, revision, settings, wasm } from '../../builders.ts';

const base = settings();

describe('the id of a revision', () => {
  // A change of these values renames the objects of every user: raise SHAPE in revision.ts only when their form changes.
  test('is stable', () => {
    expect(makeRevision('add-header', filterModule(), base).id).toBe('75a257ac1d');
    expect(makeRevision('add-header', filterModule(), { ...base, port: 8080 }).id).toBe('b38a739fee');
  });

  test.each<[string, Partial<FilterSettings>]>([
    ['root id', { rootId: 'other' }],
    ['VM id', { vmId: 'other' }],
    ['configuration', { configuration: `${base.configuration} ` }],
    ['direction', { direction: 'outbound' }],
    ['port', { port: 8080 }],
    ['fail policy', { failPolicy: 'open' }],
    ['fail policy to reload', { failPolicy: 'reload' }],
    ['wait before a reload', { failPolicy: 'reload', reloadBackoffMs: 5_000 }],
    ['stop at headers', { allowOnHeadersStopIteration: true }],
    ['environment', { environment: { MODE: 'x' } }],
    ["proxy's variables", { environment: { MODE: { from: 'proxy' } } }],
    ['capabilities', { capabilities: ['proxy_log'] }],
    ['machine code', { allowPrecompiled: true }],
    ['place', { insert: { place: 'first' } }],
    ['filter beside it', { insert: { place: 'before', filter: 'istio.stats' } }],
    ['side of it', { insert: { place: 'after', filter: 'istio.stats' } }],
    ['order', { order: 1 }],
    ['mount path', { mountPath: '/other' }],
  ])('changes with the %s', (_, over) => {
    const [one, other] = [base, { ...base, ...over }].map(
      (revision) => makeRevision('add-header', filterModule(), revision).id,
    );
    expect(other).not.toBe(one);
  });

  test('changes with the code and with the name', () => {
    const ids = [
      makeRevision('add-header', filterModule(), base).id,
      makeRevision('add-header', filterModule(1), base).id,
      makeRevision('other', filterModule(), base).id,
    ];
    expect(new Set(ids).size).toBe(3);
  });

  test('has 10 hex digits, and depends on content alone', () => {
    const module = filterModule();
    const anySettings = fc.record<FilterSettings>({
      rootId: fc.string(),
      vmId: fc.string(),
      configuration: fc.string(),
      direction: fc.constantFrom('inbound', 'outbound', 'any'),
      failPolicy: fc.constantFrom('closed', 'open'),
      insert: fc.constant(BEFORE_ROUTER),
      order: fc.integer(),
      mountPath: fc.string(),
    });
    fc.assert(
      fc.property(anySettings, (revision) => {
        const { mountPath, ...rest } = revision;
        const { id } = makeRevision('f', module, revision);
        expect(id).toMatch(/^[0-9a-f]{10}$/);
        expect(makeRevision('f', module, { mountPath, ...rest }).id).toBe(id);
      }),
    );
  });
});

describe('a revision whose image the proxies pull', () => {
  const ours = pulledRevision();
  const idWith = (over: Partial<FilterSettings>): string => pulledRevision('add-header', over).id;

  // As above: these values name objects in clusters.
  test('has a stable id of its own', () => {
    expect(makeRevision('add-header', filterModule(), { ...base, image: PULLED }).id).toBe('0313880dc4');
    expect(ours.id).not.toBe(revision().id);
  });

  test.each<[string, Partial<FilterSettings>]>([
    ['image', { image: { ...PULLED, reference: 'registry.example/filters/add-header@sha256:b' } }],
    ['Secret', { image: { ...PULLED, pullSecret: 'regcred' } }],
    ['phase', { image: { ...PULLED, phase: 'authn' } }],
    ['configuration', { configuration: '{}' }],
    ['order', { order: 1 }],
  ])('changes with the %s', (_, over) => {
    expect(idWith(over)).not.toBe(ours.id);
  });

  test('does not change with what means nothing to an image', () => {
    expect(idWith({ vmId: 'other', mountPath: '/other' })).toBe(ours.id);
  });

  test('is carried by its image, and mounted nowhere', () => {
    expect(podRevisionOf(ours)).toEqual({
      filter: 'add-header',
      id: ours.id,
      kind: 'WasmPlugin',
      image: PULLED.reference,
    });
  });

  test('has a ConfigMap that says which image, and holds no bytes', () => {
    const record = renderConfigMap(ours, 'shop');
    expect(record).toEqual({
      metadata: {
        name: `add-header-${ours.id}`,
        namespace: 'shop',
        labels: renderConfigMap(ours, 'shop').metadata.labels,
        annotations: {
          'deploy-wasm-filter/digest': filterModule().digest,
          'deploy-wasm-filter/image': PULLED.reference,
        },
      },
      immutable: true,
      data: { image: PULLED.reference },
    });
    expect([imageOf(record), imageOf(renderConfigMap(revision(), 'shop'))]).toEqual([PULLED.reference, undefined]);
    expect(holdsRevision(record, ours)).toBe(true);
    const { annotations = {} } = record.metadata;
    const { 'deploy-wasm-filter/image': _, ...others } = annotations;
    expect(holdsRevision({ metadata: { ...record.metadata, annotations: others } }, ours)).toBe(false);
  });
});

describe('the ConfigMap of a revision', () => {
  const ours = revision();
  const name = revisionName(ours);
  const configMap = renderConfigMap(ours, 'shop');

  test('is immutable, names the revision and holds the bytes of the module', () => {
    expect(configMap).toEqual({
      metadata: {
        name,
        namespace: 'shop',
        labels: {
          'app.kubernetes.io/managed-by': 'deploy-wasm-filter',
          'deploy-wasm-filter/name': 'add-header',
          'deploy-wasm-filter/revision': ours.id,
        },
        annotations: { 'deploy-wasm-filter/digest': filterModule().digest },
      },
      immutable: true,
      binaryData: { [`${name}.wasm`]: Buffer.from(wasm()).toString('base64') },
    });
  });

  test('is the same in every namespace, apart from the namespace', () => {
    const other = renderConfigMap(ours, 'test');
    expect({ ...other, metadata: { ...other.metadata, namespace: 'shop' } }).toEqual(configMap);
  });

  test('is recognised by its metadata alone, with whatever others have added', () => {
    const { metadata } = configMap;
    const labelled = { ...metadata, uid: 'u', labels: { ...metadata.labels, team: 'a' } };
    expect(holdsRevision({ metadata }, ours)).toBe(true);
    expect(holdsRevision({ metadata: labelled }, ours)).toBe(true);
  });

  test.each([
    ['of another name', { name: 'add-header-0000000000' }],
    ['that is being deleted', { deletionTimestamp: '2026-01-01T00:00:00Z' }],
    ['with another digest', { annotations: { 'deploy-wasm-filter/digest': 'sha256:0' } }],
    ['without a digest', { annotations: {} }],
    ['without our labels', { labels: {} }],
    [
      'that another run means to delete',
      { annotations: { ...configMap.metadata.annotations, 'deploy-wasm-filter/garbage': 'o/r/2/1' } },
    ],
    ['of another manager', { labels: { ...configMap.metadata.labels, 'app.kubernetes.io/managed-by': 'helm' } }],
  ])('is not one %s', (_, over) => {
    expect(holdsRevision({ metadata: { ...configMap.metadata, ...over } }, ours)).toBe(false);
  });

  test('for pods that carry an earlier revision has the name of that one', () => {
    const podRevision = podRevisionOf(revision('add-header', { configuration: 'old' }));
    const carried = renderConfigMap(ours, 'shop', podRevision);
    expect(carried.metadata.name).toBe(revisionName(podRevision));
    expect(Object.keys(carried.binaryData ?? {})).toEqual([`${revisionName(podRevision)}.wasm`]);
    expect(carried.metadata.labels?.['deploy-wasm-filter/revision']).toBe(podRevision.id);
    expect([holdsRevision(carried, ours, podRevision), holdsRevision(carried, ours)]).toEqual([true, false]);
  });
});

test('placementOf: a revision is carried by its own pods, at its mount path', () => {
  const ours = revision('auth', { mountPath: '/filters' });
  expect(podRevisionOf(ours)).toEqual({ filter: 'auth', id: ours.id, mountPath: '/filters' });
});
