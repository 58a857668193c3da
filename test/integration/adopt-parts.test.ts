/** What an adoption leaves alone, and what it does not begin: others' patches, filters, volumes, and names that several share. */

import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Json } from '../../src/base/json.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { KubernetesObject, ObjectMeta, Pod } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, POD, resourcePath, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../../src/mesh/identity/names.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import type { ActionInputs, RunOptions, SeenReport } from '../harness/action.ts';
import { specByHand } from '../harness/by-hand.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { FILTER, filterKeys, Site } from './site.ts';

const NAME = 'wasm';
const CLUSTER_PATCH = {
  applyTo: 'CLUSTER',
  patch: { operation: 'ADD', value: { name: 'wasm-store', type: 'STRICT_DNS', connect_timeout: '1s' } },
};
const ROUTE_PATCH = {
  applyTo: 'HTTP_ROUTE',
  match: { context: 'SIDECAR_INBOUND' },
  patch: { operation: 'MERGE', value: { route: { timeout: '3s' } } },
};

/** Where every file of these tests is mounted, unless a test mounts its own. */
const FILES = '/etc/files';

/** What `deploy` sets the filter to, and what ours is set to by hand. */
const SETTINGS = { configuration: 'x-test: 1', rootId: 'add_header' };

/** The patch that inserts a filter from a file. */
function patchOf(
  filter: string,
  file = `${FILES}/${filter}.wasm`,
  rootId = filter === FILTER ? SETTINGS.rootId : filter,
  configuration = SETTINGS.configuration,
): Record<string, Json> {
  const [patch] = specByHand({ filter, rootId, file, configuration }).configPatches;
  return JSON.parse(JSON.stringify(patch));
}

/** The same with its module from an address. */
function remotePatchOf(filter: string, rootId: string): Json {
  const code = { remote: { http_uri: { uri: 'https://store.example/x.wasm', cluster: 'wasm-store', timeout: '1s' } } };
  return JSON.parse(
    JSON.stringify(patchOf(filter, '@', rootId)).replace('{"local":{"filename":"@"}}', JSON.stringify(code)),
  );
}

describe('an adoption', () => {
  let cluster: TestCluster;
  let site: Site;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    cluster.recorder.reset();
    site = new Site(cluster, await cluster.namespace());
  });

  const putIn = async (
    patches: readonly Json[],
    name = NAME,
    more: Readonly<Record<string, Json>> = {},
  ): Promise<EnvoyFilter> => {
    const { apiVersion, kind } = ENVOY_FILTER;
    const spec = { workloadSelector: { labels: { app: 'reviews' } }, ...more, configPatches: patches };
    return cluster.api.create<EnvoyFilter>(site.path(ENVOY_FILTER), {
      apiVersion,
      kind,
      metadata: { name },
      spec,
    } as never);
  };
  const read = (name = NAME): Promise<EnvoyFilter | undefined> =>
    cluster.api.get<EnvoyFilter>(`${site.path(ENVOY_FILTER)}/${name}`).catch(() => undefined);
  const configMap = (name: string, ...keys: readonly string[]): Promise<KubernetesObject> =>
    cluster.api.create(site.path(CONFIG_MAP), {
      metadata: { name },
      binaryData: Object.fromEntries(keys.map((key) => [key, Buffer.from(`\0asm\x01\0\0\0${key}`).toString('base64')])),
    } as never);
  const mounting = (...volumes: readonly (readonly [string, object, string])[]) =>
    site.workload('reviews', {
      podAnnotations: {
        [USER_VOLUME_ANNOTATION]: JSON.stringify(volumes.map(([name, source]) => ({ name, ...source }))),
        [USER_VOLUME_MOUNT_ANNOTATION]: JSON.stringify(volumes.map(([name, , mountPath]) => ({ name, mountPath }))),
      },
    });
  const mountAll = async () => {
    await configMap('files', 'auth.wasm', `${FILTER}.wasm`, 'security-headers.wasm');
    return mounting(['files', { configMap: { name: 'files' } }, FILES]);
  };
  const deploy = async (more: ActionInputs = {}, command = 'deploy'): Promise<SeenReport> =>
    (
      await site.run(command, ['reviews'], {
        configuration: SETTINGS.configuration,
        'root-id': SETTINGS.rootId,
        ...more,
      })
    ).report;
  const refused = async (more: ActionInputs): Promise<string[]> => {
    cluster.recorder.reset();
    const report = await deploy(more);
    expect([report.outcome, report.changed, cluster.recorder.writes]).toEqual(['failed', false, []]);
    return report.problems.map(describeProblem);
  };
  const volumesOf = async (workload: Parameters<Site['template']>[0]): Promise<string[]> =>
    JSON.parse(filterKeys(await site.template(workload)).volumes ?? '[]').map(({ name }: { name: string }) => name);

  describe('of one filter of an EnvoyFilter', () => {
    test('takes out its patch alone; every other patch, and its volume, stay', async () => {
      await configMap('auth-cm', 'auth.wasm');
      await configMap('headers-cm', `${FILTER}.wasm`);
      const workload = await mounting(
        ['a', { configMap: { name: 'auth-cm' } }, '/etc/auth'],
        ['h', { configMap: { name: 'headers-cm' } }, '/etc/headers'],
      );
      const auth = patchOf('auth', '/etc/auth/auth.wasm');
      const headers = patchOf(FILTER, `/etc/headers/${FILTER}.wasm`);
      const before = await putIn([auth, headers, CLUSTER_PATCH, ROUTE_PATCH]);
      const { plan, warnings } = await deploy({ adopt: 'true' }, 'plan');
      const change = plan?.changes.find(({ name }) => name === NAME);
      expect([change?.action, change?.reasons, warningTexts(warnings)]).toEqual([
        'change',
        [`replaced by this action: "${FILTER}"`],
        [],
      ]);
      expect(change?.diff.filter((line) => line.startsWith('+'))).toEqual([]);
      expect(change?.diff.join('\n')).toMatch(new RegExp(`-\\s+name: ${FILTER}\n`));
      expect(plan?.adoptions).toEqual([
        {
          what: expect.stringMatching(
            /^"add-header" of EnvoyFilter \S+\/wasm \(\/etc\/headers\/add-header\.wasm; SIDECAR_INBOUND, every port\)$/,
          ),
          by: FILTER,
          workloads: [`Deployment ${site.namespace}/reviews`],
          fate: 'patched',
          keeps: ['HTTP_FILTER INSERT_BEFORE "auth"', 'CLUSTER ADD "wasm-store"', 'HTTP_ROUTE MERGE'],
          volumes: [{ volume: 'h' }],
        },
      ]);
      expect(await read()).toEqual(before);

      const report = await deploy({ adopt: 'true' });
      expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
      const after = await read();
      expect(after?.metadata.uid).toBe(before.metadata.uid);
      expect(after?.spec).toEqual({ ...before.spec, configPatches: [auth, CLUSTER_PATCH, ROUTE_PATCH] });
      expect(report.collected.deleted).toEqual([]);
      expect(report.targets.map(({ takenOver }) => takenOver)).toEqual([[`${site.namespace}/${NAME}`]]);
      expect(await volumesOf(workload)).toEqual(['a', `wasm-filter-${FILTER}`]);
      const { revision = '' } = report.targets[0]?.revisions[0] ?? {};
      expect(JSON.stringify((await site.envoyFilter(revision)).spec)).not.toContain('REMOVE');
      expect((await deploy({ adopt: 'true' })).outcome).toBe('unchanged');
    });

    test('keeps what others change meanwhile', async () => {
      await mountAll();
      await putIn([patchOf('auth'), patchOf(FILTER)]);
      const path = `${site.path(ENVOY_FILTER)}/${NAME}`;
      let tries = 0;
      cluster.recorder.inject(({ method, path: asked }) => {
        if (method !== 'PATCH' || !asked.startsWith(`${path}?`) || ++tries > 1) return undefined;
        const spec = { configPatches: [patchOf('auth'), patchOf(FILTER), CLUSTER_PATCH] };
        return {
          meanwhile: async () => {
            await cluster.api.patch(path, { spec }, 'somebody');
          },
        };
      });
      const report = await deploy({ adopt: 'true' });
      expect(report.outcome).toBe('deployed');
      expect((await read())?.spec.configPatches).toEqual([patchOf('auth'), CLUSTER_PATCH]);
      expect(tries).toBe(2);
    });

    test('is refused where something depends on it', async () => {
      await mountAll();
      const beside = JSON.parse(JSON.stringify(patchOf('auth')).replace('envoy.filters.http.router', FILTER));
      await putIn([patchOf(FILTER), beside]);
      expect(await refused({ adopt: 'true' })).toEqual([
        expect.stringMatching(
          /cannot take over .*EnvoyFilter \S+\/wasm \(HTTP_FILTER INSERT_BEFORE "auth" at it\) depends on it/,
        ),
      ]);
    });
  });

  test('does not mind what stands beside a filter of the same name on another workload', async () => {
    await mountAll();
    await site.workload('ratings');
    const beside = JSON.parse(JSON.stringify(patchOf('auth')).replace('envoy.filters.http.router', FILTER));
    await putIn([patchOf(FILTER)]);
    const ratings = { workloadSelector: { labels: { app: 'ratings' } } };
    await putIn([beside], 'other', ratings);
    const both = { adopt: NAME, targets: '- deployment/reviews\n- deployment/ratings' };
    expect((await deploy(both, 'plan')).problems).toEqual([]);

    await putIn([patchOf(FILTER, '/opt/x.wasm')], 'same', ratings);
    expect(await refused(both)).toContainEqual(
      expect.stringMatching(
        /is also the name of another filter of EnvoyFilter \S+\/same on Deployment \S+\/ratings, which the same EnvoyFilter of this action serves/,
      ),
    );
  });

  describe('is refused before the first write', () => {
    test('where another filter has the same name, which would go with it', async () => {
      await mountAll();
      await putIn([patchOf('envoy.filters.http.wasm', '/etc/a/main.wasm')], 'one');
      await putIn([patchOf('envoy.filters.http.wasm', '/etc/b/auth.wasm')], 'two');
      expect(await refused({ adopt: 'one' })).toEqual([
        expect.stringMatching(
          /"envoy\.filters\.http\.wasm" is also the name of another filter of EnvoyFilter \S+\/two/,
        ),
      ]);
    });

    test('where nothing is unambiguous, with the names of all that run', async () => {
      await mountAll();
      await putIn([patchOf('envoy.filters.http.wasm', '/etc/a/main.wasm'), patchOf('auth')], 'one');
      await putIn([patchOf('add-headers')], 'two');
      expect(await refused({ adopt: 'true' })).toEqual([
        expect.stringMatching(
          /takes over nothing here: .*"envoy\.filters\.http\.wasm" of .*\(\/etc\/a\/main\.wasm; .*"auth" of .*"add-headers" of .*"adopt: one#envoy\.filters\.http\.wasm", "adopt: one#auth" or "adopt: two".* Did you mean "adopt: two"\?/,
        ),
      ]);
    });

    test('where a name of the input fits nothing, with near ones', async () => {
      await mountAll();
      await putIn([patchOf('auth')], 'auth-filter');
      expect(await refused({ adopt: 'auth-fliter' })).toEqual([
        expect.stringMatching(
          /^input "adopt" names "auth-fliter", but no target .*"auth" of .*Did you mean "auth-filter"\?/,
        ),
      ]);
      await putIn([CLUSTER_PATCH], 'clusters');
      expect(await refused({ adopt: 'clusters' })).toEqual([
        expect.stringMatching(/"clusters", but that EnvoyFilter inserts no Wasm filter into the targets/),
      ]);
    });

    test('where one with another name only has our root id', async () => {
      await mountAll();
      const before = await putIn(
        [patchOf('security-headers', `${FILES}/security-headers.wasm`, 'add_header')],
        'security',
      );
      expect(await refused({ adopt: 'true' })).toEqual([
        expect.stringMatching(
          /takes over nothing here: .*"adopt: security"; leave "adopt" out if it is none of them\.$/,
        ),
      ]);
      const report = await deploy();
      expect([report.outcome, warningTexts(report.warnings)]).toEqual([
        'deployed',
        [expect.stringMatching(/also runs "security-headers" .* which has the root id "add_header"/)],
      ]);
      expect(await read('security')).toEqual(before);
      // Once ours runs, it is no news.
      expect(warningTexts((await deploy()).warnings)).toEqual([]);
    });

    test('of a plugin, which is said', async () => {
      await mountAll();
      const { apiVersion, kind } = WASM_PLUGIN;
      const spec = { selector: { matchLabels: { app: 'reviews' } }, url: `file:///opt/filters/${FILTER}.wasm` };
      await cluster.api.create(site.path(WASM_PLUGIN), {
        apiVersion,
        kind,
        metadata: { name: 'plugin' },
        spec,
      } as never);
      expect(await refused({})).toEqual([
        expect.stringMatching(
          /runs add-header already, .*WasmPlugin \S+\/plugin \(file:\/\/\/opt.*\(`kubectl delete wasmplugin plugin/,
        ),
      ]);
      expect(await refused({ adopt: 'plugin' })).toContainEqual(
        expect.stringMatching(/which is a WasmPlugin, and only/),
      );
    });

    test('of one that only a running proxy shows, because its EnvoyFilter may not be read', async () => {
      await mountAll();
      await putIn([patchOf(FILTER)]);
      // The list comes without it, as where it lies in a namespace that may not be read.
      cluster.recorder.inject(({ method, path }) =>
        method === 'GET' && path.startsWith(`${site.path(ENVOY_FILTER)}?`)
          ? { answer: { status: 200, body: JSON.stringify({ metadata: {}, items: [] }) } }
          : undefined,
      );
      const { problems, changed } = await deploy();
      expect([changed, problems.map(describeProblem)]).toEqual([
        false,
        [expect.stringMatching(/runs add-header already: a running proxy has an HTTP filter of that name/)],
      ]);
    });
  });

  test('of a filter from an address works as that of a file', async () => {
    await mountAll();
    await putIn([CLUSTER_PATCH, remotePatchOf(FILTER, 'add_header')]);
    expect(await refused({})).toEqual([
      expect.stringMatching(/runs add-header already.*https:\/\/store\.example\/x\.wasm/),
    ]);
    const report = await deploy({ adopt: 'true' });
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect((await read())?.spec.configPatches).toEqual([CLUSTER_PATCH]);
  });

  test.each<[string, (namespace: string) => Partial<ObjectMeta>, RegExp]>([
    [
      'a Helm release',
      (namespace) => ({
        labels: { 'app.kubernetes.io/managed-by': 'Helm' },
        annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': namespace },
      }),
      /\/wasm can bring "add-header" back with the next upgrade of the Helm release \S+\/web, .*Take it out of the chart/,
    ],
    [
      'an application of Argo CD',
      (namespace) => ({
        annotations: { 'argocd.argoproj.io/tracking-id': `shop:networking.istio.io/EnvoyFilter:${namespace}/wasm` },
      }),
      /\/wasm can bring "add-header" back with the next sync of Argo CD \(application shop\), .*Take it out of Git/,
    ],
  ])('of what %s brings back says so, in plan and deploy', async (_, marks, told) => {
    await mountAll();
    await putIn([patchOf(FILTER), patchOf('auth')]);
    await cluster.api.patch(`${site.path(ENVOY_FILTER)}/${NAME}`, { metadata: marks(site.namespace) });
    for (const command of ['plan', 'deploy']) {
      const { warnings } = await deploy({ adopt: 'true' }, command);
      expect([command, warningTexts(warnings)]).toEqual([
        command,
        expect.arrayContaining([expect.stringMatching(told)]),
      ]);
    }
  });

  test('says of what it sets to something else, in plan and deploy, and no secret of it', async () => {
    await mountAll();
    await putIn([patchOf(FILTER, `${FILES}/${FILTER}.wasm`, 'old_root', '{"level": 1, "token": "s3cret-of-old"}')]);
    const configuration = '{"level": 1, "token": "s3cret-of-new"}';
    for (const command of ['plan', 'deploy']) {
      const { warnings } = await deploy({ adopt: 'true', configuration }, command);
      expect([command, warningTexts(warnings)]).toEqual([
        command,
        [
          expect.stringMatching(
            /add-header takes the place of "add-header" of EnvoyFilter .* with settings that differ from its own: root id "old_root" → "add_header" and configuration at "token"\.$/,
          ),
        ],
      ]);
      expect(warningTexts(warnings).join()).not.toContain('s3cret');
    }
  });

  test('leaves a volume that holds other files', async () => {
    const workload = await mountAll();
    await putIn([patchOf(FILTER)]);
    const report = await deploy({ adopt: 'true' });
    expect([runProblems(report), warningTexts(report.warnings)]).toEqual([[], []]);
    expect(await read()).toBeUndefined();
    expect(await volumesOf(workload)).toEqual(['files', `wasm-filter-${FILTER}`]);
  });

  test('of one of two workloads leaves the file that their EnvoyFilter goes on naming', async () => {
    await configMap('headers-cm', `${FILTER}.wasm`);
    const workload = await mounting(['h', { configMap: { name: 'headers-cm' } }, '/etc/headers']);
    const keys = filterKeys(await site.template(workload));
    const annotations = {
      [USER_VOLUME_ANNOTATION]: keys.volumes ?? '',
      [USER_VOLUME_MOUNT_ANNOTATION]: keys.mounts ?? '',
    };
    const ratings = await site.workload('ratings', { podAnnotations: annotations });
    const before = await putIn([patchOf(FILTER, `/etc/headers/${FILTER}.wasm`)], NAME, { workloadSelector: {} });
    const templates = await Promise.all([workload, ratings].map(async (one) => (await site.read(one)).spec?.template));
    const why = `EnvoyFilter ${site.namespace}/${NAME} still serves Deployment ${site.namespace}/ratings and names its file`;
    const { plan } = await deploy({ adopt: 'true' }, 'plan');
    expect(plan?.adoptions).toEqual([
      expect.objectContaining({ fate: 'stays', volumes: [{ volume: 'h', stays: why }] }),
    ]);

    const report = await deploy({ adopt: 'true' });
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect([await volumesOf(workload), await read()]).toEqual([['h', `wasm-filter-${FILTER}`], before]);
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringMatching(
        /still serves Deployment \S+\/ratings: it stays, .* keep its file for when the filter of this action is removed\.$/,
      ),
    ]);
    expect((await deploy({ adopt: 'true' })).outcome).toBe('unchanged');

    const removed = (await site.run('remove', ['reviews'])).report;
    expect([runProblems(removed), removed.outcome]).toEqual([[], 'removed']);
    const after = await Promise.all([workload, ratings].map(async (one) => (await site.read(one)).spec?.template));
    expect(after).toEqual(templates);
  });

  test('of the second of two workloads takes the file out of both', async () => {
    await configMap('headers-cm', `${FILTER}.wasm`);
    const workload = await mounting(['h', { configMap: { name: 'headers-cm' } }, '/etc/headers']);
    const keys = filterKeys(await site.template(workload));
    const annotations = {
      [USER_VOLUME_ANNOTATION]: keys.volumes ?? '',
      [USER_VOLUME_MOUNT_ANNOTATION]: keys.mounts ?? '',
    };
    const ratings = await site.workload('ratings', { podAnnotations: annotations });
    await putIn([patchOf(FILTER, `/etc/headers/${FILTER}.wasm`)], NAME, { workloadSelector: {} });
    expect(runProblems(await deploy({ adopt: 'true' }))).toEqual([]);

    const report = await deploy({ adopt: 'true', targets: '- deployment/reviews\n- deployment/ratings' });
    expect([runProblems(report), report.outcome, await read()]).toEqual([[], 'deployed', undefined]);
    const unused = expect.stringMatching(
      /^ConfigMap \S+\/headers-cm held the file of "add-header", which .* no longer use/,
    );
    expect(warningTexts(report.warnings)).toContainEqual(unused);
    for (const one of [workload, ratings]) expect(await volumesOf(one)).toEqual([`wasm-filter-${FILTER}`]);
  });

  test('leaves what serves a pod that no workload makes', async () => {
    await mountAll();
    const { metadata, spec } = (await site.read(await site.workload('late', { replicas: 0 }))).spec?.template ?? {};
    await cluster.api.create<Pod>(resourcePath(POD, site.namespace), {
      metadata: { name: 'bare', labels: { ...metadata?.labels, app: 'reviews' } },
      spec,
    } as never);
    const before = await putIn([patchOf(FILTER)]);
    const report = await deploy({ adopt: 'true' });
    expect([runProblems(report), report.outcome]).toEqual([[], 'deployed']);
    expect(warningTexts(report.warnings)).toEqual([expect.stringMatching(/still serves Pod \S+\/bare: it stays/)]);
    expect(await read()).toEqual(before);
  });

  test('of what is wider says so before', async () => {
    await mountAll();
    await putIn([JSON.parse(JSON.stringify(patchOf(FILTER)).replace('SIDECAR_INBOUND', 'ANY'))], NAME, {
      workloadSelector: {},
    });
    const { warnings, changed } = await deploy({ adopt: 'true', port: '9080' }, 'plan');
    expect([changed, warningTexts(warnings)]).toEqual([
      false,
      [
        expect.stringMatching(
          /serves more than add-header will: outbound requests and ports other than 9080 lose it\. .*"direction: any" and no "port"/,
        ),
        expect.stringMatching(/is for its whole namespace: .* later pods will run without "add-header"/),
      ],
    ]);
  });

  test('puts back what it took out where our own EnvoyFilter cannot be written any more', async () => {
    await mountAll();
    const before = await putIn([patchOf(FILTER)]);
    let gone = false;
    cluster.recorder.inject(({ method, path }) => {
      if (method === 'DELETE' && path.endsWith(`/envoyfilters/${NAME}`)) gone = true;
      const ours = method === 'PATCH' && path.includes(`/envoyfilters/${FILTER}-`);
      return gone && ours
        ? { answer: { status: 422, body: JSON.stringify({ kind: 'Status', message: 'no room', reason: 'Invalid' }) } }
        : undefined;
    });
    const report = await deploy({ adopt: 'true' });
    expect(warningTexts(report.warnings)).toContainEqual(
      expect.stringMatching(/EnvoyFilter \S+\/wasm was put back as it was/),
    );
    const after = await read();
    expect([after?.spec, after?.metadata.labels]).toEqual([before.spec, before.metadata.labels]);
    expect(gone).toBe(true);
  });
});

describe('a filter of this action beside another one', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  test('is warned of when it comes, and named each time', async () => {
    const site = new Site(cluster, await cluster.namespace());
    await site.workload('reviews');
    await site.deployed(['reviews'], 'x-test: 1', { name: 'preview-1' });
    const second = async (command: string, options: RunOptions = {}): Promise<SeenReport> =>
      (await site.run(command, ['reviews'], { name: 'preview-2', configuration: 'x-test: 2' }, options)).report;
    const warning = expect.stringMatching(
      /reviews also runs preview-1 of this action\. With preview-2, requests pass through preview-1 and preview-2/,
    );
    const told = async (command: string): Promise<unknown> => {
      const { warnings, targets } = await second(command);
      return [warningTexts(warnings), targets.map(({ alsoRuns }) => alsoRuns)];
    };
    expect(await told('plan')).toEqual([[warning], [['preview-1']]]);
    const rejected: Trial = async () => ({ state: 'refused', step: 'configure', reason: 'no', logs: [] });
    const stopped = await second('deploy', { trial: rejected });
    expect([warningTexts(stopped.warnings), stopped.problems.length]).toEqual([[], 1]);
    expect(await told('deploy')).toEqual([[warning], [['preview-1']]]);
    expect(await told('deploy')).toEqual([[], [['preview-1']]]);
  });
});
