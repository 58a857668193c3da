import { describe, expect, test } from '@jest/globals';
import { describePermission, EACH_NAMESPACE, type Permission } from '../../../../src/base/permission.ts';
import { permissionOf } from '../../../../src/cluster/access.ts';
import type { TargetKind } from '../../../../src/deploy/kinds/kind.ts';
import { templateKinds } from '../../../../src/deploy/kinds/kinds.ts';
import type { RolloutPolicy } from '../../../../src/deploy/policy.ts';
import {
  deployPermissions,
  removalPermissions,
  statusPermissions,
} from '../../../../src/deploy/preflight/all-permissions.ts';
import { targetPermissions } from '../../../../src/deploy/preflight/permissions.ts';
import type { TargetEntry } from '../../../../src/targets/target.ts';
import { deployRequest, entriesOf, filterRequest, PULLED, settings, snapshotOf } from '../../builders.ts';

const words = (permissions: readonly Permission[]): string[] => permissions.map(describePermission);
const request = deployRequest(filterRequest('- deploy/reviews'));
const EVERYWHERE = templateKinds().filter(({ notInstalled }) => notInstalled === undefined);
const SCOPE = { entries: [], namespaces: ['shop'] } as const;

describe('all that deploy may need', () => {
  const needed = (over: Partial<typeof request> = {}, installed = EVERYWHERE): string[] =>
    words(deployPermissions({ ...request, ...over }, installed));

  test('has the lists, the writes, and what shows the cause of a failure', () => {
    expect(needed()).toEqual(
      expect.arrayContaining(
        [
          'list configmaps',
          'create envoyfilters.networking.istio.io',
          'delete configmaps',
          'watch deployments.apps',
          'patch deployments.apps',
          'list statefulsets.apps',
          'list daemonsets.apps',
          'list pods',
          'get pods/log',
          'list events',
        ].map((one) => `${one} in namespace "shop"`),
      ),
    );
  });

  test('has every permission that is asked for where nothing could be planned', () => {
    expect(needed()).toEqual(
      expect.arrayContaining(words(targetPermissions(request, snapshotOf({})).map(permissionOf))),
    );
  });

  test.each<[string, Partial<RolloutPolicy>, string, boolean]>([
    ['exec where every proxy must be seen', { verify: 'required' }, 'create pods/exec', true],
    ['no exec where weaker evidence will do', {}, 'create pods/exec', false],
    ['no deletion where nobody waits', { wait: false }, 'delete configmaps', false],
    ['no writes of plugins without an image', {}, 'create wasmplugins.extensions.istio.io', false],
    ['no deletion of pods of a Deployment', {}, 'delete pods', false],
  ])('has %s', (_, over, permission, has) => {
    expect(needed(over).includes(`${permission} in namespace "shop"`)).toBe(has);
  });

  test('has the plugins that an image needs, and the stuck pods of a StatefulSet', () => {
    const filters = [filterRequest('- sts/db', { settings: settings({ image: PULLED }) })];
    expect(needed({ filters })).toEqual(
      expect.arrayContaining([
        'create wasmplugins.extensions.istio.io in namespace "shop"',
        'create trafficextensions.extensions.istio.io in namespace "shop"',
        'delete pods in namespace "shop"',
      ]),
    );
  });
});

test('status needs to read alone', () => {
  const verbs = statusPermissions({ scopes: [SCOPE], keepRevisions: 1, verify: 'auto' }, templateKinds()).map(
    ({ verb }) => verb,
  );
  expect([...new Set(verbs)].sort()).toEqual(['get', 'list']);
});

const REMOVAL = {
  scopes: [SCOPE],
  run: 'o/r/1/1',
  started: '2026-01-01T00:00:00.000Z',
  missing: 'fail',
  wait: true,
  timeoutMs: 60_000,
  promote: 'report',
} as const;

test('remove needs to patch workloads of every kind, and to delete objects', () => {
  const needed = words(removalPermissions(REMOVAL, EVERYWHERE));
  expect(needed).toEqual(
    expect.arrayContaining(
      ['patch daemonsets.apps', 'list statefulsets.apps', 'delete configmaps', 'delete pods'].map(
        (one) => `${one} in namespace "shop"`,
      ),
    ),
  );
});

describe('of a kind that the cluster does not have to have', () => {
  const rollouts = (permissions: readonly Permission[]): string[] =>
    permissions.flatMap(({ resource, verb }) => (resource === 'rollouts' ? [verb] : [])).sort();
  const status = { scopes: [SCOPE], keepRevisions: 1, verify: 'auto' } as const;

  test.each<[string, (installed: readonly TargetKind[]) => Permission[], readonly string[]]>([
    ['deploy of others lists', (installed) => deployPermissions(request, installed), ['list']],
    ['status of all of them reads', (installed) => statusPermissions(status, installed), ['get', 'list', 'list']],
    [
      'remove of all of them lists, waits and writes, in the first run as in the last',
      (installed) => removalPermissions(REMOVAL, installed),
      ['get', 'list', 'list', 'patch', 'watch'],
    ],
  ])('%s it where it is installed, and needs nothing on it where it is not', (_, all, verbs) => {
    expect(rollouts(all(templateKinds()))).toEqual(verbs);
    expect(rollouts(all(EVERYWHERE))).toEqual([]);
  });
});

describe('where namespaces are chosen', () => {
  const [entry] = entriesOf('- {namespace-selector: team=shop, name: "*", kinds: deploy}');
  const place = (found?: readonly string[]): TargetEntry => {
    if (entry?.type !== 'selected' || entry.namespaces.type !== 'chosen') throw new Error('chooses nothing');
    return { ...entry, namespaces: { ...entry.namespaces, ...(found !== undefined && { found }) } };
  };
  const LIST = 'list namespaces in the whole cluster';
  const namespacesIn = (permissions: readonly Permission[]): unknown[] => [
    ...new Set(permissions.map(({ namespace }) => namespace)),
  ];

  test.each<[string, (entries: readonly TargetEntry[]) => Permission[]]>([
    [
      'deploy',
      (targets) =>
        deployPermissions({ ...request, filters: [{ ...filterRequest('- deploy/a'), targets }] }, EVERYWHERE),
    ],
    [
      'status',
      (entries) =>
        statusPermissions({ scopes: [{ entries, namespaces: [] }], verify: 'auto', keepRevisions: 1 }, EVERYWHERE),
    ],
    ['remove', (entries) => removalPermissions({ ...REMOVAL, scopes: [{ entries, namespaces: [] }] }, EVERYWHERE)],
  ])(
    '%s lists them, and needs the rest in each of them, as long as they are not known in one that stands for each',
    (_, all) => {
      const [unknown, known] = [all([place()]), all([place(['a', 'b'])])];
      expect([words(unknown), words(known)].map((list) => list.includes(LIST))).toEqual([true, true]);
      expect(namespacesIn(unknown)).toEqual([undefined, EACH_NAMESPACE]);
      expect(namespacesIn(known)).toEqual([undefined, 'a', 'b']);
      expect(words(all(entriesOf('- deploy/a')))).not.toContain(LIST);
    },
  );
});
