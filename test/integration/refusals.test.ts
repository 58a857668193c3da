import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { renderSummary } from '../../src/action/summary/summary.ts';
import type { Problem } from '../../src/base/problem.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { EMPTY_MODULE, runAction } from '../harness/action.ts';
import { grant } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { createWorkloads, makeWorkload } from '../harness/workloads.ts';

describe('what is refused before the first write', () => {
  let cluster: TestCluster;
  let namespace: string;
  beforeAll(async () => {
    cluster = await startTestCluster();
    namespace = await cluster.namespace();
    // Never ready: a controller does not roll it.
    await cluster.api.create(
      `/apis/apps/v1/namespaces/${namespace}/deployments`,
      makeWorkload(namespace, 'paused', { replicas: 0, spec: { paused: true } }),
    );
    await createWorkloads(
      cluster.api,
      makeWorkload(namespace, 'reviews'),
      makeWorkload(namespace, 'ratings', { replicas: 0 }),
      makeWorkload(namespace, 'on-delete', {
        kind: 'StatefulSet',
        replicas: 0,
        spec: { updateStrategy: { type: 'OnDelete' } },
      }),
      makeWorkload(namespace, 'broken', { replicas: 0, podAnnotations: { 'sidecar.istio.io/userVolume': '[{' } }),
      makeWorkload(namespace, 'taken', {
        replicas: 0,
        podAnnotations: {
          'sidecar.istio.io/userVolume': JSON.stringify([{ name: 'mine', emptyDir: {} }]),
          'sidecar.istio.io/userVolumeMount': JSON.stringify([
            { name: 'mine', mountPath: '/var/local/lib/wasm-filters/add-header/' },
          ]),
        },
      }),
    );
  });
  afterAll(() => cluster.stop());
  beforeEach(() => cluster.recorder.reset());

  const problemsOf = async (
    inputs: Record<string, string>,
    files: Record<string, Uint8Array | string> = {},
    environment: Record<string, string> = {},
  ): Promise<readonly Problem[]> => {
    const { report } = await runAction(
      {
        filter: 'filter.wasm',
        name: 'add-header',
        targets: '- deployment/reviews',
        namespace,
        kubeconfig: cluster.recorder.kubeconfig(),
        ...inputs,
      },
      { files, environment },
    );
    expect(report.outcome).toBe('failed');
    expect(report.changed).toBe(false);
    expect(cluster.recorder.writes).toEqual([]);
    return report.problems;
  };
  test('values that were refused are shown as not valid, not as what stands in for them', async () => {
    const { report, log } = await runAction({
      filter: 'filter.wasm',
      name: 'add-header',
      targets: '- deployment/reviews',
      namespace,
      kubeconfig: cluster.recorder.kubeconfig(),
      timeout: '5',
      direction: 'inbond',
    });
    expect(report.problems.map(({ subject }) => subject)).toEqual(['input "direction"', 'input "timeout"']);
    const summary = renderSummary(report.whole);
    expect(summary).toMatch(/^timeout: not valid$/m);
    expect(summary).toMatch(/^ +direction: not valid$/m);
    expect(summary).not.toMatch(/^verify: /m);
    expect(log.filter((line) => line.startsWith('A workload may take'))).toEqual([]);
  });

  const sentences = async (...given: Parameters<typeof problemsOf>): Promise<string[]> =>
    (await problemsOf(...given)).map(describeProblem);

  test.each<[string, Record<string, string>, RegExp]>([
    [
      'a workload that does not exist',
      { targets: '- deployment/review' },
      /Deployment \S+\/review does not exist\. Change it to deployment\/reviews\./,
    ],
    [
      'a workload of another kind',
      { targets: '- sts/reviews' },
      /StatefulSet \S+ does not exist\. Change it to deployment\//,
    ],
    [
      'a namespace that does not exist',
      { targets: '- no-such-place/deployment/reviews' },
      /the namespace "no-such-place" does not exist/,
    ],
    [
      'a selector that matches nothing',
      { targets: '- {selector: app=none}' },
      /the selector "app=none" matches no .*, where there are 6\./,
    ],
    ['a paused Deployment', { targets: '- deployment/paused' }, /is paused.*kubectl rollout resume/],
    ['a StatefulSet that replaces no pods', { targets: '- sts/on-delete' }, /OnDelete/],
    [
      'an annotation that is no JSON',
      { targets: '- deployment/broken' },
      /userVolume of its pod template is not valid JSON.*: \[\{/,
    ],
    [
      'a mount path that is taken',
      { targets: '- deployment/taken' },
      /the mount path "\S+add-header" is "\S+add-header\/", which belongs to the mount of volume "mine"/,
    ],
    [
      'two entries that disagree',
      { targets: '- deployment/reviews\n- {kind: deployment, name: reviews, port: 80}' },
      /with different settings/,
    ],
  ])('%s', async (_case, inputs, sentence) => {
    expect(await sentences(inputs)).toEqual([expect.stringMatching(sentence)]);
  });

  test('everything that is wrong is said in one run', async () => {
    const said = await sentences(
      {
        filter: 'big.wasm',
        direction: 'sideways',
        targets: '- deployment/review\n- job/x\n- no-such-place/deployment/a',
        timeout: '5',
      },
      { 'big.wasm': 'not wasm' },
    );
    expect(said).toEqual([
      expect.stringMatching(/^input "direction" has .*"sideways".*inbound, outbound, any or gateway/),
      expect.stringMatching(/^input "timeout"/),
      expect.stringMatching(/^filter "big.wasm" is not a WebAssembly module/),
      expect.stringMatching(/^targets, entry 2 has the unknown kind "job"/),
      expect.stringMatching(/^targets, entry 1: .*review does not exist\. Change it to deployment\/reviews\./),
      expect.stringMatching(/^targets, entry 3: the namespace "no-such-place" does not exist/),
    ]);
  });

  test('without a name nothing is said that only hangs on it: another one may be free', async () => {
    expect(await sentences({ name: 'Not A Name', targets: '- deployment/taken\n- deployment/paused' })).toEqual([
      expect.stringMatching(/^input "name"/),
      expect.stringMatching(/is paused/),
    ]);
  });

  test.each(['deploy', 'plan'])('no kubeconfig hides what is wrong with inputs and filter: %s', async (command) => {
    const inputs = { command, kubeconfig: 'no: config', timeout: '5' };
    expect(await sentences(inputs, { 'filter.wasm': EMPTY_MODULE })).toEqual([
      expect.stringMatching(/^input "timeout"/),
      expect.stringMatching(/^input "kubeconfig"/),
      expect.stringMatching(/not a Proxy-Wasm filter/),
      expect.stringMatching(/exports neither malloc/),
    ]);
  });

  test('a kubeconfig whose server does not answer', async () => {
    const kubeconfig = cluster.recorder.kubeconfig().replace(/127\.0\.0\.1:\d+/, '127.0.0.1:1');
    expect(await sentences({ kubeconfig })).toEqual([
      expect.stringMatching(/^The API server https:\/\/127.0.0.1:1 does not answer: .*ECONNREFUSED/),
    ]);
  });

  test('a kubeconfig that trusts another authority', async () => {
    const other = await startTestCluster();
    try {
      const authority = /certificate-authority-data: (\S+|>-\n\s+\S+)/;
      const [wanted] = authority.exec(other.recorder.kubeconfig()) ?? [];
      const kubeconfig = cluster.recorder.kubeconfig().replace(authority, wanted ?? '');
      expect(await sentences({ kubeconfig })).toEqual([
        expect.stringMatching(
          /^The certificate of the API server \S+ is not accepted: .*the authority in the kubeconfig has not signed/,
        ),
      ]);
    } finally {
      await other.stop();
    }
  });

  test('credentials that are not accepted', async () => {
    const kubeconfig = cluster.recorder.kubeconfig().replace('recorder-admin', 'expired-token');
    expect(await sentences({ kubeconfig })).toEqual([expect.stringMatching(/401 Unauthorized/)]);
  });

  test('a server that is no API server', async () => {
    cluster.recorder.inject(() => ({ answer: { status: 200, body: '<html><body>Please sign in</body></html>' } }));
    expect(await sentences({})).toEqual([
      expect.stringMatching(
        /not a Kubernetes API server's: it is an HTML page, "Please sign in", where a version was expected .*Check that https/,
      ),
    ]);
  });

  test('no kubeconfig at all: never localhost, never the cluster around the runner', async () => {
    expect(await sentences({ kubeconfig: '' }, {}, { KUBERNETES_SERVICE_HOST: '127.0.0.1', HOME: '/' })).toEqual([
      expect.stringMatching(/is empty, and the environment variable KUBECONFIG is not set/),
    ]);
  });

  test('the files of KUBECONFIG are used when the input is empty', async () => {
    const said = await sentences(
      { kubeconfig: '', targets: '- deployment/review' },
      { '/home/me/config': cluster.recorder.kubeconfig() },
      { KUBECONFIG: '/home/me/config' },
    );
    expect(said).toEqual([expect.stringMatching(/review does not exist/)]);
  });

  test('a cluster without Istio', async () => {
    cluster.recorder.inject(({ path }) =>
      path.includes('/envoyfilters')
        ? { answer: { status: 404, headers: { 'content-type': 'text/plain' }, body: '404 page not found\n' } }
        : undefined,
    );
    const targets = '- deployment/reviews\n- {namespaces: [default], selector: "!none"}\n- default/deployment/none';
    expect(await sentences({ targets })).toContainEqual(expect.stringMatching(/none does not exist/));
    expect((await sentences({ targets })).filter((said) => /Is Istio installed/.test(said))).toHaveLength(1);
    expect(await sentences({})).toEqual([expect.stringMatching(/no EnvoyFilter resource.*Is Istio installed\?/)]);
  });

  describe('missing permissions', () => {
    const grantHere = (user: string, rules: readonly object[]): Promise<void> =>
      grant(cluster.api, namespace, user, rules);
    beforeAll(() => grantHere('reader', READ));
    const READ = [
      { apiGroups: [''], resources: ['configmaps'], verbs: ['list'] },
      { apiGroups: ['apps'], resources: ['deployments'], verbs: ['list', 'watch'] },
      { apiGroups: ['networking.istio.io'], resources: ['envoyfilters'], verbs: ['list'] },
    ];

    const TO_WRITE = [
      /cannot create configmaps in/,
      /cannot create envoyfilters.networking.istio.io in/,
      /cannot delete configmaps in .* Deleting is needed for objects of revisions that failed or were superseded/,
      /cannot delete envoyfilters.networking.istio.io in/,
      /cannot patch configmaps in/,
      /cannot patch deployments.apps in/,
      /cannot patch envoyfilters.networking.istio.io in/,
    ].map((sentence) => expect.stringMatching(sentence));

    test('to read and to write: all are named', async () => {
      expect(await sentences({ kubeconfig: cluster.recorder.kubeconfig('nobody') })).toEqual([
        ...['deployments.apps', 'configmaps', 'envoyfilters.networking.istio.io'].map((resource) =>
          expect.stringContaining(`the permission to list ${resource} in namespace "${namespace}"`),
        ),
        ...TO_WRITE,
      ]);
    });

    test.each(['deploy', 'plan'])('are told beside all else that is wrong: %s', async (command) => {
      const inputs = {
        command,
        kubeconfig: cluster.recorder.kubeconfig('reader'),
        targets: '- deployment/taken\n- deployment/review\n- deployment/paused',
        timeout: '5',
      };
      expect(await sentences(inputs, { 'filter.wasm': EMPTY_MODULE })).toEqual([
        expect.stringMatching(/^input "timeout"/),
        expect.stringMatching(/review does not exist/),
        expect.stringMatching(/the mount path .* belongs to the mount of volume "mine"/),
        expect.stringMatching(/is paused/),
        expect.stringMatching(/not a Proxy-Wasm filter/),
        expect.stringMatching(/exports neither malloc/),
        // An account that may write nothing at all only plans.
        ...(command === 'plan' ? [] : TO_WRITE),
      ]);
    });

    test('are told for a target that is not there, and for a filter that cannot be read', async () => {
      const inputs = { kubeconfig: cluster.recorder.kubeconfig('reader'), targets: '- deployment/review' };
      expect(await sentences(inputs, { 'filter.wasm': 'not wasm' })).toEqual([
        expect.stringMatching(/is not a WebAssembly module/),
        expect.stringMatching(/review does not exist/),
        ...TO_WRITE,
      ]);
    });

    test('to write: all are named, and nothing is written', async () => {
      expect(await sentences({ kubeconfig: cluster.recorder.kubeconfig('reader') })).toEqual(TO_WRITE);
    });

    test('the permissions that the README names are enough', async () => {
      await grantHere('deployer', [
        { apiGroups: [''], resources: ['configmaps'], verbs: ['list', 'create', 'patch', 'delete'] },
        {
          apiGroups: ['networking.istio.io'],
          resources: ['envoyfilters'],
          verbs: ['list', 'create', 'patch', 'delete'],
        },
        { apiGroups: ['apps'], resources: ['deployments'], verbs: ['get', 'list', 'watch', 'patch'] },
      ]);
      const { report } = await runAction({
        filter: 'filter.wasm',
        targets: '- deployment/ratings',
        namespace,
        kubeconfig: cluster.recorder.kubeconfig('deployer'),
      });
      expect(report.problems).toEqual([]);
      expect(report.outcome).toBe('deployed');
    });
  });
});
