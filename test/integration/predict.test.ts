import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN } from '../../src/cluster/resources.ts';
import {
  GARBAGE_ANNOTATION,
  podLabel,
  STATE_ANNOTATION,
  USER_VOLUME_ANNOTATION,
  USER_VOLUME_MOUNT_ANNOTATION,
  volumeName,
} from '../../src/mesh/identity/names.ts';
import type { ActionInputs } from '../harness/action.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOAD_KINDS } from '../harness/kinds.ts';
import { awaitReady } from '../harness/workloads.ts';
import { FILTER, lines, Site, type Write, writesOf } from './site.ts';

/** What somebody did to the objects of a revision; a deleted one is not edited. */
const OBJECT_EDITS = ['no ConfigMap', 'no inserter', 'edited inserter', 'marked inserter'] as const;
/** What somebody did to a workload after its deployment. */
const EDITS = ['label', 'volume', 'mount path', 'state'] as const;
const FOREIGN = ['none', 'array', 'map'] as const;

const workload = fc.record({
  kind: fc.constantFrom(...WORKLOAD_KINDS),
  replicas: fc.integer({ min: 0, max: 1 }),
  /** What it runs before: nothing, another configuration, or what it shall. */
  runs: fc.constantFrom('nothing', 'older', 'wanted'),
  edit: fc.option(fc.constantFrom(...EDITS), { nil: undefined }),
  foreign: fc.constantFrom(...FOREIGN),
  otherFilter: fc.boolean(),
  /** Whether the run has it among its targets; the first always is. */
  listed: fc.boolean(),
});

const start = fc.record({
  workloads: fc.array(workload, { minLength: 2, maxLength: 5 }),
  /** How many revisions they ran before those. */
  superseded: fc.integer({ min: 0, max: 2 }),
  objects: fc.record({
    configMap: fc.option(fc.constant(OBJECT_EDITS[0]), { nil: undefined }),
    filterResource: fc.option(fc.constantFrom(...OBJECT_EDITS.slice(1)), { nil: undefined }),
  }),
  prune: fc.boolean(),
  keepRevisions: fc.integer({ min: 0, max: 2 }),
  settings: fc.constantFrom('roll', 'roll', 'push'),
  expires: fc.constantFrom('', '10h'),
  wait: fc.constantFrom('true', 'true', 'false'),
  /** Which revisions are pulled as images. */
  pulled: fc.record({ superseded: fc.boolean(), older: fc.boolean(), wanted: fc.boolean() }),
});
type Start = typeof start extends fc.Arbitrary<infer T> ? T : never;

/** A configuration that goes either way. */
const configurationOf = (is: string): string => JSON.stringify({ is });
const deliveryOf = (pulled: boolean): ActionInputs =>
  pulled ? { filter: 'oci://registry.example/add-header:v1', delivery: 'image' } : {};

const STATES = fc.sample(start, { numRuns: 25, seed: 20 });

describe('a plan is what the deployment does', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  /** Brings a namespace of its own to a state; gives the targets of the run that follows. */
  const bring = async (site: Site, { workloads, superseded, objects, pulled }: Start): Promise<string> => {
    const made: Workload[] = [];
    for (const [at, { kind, replicas, foreign }] of workloads.entries()) {
      made.push(await site.workload(`w${at}`, { kind, replicas, podAnnotations: foreignVolumes(foreign) }));
    }
    const entries = (of: (one: Start['workloads'][number], at: number) => boolean): string =>
      workloads.flatMap((one, at) => (of(one, at) ? [`- ${one.kind}/w${at}\n`] : [])).join('');
    const deploy = async (targets: string, configuration: string, more: ActionInputs = {}): Promise<string> =>
      targets === '' ? '' : site.deployed(targets, configuration, { 'keep-revisions': '20', ...more });
    await deploy(
      entries(({ otherFilter }) => otherFilter),
      'other',
      { name: 'rate-limit' },
    );
    for (let n = 0; n < superseded; n++) {
      await deploy(
        entries(({ runs }) => runs !== 'nothing'),
        configurationOf(`superseded ${n}`),
        deliveryOf(pulled.superseded),
      );
    }
    const revisions = {
      nothing: '',
      older: await deploy(
        entries(({ runs }) => runs === 'older'),
        configurationOf('older'),
        deliveryOf(pulled.older),
      ),
      wanted: await deploy(
        entries(({ runs }) => runs === 'wanted'),
        configurationOf('wanted'),
        deliveryOf(pulled.wanted),
      ),
    };
    for (const [at, { runs, edit }] of workloads.entries()) {
      const one = made[at];
      if (one === undefined || edit === undefined || runs === 'nothing') continue;
      await editWorkload(site, one, edit);
      await awaitReady(cluster.api, one);
    }
    for (const revision of [revisions.older, revisions.wanted]) {
      if (revision !== '')
        for (const edit of [objects.configMap, objects.filterResource]) await editObject(site, revision, edit);
    }
    return entries(({ listed }, at) => listed || at === 0);
  };

  const foreignVolumes = (form: Start['workloads'][number]['foreign']): Record<string, string> => {
    if (form === 'none') return {};
    const [volume, mount] = [{ emptyDir: {} }, { mountPath: '/theirs' }];
    const text = (value: object): string =>
      JSON.stringify(form === 'map' ? { theirs: value } : [{ name: 'theirs', ...value }]);
    return { [USER_VOLUME_ANNOTATION]: text(volume), [USER_VOLUME_MOUNT_ANNOTATION]: text(mount) };
  };

  const editWorkload = async (site: Site, one: Workload, edit: (typeof EDITS)[number]): Promise<void> => {
    if (edit === 'label') return site.edit(one, { labels: { [podLabel(FILTER)]: null } });
    if (edit === 'state') return site.edit(one, { own: { [STATE_ANNOTATION]: null } });
    const { annotations } = await site.template(one);
    if (edit === 'volume') {
      const text = annotations[USER_VOLUME_ANNOTATION] ?? '[]';
      const kept = JSON.stringify(
        Array.isArray(JSON.parse(text))
          ? JSON.parse(text).filter(({ name }: { name: string }) => name !== volumeName(FILTER))
          : { ...JSON.parse(text), [volumeName(FILTER)]: undefined },
      );
      return site.edit(one, { annotations: { [USER_VOLUME_ANNOTATION]: kept } });
    }
    const moved = annotations[USER_VOLUME_MOUNT_ANNOTATION]?.replace(`/${FILTER}"`, '/elsewhere"') ?? '[]';
    return site.edit(one, { annotations: { [USER_VOLUME_MOUNT_ANNOTATION]: moved } });
  };

  const editObject = async (
    site: Site,
    revision: string,
    edit: (typeof OBJECT_EDITS)[number] | undefined,
  ): Promise<void> => {
    if (edit === undefined) return;
    const there = await site.objects();
    const of = there.includes(`WasmPlugin ${revision}`) ? WASM_PLUGIN : ENVOY_FILTER;
    const [configMap, filterResource] = [site.path(CONFIG_MAP, revision), site.path(of, revision)];
    if (edit === 'no ConfigMap') return cluster.api.delete(configMap);
    if (edit === 'no inserter') return cluster.api.delete(filterResource);
    const patch =
      edit === 'marked inserter'
        ? { metadata: { annotations: { [GARBAGE_ANNOTATION]: 'killed' } } }
        : { spec: { priority: 77 } };
    await cluster.api.patch(filterResource, patch, 'kubectl-edit');
  };

  test.each(STATES.map((state, at) => [at + 1, state] as const))('from state %i', async (_at, state) => {
    const site = new Site(cluster, await cluster.namespace());
    const targets = await bring(site, state);
    const inputs = {
      configuration: configurationOf('wanted'),
      ...deliveryOf(state.pulled.wanted),
      prune: String(state.prune),
      'keep-revisions': String(state.keepRevisions),
      settings: state.settings,
      expires: state.expires,
      wait: state.wait,
    };
    cluster.recorder.reset();
    const plan = await site.run('plan', targets, inputs);
    expect(cluster.recorder.writes).toEqual([]);
    const deploy = await site.run('deploy', targets, inputs);
    const predicted: readonly Write[] = plan.report.plan?.changes ?? [];
    expect(lines(writesOf(cluster.recorder.writes)).sort()).toEqual(lines(predicted).sort());
    // What cannot be planned is not deployed, for the same reasons.
    expect(deploy.report.problems).toEqual(plan.report.problems);
    if (plan.report.outcome === 'failed') return;
    expect(deploy.report.targets.flatMap(({ problem }) => problem ?? [])).toEqual([]);
    expect(deploy.report.outcome).toBe(predicted.length === 0 ? 'unchanged' : 'deployed');
    cluster.recorder.reset();

    const again = await site.run('deploy', targets, inputs);
    expect(cluster.recorder.writes).toEqual([]);
    expect(again.report.outcome).toBe('unchanged');
  });
});
