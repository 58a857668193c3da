import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { warningTexts } from '../../src/base/warning.ts';
import type { Workload } from '../../src/cluster/objects.ts';
import { resourcePath } from '../../src/cluster/resources.ts';
import { MOUNT_ANNOTATIONS, USER_VOLUME_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { ApiCallError } from '../harness/api.ts';
import { startTestCluster, type TestCluster } from '../harness/cluster.ts';
import { WORKLOADS } from '../harness/kinds.ts';
import { awaitReady, makeWorkload, pathOf } from '../harness/workloads.ts';
import { onlyTarget, REVISION_LABEL, Scene } from './scene.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startTestCluster();
});
afterAll(() => cluster.stop());

const HELM = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' },
};
const FLUX = {
  labels: { 'kustomize.toolkit.fluxcd.io/name': 'shop', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' },
};
const THEIRS = { [USER_VOLUME_ANNOTATION]: '[{"name":"theirs","emptyDir":{}}]' };

/** How a tool writes a workload, first and again. */
type Write = (workload: Workload) => Promise<unknown>;
const applyAs =
  (manager: string, force = true): Write =>
  (workload) =>
    cluster.api.apply(pathOf(workload), workload, manager, force);
const createAs =
  (manager: string): Write =>
  (workload) =>
    cluster.api.create(
      `${resourcePath(WORKLOADS.Deployment, workload.metadata.namespace)}?fieldManager=${manager}`,
      workload,
    );
const mergeAs =
  (manager: string): Write =>
  (workload) =>
    cluster.api.strategicPatch(pathOf(workload), { metadata: workload.metadata, spec: workload.spec }, manager);
/** Every field as it was, as a controller writes that compares the whole spec; none that the API server adds is lost by it. */
const replace: Write = async (workload) => {
  const { metadata } = await cluster.api.get<Workload>(pathOf(workload));
  const { resourceVersion = '' } = metadata;
  return cluster.api.replace(pathOf(workload), {
    ...workload,
    metadata: { ...workload.metadata, resourceVersion },
  });
};

interface Case {
  readonly first: Write;
  readonly again: Write;
  readonly metadata?: Partial<Workload['metadata']>;
  readonly podAnnotations?: Readonly<Record<string, string>>;
  /** What a deployment warns of. */
  readonly warning?: RegExp;
}

/** A workload that a tool has written, with the filter, and written again by the tool as it was before. */
async function writtenAgain({ first, again, metadata = {}, podAnnotations = {}, warning }: Case): Promise<{
  readonly scene: Scene;
  readonly workload: Workload;
  /** Whether the pod template still has the label of the filter, and each of its mounts. */
  readonly keeps: { readonly label: boolean; readonly mounts: readonly boolean[] };
}> {
  const scene = await Scene.open(cluster);
  const made = makeWorkload(scene.namespace, 'reviews', { replicas: 0, podAnnotations });
  const workload = { ...made, metadata: { ...made.metadata, ...metadata } };
  await first(workload);
  await awaitReady(cluster.api, workload);
  const report = await scene.deploy({ targets: '- deployment/reviews' });
  expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed' });
  expect(warningTexts(report.warnings)).toEqual(warning === undefined ? [] : [expect.stringMatching(warning)]);
  await again(workload);
  const { labels = {}, annotations = {} } = (await scene.now(workload)).spec?.template?.metadata ?? {};
  const mounts = MOUNT_ANNOTATIONS.map((key) => annotations[key]?.includes('add-header') === true);
  return { scene, workload, keeps: { label: REVISION_LABEL in labels, mounts } };
}

const KEPT = { label: true, mounts: [true, true] };

test.concurrent.each<[string, Case]>([
  [
    'Helm 3',
    { first: createAs('helm'), again: mergeAs('helm'), metadata: HELM, warning: /an upgrade leaves keys alone/ },
  ],
  ['Helm 4', { first: applyAs('helm'), again: applyAs('helm', false), metadata: HELM, warning: /an upgrade leaves/ }],
  [
    'Flux',
    {
      first: applyAs('kustomize-controller'),
      again: applyAs('kustomize-controller'),
      metadata: FLUX,
      warning: /a reconciliation leaves keys alone/,
    },
  ],
  ['kubectl apply', { first: createAs('kubectl'), again: mergeAs('kubectl') }],
  ['a controller that merges what it wants', { first: createAs('kserve'), again: mergeAs('kserve') }],
])('%s writes the template again, and the filter stays', async (_, written) => {
  expect((await writtenAgain(written)).keeps).toEqual(KEPT);
});

test.concurrent('a controller that writes the whole spec again takes the filter away', async () => {
  const { keeps } = await writtenAgain({ first: createAs('operator'), again: replace });
  expect(keeps).toEqual({ label: false, mounts: [false, false] });
});

test.concurrent.each<[string, Case]>([
  [
    'Helm 3',
    {
      first: createAs('helm'),
      again: mergeAs('helm'),
      metadata: HELM,
      warning: /so the next "helm upgrade" puts its own/,
    },
  ],
  [
    'Flux',
    {
      first: applyAs('kustomize-controller'),
      again: applyAs('kustomize-controller'),
      metadata: FLUX,
      warning: /so the next reconciliation puts its own/,
    },
  ],
])(
  '%s sets one of the annotations, too: the mount goes, the label stays, and the next run repairs it',
  async (_, written) => {
    const { scene, workload, keeps } = await writtenAgain({ ...written, podAnnotations: THEIRS });
    expect(keeps).toEqual({ label: true, mounts: [false, true] });
    const report = await scene.deploy({ targets: '- deployment/reviews' });
    expect(onlyTarget(report)).toMatchObject({ outcome: 'deployed' });
    const { annotations = {} } = (await scene.now(workload)).spec?.template?.metadata ?? {};
    expect(annotations[USER_VOLUME_ANNOTATION]).toMatch(/theirs.*add-header/);
  },
);

test.concurrent('Helm 4 with one of the annotations in the chart stops at the conflict, and nothing changes', async () => {
  let conflict: unknown;
  const { keeps } = await writtenAgain({
    first: applyAs('helm'),
    again: (workload) =>
      applyAs(
        'helm',
        false,
      )(workload).catch((error: unknown) => {
        conflict = error;
      }),
    metadata: HELM,
    podAnnotations: THEIRS,
    warning: /so the next "helm upgrade" stops with a conflict with "deploy-wasm-filter"/,
  });
  expect(conflict).toBeInstanceOf(ApiCallError);
  expect(conflict).toMatchObject({ status: 409, message: expect.stringContaining('deploy-wasm-filter') });
  expect(keeps).toEqual(KEPT);
});
