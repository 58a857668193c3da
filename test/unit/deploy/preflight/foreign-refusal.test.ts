import { expect, test } from '@jest/globals';
import type { PodTemplate } from '../../../../src/cluster/objects.ts';
import { NOTHING_UNMANAGED } from '../../../../src/deploy/observe/unmanaged.ts';
import { foreignRefusal } from '../../../../src/deploy/preflight/foreign-refusal.ts';
import { USER_VOLUME_MOUNT_ANNOTATION } from '../../../../src/mesh/identity/names.ts';
import type { EnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import type { AdoptedUnmanaged } from '../../../../src/mesh/unmanaged/unmanaged.ts';
import { code, envoyFilter, insertion } from '../../mesh/unmanaged/unmanaged.ts';
import { plannedFor } from '../planned.ts';

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
}

const told = ({
  details = `Invalid path: ${FILE}`,
  planned = PLANNED,
  foreign = [WAF],
  inMesh = [],
  own = [],
}: Case) => {
  const listener = { name: 'virtualInbound', direction: 'inbound', bound: false, active: [] } as const;
  return foreignRefusal(
    planned,
    { listeners: [{ ...listener, refused: { details, chains: [] } }] },
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
