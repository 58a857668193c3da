import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Fields, MERGE, SHOP, startBed, type TestBed } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
});
afterAll(() => bed.stop());

const EXTENSIONS = '/apis/extensions.istio.io/v1alpha1/namespaces/shop';
const PLUGINS = `${EXTENSIONS}/wasmplugins`;
const GATEWAYS = '/apis/gateway.networking.k8s.io/v1/namespaces/shop/gateways';
const TARGET = { group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'web' };
const URL = 'oci://registry.example/a@sha256:b';
const HTTP = { name: 'http', port: 80, protocol: 'HTTP' };
const UNCHECKED =
  '<nil>: Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation';

const plugin = (spec: Fields, name = 'v'): Fields => ({
  apiVersion: 'extensions.istio.io/v1alpha1',
  kind: 'WasmPlugin',
  metadata: { name },
  spec,
});
const gateway = (spec: Fields | undefined, name = 'v'): Fields => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'Gateway',
  metadata: { name },
  ...(spec === undefined ? {} : { spec }),
});

describe('WasmPlugin', () => {
  test('is for Gateways by their names, under a name with a dot, and changes in place', async () => {
    const name = 'add-header.web';
    const made = await bed.admin.apply(
      `${PLUGINS}/${name}?fieldManager=x`,
      plugin({ url: URL, targetRefs: [TARGET] }, name),
    );
    expect([made.status, made.body.metadata.generation]).toEqual([201, 1]);
    const changed = await bed.admin.call('PATCH', `${PLUGINS}/${name}`, { spec: { url: `${URL}c` } }, { type: MERGE });
    expect([changed.status, changed.body.metadata.generation, changed.body.spec]).toEqual([
      200,
      2,
      { url: `${URL}c`, targetRefs: [TARGET] },
    ]);
  });

  test.each<[string, Fields, string]>([
    ['without an image', { targetRefs: [TARGET] }, `[spec.url: Required value, ${UNCHECKED}]`],
    ['with an empty one', { url: '' }, 'spec.url: Invalid value: "": spec.url in body should be at least 1 chars long'],
    [
      'that selects pods and names Gateways',
      { url: URL, selector: { matchLabels: { a: 'b' } }, targetRefs: [TARGET] },
      'spec: Invalid value: "object": only one of targetRefs or selector can be set',
    ],
    [
      'for something in another namespace',
      { url: URL, targetRefs: [{ ...TARGET, namespace: 'other' }] },
      'spec.targetRefs[0].namespace: Invalid value: "string": cross namespace referencing is not currently supported',
    ],
    [
      'for nothing by name',
      { url: URL, targetRefs: [{ kind: 'Gateway' }] },
      `[spec.targetRefs[0].name: Required value, ${UNCHECKED}]`,
    ],
    [
      'for too many',
      { url: URL, targetRefs: Array.from({ length: 17 }, () => TARGET) },
      `[spec.targetRefs: Too many: 17: must have at most 16 items, ${UNCHECKED}]`,
    ],
    [
      'in a mode that there is not',
      { url: URL, match: [{ mode: 'BOTH' }] },
      `[spec.match[0].mode: Unsupported value: "BOTH": supported values: "CLIENT", "CLIENT_AND_SERVER", "SERVER", "UNDEFINED", ${UNCHECKED}]`,
    ],
  ])('%s is refused', async (_what, spec, message) => {
    const refused = await bed.admin.post(PLUGINS, plugin(spec));
    expect([refused.status, refused.body.message]).toEqual([
      422,
      `WasmPlugin.extensions.istio.io "v" is invalid: ${message}`,
    ]);
  });
});

describe('TrafficExtension', () => {
  const extension = (spec: Fields): Fields => ({ ...plugin(spec), kind: 'TrafficExtension' });

  test('holds a module, or Lua, and not both', async () => {
    const path = `${EXTENSIONS}/trafficextensions`;
    expect((await bed.admin.post(path, extension({ wasm: { url: URL }, targetRefs: [TARGET] }))).status).toBe(201);
    for (const spec of [{}, { wasm: { url: URL }, lua: { inlineCode: 'x' } }]) {
      const refused = await bed.admin.post(path, extension(spec));
      expect(refused.body.message).toBe(
        'TrafficExtension.extensions.istio.io "v" is invalid: spec: Invalid value: "object": exactly one of wasm or lua must be set',
      );
    }
  });
});

describe('Gateway', () => {
  test('waits for its controller, which alone writes its status', async () => {
    const spec = { gatewayClassName: 'istio', listeners: [HTTP] };
    const made = await bed.admin.post(GATEWAYS, { ...gateway(spec, 'web'), status: { conditions: [] } });
    expect([made.status, made.body.spec]).toMatchObject([
      201,
      { listeners: [{ ...HTTP, allowedRoutes: { namespaces: { from: 'Same' } } }] },
    ]);
    expect(made.body.status.conditions).toEqual(
      ['Accepted', 'Programmed'].map((type) => ({
        type,
        status: 'Unknown',
        reason: 'Pending',
        message: 'Waiting for controller',
        lastTransitionTime: '1970-01-01T00:00:00Z',
      })),
    );
    const conditions = [{ type: 'Accepted', status: 'True', reason: 'Accepted', message: '' }];
    const ignored = await bed.admin.merge(`${GATEWAYS}/web`, { status: { conditions } });
    expect(ignored.body.status.conditions).toHaveLength(2);
    const written = await bed.admin.merge(`${GATEWAYS}/web/status`, { status: { conditions } });
    expect([written.body.status.conditions, written.body.metadata.generation]).toEqual([conditions, 1]);
  });

  test.each<[string, Fields | undefined, string]>([
    ['nothing', undefined, `[spec: Required value, ${UNCHECKED}]`],
    ['an empty spec', {}, `[spec.gatewayClassName: Required value, spec.listeners: Required value, ${UNCHECKED}]`],
    [
      'no listeners',
      { gatewayClassName: 'istio', listeners: [] },
      'spec.listeners: Invalid value: 0: spec.listeners in body should have at least 1 items',
    ],
    [
      'a listener without a port',
      { gatewayClassName: 'istio', listeners: [{ name: 'http', protocol: 'HTTP' }] },
      `[spec.listeners[0].port: Required value, ${UNCHECKED}]`,
    ],
    [
      'two listeners of one name',
      { gatewayClassName: 'istio', listeners: [HTTP, { ...HTTP, port: 81 }] },
      '[spec.listeners[1]: Duplicate value: {"name":"http"}, spec.listeners: Invalid value: "array": Listener name must be unique within the Gateway]',
    ],
  ])('with %s is refused', async (_what, spec, message) => {
    const refused = await bed.admin.post(GATEWAYS, gateway(spec));
    expect([refused.status, refused.body.message]).toEqual([
      422,
      `Gateway.gateway.networking.k8s.io "v" is invalid: ${message}`,
    ]);
  });

  test('is found by discovery', async () => {
    const { body } = await bed.admin.get('/apis/gateway.networking.k8s.io/v1');
    expect(body.resources.map(({ name }) => name)).toEqual(['gateways', 'gateways/status']);
  });
});

test('a CRD may not be installed', async () => {
  const without = ['wasmplugins.extensions.istio.io', 'gateways.gateway.networking.k8s.io'];
  const plain = await startBed({ without });
  for (const path of [PLUGINS, GATEWAYS, '/apis/gateway.networking.k8s.io/v1']) {
    expect((await plain.admin.get(path)).status).toBe(404);
  }
  expect((await plain.admin.get(`${EXTENSIONS}/trafficextensions`)).status).toBe(200);
  await plain.stop();
});

describe('the log of a pod', () => {
  const log = `${SHOP}/pods/talks/log?container=app`;
  beforeAll(() =>
    bed.admin.post(`${SHOP}/pods`, {
      metadata: { name: 'talks', annotations: { 'sim/log': 'hello\n' } },
      spec: { containers: [{ name: 'app', image: 'app:1' }] },
    }),
  );

  test.each([
    ['', 'hello\n'],
    ['&sinceSeconds=60', 'hello\n'],
    ['&sinceTime=2026-01-01T00:00:00Z', 'hello\n'],
    ['&sinceTime=2999-01-01T00:00:00Z', ''],
  ])('asked for with "%s"', async (query, text) => {
    expect((await bed.admin.get(log + query)).body).toBe(text);
  });

  test.each([
    ['&sinceSeconds=0', 'sinceSeconds: Invalid value: 0: must be greater than 0'],
    [
      '&sinceSeconds=1&sinceTime=2026-01-01T00:00:00Z',
      ': Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified',
    ],
  ])('asked for with "%s" is refused', async (query, message) => {
    const refused = await bed.admin.get(log + query);
    expect([refused.status, refused.body.message]).toEqual([422, `PodLogOptions "" is invalid: ${message}`]);
  });
});
