import { describe, expect, test } from '@jest/globals';
import { makePlan } from '../../../../src/deploy/plan/make-plan.ts';
import { describeChanges } from '../../../../src/deploy/preflight/changes.ts';
import type { DeployRequest } from '../../../../src/deploy/request.ts';
import { revisionName } from '../../../../src/mesh/identity/revision.ts';
import {
  type ClusterParts,
  deployRequest,
  filterModule,
  filterRequest,
  must,
  patchedWith,
  revision,
  settings,
  snapshotOf,
  workload,
} from '../../builders.ts';
import { type Cluster, executePlan } from '../execute-plan.ts';
import { NOW } from '../planned.ts';

type Change = ReturnType<typeof describeChanges>[number]['change'];

const request = deployRequest(filterRequest('- deploy/reviews'));
const ratingsOnly = deployRequest(filterRequest('- deploy/ratings'));
const EMPTY: ClusterParts = { workloads: { 'shop/deploy/reviews': workload('reviews') } };
const NAME = revisionName(revision());
const ID = revision().id;

function changesOf(cluster: ClusterParts, of: DeployRequest = request): Change[] {
  const snapshot = snapshotOf(cluster);
  return describeChanges(must(makePlan(of, snapshot, NOW)), snapshot).map(({ change }) => change);
}
const after = (cluster: ClusterParts, of: DeployRequest = request): Cluster =>
  executePlan(must(makePlan(of, snapshotOf(cluster), NOW)), cluster);
const deployed = after(EMPTY);
const titles = (changes: readonly Change[]): string[] =>
  changes.map(({ action, kind, name }) => `${action} ${kind} ${name}`);

describe('describeChanges', () => {
  test('of a first deployment: everything is new, in the order of the writes', () => {
    const changes = changesOf(EMPTY);
    expect(titles(changes)).toEqual([
      `create ConfigMap ${NAME}`,
      `create EnvoyFilter ${NAME}`,
      'change Deployment reviews',
    ]);
    for (const { namespace, reasons } of changes) expect([namespace, reasons]).toEqual(['shop', []]);
    for (const { diff } of changes.slice(0, 2)) expect(diff.every((line) => line.startsWith('+'))).toBe(true);
  });

  test('of a ConfigMap: not the module itself, but its size and digest', () => {
    const [configMap] = changesOf(EMPTY);
    expect(configMap?.diff).toContain(`+  ${NAME}.wasm: <8 B, ${filterModule().digest}>`);
    expect(configMap?.diff).toContain('+immutable: true');
  });

  test('of a workload: the keys as they are and as they will be', () => {
    const [, , change] = changesOf(EMPTY);
    expect(change?.diff).toEqual([
      ' metadata.annotations:',
      `+  deploy-wasm-filter/state: {"add-header":{"revision":"${ID}","run":"o/r/1/1","started":"2026-01-01T00:00:00.000Z"}}`,
      ' spec.template.metadata.labels:',
      `+  deploy-wasm-filter/add-header: ${ID}`,
      ' spec.template.metadata.annotations:',
      `+  sidecar.istio.io/userVolume: [{"name":"wasm-filter-add-header","configMap":{"name":"${NAME}"}}]`,
      '+  sidecar.istio.io/userVolumeMount: [{"name":"wasm-filter-add-header","mountPath":"/var/local/lib/wasm-filters/add-header","readOnly":true}]',
    ]);
  });

  test('of a new revision: what was there, too', () => {
    const newer = deployRequest(filterRequest('- deploy/reviews', { settings: settings({ configuration: 'new' }) }));
    const changes = changesOf(deployed, newer);
    const name = revisionName(revision('add-header', { configuration: 'new' }));
    expect(titles(changes)).toEqual([
      `create ConfigMap ${name}`,
      `create EnvoyFilter ${name}`,
      'change Deployment reviews',
    ]);
    expect(changes[2]?.diff.slice(3, 6)).toEqual([
      ' spec.template.metadata.labels:',
      `-  deploy-wasm-filter/add-header: ${ID}`,
      `+  deploy-wasm-filter/add-header: ${name.slice(-10)}`,
    ]);
  });

  test('of a filter that goes: what was there', () => {
    const cluster = { ...deployed, workloads: { ...deployed.workloads, 'shop/deploy/ratings': workload('ratings') } };
    const other = { ...ratingsOnly, prune: true };
    const change = changesOf(cluster, other).find(({ name }) => name === 'reviews');
    expect(change?.diff.filter((line) => line.startsWith('+'))).toEqual([]);
    expect(change?.diff).toContain(`-  deploy-wasm-filter/add-header: ${ID}`);
  });

  test('of settings that are pushed: a diff of the EnvoyFilter with some lines around', () => {
    const newer = filterRequest('- deploy/reviews', { settings: settings({ configuration: 'new', port: 9080 }) });
    const [change, ...more] = changesOf(deployed, { ...deployRequest(newer), settingsChange: 'push' });
    expect(more).toEqual([]);
    expect(change).toMatchObject({ action: 'change', kind: 'EnvoyFilter', name: NAME });
    const marked = change?.diff.filter((line) => !line.startsWith(' ')) ?? [];
    expect(marked.map((line) => line.replace(/^(.) +/, '$1'))).toEqual([
      '+portNumber: 9080',
      `-value: '{"header":"x-wasm"}'`,
      '+value: new',
    ]);
    expect(change?.diff).toContain(' …');
    expect(change?.diff.length).toBeLessThan(25);
  });

  test('of what others have edited: why', () => {
    const [envoyFilter] = deployed.filterResources?.shop ?? [];
    if (envoyFilter === undefined) throw new Error('no EnvoyFilter');
    const managedFields = [{ manager: 'kubectl-edit' }];
    const edited = { metadata: { ...envoyFilter.metadata, managedFields }, spec: { ...envoyFilter.spec, priority: 5 } };
    const label = { spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': null } } } } };
    const reviews = patchedWith(deployed.workloads['shop/deploy/reviews'] ?? workload('reviews'), label);
    const both = deployRequest(filterRequest('- deploy/reviews\n- deploy/ratings'));
    const ratings = after({ workloads: { 'shop/deploy/ratings': workload('ratings') } }, ratingsOnly).workloads;
    const changes = changesOf(
      {
        configMaps: {},
        filterResources: { shop: [edited] },
        workloads: { ...ratings, 'shop/deploy/reviews': reviews },
      },
      both,
    );
    expect(changes.map(({ action, reasons }) => [action, ...reasons])).toEqual([
      ['create', `ConfigMap shop/${NAME} was deleted`],
      ['change', `EnvoyFilter shop/${NAME} was edited by kubectl-edit`],
      ['change', 'the label of add-header was removed'],
    ]);
    expect(changes[1]?.diff.filter((line) => !line.startsWith(' '))).toEqual(['-  priority: 5', '+  priority: 10']);
  });

  test('of garbage: deletions without a diff, at the end', () => {
    const newer = {
      ...deployRequest(filterRequest('- deploy/reviews', { settings: settings({ order: 1 }) })),
      keepRevisions: 0,
    };
    const changes = changesOf(deployed, newer);
    expect(titles(changes).slice(-2)).toEqual([`delete EnvoyFilter ${NAME}`, `delete ConfigMap ${NAME}`]);
    expect(changes.slice(-2)).toMatchObject([
      { reasons: ['superseded'], diff: [] },
      { reasons: ['superseded'], diff: [] },
    ]);
  });

  test('of nothing: nothing', () => {
    expect(changesOf(deployed)).toEqual([]);
  });
});
