import { expect, test } from '@jest/globals';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { ObjectMeta } from '../../../../src/cluster/objects.ts';
import type { PlannedWorkload } from '../../../../src/deploy/plan/plan.ts';
import { templateWarnings } from '../../../../src/deploy/plan/template-warnings.ts';
import { pulledRevision, revision, workload } from '../../builders.ts';
import { plannedFor } from '../planned.ts';

const VOLUME = 'sidecar.istio.io/userVolume';
const COMMIT = 'commit the files that "command: render" writes to Git';
const CHART = 'add the files that "command: render" writes to the chart';
const FILE = 'apply the files that "command: render" writes as well';
const BROKEN = 'the mount of the filter is gone then, but not its label, and new pods cannot become ready';
const planned = (name: string, metadata: Partial<ObjectMeta>, image = false): PlannedWorkload => {
  const observed = workload(name);
  return plannedFor(`shop/deploy/${name}`, {
    observed: { ...observed, metadata: { ...observed.metadata, ...metadata } },
    revisions: [image ? pulledRevision() : revision()],
  });
};
const argo = (name: string, app = 'bookshop'): Partial<ObjectMeta> => ({
  annotations: { 'argocd.argoproj.io/tracking-id': `${app}:apps/Deployment:shop/${name}` },
});
const helm = {
  labels: { 'app.kubernetes.io/managed-by': 'Helm' },
  annotations: { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'shop' },
};
const owned = (apiVersion: string, kind: string, name: string): Partial<ObjectMeta> => ({
  ownerReferences: [{ apiVersion, kind, name, controller: true }],
});
const holding = (manager: string, operation: string): Partial<ObjectMeta> => ({
  managedFields: [
    {
      manager,
      operation,
      fieldsV1: { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${VOLUME}`]: {} } } } } },
    },
  ],
});

test.each<[string, Partial<ObjectMeta>, string]>([
  [
    'Argo CD',
    argo('a'),
    `belongs to Argo CD (application bookshop): a sync, self-heal included, leaves keys alone that Git does not set, so the filter stays; only one that replaces the object (Replace=true) removes it. To be safe, ${COMMIT}.`,
  ],
  [
    'Argo CD, with our keys in Git',
    { ...argo('a'), ...holding('argocd-controller', 'Apply') },
    `belongs to Argo CD (application bookshop): Git sets sidecar.istio.io/userVolume or sidecar.istio.io/userVolumeMount there, too, so the next sync, at once with self-heal, puts its own value back: ${BROKEN}. To keep it, ${COMMIT}, or let the application ignore these annotations and the label (ignoreDifferences with RespectIgnoreDifferences=true).`,
  ],
  [
    'Argo CD, replacing',
    { annotations: { ...argo('a').annotations, 'argocd.argoproj.io/sync-options': 'Replace=true' } },
    `belongs to Argo CD (application bookshop): the next sync replaces the object (sync option Replace=true), and the filter is gone then. To keep it, ${COMMIT}, or take that option away.`,
  ],
  [
    'Flux',
    { labels: { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' } },
    `belongs to Flux (Kustomization flux-system/apps): a reconciliation leaves keys alone that Git does not set, so the filter stays; only one that recreates or replaces the object (force) removes it. To be safe, ${COMMIT}.`,
  ],
  [
    'Helm',
    helm,
    `belongs to Helm (release shop/web): an upgrade leaves keys alone that the chart does not set, so the filter stays; only one that replaces the object (--force, in Helm 4 --force-replace) removes it. To be safe, ${CHART}.`,
  ],
  [
    'Helm 3, with our keys in the chart',
    { ...helm, ...holding('helm', 'Update') },
    `belongs to Helm (release shop/web): the chart sets sidecar.istio.io/userVolume or sidecar.istio.io/userVolumeMount there, too, so the next "helm upgrade" puts its own value back: ${BROKEN}. To keep it, ${CHART}.`,
  ],
  [
    'Helm 4, with our keys in the chart',
    { ...helm, ...holding('helm', 'Apply') },
    `belongs to Helm (release shop/web): the chart sets sidecar.istio.io/userVolume or sidecar.istio.io/userVolumeMount there, too, so the next "helm upgrade" stops with a conflict with "deploy-wasm-filter", or, with --force-conflicts, puts its own value back: ${BROKEN}. To keep it, ${CHART}.`,
  ],
  [
    'kubectl apply, with our keys in the file',
    {
      annotations: {
        'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
          spec: { template: { metadata: { annotations: { [VOLUME]: '[]' } } } },
        }),
      },
    },
    `was applied by kubectl apply: the file sets sidecar.istio.io/userVolume or sidecar.istio.io/userVolumeMount there, too, so the next "kubectl apply" puts its own value back: ${BROKEN}. To keep it, ${FILE}.`,
  ],
  [
    'Knative',
    owned('serving.knative.dev/v1', 'Revision', 'hello-00001'),
    'belongs to Revision hello-00001 of Knative Serving, which before version 1.21 puts the pod template back at once, and since then keeps what others add; a new Revision starts without the filter in any case. To be safe, put the two annotations and the label into spec.template.metadata of the Knative Service; "command: render" writes them to files.',
  ],
  [
    'KServe',
    owned('serving.kserve.io/v1beta1', 'InferenceService', 'sklearn-iris'),
    'belongs to InferenceService sklearn-iris of KServe, which merges its own pod template into this one, so that the filter stays; older versions put it back at once. To be safe, put the two annotations and the label into metadata of the InferenceService, which passes them on; "command: render" writes them to files.',
  ],
  [
    'any other operator',
    { ...owned('kafka.strimzi.io/v1beta2', 'Kafka', 'orders'), ...holding('strimzi-cluster-operator', 'Update') },
    'belongs to Kafka orders (its pod template is held by "strimzi-cluster-operator"), whose controller may put the pod template back. If it does, put the two annotations and the label into the template that Kafka orders has; "command: render" writes them to files.',
  ],
])('%s, and what it does, in a sentence', (_, metadata, warning) => {
  expect(warningTexts(templateWarnings([planned('a', metadata)]))).toEqual([`Deployment shop/a ${warning}`]);
});

test('one sentence for all that the same happens to', () => {
  const revisions = ['a', 'b', 'c', 'd'].map((name) => owned('serving.knative.dev/v1', 'Revision', `${name}-00001`));
  const warnings = templateWarnings([
    planned('a', argo('a')),
    planned('b', argo('b', 'edge')),
    planned('c', { ...argo('c'), ...holding('argocd-controller', 'Apply') }),
    ...revisions.map((metadata, at) => planned(`k${at}`, metadata)),
    planned('o', owned('example.com/v1', 'Shop', 'x')),
    planned('p', owned('example.com/v1', 'Shop', 'y')),
  ]);
  expect(warningTexts(warnings).map((warning) => warning.split(/: |, wh/, 1)[0])).toEqual([
    'Deployment shop/a, Deployment shop/b belong to Argo CD (application bookshop and application edge)',
    'Deployment shop/c belongs to Argo CD (application bookshop)',
    'Deployment shop/k0, Deployment shop/k1, Deployment shop/k2 and 1 more belong to Revision a-00001, Revision b-00001, Revision c-00001 and 1 more of Knative Serving',
    'Deployment shop/o and Deployment shop/p belong to Shop x and Shop y',
  ]);
});

test('a filter that mounts nothing takes no key that a source could have', () => {
  const metadata = { ...helm, ...holding('helm', 'Update') };
  expect(warningTexts(templateWarnings([planned('a', metadata, true)]))).toEqual([
    expect.stringMatching(/so the filter stays/),
  ]);
});

test('nothing to say where nobody else writes, or nothing is written', () => {
  expect(warningTexts(templateWarnings([planned('a', {})]))).toEqual([]);
  expect(warningTexts(templateWarnings([{ ...planned('a', argo('a')), patch: undefined }]))).toEqual([]);
});
