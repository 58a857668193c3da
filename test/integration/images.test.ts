import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { renderSummary } from '../../src/action/summary/summary.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { SOURCE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { packImage } from '../../src/registry/pack.ts';
import { makeModule } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { digestOf, image, layerOf, store } from '../harness/registry/images.ts';
import { USER } from '../harness/registry/index.ts';
import { lines, objectsOf, Site, writesOf } from './site.ts';

describe('filters from a registry and to it', () => {
  let cluster: TestCluster;
  let registry: EmbeddedRegistry;
  let site: Site;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    site = new Site(cluster, await cluster.namespace());
    registry = await startEmbeddedRegistry();
    cluster.recorder.reset();
  });
  afterEach(() => registry.stop());

  /** Puts a filter into the registry under a tag. */
  const publish = async (tag: string, text: string, extra = 'x') => {
    const module = makeModule(text);
    // A file beside it makes another image with the same filter.
    const built = image([await layerOf({ [`${extra}.txt`]: Buffer.from(extra), 'plugin.wasm': module })]);
    await store(registry.host, 'team/add-header', tag, built);
    return {
      filter: `oci://${registry.host}/team/add-header:${tag}`,
      digest: digestOf(module),
      pinned: `${registry.host}/team/add-header@${built.digest}`,
    };
  };
  const from = (filter: string) => ({ filter, name: '' });

  test('an image is deployed, named, recorded, and told in outputs, summary and log', async () => {
    await site.workload('reviews');
    const { filter, digest, pinned } = await publish('v1', 'one');
    const { report, log } = await site.run('deploy', ['reviews'], from(filter));
    expect(report.problems.map(describeProblem)).toEqual([]);
    expect(report.filters).toMatchObject([
      { name: 'add-header', digest, source: { kind: 'image', given: filter, pinned } },
    ]);
    expect(outputsOf(report.whole)).toMatchObject({ result: 'deployed', image: pinned, digest });
    expect(renderSummary(report.whole)).toContain(pinned);
    expect(log.join('\n')).toContain(`from ${filter}, which is ${pinned}.`);
    const [{ revision = '' } = {}] = report.targets[0]?.revisions ?? [];
    expect((await site.configMap(revision)).metadata.annotations).toMatchObject({
      [SOURCE_ANNOTATION]: `${filter} ${pinned} ${digest}`,
    });
  });

  test('again, by another tag, or from another image with the same filter, it writes nothing', async () => {
    await site.workload('reviews');
    await site.run('deploy', ['reviews'], from((await publish('v1', 'one')).filter));
    for (const { filter } of [
      await publish('v1', 'one'),
      await publish('v2', 'one'),
      await publish('v1', 'one', 'other'),
    ]) {
      cluster.recorder.reset();
      const { report } = await site.run('deploy', ['reviews'], from(filter));
      expect([report.outcome, warningTexts(report.warnings), writesOf(cluster.recorder.writes)]).toEqual([
        'unchanged',
        [],
        [],
      ]);
    }
  });

  test('a tag that moved is said by plan, status and deploy', async () => {
    await site.workload('reviews');
    const environment = { GITHUB_REPOSITORY: 'o/r', GITHUB_RUN_ID: '7' };
    const before = await publish('v1', 'one');
    await site.run('deploy', ['reviews'], from(before.filter), { environment });
    const after = await publish('v1', 'two');
    const [was, is] = [before, after].map(({ pinned }) => pinned.split('@')[1]);
    const moved = `The tag "v1" of ${registry.host}/team/add-header moved from ${was} to ${is} since run o/r/7/1, which put it on Deployment ${site.namespace}/reviews.`;
    for (const command of ['plan', 'status', 'deploy']) {
      const { report } = await site.run(command, ['reviews'], from(after.filter), { environment });
      expect([command, report.problems, warningTexts(report.warnings)]).toEqual([command, [], [moved]]);
    }
    expect(warningTexts((await site.run('status', ['reviews'], from(after.filter))).report.warnings)).toEqual([]);
  });

  test('status goes on where the registry has nothing to say', async () => {
    await site.workload('reviews');
    const { report } = await site.run('status', ['reviews'], from(`oci://${registry.host}/team/add-header:v9`));
    expect(report.outcome).toBe('reported');
    expect(warningTexts(report.warnings)).toEqual([
      expect.stringMatching(/^Whether the tag has moved is unknown: .* was not found/),
    ]);
  });

  test('an image that is not there is a problem beside the others, and nothing is written', async () => {
    const { report } = await site.run('deploy', ['missing'], from(`oci://${registry.host}/team/add-header:v9`));
    expect(report.problems.map(({ kind }) => kind)).toEqual(['registry', 'targets']);
    expect(cluster.recorder.writes).toEqual([]);
  });

  test('render takes an image, and asks no cluster', async () => {
    const { filter, pinned, digest } = await publish('v1', 'one');
    const { report, written } = await site.run('render', ['reviews'], from(filter));
    expect(report.problems).toEqual([]);
    expect(outputsOf(report.whole).image).toBe(pinned);
    const configMap = [...written].find(([path]) => path.includes('/configmap_'))?.[1] ?? '';
    expect(load(configMap)).toMatchObject({
      metadata: { annotations: { [SOURCE_ANNOTATION]: `${filter} ${pinned} ${digest}` } },
    });
    expect(cluster.recorder.requests).toEqual([]);
  });

  describe('push-to', () => {
    const pushTo = () => ({ 'push-to': `oci://${registry.host}/team/pushed:v1` });
    const isWrite = ({ method }: { method: string }): boolean => method !== 'GET' && method !== 'HEAD';
    const pinnedOf = async () => `${registry.host}/team/pushed@${(await packImage(makeModule())).digest}`;

    test('plan says what would be pushed, and pushes nothing', async () => {
      await site.workload('reviews');
      const { report } = await site.run('plan', ['reviews'], pushTo());
      expect(report.images).toEqual([{ filter: 'add-header', pinned: await pinnedOf(), tag: 'v1', state: 'planned' }]);
      expect(outputsOf(report.whole).image).toBe('');
      expect(renderSummary(report.whole)).toMatch(/would be pushed to/);
      expect(registry.requests).toEqual([]);
    });

    test('deploy pushes before the first write, and says so; the second time it is there', async () => {
      await site.workload('reviews');
      let writesAtPush: number | undefined;
      registry.inject((request) => {
        if (isWrite(request)) writesAtPush ??= cluster.recorder.writes.length;
        return undefined;
      });
      const first = await site.run('deploy', ['reviews'], pushTo());
      expect(first.report.problems.map(describeProblem)).toEqual([]);
      expect(writesAtPush).toBe(0);
      expect(first.log.join('\n')).toContain(`, to be pushed to ${pushTo()['push-to']} as ${await pinnedOf()}.`);
      expect(outputsOf(first.report.whole)).toMatchObject({ result: 'deployed', image: await pinnedOf() });
      expect(renderSummary(first.report.whole)).toMatch(/was pushed to/);
      const asked = registry.requests.length;
      cluster.recorder.reset();
      const second = await site.run('deploy', ['reviews'], pushTo());
      expect([second.report.outcome, second.report.images?.[0]?.state]).toEqual(['unchanged', 'unchanged']);
      expect(registry.requests.slice(asked).filter(isWrite)).toEqual([]);
      expect(writesOf(cluster.recorder.writes)).toEqual([]);
      // What was pushed is what another run gets.
      cluster.recorder.reset();
      const pulled = await site.run('deploy', ['reviews'], { filter: pushTo()['push-to'] });
      expect([pulled.report.outcome, warningTexts(pulled.report.warnings)]).toEqual(['unchanged', []]);
    });

    test('nothing is pushed while something speaks against the filter or the targets', async () => {
      await site.workload('reviews');
      const files = { 'filter.wasm': Uint8Array.of(0, 0x61, 0x73, 0x6d, 1, 0, 0, 0) };
      const refused = await site.run('deploy', ['reviews'], pushTo(), { files });
      expect(new Set(refused.report.problems.map(({ kind }) => kind))).toEqual(new Set(['filter']));
      expect(refused.report.images).toMatchObject([{ state: 'skipped' }]);
      const missing = await site.run('deploy', ['missing'], pushTo());
      expect(missing.report.outcome).toBe('failed');
      expect(registry.requests).toEqual([]);
    });

    test('a push that fails leaves the cluster as it is', async () => {
      await site.workload('reviews');
      const closed = await startEmbeddedRegistry('basic');
      try {
        const { report } = await site.run('deploy', ['reviews'], { 'push-to': `oci://${closed.host}/team/pushed:v1` });
        expect([report.outcome, report.changed]).toEqual(['failed', false]);
        expect(report.problems.map(describeProblem)).toEqual([expect.stringMatching(/requires authentication/)]);
        expect(report.images).toMatchObject([{ state: 'failed' }]);
        expect(lines(writesOf(cluster.recorder.writes))).toEqual([]);
        expect(await site.objects()).toEqual([]);
        const login = { 'registry-username': USER.username, 'registry-password': USER.password };
        const again = await site.run('deploy', ['reviews'], {
          'push-to': `oci://${closed.host}/team/pushed:v1`,
          ...login,
        });
        expect(again.report.outcome).toBe('deployed');
        expect(await site.objects()).toEqual(objectsOf(again.report.targets[0]?.revisions[0]?.revision ?? ''));
      } finally {
        await closed.stop();
      }
    });

    test('render ignores it, and says so', async () => {
      const { report } = await site.run('render', ['reviews'], { filter: 'filter.wasm', ...pushTo() });
      expect(warningTexts(report.warnings)).toEqual([expect.stringContaining('"push-to"')]);
      expect(registry.requests).toEqual([]);
    });
  });
});
