import { describe, expect, test } from '@jest/globals';
import type { PodTemplate } from '../../../../src/cluster/objects.ts';
import { NOTHING_UNMANAGED } from '../../../../src/deploy/observe/unmanaged.ts';
import { foreignRefusal } from '../../../../src/deploy/preflight/foreign-refusal.ts';
import { viewGateway } from '../../../../src/mesh/gateway/view.ts';
import { USER_VOLUME_MOUNT_ANNOTATION } from '../../../../src/mesh/identity/names.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import type { AdoptedUnmanaged } from '../../../../src/mesh/unmanaged/unmanaged.ts';
import { refOf } from '../../builders.ts';
import { code, envoyFilter, insertion } from '../../mesh/unmanaged/unmanaged.ts';
import { plannedFor } from '../planned.ts';

const WEB = viewGateway({ metadata: { name: 'web', namespace: 'shop' } }, []);
const FILE = '/etc/nope/waf.wasm';
const WAF = envoyFilter([insertion({ name: 'waf', configName: 'waf', code: code.file(FILE) })], 'waf');
const PLANNED = plannedFor('shop/deploy/reviews');
const { podRevision } = PLANNED.revisions[0] ?? {};

interface Case {
  readonly details?: string;
  readonly planned?: typeof PLANNED;
  readonly foreign?: readonly EnvoyFilter[];
  readonly inMesh?: readonly EnvoyFilter[];
  readonly own?: readonly EnvoyFilter[];
  readonly podLabels?: Readonly<Record<string, string>>;
}

const told = ({
  details = `Invalid path: ${FILE}`,
  planned = PLANNED,
  foreign = [WAF],
  inMesh = [],
  own = [],
  podLabels = {},
}: Case) => {
  const listener = { name: 'virtualInbound', direction: 'inbound', bound: false, active: [] } as const;
  return foreignRefusal(
    planned,
    {
      listeners: [{ ...listener, refused: { details, chains: [] } }],
      pod: { metadata: { name: 'web-0', labels: podLabels } },
    },
    {
      filterResources: () => own,
      foreignEnvoyFilters: () => foreign,
      unmanaged: { ...NOTHING_UNMANAGED, meshEnvoyFilters: inMesh },
    },
  );
};
const template = (change: (template: PodTemplate) => PodTemplate): typeof PLANNED => {
  const { observed } = PLANNED;
  return {
    ...PLANNED,
    observed: { ...observed, spec: { ...observed.spec, template: change(observed.spec?.template ?? {}) } },
  };
};

test('names the EnvoyFilter that inserts what the running proxies reject', () => {
  expect(told({})).toEqual({
    kind: 'proxy',
    subject: 'Deployment shop/reviews',
    form: 'clause',
    message: `its proxies already reject their configuration, so new pods cannot become ready: Invalid path: ${FILE}; EnvoyFilter shop/waf inserts ${FILE}.`,
    remedy: `Correct or delete EnvoyFilter shop/waf, or mount ${FILE} in the pods that it is for. Until then no pod that starts becomes ready, with or without this run.`,
  });
  expect(told({ details: 'Unable to create Wasm plugin waf' })?.message).toMatch(
    /; EnvoyFilter shop\/waf inserts waf\.$/,
  );
});

test('also that of the whole mesh, and says what is known where none is visible', () => {
  expect(told({ foreign: [], inMesh: [WAF] })?.message).toMatch(/; EnvoyFilter shop\/waf inserts/);
  expect(told({ foreign: [] })).toMatchObject({
    message: expect.stringMatching(/ready: Invalid path: \/etc\/nope\/waf\.wasm\.$/),
    remedy: expect.stringMatching(/^Correct or delete what inserts \/etc\/nope\/waf\.wasm/),
  });
});

describe('an EnvoyFilter that inserts it elsewhere is not named', () => {
  const gateway = { ...PLANNED, ref: refOf('shop/gateways.gateway.networking.k8s.io/web'), observed: WEB };
  const podLabels = { 'gateway.networking.k8s.io/gateway-name': 'web', istio: 'ingress' };
  const waf = (spec: EnvoyFilter['spec'], namespace = 'shop'): EnvoyFilter => ({
    metadata: { ...WAF.metadata, namespace },
    spec: { ...WAF.spec, ...spec },
  });
  const targets = (name: string, kind = 'Gateway'): EnvoyFilter['spec'] => ({
    targetRefs: [{ group: 'gateway.networking.k8s.io', kind, name }],
  });
  const selects = (labels: Record<string, string>): EnvoyFilter['spec'] => ({ workloadSelector: { labels } });

  test.each<[string, Case, boolean]>([
    ['selects the pods', { foreign: [waf(selects({ app: 'reviews' }))] }, true],
    ['selects other pods', { foreign: [waf(selects({ app: 'ratings' }))] }, false],
    ['stands before the one that does', { foreign: [waf(selects({ app: 'ratings' })), waf({})] }, true],
    ['is for a Gateway, and this is none', { foreign: [waf(targets('reviews'))] }, false],
    ['is for this Gateway', { planned: gateway, podLabels, foreign: [waf(targets('web'))] }, true],
    ['is for another Gateway', { planned: gateway, podLabels, foreign: [waf(targets('edge'))] }, false],
    [
      'is for a Service of that name',
      { planned: gateway, podLabels, foreign: [waf(targets('web', 'Service'))] },
      false,
    ],
    [
      'is for one of that name elsewhere',
      { planned: gateway, podLabels, inMesh: [waf(targets('web'), 'istio-system')], foreign: [] },
      false,
    ],
    [
      'selects the pods of this Gateway',
      { planned: gateway, podLabels, foreign: [waf(selects({ istio: 'ingress' }))] },
      true,
    ],
  ])('it %s: %#', (_, found, named) => {
    const problem = told(found);
    expect(problem?.message).toContain(`Invalid path: ${FILE}`);
    expect(/EnvoyFilter shop\/waf inserts/.test(problem?.message ?? '')).toBe(named);
    expect(/^Correct or delete EnvoyFilter/.test(problem?.remedy ?? '')).toBe(named);
  });
});

test.each<[string, Case]>([
  [
    'our file, whose mount somebody has lost',
    { details: `Invalid path: ${podRevision?.image === undefined ? podRevision?.mountPath : ''}/x.wasm` },
  ],
  ['our filter, which Envoy rejects', { details: `Unable to create Wasm plugin ${podRevision?.filter}` }],
  ['an earlier file of ours', { own: [WAF] }],
  [
    'a filter whose place ours takes',
    {
      planned: {
        ...PLANNED,
        adopted: [{ names: ['waf'], code: { kind: 'file', file: FILE } } as unknown as AdoptedUnmanaged],
      },
    },
  ],
  [
    'a file that the template mounts by now',
    {
      planned: template(({ metadata, ...rest }) => ({
        ...rest,
        metadata: {
          ...metadata,
          annotations: { [USER_VOLUME_MOUNT_ANNOTATION]: '[{"name":"waf","mountPath":"/etc/nope"}]' },
        },
      })),
    },
  ],
  ['what names no filter', { details: 'Proto constraint validation failed' }],
])('says nothing of %s', (_, found) => {
  expect(told(found)).toBeUndefined();
});
