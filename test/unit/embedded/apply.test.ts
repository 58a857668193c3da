import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APPS, type Body, configMap, FILTERS, SHOP, startBed, type TestBed, workload } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(() => bed.stop());

const cm = (name: string, query: string): string => `${SHOP}/configmaps/${name}?${query}`;
const by = (manager: string, more = ''): string => `fieldManager=${manager}${more}`;

function managers(object: Body): Record<string, object> {
  return Object.fromEntries(
    (object.metadata.managedFields ?? []).map((entry) => [`${entry.operation} ${entry.manager}`, entry.fieldsV1]),
  );
}

describe('server-side apply', () => {
  test('creates what is absent and owns what it sent', async () => {
    const made = await bed.admin.apply(cm('made', by('one')), configMap('made', { a: '1' }));
    expect(made.status).toBe(201);
    expect(made.body.metadata.managedFields).toEqual([
      {
        manager: 'one',
        operation: 'Apply',
        apiVersion: 'v1',
        time: expect.any(String),
        fieldsType: 'FieldsV1',
        fieldsV1: { 'f:data': { 'f:a': {} } },
      },
    ]);
  });

  test('the same again changes nothing, not even the resource version', async () => {
    const first = await bed.admin.apply(cm('same', by('one')), configMap('same', { a: '1' }));
    const second = await bed.admin.apply(cm('same', by('one')), configMap('same', { a: '1' }));
    expect(second.status).toBe(200);
    expect(second.body).toEqual(first.body);
  });

  test('the body may be YAML', async () => {
    const yaml = 'apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: yaml\ndata:\n  a: "1"\n';
    expect((await bed.admin.apply(cm('yaml', by('one')), yaml)).body.data).toEqual({ a: '1' });
  });

  test('a field that is no longer sent goes, one that another manager wrote stays', async () => {
    await bed.admin.apply(cm('gone', by('one')), configMap('gone', { a: '1', b: '2' }));
    await bed.admin.merge(cm('gone', by('edit')), { data: { c: '3' } });
    const after = await bed.admin.apply(cm('gone', by('one')), configMap('gone', { a: '1' }));
    expect(after.body.data).toEqual({ a: '1', c: '3' });
    expect(managers(after.body)).toEqual({
      'Apply one': { 'f:data': { 'f:a': {} } },
      'Update edit': { 'f:data': { 'f:c': {} } },
    });
  });

  test('a shared field stays until its last owner lets go', async () => {
    await bed.admin.apply(cm('shared', by('one')), configMap('shared', { a: '1' }));
    const both = await bed.admin.apply(cm('shared', by('two')), configMap('shared', { a: '1' }));
    expect(managers(both.body)).toEqual({
      'Apply one': { 'f:data': { 'f:a': {} } },
      'Apply two': { 'f:data': { 'f:a': {} } },
    });
    const left = await bed.admin.apply(cm('shared', by('one')), configMap('shared'));
    expect(left.body.data).toEqual({ a: '1' });
    const none = await bed.admin.apply(cm('shared', by('two')), configMap('shared'));
    expect(none.body.data ?? {}).toEqual({});
  });

  test('another owner of a changed field is a conflict with its name', async () => {
    await bed.admin.post(`${SHOP}/configmaps?${by('kubectl-edit')}`, configMap('fight', { x: '1' }));
    const refused = await bed.admin.apply(cm('fight', by('one')), configMap('fight', { x: '2' }));
    expect(refused.status).toBe(409);
    expect(refused.body).toEqual({
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'Apply failed with 1 conflict: conflict with "kubectl-edit" using v1: .data.x',
      reason: 'Conflict',
      details: {
        causes: [
          { reason: 'FieldManagerConflict', message: 'conflict with "kubectl-edit" using v1', field: '.data.x' },
        ],
      },
      code: 409,
    });
    expect((await bed.admin.get(cm('fight', ''))).body.data).toEqual({ x: '1' });
  });

  test('many conflicts are listed by manager', async () => {
    await bed.admin.apply(cm('many', by('a')), configMap('many', { x: '1', y: '1' }));
    await bed.admin.merge(cm('many', by('b')), { data: { z: '1' } });
    const refused = await bed.admin.apply(cm('many', by('c')), configMap('many', { x: '2', y: '2', z: '2' }));
    expect(refused.body.message).toBe(
      'Apply failed with 3 conflicts: conflicts with "a":\n- .data.x\n- .data.y\nconflicts with "b" using v1:\n- .data.z',
    );
  });

  test('force takes the field over', async () => {
    await bed.admin.apply(cm('taken', by('a')), configMap('taken', { x: '1', y: '1' }));
    const taken = await bed.admin.apply(cm('taken', by('b', '&force=true')), configMap('taken', { x: '2' }));
    expect(taken.body.data).toEqual({ x: '2', y: '1' });
    expect(managers(taken.body)).toEqual({
      'Apply a': { 'f:data': { 'f:y': {} } },
      'Apply b': { 'f:data': { 'f:x': {} } },
    });
  });

  test('an equal value of another owner is no conflict', async () => {
    await bed.admin.apply(cm('equal', by('a')), configMap('equal', { x: '1' }));
    expect((await bed.admin.apply(cm('equal', by('b')), configMap('equal', { x: '1' }))).status).toBe(200);
  });

  test('a keyed list merges by key', async () => {
    const path = `${APPS}/deployments/keyed`;
    await bed.admin.apply(`${path}?${by('app')}`, workload('Deployment', 'keyed'));
    const sidecar = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'keyed' },
      spec: { template: { spec: { containers: [{ name: 'side', image: 's:1' }] } } },
    };
    const added = await bed.admin.apply(`${path}?${by('mesh')}`, sidecar);
    expect(added.body.spec.template.spec.containers.map((item) => item.name).sort()).toEqual(['app', 'side']);
    const again = await bed.admin.apply(`${path}?${by('app')}`, workload('Deployment', 'keyed', {}, { note: 'x' }));
    expect(again.body.spec.template.spec.containers).toHaveLength(2);
  });

  test('a custom resource: lists have one owner', async () => {
    const filter = {
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      metadata: { name: 'f' },
      spec: { configPatches: [{ applyTo: 'HTTP_FILTER' }] },
    };
    const made = await bed.admin.apply(`${FILTERS}/f?${by('one')}`, filter);
    expect(made.status).toBe(201);
    expect(made.body.metadata.generation).toBe(1);
    expect(made.headers.warning).toMatch(/^299 - "EnvoyFilter exposes internal implementation details/);
    const other = { ...filter, spec: { configPatches: [{ applyTo: 'NETWORK_FILTER' }] } };
    const refused = await bed.admin.apply(`${FILTERS}/f?${by('two')}`, other);
    expect(refused.body.details.causes).toEqual([
      { reason: 'FieldManagerConflict', message: 'conflict with "one"', field: '.spec.configPatches' },
    ]);
    const changed = await bed.admin.apply(`${FILTERS}/f?${by('one')}`, other);
    expect(changed.body.metadata.generation).toBe(2);
  });

  test('other writes are recorded under the field manager or the user agent', async () => {
    const made = await bed.admin.post(`${SHOP}/configmaps`, configMap('agent', { a: '1' }));
    expect(managers(made.body)).toEqual({ 'Update test-agent': { 'f:data': { '.': {}, 'f:a': {} } } });
  });

  test.each([
    [
      'no field manager',
      cm('bad', ''),
      configMap('bad'),
      422,
      'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
    ],
    [
      'a wrong version',
      cm('bad', by('x')),
      { ...configMap('bad'), apiVersion: 'v2' },
      400,
      'Incorrect version specified in apply patch. Specified patch version: v2, expected: v1',
    ],
    [
      'managedFields',
      cm('bad', by('x')),
      { ...configMap('bad'), metadata: { name: 'bad', managedFields: [] } },
      400,
      'metadata.managedFields must be nil',
    ],
    [
      'another name',
      cm('bad', by('x')),
      configMap('other'),
      400,
      'the name of the object (other) does not match the name on the URL (bad)',
    ],
  ])('%s is refused', async (_what, path, body, status, message) => {
    const refused = await bed.admin.apply(path, body);
    expect([refused.status, refused.body.message]).toEqual([status, message]);
  });

  test('dry run answers the result and stores nothing', async () => {
    const dry = await bed.admin.apply(cm('dry', by('one', '&dryRun=All')), configMap('dry', { a: '1' }));
    expect([dry.status, dry.body.data]).toEqual([201, { a: '1' }]);
    expect((await bed.admin.get(cm('dry', ''))).status).toBe(404);
  });

  test('an object without managedFields gets the manager before-first-apply', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, configMap('old', { a: '1' }));
    await bed.admin.merge(cm('old', ''), { metadata: { managedFields: [{}] } });
    const applied = await bed.admin.apply(cm('old', by('one')), configMap('old', { b: '1' }));
    expect(Object.keys(managers(applied.body)).sort()).toEqual(['Apply one', 'Update before-first-apply']);
  });
});
