import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Workload } from '../../../../src/cluster/objects.ts';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import type { DeployRequest } from '../../../../src/deploy/request.ts';
import { filtersOn } from '../../../../src/mesh/template/template.ts';
import { countWrites, deployRequest, filterRequest, must, settings, snapshotOf } from '../../builders.ts';
import { anyStart, workloadFrom } from '../any-workload.ts';
import { executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';
import { unmanagedEnvoyFilter } from '../unmanaged.ts';

const starts = fc.array(anyStart, { minLength: 1, maxLength: 3 });
const policy = fc.record({
  prune: fc.boolean(),
  settingsChange: fc.constantFrom<DeployRequest['settingsChange']>('roll', 'push'),
  keepRevisions: fc.nat(2),
});
const options = fc.record({ adopt: fc.boolean(), expiresMs: fc.constantFrom(3_600_000, 60_000) });

test('whatever is there at first, a plan that was carried out leaves nothing to write, and nothing of others changed', () => {
  let planned = 0;
  let byHand = 0;
  fc.assert(
    fc.property(starts, policy, options, fc.boolean(), fc.boolean(), (list, how, own, two, hand) => {
      const workloads = Object.fromEntries(list.map((one, at) => [`shop/deploy/w${at}`, workloadFrom(`w${at}`, one)]));
      const targets = list.map((_, at) => `- {kind: deploy, name: w${at}${at === 1 ? ', port: 80' : ''}}`).join('\n');
      const second = two ? [filterRequest(targets, { ...own, name: 'second' })] : [];
      const filters = [filterRequest(targets, own), ...second];
      const request = { ...deployRequest(...filters), ...how };
      const foreign = hand ? [unmanagedEnvoyFilter('/data/x.wasm')] : [];
      const cluster = { workloads, filterResources: { shop: foreign } };
      const plan = makePlan(request, snapshotOf(cluster), NOW);
      if (!plan.ok) return;
      planned++;
      if (plan.value.workloads.some(({ adopted }) => adopted.length > 0)) byHand++;
      const then = executePlan(plan.value, cluster);
      expect(countWrites(must(makePlan({ ...request, run: 'o/r/2/1' }, snapshotOf(then), NOW)))).toBe(0);
      list.forEach(({ other }, at) => {
        const { metadata, spec } = then.workloads[`shop/deploy/w${at}`] as Workload;
        expect(metadata.annotations).toMatchObject(other);
        expect(spec?.template?.metadata?.annotations).toMatchObject(other);
        expect(spec?.template?.metadata?.labels).toMatchObject({ app: `w${at}` });
      });
    }),
    { numRuns: 300 },
  );
  expect(planned).toBeGreaterThan(20);
  expect(byHand).toBeGreaterThan(0);
});

test('however targets and settings change from run to run, the second of two equal runs has nothing to do', () => {
  const step = fc.record({
    targets: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { minLength: 1 }),
    configuration: fc.constantFrom('1', '2', '3'),
    how: policy,
    own: options,
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
      const empty = { volumes: undefined, mounts: undefined, label: undefined, state: undefined, other: {} };
      let cluster = executePlan(
        { configMaps: [], filterResources: [], workloads: [], garbage: [], warnings: [] },
        {
          workloads: Object.fromEntries(
            ['a', 'b', 'c'].map((name) => [`shop/deploy/${name}`, workloadFrom(name, empty)]),
          ),
        },
      );
      for (const { targets, configuration, how, own } of steps) {
        const list = targets.map((name) => `- deploy/${name}`).join('\n');
        const filter = filterRequest(list, { ...own, settings: settings({ configuration }) });
        const request = { ...deployRequest(filter), ...how };
        const plan = makePlan(request, snapshotOf(cluster), NOW);
        // Settings that others share cannot be pushed.
        if (!plan.ok) {
          expect([how.settingsChange, ...plan.problems.map(({ kind }) => kind)]).toEqual(['push', 'workload']);
          continue;
        }
        cluster = executePlan(plan.value, cluster);
        const again = must(makePlan(request, snapshotOf(cluster), NOW));
        expect(countWrites(again)).toBe(0);
        expect(again.workloads.flatMap(({ drift }) => drift)).toEqual([]);
        const carrying = Object.entries(cluster.workloads).filter(([, one]) => filtersOn(one).includes('add-header'));
        if (how.prune) expect(carrying.map(([path]) => path.slice(-1)).sort()).toEqual([...targets].sort());
      }
    }),
    { numRuns: 100 },
  );
});
