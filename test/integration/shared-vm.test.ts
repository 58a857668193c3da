/** Filters of one workload that Envoy would run in one VM, which no proxy shows afterwards. */

import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../src/base/problem.ts';
import { warningTexts } from '../../src/base/warning.ts';
import { CONFIG_MAP, ENVOY_FILTER } from '../../src/cluster/resources.ts';
import { runProblems } from '../../src/deploy/report/report.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { type ActionInputs, makeModule, type SeenReport } from '../harness/action.ts';
import { specByHand } from '../harness/by-hand.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { Site } from './site.ts';

const FIRST = { name: 'preview-1', 'vm-id': 'shared', 'root-id': 'headers', configuration: 'x-test: 1' };
const SECOND = { ...FIRST, name: 'preview-2', configuration: 'x-test: 2' };

describe('a filter whose VM another one has', () => {
  let cluster: TestCluster;
  beforeAll(async () => {
    cluster = await startTestCluster();
  });
  afterAll(() => cluster.stop());

  const open = async (): Promise<Site> => new Site(cluster, await cluster.namespace());
  const run = async (site: Site, command: string, inputs: ActionInputs, files = {}): Promise<SeenReport> => {
    cluster.recorder.reset();
    return (await site.run(command, ['reviews'], inputs, { files })).report;
  };

  test('is refused before the first write; by default each has its own', async () => {
    const site = await open();
    await site.workload('reviews');
    expect(runProblems(await run(site, 'deploy', FIRST))).toEqual([]);
    for (const command of ['plan', 'deploy']) {
      const { outcome, problems } = await run(site, command, SECOND);
      expect([command, outcome, cluster.recorder.writes]).toEqual([command, 'failed', []]);
      expect(problems.map(({ clause }) => clause)).toEqual(['two filters would run as one']);
      expect(problems.map(describeProblem)).toEqual([
        expect.stringMatching(
          /reviews would run preview-2 and preview-1 of this action as one: both have the vm-id "shared", the root id "headers" and the same module, .*Leave out "vm-id", whose default is the filter's name \("preview-2"\)/,
        ),
      ]);
    }
    const { 'vm-id': _, ...own } = SECOND;
    expect(runProblems(await run(site, 'deploy', own))).toEqual([]);
    // Deploying the first one again under its own name is nothing new.
    expect((await run(site, 'deploy', FIRST)).outcome).toBe('unchanged');
  });

  test('is told of where only the root ids differ, when it comes', async () => {
    const site = await open();
    await site.workload('reviews');
    expect(runProblems(await run(site, 'deploy', FIRST))).toEqual([]);
    const other = { ...SECOND, 'root-id': 'bodies' };
    const warning = expect.stringMatching(
      /preview-2 shares the Wasm VM of preview-1 of this action: .*root ids "bodies" and "headers"/,
    );
    const { problems, warnings } = await run(site, 'plan', other);
    expect([problems, warningTexts(warnings)]).toEqual([[], expect.arrayContaining([warning])]);
    const deployed = await run(site, 'deploy', other);
    expect([runProblems(deployed), warningTexts(deployed.warnings)]).toEqual([[], expect.arrayContaining([warning])]);
    expect(warningTexts((await run(site, 'deploy', other)).warnings)).toEqual([]);
  });

  test('may run beside another module of the same id', async () => {
    const site = await open();
    await site.workload('reviews');
    expect(runProblems(await run(site, 'deploy', FIRST))).toEqual([]);
    const { problems } = await run(site, 'plan', SECOND, { 'filter.wasm': makeModule('v2') });
    expect(problems).toEqual([]);
  });

  test('is refused where an EnvoyFilter of others inserts the other one', async () => {
    const site = await open();
    await cluster.api.create(site.path(CONFIG_MAP), {
      metadata: { name: 'theirs' },
      binaryData: { 'main.wasm': Buffer.from(makeModule()).toString('base64') },
    } as never);
    await site.workload('reviews', {
      podAnnotations: {
        [USER_VOLUME_ANNOTATION]: '[{"name":"theirs","configMap":{"name":"theirs"}}]',
        [USER_VOLUME_MOUNT_ANNOTATION]: '[{"name":"theirs","mountPath":"/etc/theirs"}]',
      },
    });
    const { apiVersion, kind } = ENVOY_FILTER;
    const theirs = { filter: 'audit', rootId: 'headers', vmId: 'shared', file: '/etc/theirs/main.wasm' };
    const spec = specByHand({ ...theirs, labels: { app: 'reviews' } });
    await cluster.api.create(site.path(ENVOY_FILTER), {
      apiVersion,
      kind,
      metadata: { name: 'by-hand' },
      spec,
    } as never);
    const { problems } = await run(site, 'deploy', FIRST);
    expect([problems.map(describeProblem), cluster.recorder.writes]).toEqual([
      [expect.stringMatching(/would run preview-1 and "audit" of EnvoyFilter \S+\/by-hand .* as one/)],
      [],
    ]);
  });
});
