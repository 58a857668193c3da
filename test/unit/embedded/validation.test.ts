import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { APPS, configMap, FILTERS, SHOP, startBed, type TestBed, workload } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(() => bed.stop());

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";
const QUALIFIED =
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

describe('metadata', () => {
  test.each([
    [{ name: 'Big' }, `metadata.name: Invalid value: "Big": ${SUBDOMAIN}`],
    [{ name: '' }, 'metadata.name: Required value: name or generateName is required'],
    [
      { name: 'x'.repeat(254) },
      `metadata.name: Invalid value: "${'x'.repeat(254)}": must be no more than 253 characters`,
    ],
    [
      { name: 'a', labels: { k: 'x'.repeat(64) } },
      `metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`,
    ],
    [{ name: 'a', labels: { k: 'a b' } }, `metadata.labels: Invalid value: "a b": ${LABEL_VALUE}`],
    [{ name: 'a', labels: { '-k': 'a' } }, `metadata.labels: Invalid value: "-k": name part ${QUALIFIED}`],
    [
      { name: 'a', annotations: { 'a/b/c': '' } },
      `metadata.annotations: Invalid value: "a/b/c": a qualified name ${QUALIFIED} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ],
    [
      { name: 'a', annotations: { big: 'x'.repeat(262144) } },
      'metadata.annotations: Too long: may not be more than 262144 bytes',
    ],
  ])('%#: is refused with the text of the server', async (metadata, message) => {
    const refused = await bed.admin.post(`${SHOP}/configmaps`, { metadata });
    expect(refused.status).toBe(422);
    expect(refused.body.reason).toBe('Invalid');
    expect(refused.body.message).toBe(`ConfigMap ${JSON.stringify(metadata.name)} is invalid: ${message}`);
  });

  test('several faults are listed, each with its cause', async () => {
    const refused = await bed.admin.post(`${SHOP}/configmaps`, { metadata: { name: 'A_', labels: { k: '_' } } });
    expect(refused.body.message).toBe(
      `ConfigMap "A_" is invalid: [metadata.name: Invalid value: "A_": ${SUBDOMAIN}, metadata.labels: Invalid value: "_": ${LABEL_VALUE}]`,
    );
    expect(refused.body.details).toMatchObject({
      name: 'A_',
      kind: 'ConfigMap',
      causes: [{ reason: 'FieldValueInvalid', field: 'metadata.name' }, { field: 'metadata.labels' }],
    });
  });

  test('a namespace is a DNS label', async () => {
    const refused = await bed.admin.post('/api/v1/namespaces', { metadata: { name: 'a.b' } });
    expect(refused.body.message).toBe(
      'Namespace "a.b" is invalid: metadata.name: Invalid value: "a.b": must not contain dots',
    );
  });

  test.each([
    [
      'namespace',
      { name: 'a', namespace: 'other' },
      'the namespace of the provided object does not match the namespace sent on the request',
    ],
  ])('another %s than in the path is a bad request', async (_what, metadata, message) => {
    const refused = await bed.admin.post(`${SHOP}/configmaps`, { metadata });
    expect([refused.status, refused.body.message]).toEqual([400, message]);
  });
});

describe('ConfigMap', () => {
  test('data and decoded binary data may be 1 MiB together, not more', async () => {
    const half = 'x'.repeat(512 * 1024);
    const binary = Buffer.alloc(512 * 1024).toString('base64');
    expect(
      (
        await bed.admin.post(`${SHOP}/configmaps?dryRun=All`, {
          ...configMap('fits', { a: half }),
          binaryData: { b: binary },
        })
      ).status,
    ).toBe(201);
    const refused = await bed.admin.post(`${SHOP}/configmaps`, {
      ...configMap('big', { a: `${half}y` }),
      binaryData: { b: binary },
    });
    expect(refused.status).toBe(422);
    expect(refused.body.message).toBe('ConfigMap "big" is invalid: []: Too long: may not be more than 1048576 bytes');
    expect(refused.body.details.causes).toEqual([
      { reason: 'FieldValueTooLong', message: 'Too long: may not be more than 1048576 bytes', field: '[]' },
    ]);
  });

  test('an immutable one keeps its data, but not its labels', async () => {
    await bed.admin.post(`${SHOP}/configmaps`, {
      ...configMap('fixed', { a: '1' }),
      binaryData: { b: 'eA==' },
      immutable: true,
    });
    const path = `${SHOP}/configmaps/fixed`;
    const why = 'Forbidden: field is immutable when `immutable` is set';
    expect((await bed.admin.merge(path, { data: { a: '2' } })).body.message).toBe(
      `ConfigMap "fixed" is invalid: data: ${why}`,
    );
    expect((await bed.admin.merge(path, { binaryData: { b: 'eQ==' } })).body.message).toBe(
      `ConfigMap "fixed" is invalid: binaryData: ${why}`,
    );
    const open = await bed.admin.merge(path, { immutable: false });
    expect(open.body.message).toBe(`ConfigMap "fixed" is invalid: immutable: ${why}`);
    expect(open.body.details.causes).toEqual([{ reason: 'FieldValueForbidden', message: why, field: 'immutable' }]);
    expect((await bed.admin.merge(path, { metadata: { labels: { x: 'y' } } })).status).toBe(200);
    expect((await bed.admin.delete(path)).status).toBe(200);
  });

  test('keys have their rules, and may not be in both maps', async () => {
    const bad = await bed.admin.post(`${SHOP}/configmaps`, configMap('keys', { 'a b': '' }));
    expect(bad.body.message).toBe(
      `ConfigMap "keys" is invalid: data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')`,
    );
    const both = await bed.admin.post(`${SHOP}/configmaps`, { ...configMap('keys', { a: '' }), binaryData: { a: '' } });
    expect(both.body.message).toBe(
      'ConfigMap "keys" is invalid: data[a]: Invalid value: "a": duplicate of key present in binaryData',
    );
  });
});

describe('workloads', () => {
  test.each([
    ['no selector', workload('Deployment', 'w', { selector: undefined }), 'spec.selector: Required value'],
    [
      'an empty selector',
      workload('Deployment', 'w', { selector: {} }),
      'spec.selector: Invalid value: {}: empty selector is invalid for deployment',
    ],
    [
      'a selector that misses the template',
      workload('Deployment', 'w', { selector: { matchLabels: { app: 'x' } } }),
      'spec.template.metadata.labels: Invalid value: {"app":"w"}: `selector` does not match template `labels`',
    ],
    [
      'no containers',
      workload('Deployment', 'w', { template: { metadata: { labels: { app: 'w' } }, spec: {} } }),
      'spec.template.spec.containers: Required value',
    ],
    [
      'replicas below 0',
      workload('Deployment', 'w', { replicas: -1 }),
      'spec.replicas: Invalid value: -1: must be greater than or equal to 0',
    ],
  ])('%s is refused', async (_what, body, message) => {
    const refused = await bed.admin.post(`${APPS}/deployments`, body);
    expect([refused.status, refused.body.message]).toEqual([422, `Deployment.apps "w" is invalid: ${message}`]);
  });

  test('the selector of a Deployment cannot change', async () => {
    await bed.admin.post(`${APPS}/deployments`, workload('Deployment', 'sel', { replicas: 0 }));
    const labels = { app: 'b' };
    const refused = await bed.admin.merge(`${APPS}/deployments/sel`, {
      spec: { selector: { matchLabels: labels }, template: { metadata: { labels } } },
    });
    expect(refused.body.message).toBe(
      'Deployment.apps "sel" is invalid: spec.selector: Invalid value: {"matchLabels":{"app":"b"}}: field is immutable',
    );
  });

  test('most of a StatefulSet cannot change', async () => {
    await bed.admin.post(`${APPS}/statefulsets`, workload('StatefulSet', 'fix', { replicas: 0 }));
    const refused = await bed.admin.merge(`${APPS}/statefulsets/fix`, { spec: { serviceName: 'other' } });
    expect(refused.body.message).toBe(
      `StatefulSet.apps "fix" is invalid: spec: Forbidden: updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden`,
    );
  });

  test.each([
    [
      'deployments',
      workload('Deployment', 'd1', { replicas: undefined }),
      {
        replicas: 1,
        progressDeadlineSeconds: 600,
        revisionHistoryLimit: 10,
        strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: '25%', maxUnavailable: '25%' } },
      },
    ],
    [
      'statefulsets',
      workload('StatefulSet', 's1', { replicas: 0 }),
      {
        podManagementPolicy: 'OrderedReady',
        updateStrategy: { type: 'RollingUpdate', rollingUpdate: { partition: 0 } },
      },
    ],
    [
      'daemonsets',
      workload('DaemonSet', 'ds1'),
      { updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } },
    ],
  ])('%s get the defaults of the server', async (plural, body, spec) => {
    const made = await bed.admin.post(`${APPS}/${plural}?dryRun=All`, body);
    expect(made.body.spec).toMatchObject(spec);
    expect(made.body.spec.template.spec).toMatchObject({
      restartPolicy: 'Always',
      dnsPolicy: 'ClusterFirst',
      terminationGracePeriodSeconds: 30,
    });
  });

  test('the generation counts changes of the spec, and of the annotations of a Deployment', async () => {
    const path = `${APPS}/deployments/gen`;
    await bed.admin.post(`${APPS}/deployments`, workload('Deployment', 'gen', { replicas: 0 }));
    const generation = async (patch: object, sub = ''): Promise<number> =>
      (await bed.admin.merge(`${path}${sub}`, patch)).body.metadata.generation;
    expect(await generation({ metadata: { labels: { a: '1' } } })).toBe(1);
    expect(await generation({ status: { replicas: 7 } })).toBe(1);
    expect(await generation({ status: { observedGeneration: 1 } }, '/status')).toBe(1);
    expect(await generation({ spec: { paused: true } })).toBe(2);
    expect(await generation({ spec: { paused: true } })).toBe(2);
    expect(await generation({ metadata: { annotations: { a: '1' } } })).toBe(3);
  });

  test('/status writes the status alone, the main path everything else', async () => {
    await bed.admin.post(`${SHOP}/pods`, {
      metadata: { name: 'split' },
      spec: { containers: [{ name: 'a', image: 'a' }] },
    });
    const main = await bed.admin.merge(`${SHOP}/pods/split`, {
      status: { phase: 'Running' },
      metadata: { labels: { a: 'b' } },
    });
    expect([main.body.status.phase, main.body.metadata.labels]).toEqual(['Pending', { a: 'b' }]);
    const status = await bed.admin.merge(`${SHOP}/pods/split/status`, {
      status: { phase: 'Running' },
      spec: { nodeName: 'x' },
    });
    expect([status.body.status.phase, status.body.spec.nodeName]).toEqual(['Running', undefined]);
  });
});

describe('EnvoyFilter', () => {
  const filter = (applyTo: string) => ({
    apiVersion: 'networking.istio.io/v1alpha3',
    kind: 'EnvoyFilter',
    metadata: { name: 'v' },
    spec: { configPatches: [{ applyTo }] },
  });

  test('values outside the schema are refused', async () => {
    const refused = await bed.admin.post(FILTERS, filter('HTTP'));
    expect(refused.status).toBe(422);
    expect(refused.body.message).toMatch(
      /^EnvoyFilter\.networking\.istio\.io "v" is invalid: spec\.configPatches\[0\]\.applyTo: Unsupported value: "HTTP": supported values: "BOOTSTRAP", "CLUSTER"/,
    );
  });

  test('a replacement without a resource version is refused', async () => {
    await bed.admin.post(FILTERS, filter('CLUSTER'));
    const refused = await bed.admin.call('PUT', `${FILTERS}/v`, filter('LISTENER'));
    expect(refused.body.message).toBe(
      'EnvoyFilter.networking.istio.io "v" is invalid: metadata.resourceVersion: Invalid value: 0: must be specified for an update',
    );
  });

  test('a body without its type is refused', async () => {
    expect((await bed.admin.post(FILTERS, { metadata: { name: 'x' } })).status).toBe(400);
  });
});

describe('the shape of a body', () => {
  const path = `${SHOP}/configmaps/shape`;

  test.each([
    [
      'a number as data',
      { metadata: { name: 'shape' }, data: { a: 1 } },
      'json: cannot unmarshal number into Go struct field ConfigMap.data of type string',
    ],
    [
      'a boolean as a label',
      { metadata: { name: 'shape', labels: { a: true } } },
      'json: cannot unmarshal bool into Go struct field ConfigMap.metadata.labels of type string',
    ],
    [
      'binary data that is no base64',
      { metadata: { name: 'shape' }, binaryData: { a: 'ab?d' } },
      'illegal base64 data at input byte 2',
    ],
  ])('%s is a bad request', async (_what, body, message) => {
    const refused = await bed.admin.post(`${SHOP}/configmaps`, body);
    expect([refused.status, refused.body.message]).toEqual([
      400,
      `ConfigMap in version "v1" cannot be handled as a ConfigMap: ${message}`,
    ]);
  });

  test('members the kind does not have are dropped, and refused by apply', async () => {
    const odd = { ...configMap('shape', { a: '1' }), metadata: { name: 'shape', label: {} }, binary: {} };
    const made = await bed.admin.post(`${SHOP}/configmaps`, odd);
    expect(made.status).toBe(201);
    expect(Object.keys(made.body)).not.toContain('binary');
    expect(Object.keys(made.body.metadata)).not.toContain('label');
    const refused = await bed.admin.apply(`${path}?fieldManager=x`, odd);
    expect([refused.status, refused.body.message]).toEqual([
      500,
      'failed to create typed patch object (shop/shape; /v1, Kind=ConfigMap): .metadata.label: field not declared in schema',
    ]);
  });
});
