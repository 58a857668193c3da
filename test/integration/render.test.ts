import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { describeProblem } from '../../src/base/problem.ts';
import { CONFIG_MAP, ENVOY_FILTER } from '../../src/cluster/resources.ts';
import type { ConfigMap } from '../../src/mesh/objects/config-map.ts';
import type { EnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { type ActionInputs, type ActionRun, runAction } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { FILTER, filterKeys, lines, Site, type Template, writesOf } from './site.ts';

/** A patch, as kustomize takes it. */
interface Patch {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec: { readonly template: { readonly metadata: Template } };
}

interface Kustomization {
  readonly apiVersion: string;
  readonly kind: string;
  readonly resources: readonly string[];
  readonly patches: readonly { readonly path: string; readonly target?: Readonly<Record<string, string>> }[];
}

describe('rendering', () => {
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

  const CONFIGURATION = '{"mode": "strict"}\n';
  /** Without a kubeconfig: nothing of a cluster is needed. */
  const render = (targets: string, more: ActionInputs = {}): Promise<ActionRun> =>
    runAction({
      command: 'render',
      filter: 'filter.wasm',
      name: FILTER,
      namespace: site.namespace,
      configuration: CONFIGURATION,
      targets,
      ...more,
    });
  const read = <T>({ written }: ActionRun, name: string | RegExp): T => {
    const found = [...written].filter(([path]) => (typeof name === 'string' ? path === name : name.test(path)));
    expect(found).toHaveLength(1);
    return load(found[0]?.[1] ?? '') as T;
  };

  test('for named workloads: the very objects and keys that a deployment writes', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    const targets = '- deployment/reviews\n- {kind: sts, name: ratings, port: 8080}';
    const run = await render(targets, { direction: 'any', 'fail-policy': 'open', order: '3' });
    expect([run.report.outcome, run.report.changed, run.report.problems]).toEqual(['rendered', false, []]);
    expect(cluster.recorder.requests).toEqual([]);
    expect(run.report.requests).toEqual({ reads: 0, writes: 0 });

    const revision = await site.deployed(['reviews'], CONFIGURATION, {
      direction: 'any',
      'fail-policy': 'open',
      order: '3',
    });
    const [configMap, envoyFilter] = [await site.configMap(revision), await site.envoyFilter(revision)];
    const name = `${FILTER}-${revision}`;
    const own = `${site.namespace}_${name}`;
    const renderedMap = read<ConfigMap>(run, `wasm-filter/component/configmap_${own}.yaml`);
    expect(renderedMap).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap', immutable: true });
    expect(renderedMap.metadata).toMatchObject({ name, namespace: site.namespace, labels: configMap.metadata.labels });
    expect(renderedMap.binaryData).toEqual(configMap.binaryData);
    const renderedFilter = read<EnvoyFilter>(run, `wasm-filter/component/envoyfilter_${own}.yaml`);
    expect(renderedFilter).toMatchObject({ apiVersion: 'networking.istio.io/v1alpha3', kind: 'EnvoyFilter' });
    expect(renderedFilter.metadata).toMatchObject({
      name,
      namespace: site.namespace,
      labels: envoyFilter.metadata.labels,
    });
    expect(renderedFilter.spec).toEqual(envoyFilter.spec);

    const patch = read<Patch>(run, `wasm-filter/component/patch_${site.namespace}_deployment_reviews.yaml`);
    expect(patch).toMatchObject({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'reviews', namespace: site.namespace },
    });
    expect(filterKeys(patch.spec.template.metadata)).toEqual(filterKeys(await site.template(workload)));

    // Settings of its own make another revision, with objects of its own.
    const other = read<Patch>(run, `wasm-filter/component/patch_${site.namespace}_statefulset_ratings.yaml`);
    const otherRevision = other.spec.template.metadata.labels[`deploy-wasm-filter/${FILTER}`];
    expect(otherRevision).not.toBe(revision);
    const otherFilter = read<EnvoyFilter>(run, new RegExp(`envoyfilter_.*-${otherRevision}\\.yaml$`));
    expect(JSON.stringify(otherFilter.spec)).toContain('"portNumber":8080');
  });

  test('a workload that Git brings like this is what a deployment wants: only the record is added', async () => {
    const workload = await site.workload('reviews', { replicas: 0 });
    const run = await render('- deployment/reviews');
    for (const [path, text] of run.written) {
      if (path.includes('/configmap_')) await cluster.api.create(site.path(CONFIG_MAP), load(text) as never);
      if (path.includes('/envoyfilter_')) await cluster.api.create(site.path(ENVOY_FILTER), load(text) as never);
    }
    const { spec } = read<Patch>(run, /patch_/);
    await site.edit(workload, { ...spec.template.metadata }, 'kustomize-controller');
    const before = (await site.read(workload)).spec?.template;
    cluster.recorder.reset();
    const { report } = await site.run('deploy', ['reviews'], { configuration: CONFIGURATION });
    expect(report.problems).toEqual([]);
    expect((await site.read(workload)).spec?.template).toEqual(before);
    expect(lines(writesOf(cluster.recorder.writes))).toEqual(['change Deployment reviews']);
    expect(Object.keys(await site.state(workload))).toEqual([FILTER]);
  });

  test('for selectors: a patch that kustomize finds the workloads of, for each kind and namespace', async () => {
    const run = await render(
      '- {namespaces: [one, two], selector: "tier in (api, web),!legacy", kinds: [deployment, sts]}',
      { 'render-to': 'deploy/filters/' },
    );
    expect(run.report.problems).toEqual([]);
    const paths = [...run.written.keys()];
    expect(paths.every((path) => path.startsWith('deploy/filters/'))).toBe(true);
    const { kind, resources, patches } = read<Kustomization>(run, 'deploy/filters/component/kustomization.yaml');
    expect(kind).toBe('Component');
    // Two objects for each namespace.
    expect(resources).toHaveLength(4);
    expect(patches.map(({ target }) => target)).toEqual(
      ['one', 'two'].flatMap((namespace) =>
        ['Deployment', 'StatefulSet'].map((wanted) => ({
          group: 'apps',
          kind: wanted,
          namespace,
          labelSelector: 'tier in (api, web),!legacy',
        })),
      ),
    );
    for (const { path, target } of patches) {
      const patch = read<Patch>(run, `deploy/filters/component/${path}`);
      expect(patch.kind).toBe(target?.kind);
      expect(patch.spec.template.metadata.labels).toEqual({
        [`deploy-wasm-filter/${FILTER}`]: expect.stringMatching(/^\w{10}$/),
      });
    }
  });

  test('the kustomization is a component of every file, each once, and the report lists them', async () => {
    const run = await render(
      '- deployment/a\n- other/deployment/a\n- deployment/b\n- {namespace: third, selector: x=y}',
    );
    const { apiVersion, kind, resources, patches } = read<Kustomization>(
      run,
      'wasm-filter/component/kustomization.yaml',
    );
    expect([apiVersion, kind]).toEqual(['kustomize.config.k8s.io/v1alpha1', 'Component']);
    const listed = [...resources, ...patches.map(({ path }) => path)].map((path) => `wasm-filter/component/${path}`);
    const files = [...run.written.keys()].filter((path) => !path.endsWith('/kustomization.yaml'));
    expect(listed.toSorted()).toEqual(files.toSorted());
    expect(new Set(listed).size).toBe(listed.length);
    expect(run.report.rendered?.folder).toBe('wasm-filter');
    expect(run.report.rendered?.files.map(({ path, bytes }) => [path, bytes]).sort()).toEqual(
      [...run.written].map(([path, text]) => [path, Buffer.byteLength(text)]).sort(),
    );
  });

  test.each<[string, string, ActionInputs, RegExp]>([
    ['a filter that is none', '- deployment/a', { filter: 'missing.wasm' }, /missing\.wasm/],
    ['no targets', '', {}, /^input "targets" is missing/],
    [
      'a workload that is named twice with different settings',
      '- deployment/a\n- {kind: deployment, name: a, port: 80}',
      {},
      /is named twice with different settings/,
    ],
  ])('%s is a problem, and no file is written', async (_case, targets, more, sentence) => {
    const { report, written } = await render(targets, more);
    expect(report.outcome).toBe('failed');
    expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(sentence)]);
    expect([...written]).toEqual([]);
  });
});
