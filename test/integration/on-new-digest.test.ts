import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { outputsOf } from '../../src/action/outputs/outputs.ts';
import { verdictOf } from '../../src/action/verdict/verdict.ts';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP } from '../../src/cluster/resources.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { podLabel } from '../../src/mesh/identity/names.ts';
import { type ActionInputs, makeModule } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { digestOf, image, layerOf, store } from '../harness/registry/images.ts';
import { FILTER, lines, Site, writesOf } from './site.ts';

const REPOSITORY = 'team/add-header';
const MODES = ['deploy', 'report', 'ignore'] as const;
/** The texts that modules are told apart by. */
const MODULES = ['zero', 'one', 'two', 'three'] as const;
type Module = (typeof MODULES)[number];
const CONFIGURATION = '{"x-test": 1}';
const OTHER_CONFIGURATION = '{"x-test": 2}';

describe('a tag that has moved', () => {
  let cluster: TestCluster;
  let registry: EmbeddedRegistry;
  let site: Site;
  /** The digests of images, by the modules in them. */
  let published: Map<Module, string>;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());
  beforeEach(async () => {
    site = new Site(cluster, await cluster.namespace());
    registry = await startEmbeddedRegistry();
    published = new Map();
    cluster.recorder.reset();
  });
  afterEach(() => registry.stop());

  /** Makes a tag name a module. */
  const publish = async (text: Module, tag = 'v1'): Promise<void> => {
    const built = image([await layerOf({ 'plugin.wasm': makeModule(text) })]);
    await store(registry.host, REPOSITORY, tag, built);
    published.set(text, built.digest);
  };
  const from = (more: ActionInputs = {}): ActionInputs => ({
    filter: `oci://${registry.host}/${REPOSITORY}:v1`,
    configuration: CONFIGURATION,
    ...more,
  });
  const run = (command: string, names: readonly string[], more: ActionInputs = {}) =>
    site.run(command, names, from(more));
  /** Publishes a module, and deploys it. */
  const deployed = async (text: Module, names: readonly string[], more: ActionInputs = {}): Promise<void> => {
    await publish(text);
    const { report } = await run('deploy', names, more);
    expect(runProblems(report).map(describeProblem)).toEqual([]);
  };
  /** Lets the registry lose the image of a module. */
  const lose = (text: Module): void =>
    registry.inject(({ path }) => (path.endsWith(`/manifests/${published.get(text)}`) ? { status: 404 } : undefined));
  const revisionOn = async (workload: Workload): Promise<string> =>
    (await site.template(workload)).labels[podLabel(FILTER)] ?? '';

  /** The module that a workload runs; of an image, what its plugin names. */
  const moduleOn = async (workload: Workload): Promise<string> => {
    const revision = await revisionOn(workload);
    if (revision === '') return 'none';
    const { binaryData, data } = await site.configMap(revision);
    if (data?.image !== undefined) {
      const url = String((await site.wasmPlugin(revision)).spec?.url);
      return MODULES.find((one) => url === `oci://${registry.host}/${REPOSITORY}@${published.get(one)}`) ?? url;
    }
    const digest = digestOf(Buffer.from(Object.values(binaryData ?? {}).join(''), 'base64'));
    return MODULES.find((one) => digestOf(makeModule(one)) === digest) ?? digest;
  };

  interface Case {
    /** Brings the workloads to where they are before the tag moves. Gives them with what they run, and keep. */
    readonly arrange: () => Promise<readonly [Workload, Module][]>;
    /** The targets of the run; all workloads when absent. */
    readonly targets?: readonly string[];
    readonly inputs?: ActionInputs;
    /** Happens once the tag has moved. */
    readonly moved?: (workloads: readonly Workload[]) => Promise<void>;
    /** The writes of a run in which they keep what they run, by kind; of none when absent. */
    readonly writes?: readonly string[];
    readonly warning?: RegExp;
    /** What the tag names in the end that everybody gets who is to get it; `none` for workloads that lose it. */
    readonly loses?: readonly string[];
  }

  const two = async (more: ActionInputs = {}): Promise<[Workload, Module][]> => {
    const workloads = [await site.workload('reviews'), await site.workload('ratings')];
    await deployed('one', ['reviews', 'ratings'], more);
    return workloads.map((workload) => [workload, 'one']);
  };
  const deleteConfigMap = async (workload: Workload | undefined): Promise<void> => {
    if (workload !== undefined) await cluster.api.delete(site.path(CONFIG_MAP, await revisionOn(workload)));
  };
  const CASES: Readonly<Record<string, Case>> = {
    'nothing else': { arrange: two },
    'a label that somebody took away': {
      arrange: two,
      moved: async ([reviews]) => {
        if (reviews !== undefined) await site.edit(reviews, { labels: { [podLabel(FILTER)]: null } });
      },
      writes: ['change Deployment'],
    },
    'a ConfigMap that somebody deleted': {
      arrange: two,
      moved: ([reviews]) => deleteConfigMap(reviews),
      writes: ['create ConfigMap'],
    },
    'other settings': {
      arrange: two,
      inputs: { configuration: OTHER_CONFIGURATION },
      writes: ['create ConfigMap', 'create EnvoyFilter', 'change Deployment', 'change Deployment'],
    },
    'other settings, pushed': {
      arrange: () => two({ settings: 'push' }),
      inputs: { configuration: OTHER_CONFIGURATION, settings: 'push' },
      writes: ['change EnvoyFilter'],
    },
    'a new workload': {
      arrange: async () => [...(await two()), [await site.workload('details'), 'one']],
      writes: ['change Deployment'],
    },
    'a workload that is no target any more, with prune': {
      arrange: two,
      targets: ['reviews'],
      inputs: { prune: 'true' },
      loses: ['ratings'],
      writes: ['change Deployment'],
    },
    'an image that the registry has lost, and nothing to write': {
      arrange: two,
      moved: async () => lose('one'),
    },
    'an image that the registry has lost, and other settings': {
      arrange: two,
      moved: async () => lose('one'),
      inputs: { configuration: OTHER_CONFIGURATION },
      writes: ['create ConfigMap', 'create EnvoyFilter', 'change Deployment', 'change Deployment'],
      warning:
        /^The bytes that workloads run of add-header, \S+, come from a ConfigMap of the cluster: it was not found/,
    },
    'two older digests, other settings and a new workload': {
      arrange: async () => {
        const all = await Promise.all(['reviews', 'ratings', 'details'].map((name) => site.workload(name)));
        await deployed('zero', ['reviews', 'ratings', 'details']);
        await deployed('one', ['ratings', 'details']);
        const added = await site.workload('productpage');
        return [...all, added].map((workload, at) => [workload, at === 0 ? 'zero' : 'one']);
      },
      inputs: { configuration: OTHER_CONFIGURATION },
      writes: [
        ...['create ConfigMap', 'create ConfigMap', 'create EnvoyFilter', 'create EnvoyFilter'],
        ...['change Deployment', 'change Deployment', 'change Deployment', 'change Deployment'],
      ],
    },
    'images that proxies pull, and nothing else': {
      arrange: () => two({ delivery: 'image' }),
      inputs: { delivery: 'image' },
    },
    'images that proxies pull, other settings and a new workload': {
      arrange: async () => [...(await two({ delivery: 'image' })), [await site.workload('details'), 'one']],
      inputs: { delivery: 'image', configuration: OTHER_CONFIGURATION },
      writes: [
        ...['create ConfigMap', 'create WasmPlugin'],
        ...['change Deployment', 'change Deployment', 'change Deployment'],
      ],
    },
  };
  /** `ignore` differs from `report` in what is said, so it is tried where nothing, something and a plugin is to be written. */
  const IGNORED = ['nothing else', 'other settings', 'images that proxies pull, and nothing else'];
  const TABLE = Object.entries(CASES).flatMap(([name, one]) =>
    MODES.filter((mode) => mode !== 'ignore' || IGNORED.includes(name)).map((mode) => [name, mode, one] as const),
  );

  test.each(TABLE)(
    'with %s: %s',
    async (_name, mode, { arrange, targets, inputs, moved, writes, warning, loses = [] }) => {
      const before = await arrange();
      await publish('two');
      await moved?.(before.map(([workload]) => workload));
      const names = targets ?? before.map(([{ metadata }]) => metadata.name);
      const asked = { 'on-new-digest': mode, 'keep-revisions': '5', ...inputs };
      const keeps = mode !== 'deploy';

      cluster.recorder.reset();
      const plan = await run('plan', names, asked);
      expect(cluster.recorder.writes).toEqual([]);
      const deploy = await run('deploy', names, asked);
      expect(runProblems(deploy.report).map(describeProblem)).toEqual([]);
      const done = lines(writesOf(cluster.recorder.writes)).sort();
      expect(done).toEqual(lines(plan.report.plan?.changes ?? []).sort());
      if (keeps) expect(done.map((line) => line.replace(/ \S+$/, ''))).toEqual([...(writes ?? [])].sort());
      expect(deploy.report.outcome).toBe(done.length === 0 ? 'unchanged' : 'deployed');

      for (const [workload, own] of before) {
        const { name } = workload.metadata;
        const expected = loses.includes(name) ? 'none' : keeps ? own : 'two';
        expect([name, await moduleOn(workload)]).toEqual([name, expected]);
      }
      for (const { report } of [plan, deploy]) {
        const moves = JSON.parse(outputsOf(report.whole)['moved-tags']) as { kept?: boolean }[];
        expect(new Set(moves.map(({ kept = false }) => kept))).toEqual(new Set([keeps]));
        const texts = warningTexts(report.warnings);
        expect(texts.some((text) => text.startsWith('The tag "v1"'))).toBe(mode !== 'ignore');
        expect(
          texts.some((text) => text.includes('what it runs; a run with') || text.includes('what they run; a run')),
        ).toBe(mode === 'report');
        if (keeps && warning !== undefined) expect(texts).toContainEqual(expect.stringMatching(warning));
        expect(verdictOf(report.whole).includes('the tag "v1" has moved')).toBe(mode === 'report');
      }

      cluster.recorder.reset();
      const again = await run('deploy', names, asked);
      expect([again.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
    },
  );

  test('needs none of the bytes where there is nothing to write', async () => {
    await two();
    const digest = published.get('one') ?? '';
    await publish('two');
    const asked = registry.requests.length;
    await run('deploy', ['reviews', 'ratings'], { 'on-new-digest': 'report' });
    expect(registry.requests.slice(asked).filter(({ path }) => path.includes(digest))).toEqual([]);
  });

  test.each(['configmap', 'image'])(
    'is a failure before the first write where bytes are nowhere: %s',
    async (delivery) => {
      const [[reviews] = []] = await two({ delivery });
      await publish('two');
      lose('one');
      await deleteConfigMap(reviews);
      cluster.recorder.reset();
      const { report } = await run('deploy', ['reviews', 'ratings'], { delivery, 'on-new-digest': 'report' });
      expect(report.problems.map(describeProblem)).toEqual([
        expect.stringMatching(
          /^filter "add-header" cannot be deployed with the bytes that workloads run, \S+: it was not found/,
        ),
      ]);
      expect(cluster.recorder.writes).toEqual([]);
    },
  );

  test('a new workload gets what the tag names where no other has the filter', async () => {
    const reviews = await site.workload('reviews');
    await publish('two');
    const { report } = await run('deploy', ['reviews'], { 'on-new-digest': 'report' });
    expect([report.outcome, await moduleOn(reviews)]).toEqual(['deployed', 'two']);
    expect(outputsOf(report.whole)['moved-tags']).toBe('[]');
  });

  test('another tag is a change that somebody made; with equal bytes it is recorded, and moves from then on', async () => {
    const [[reviews] = []] = await two();
    if (reviews === undefined) throw new Error('no workload');
    await publish('one', 'v2');
    const v2 = { filter: `oci://${registry.host}/${REPOSITORY}:v2`, 'on-new-digest': 'report' };
    const before = await site.template(reviews);
    await run('deploy', ['reviews', 'ratings'], v2);
    expect(await site.template(reviews)).toEqual(before);
    await publish('two', 'v2');
    cluster.recorder.reset();
    const kept = await run('deploy', ['reviews', 'ratings'], v2);
    expect([kept.report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
    await publish('three', 'v3');
    await run('deploy', ['reviews', 'ratings'], { ...v2, filter: `oci://${registry.host}/${REPOSITORY}:v3` });
    expect(await moduleOn(reviews)).toBe('three');
  });

  test('another image with the same filter in it replaces no pod of proxies that pull', async () => {
    await two({ delivery: 'image' });
    const module = makeModule('one');
    const other = image([await layerOf({ 'notes.txt': Buffer.from('x'), 'plugin.wasm': module })]);
    await store(registry.host, REPOSITORY, 'v1', other);
    cluster.recorder.reset();
    const asked = { delivery: 'image', 'on-new-digest': 'report' };
    const { report } = await run('deploy', ['reviews', 'ratings'], asked);
    expect([report.outcome, cluster.recorder.writes]).toEqual(['unchanged', []]);
    expect(warningTexts(report.warnings)).toEqual([expect.stringContaining(`to ${other.digest} since run`)]);
  });

  test('what nothing tells is not touched', async () => {
    const [[reviews] = []] = await two();
    if (reviews === undefined) throw new Error('no workload');
    await deleteConfigMap(reviews);
    // As a version that did not record the image has left it.
    const state = await site.state(reviews);
    const { source: _, digest: __, ...older } = state[FILTER] ?? { revision: '', run: '' };
    await site.edit(reviews, { own: { 'deploy-wasm-filter/state': JSON.stringify({ [FILTER]: older }) } });
    const asked = { 'on-new-digest': 'report' };
    const same = await run('plan', ['reviews'], asked);
    expect(same.report.problems.map(describeProblem)).toEqual([]);
    await publish('two');
    const { report } = await run('deploy', ['reviews'], asked);
    expect(report.problems.map(describeProblem)).toEqual([
      expect.stringMatching(
        /^Deployment \S+\/reviews runs revision [0-9a-f]{10} of add-header, whose ConfigMap was deleted/,
      ),
    ]);
  });

  test('the digests of outputs are of what runs', async () => {
    await two();
    await site.workload('details');
    await publish('two');
    await run('deploy', ['details']);
    const { report } = await run('plan', ['reviews', 'ratings', 'details'], { 'on-new-digest': 'ignore' });
    const digests = (['one', 'two'] as const).map((text) => digestOf(makeModule(text)));
    const { digest, bytes } = outputsOf(report.whole);
    expect([digest.split(',').sort(), bytes]).toEqual([[...digests].sort(), '']);
  });

  test('a reviewed plan does not depend on what the tag names where nobody gets that', async () => {
    await two();
    await publish('two');
    const asked = { 'on-new-digest': 'report', configuration: OTHER_CONFIGURATION };
    const digest = outputsOf((await run('plan', ['reviews', 'ratings'], asked)).report.whole)['plan-digest'];
    await publish('three');
    const { report } = await run('deploy', ['reviews', 'ratings'], { ...asked, 'expect-plan': digest });
    expect([report.problems.map(describeProblem), report.outcome]).toEqual([[], 'deployed']);
  });

  test.each<[string, () => ActionInputs]>([
    ['a file', () => ({ filter: 'filter.wasm' })],
    ['a file that is pushed', () => ({ filter: 'filter.wasm', 'push-to': `oci://${registry.host}/team/pushed:v1` })],
    ['the digest of its bytes', () => ({ sha256: digestOf(makeModule('one')) })],
  ])('has no effect on a filter by %s, and says so', async (_name, more) => {
    await site.workload('reviews');
    await publish('one');
    const { report } = await run('plan', ['reviews'], { 'on-new-digest': 'report', ...more() });
    expect(warningTexts(report.warnings)).toContain(
      'The input "on-new-digest" means nothing where no tag decides which bytes the filter has and is ignored.',
    );
  });

  test('in a manifest each filter has its own, and status calls outdated what deploy would change', async () => {
    const reviews = await site.workload('reviews');
    const filterOf = (name: string, mode: string): string =>
      `  - { name: ${name}, filter: "oci://${registry.host}/${REPOSITORY}:v1", on-new-digest: ${mode}, targets: [ deployment/reviews ] }`;
    const manifest = `version: 1\nfilters:\n${filterOf('kept', 'report')}\n${filterOf('rolled', 'deploy')}\n`;
    const manifestRun = (command: string) =>
      site.run(command, '', { manifest: 'mesh.yaml', filter: '', name: '' }, { files: { 'mesh.yaml': manifest } });
    await publish('one');
    expect((await manifestRun('deploy')).report.problems.map(describeProblem)).toEqual([]);
    const moduleOf = async (filter: string): Promise<string> => {
      const { labels } = await site.template(reviews);
      const { binaryData = {} } = await site.configMap(labels[podLabel(filter)] ?? '', filter);
      const digest = digestOf(Buffer.from(Object.values(binaryData).join(''), 'base64'));
      return MODULES.find((text) => digestOf(makeModule(text)) === digest) ?? digest;
    };
    await publish('two');
    const { report } = await manifestRun('status');
    expect(report.status?.workloads[0]?.filters.map(({ filter, health }) => [filter, health])).toEqual([
      ['kept', 'verified'],
      ['rolled', 'outdated'],
    ]);
    cluster.recorder.reset();
    const plan = await manifestRun('plan');
    await manifestRun('deploy');
    expect(lines(writesOf(cluster.recorder.writes)).sort()).toEqual(lines(plan.report.plan?.changes ?? []).sort());
    expect([await moduleOf('kept'), await moduleOf('rolled')]).toEqual(['one', 'two']);
  });
});
