import { describe, expect, test } from '@jest/globals';
import type { ObjectMeta, Workload } from '../../../../src/cluster/objects.ts';
import { describeReturn, gitOpsWarning, recogniseGitOps } from '../../../../src/mesh/identity/gitops.ts';

const VOLUME = 'sidecar.istio.io/userVolume';
const workload = (metadata: Partial<ObjectMeta>): Workload => ({
  metadata: { name: 'reviews', namespace: 'shop', ...metadata },
});
const argo = { 'argocd.argoproj.io/tracking-id': 'bookshop:apps/Deployment:shop/reviews' };
const flux = { 'kustomize.toolkit.fluxcd.io/name': 'apps', 'kustomize.toolkit.fluxcd.io/namespace': 'flux-system' };
const helm = { 'helm.toolkit.fluxcd.io/name': 'reviews', 'helm.toolkit.fluxcd.io/namespace': 'shop' };

describe('recogniseGitOps', () => {
  test.each<[string, Partial<ObjectMeta>, 'Argo CD' | 'Flux', RegExp]>([
    ['Argo CD by its annotation', { annotations: argo }, 'Argo CD', /bookshop$/],
    ['Argo CD by its label', { labels: { 'argocd.argoproj.io/instance': 'bookshop' } }, 'Argo CD', /bookshop$/],
    ['a Kustomization of Flux', { labels: flux }, 'Flux', /^Kustomization flux-system\/apps$/],
    ['a HelmRelease of Flux', { labels: helm }, 'Flux', /^HelmRelease shop\/reviews$/],
  ])('%s', (_, metadata, tool, object) => {
    expect(recogniseGitOps(workload(metadata))).toEqual({
      tool,
      object: expect.stringMatching(object),
      declares: false,
    });
  });

  test.each<[string, Partial<ObjectMeta>]>([
    ['no marks', {}],
    [
      'marks of plain Helm',
      { labels: { 'app.kubernetes.io/managed-by': 'Helm', 'app.kubernetes.io/instance': 'shop' } },
    ],
    ['an apply by hand', { annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }],
  ])('%s: nobody', (_, metadata) => {
    expect(recogniseGitOps(workload(metadata))).toBeUndefined();
  });
});

describe('whether Git declares what we write', () => {
  const applied = (annotations: object): Partial<ObjectMeta> => ({
    annotations: {
      ...argo,
      'kubectl.kubernetes.io/last-applied-configuration': JSON.stringify({
        spec: { template: { metadata: { annotations } } },
      }),
    },
  });
  const managed = (manager: string, operation: string, annotation = VOLUME): Partial<ObjectMeta> => ({
    labels: flux,
    managedFields: [
      { manager: 'kube-controller-manager', operation: 'Update', fieldsV1: { 'f:status': {} } },
      {
        manager,
        operation,
        fieldsV1: { 'f:spec': { 'f:template': { 'f:metadata': { 'f:annotations': { [`f:${annotation}`]: {} } } } } },
      },
    ],
  });

  test.each<[string, Partial<ObjectMeta>, boolean]>([
    ['applied with userVolume', applied({ [VOLUME]: '[]' }), true],
    ['applied with userVolumeMount', applied({ [`${VOLUME}Mount`]: '[]' }), true],
    ['applied with other annotations', applied({ team: 'a' }), false],
    [
      'applied, but not readable',
      { annotations: { ...argo, 'kubectl.kubernetes.io/last-applied-configuration': '{' } },
      false,
    ],
    ['server-side apply of Flux', managed('kustomize-controller', 'Apply'), true],
    ['server-side apply of Argo CD', managed('argocd-controller', 'Apply'), true],
    ['an upgrade by the helm-controller', managed('helm-controller', 'Update'), true],
    ['server-side apply of other annotations', managed('kustomize-controller', 'Apply', 'team'), false],
    ['our own writes', managed('deploy-wasm-filter', 'Update'), false],
    ['an edit by hand', managed('kubectl-edit', 'Update'), false],
  ])('%s: %s', (_, metadata, declares) => {
    expect(recogniseGitOps(workload(metadata))).toMatchObject({ declares });
  });
});

describe('gitOpsWarning', () => {
  const found = { tool: 'Argo CD', object: 'application bookshop', declares: false } as const;
  const names = [
    'Deployment shop/a',
    'Deployment shop/b',
    'Deployment shop/c',
    'Deployment shop/d',
    'Deployment shop/e',
  ];

  test('says who, what will happen and what to do', () => {
    const warning = gitOpsWarning(found, names.slice(0, 1));
    expect(warning).toMatch(/^Deployment shop\/a belongs to Argo CD \(application bookshop\): /);
    expect(warning).toMatch(/leaves keys alone that Git does not set/);
    expect(warning).toMatch(/"command: render".+RespectIgnoreDifferences=true/);
  });

  test('declared keys come back', () => {
    const warning = gitOpsWarning({ ...found, declares: true }, names.slice(0, 1));
    expect(warning).toMatch(/Git sets .*userVolume.* its next sync removes the filter again/);
  });

  test('Flux is not told what only Argo CD can do', () => {
    const warning = gitOpsWarning({ tool: 'Flux', object: 'Kustomization flux-system/apps', declares: true }, names);
    expect(warning).not.toMatch(/ignoreDifferences/i);
    expect(warning).toContain('"command: render"');
  });

  test('many workloads are not all named', () => {
    expect(gitOpsWarning(found, names)).toMatch(
      /^Deployment shop\/a, Deployment shop\/b, Deployment shop\/c and 2 more belong to/,
    );
  });
});

describe('describeReturn', () => {
  const release = { 'meta.helm.sh/release-name': 'web', 'meta.helm.sh/release-namespace': 'apps' };
  const managed = { 'app.kubernetes.io/managed-by': 'Helm' };
  const applied = { 'kubectl.kubernetes.io/last-applied-configuration': '{}' };

  test.each<[string, Partial<ObjectMeta>, RegExp, RegExp]>([
    ['Argo CD', { annotations: { ...argo, ...applied } }, /next sync of Argo CD \(application bookshop\)$/, /Git/],
    ['Flux', { labels: flux }, /next sync of Flux \(Kustomization flux-system\/apps\)$/, /Git/],
    [
      'Flux with Helm',
      { labels: { ...helm, ...managed }, annotations: release },
      /Flux \(HelmRelease shop\/rev/,
      /Git/,
    ],
    ['Helm', { labels: managed, annotations: release }, /upgrade of the Helm release apps\/web$/, /chart/],
    ['kubectl', { annotations: applied }, /applied again/, /that file/],
  ])('%s', (_, metadata, when, remedy) => {
    expect(describeReturn(workload(metadata))).toEqual({
      when: expect.stringMatching(when),
      remedy: expect.stringMatching(remedy),
    });
  });

  test.each<[string, Partial<ObjectMeta>]>([
    ['no marks', {}],
    ['the label of Helm alone, which charts of others copy', { labels: managed }],
  ])('%s: nobody', (_, metadata) => {
    expect(describeReturn(workload(metadata))).toBeUndefined();
  });
});
