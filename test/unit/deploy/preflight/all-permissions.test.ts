import { describe, expect, test } from '@jest/globals';
import { describePermission, type Permission } from '../../../../src/base/permission.ts';
import type { RolloutPolicy } from '../../../../src/deploy/policy.ts';
import {
  deployPermissions,
  removalPermissions,
  statusPermissions,
} from '../../../../src/deploy/preflight/all-permissions.ts';
import { permissionOf, targetPermissions } from '../../../../src/deploy/preflight/permissions.ts';
import { deployRequest, filterRequest, PULLED, settings, snapshotOf } from '../../builders.ts';

const words = (permissions: readonly Permission[]): string[] => permissions.map(describePermission);
const request = deployRequest(filterRequest('- deploy/reviews'));
const SCOPE = { entries: [], namespaces: ['shop'] } as const;

describe('all that deploy may need', () => {
  const needed = (over: Partial<typeof request> = {}): string[] => words(deployPermissions({ ...request, ...over }));

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
  const verbs = statusPermissions({ scope: SCOPE, keepRevisions: 1, verify: 'auto' }).map(({ verb }) => verb);
  expect([...new Set(verbs)].sort()).toEqual(['get', 'list']);
});

test('remove needs to patch workloads of every kind, and to delete objects', () => {
  const needed = words(
    removalPermissions({ scope: SCOPE, run: 'o/r/1/1', missing: 'fail', wait: true, timeoutMs: 60_000 }),
  );
  expect(needed).toEqual(
    expect.arrayContaining(
      ['patch daemonsets.apps', 'list statefulsets.apps', 'delete configmaps', 'delete pods'].map(
        (one) => `${one} in namespace "shop"`,
      ),
    ),
  );
});
