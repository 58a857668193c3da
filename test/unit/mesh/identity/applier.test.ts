import { describe, expect, test } from '@jest/globals';
import type { ObjectMeta, Workload } from '../../../../src/cluster/objects.ts';
import { describeReturn, findApplier, isAppliedByServer, isDeclared } from '../../../../src/mesh/identity/applier.ts';
import { effectOf } from '../../../../src/mesh/identity/applier-effect.ts';

const VOLUME = 'sidecar.istio.io/userVolume';
const on = (...parts: readonly Partial<ObjectMeta>[]): Workload => ({
  metadata: Object.assign({ name: 'reviews', namespace: 'shop' }, ...parts),
});
const argo = (id = 'bookshop:apps/Deployment:shop/reviews'): Partial<ObjectMeta> => ({
  annotations: { 'argocd.argoproj.io/tracking-id': id },
});
const kustomization = {
  'kustomize.toolkit.fluxcd.io/name': 'apps',
  'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
};
const helmRelease = { 'helm.toolkit.fluxcd.io/name': 'reviews', 'helm.toolkit.fluxcd.io/namespace': 'shop' };
const release = { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'apps' };
const managedByHelm = { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'web' };
const HELM = { labels: managedByHelm, annotations: release };
const FLEET = { labels: managedByHelm, annotations: { ...release, 'objectset.rio.cattle.io/id': 'default-shop' } };
const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const lastApplied = (annotations?: object): Record<string, string> => ({
  [LAST_APPLIED]: JSON.stringify({ spec: { template: { metadata: { annotations } } } }),
});
const fieldsOf = (annotation: string): object => ({
  'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } },
});
const written = (manager: string, operation: string, annotation = VOLUME): Partial<ObjectMeta> => ({
  managedFields: [
    { manager: 'kube-controller-manager', operation: 'Update', fieldsV1: { 'f:status': {} } },
    { manager, operation, fieldsV1: fieldsOf(annotation) },
  ],
});

describe('who writes an object again', () => {
  test.each<[string, Partial<ObjectMeta>, string]>([
    ['Argo CD by its annotation', argo(), 'Argo CD application bookshop'],
    [
      'Argo CD by its own label',
      { labels: { 'argocd.argoproj.io/instance': 'bookshop' } },
      'Argo CD application bookshop',
    ],
    [
      'Argo CD by the usual label, where it has written',
      { labels: { 'app.kubernetes.io/instance': 'bookshop' }, ...written('argocd-controller', 'Apply', 'team') },
      'Argo CD application bookshop',
    ],
    [
      'Argo CD before the chart that it has rendered',
      { labels: managedByHelm, ...argo() },
      'Argo CD application bookshop',
    ],
    ['a Kustomization of Flux', { labels: kustomization }, 'Flux Kustomization flux-system/apps'],
    [
      'a HelmRelease of Flux, before Helm',
      { labels: { ...helmRelease, ...managedByHelm }, annotations: release },
      'Flux HelmRelease shop/reviews',
    ],
    ['Helm', HELM, 'Helm release apps/web'],
    ['Rancher Fleet, before Helm', FLEET, 'Rancher Fleet release apps/web'],
    ['kubectl apply', { annotations: lastApplied() }, 'kubectl apply '],
  ])('%s', (_, metadata, applier) => {
    const found = findApplier(on(metadata));
    expect(`${found?.tool} ${found?.object}`).toBe(applier);
  });

  test.each<[string, Partial<ObjectMeta>]>([
    ['no marks', {}],
    ['the annotation of Argo CD for another object, which somebody has copied', argo('a:apps/Deployment:shop/ratings')],
    ['the label of Helm alone, which charts of others copy', { labels: managedByHelm }],
    ['the usual label alone', { labels: { 'app.kubernetes.io/instance': 'bookshop' } }],
    ['an autoscaler', { managedFields: [{ manager: 'horizontal-pod-autoscaler', operation: 'Update' }] }],
  ])('%s: nobody', (_, metadata) => {
    expect(findApplier(on(metadata))).toBeUndefined();
  });
});

describe('whether the source sets what we write', () => {
  test.each<[string, Partial<ObjectMeta>, boolean]>([
    ['applied with userVolume', { annotations: lastApplied({ [VOLUME]: '[]' }) }, true],
    ['applied with userVolumeMount', { annotations: lastApplied({ [`${VOLUME}Mount`]: '[]' }) }, true],
    ['applied with other annotations', { annotations: lastApplied({ team: 'a' }) }, false],
    ['applied, but not readable', { annotations: { [LAST_APPLIED]: '{' } }, false],
    ['server-side apply of Flux', written('kustomize-controller', 'Apply'), true],
    ['server-side apply of Argo CD', written('argocd-controller', 'Apply'), true],
    ['server-side apply of anybody', written('my-operator', 'Apply'), true],
    ['an upgrade by the helm-controller', written('helm-controller', 'Update'), true],
    ['an upgrade by Helm', written('helm', 'Update'), true],
    ['a bundle of Fleet', written('fleetagent', 'Update'), true],
    ['server-side apply of other annotations', written('kustomize-controller', 'Apply', 'team'), false],
    ['our own writes', written('deploy-wasm-filter', 'Update'), false],
    ['an edit by hand', written('kubectl-edit', 'Update'), false],
  ])('%s: %s', (_, metadata, declares) => {
    expect(isDeclared(on(metadata))).toBe(declares);
  });

  test('and whether the server applies it', () => {
    expect(isAppliedByServer(on(written('helm', 'Apply')))).toBe(true);
    expect(isAppliedByServer(on(written('helm', 'Update')))).toBe(false);
    expect(isAppliedByServer(on(written('deploy-wasm-filter', 'Apply')))).toBe(false);
  });
});

describe('what becomes of the filter', () => {
  const declared = { annotations: lastApplied({ [VOLUME]: '[]' }) };
  const labelled = (labels: Record<string, string>): Partial<ObjectMeta> => ({ labels });

  test.each<[string, Partial<ObjectMeta>[], string | undefined]>([
    ['Argo CD', [argo()], 'kept'],
    ['Argo CD, self-heal or not, with the keys in Git', [argo(), written('argocd-controller', 'Apply')], 'overwritten'],
    [
      'Argo CD that replaces the object',
      [{ annotations: { ...argo().annotations, 'argocd.argoproj.io/sync-options': 'Prune=false, Replace=true' } }],
      'replaced',
    ],
    ['a Kustomization', [labelled(kustomization)], 'kept'],
    [
      'a Kustomization with the keys in Git',
      [labelled(kustomization), written('kustomize-controller', 'Apply')],
      'overwritten',
    ],
    [
      'a Kustomization that is disabled there',
      [labelled({ ...kustomization, 'kustomize.toolkit.fluxcd.io/reconcile': 'disabled' })],
      undefined,
    ],
    [
      'a Kustomization that has only made it',
      [{ labels: kustomization, annotations: { 'kustomize.toolkit.fluxcd.io/ssa': 'IfNotPresent' } }],
      undefined,
    ],
    ['a HelmRelease', [labelled(helmRelease)], 'kept'],
    [
      'a HelmRelease with the keys in the chart',
      [labelled(helmRelease), written('helm-controller', 'Update')],
      'overwritten',
    ],
    ['Helm 3', [HELM], 'kept'],
    ['Helm 3 with the keys in the chart', [HELM, written('helm', 'Update')], 'overwritten'],
    ['Helm 4', [HELM, written('helm', 'Apply', 'team')], 'kept'],
    ['Helm 4 with the keys in the chart', [HELM, written('helm', 'Apply')], 'conflict'],
    ['Fleet', [FLEET], 'kept'],
    ['Fleet with the keys in Git', [FLEET, written('fleetagent', 'Update')], 'overwritten'],
    ['kubectl apply', [{ annotations: lastApplied() }], undefined],
    ['kubectl apply with the keys in the file', [declared], 'overwritten'],
  ])('%s: %s', (_, parts, effect) => {
    const workload = on(...parts);
    const applier = findApplier(workload);
    expect(applier && effectOf(workload, applier, true)).toBe(effect);
    // A label alone is nobody's but ours.
    const alone = applier && effectOf(workload, applier, false);
    expect(alone).toBe(
      effect === 'overwritten' || effect === 'conflict' ? (applier?.object ? 'kept' : undefined) : effect,
    );
  });
});

describe('when it comes back', () => {
  test.each<[string, Partial<ObjectMeta>, RegExp, RegExp]>([
    ['Argo CD', argo(), /next sync of Argo CD \(application bookshop\)$/, /Git/],
    ['Flux', { labels: kustomization }, /next sync of Flux \(Kustomization flux-system\/apps\)$/, /Git/],
    [
      'Flux with Helm',
      { labels: { ...helmRelease, ...managedByHelm }, annotations: release },
      /Flux \(HelmRelease shop\/rev/,
      /Git/,
    ],
    ['Fleet', FLEET, /next sync of Rancher Fleet \(release apps\/web\)$/, /Git/],
    ['Helm', HELM, /upgrade of the Helm release apps\/web$/, /chart/],
    ['kubectl', { annotations: lastApplied() }, /applied again/, /that file/],
  ])('%s', (_, metadata, when, remedy) => {
    expect(describeReturn(on(metadata))).toEqual({
      when: expect.stringMatching(when),
      remedy: expect.stringMatching(remedy),
    });
  });

  test('nobody knows', () => {
    expect(describeReturn(on({}))).toBeUndefined();
  });
});
