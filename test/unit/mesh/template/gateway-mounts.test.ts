import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { PodTemplate, Workload } from '../../../../src/cluster/objects.ts';
import { mountedRevision, type PodRevision, revisionName } from '../../../../src/mesh/identity/revision.ts';
import { isInjectedGateway, mergeGatewayMounts } from '../../../../src/mesh/template/gateway-mounts.ts';
import { mountedAt } from '../../../../src/mesh/template/sidecar-mounts.ts';
import { patchWorkload } from '../../../../src/mesh/template/template.ts';
import type { PodLists } from '../../../../src/mesh/workload-patch.ts';
import { must, patchedWith, problemsIn, revision, workload } from '../../builders.ts';

type Spec = NonNullable<PodTemplate['spec']>;
const TEMPLATES = 'inject.istio.io/templates';
const PROXY = { name: 'istio-proxy', image: 'auto' };
const gateway = (spec: Spec = {}): Workload =>
  workload('ingress', { podAnnotations: { [TEMPLATES]: 'gateway' }, podSpec: { containers: [PROXY], ...spec } });
const templateOf = ({ spec }: Workload): PodTemplate => spec?.template ?? {};

const ours = revision();
const newer = revision('add-header', { configuration: 'new' });
const VOLUME = 'wasm-filter-add-header';
const volumeOf = (podRevision: Pick<PodRevision, 'filter' | 'id'>): object => ({
  name: VOLUME,
  configMap: { name: revisionName(podRevision) },
});
const mount = { name: VOLUME, mountPath: ours.settings.mountPath, readOnly: true };

const change = (podRevisions: readonly PodRevision[], remove: readonly string[] = []) => ({
  podRevisions,
  remove,
  state: () => ({}),
});
const put = (on: Workload, ...podRevisions: readonly PodRevision[]): Workload =>
  patchedWith(on, must(patchWorkload(on, change(podRevisions), 'x')));
const take = (on: Workload, ...remove: readonly string[]): Workload =>
  patchedWith(on, must(patchWorkload(on, change([], remove), 'x')));
const merge = (on: Workload, podRevisions: readonly PodRevision[]): PodLists =>
  must(mergeGatewayMounts(templateOf(on), { podRevisions, remove: [] }, 'x'));

describe('a gateway', () => {
  test.each<[string, PodTemplate, boolean]>([
    ['the annotation and the container', templateOf(gateway()), true],
    [
      'with a template of its own beside it',
      { ...templateOf(gateway()), metadata: { annotations: { [TEMPLATES]: 'gateway, mine' } } },
      true,
    ],
    [
      'the annotation alone',
      { metadata: { annotations: { [TEMPLATES]: 'gateway' } }, spec: { containers: [] } },
      false,
    ],
    ['the container alone', { spec: { containers: [PROXY] } }, false],
    [
      'another template',
      { metadata: { annotations: { [TEMPLATES]: 'sidecar' } }, spec: { containers: [PROXY] } },
      false,
    ],
    ['nothing', {}, false],
  ])('is told by %s', (_, template, is) => {
    expect(isInjectedGateway(template)).toBe(is);
  });
});

describe('the mounts of a gateway', () => {
  const place = mountedRevision(ours);

  test('are its volumes and those of its proxy, no annotations', () => {
    const after = put(gateway(), place);
    expect(templateOf(after)).toEqual({
      metadata: {
        labels: { app: 'ingress', 'deploy-wasm-filter/add-header': ours.id },
        annotations: { [TEMPLATES]: 'gateway' },
      },
      spec: { volumes: [volumeOf(ours)], containers: [{ ...PROXY, volumeMounts: [mount] }] },
    });
    expect(mountedAt(templateOf(after), 'add-header')).toBe(mount.mountPath);
    expect(mountedAt(templateOf(gateway()), 'add-header')).toBeUndefined();
  });

  test('are nothing to write where they are there, with whatever the API server adds', () => {
    const defaulted = { name: VOLUME, configMap: { name: revisionName(ours), defaultMode: 420 } };
    const there = gateway({ volumes: [defaulted], containers: [{ ...PROXY, volumeMounts: [mount] }] });
    expect(merge(there, [place])).toEqual({});
    expect(must(mergeGatewayMounts(templateOf(gateway()), { podRevisions: [], remove: ['add-header'] }, 'x'))).toEqual(
      {},
    );
  });

  test('of a newer revision take the place of the older, and others stay where they are', () => {
    const [first, last] = [
      { name: 'certs', secret: { secretName: 'a' } },
      { name: 'tmp', emptyDir: {} },
    ];
    const app = { name: 'app', image: 'app:1', volumeMounts: [{ name: 'tmp', mountPath: '/tmp' }] };
    const certs = { name: 'certs', mountPath: '/etc/my-certs' };
    const there = gateway({
      volumes: [
        first,
        { name: VOLUME, configMap: { name: revisionName(ours), defaultMode: 420 } } as object & { name: string },
        last,
      ],
      containers: [app, { ...PROXY, volumeMounts: [mount, certs] }],
    });
    const after = put(there, mountedRevision(newer));
    expect(templateOf(after).spec).toEqual({
      volumes: [first, volumeOf(newer), last],
      containers: [app, { ...PROXY, volumeMounts: [mount, certs] }],
    });
    expect(templateOf(take(after, 'add-header')).spec).toEqual({
      volumes: [first, last],
      containers: [app, { ...PROXY, volumeMounts: [certs] }],
    });
  });

  test.each<[string, Spec, RegExp]>([
    [
      'the volume name',
      { volumes: [{ name: VOLUME, secret: { secretName: 'a' } } as { name: string }] },
      /the volume name "wasm-filter-add-header" is taken by a volume of the pod template: \{"secret":/,
    ],
    [
      'the mount path',
      { containers: [{ ...PROXY, volumeMounts: [{ name: 'x', mountPath: `${mount.mountPath}/` }] }] },
      /the mount path ".+" is ".+", which belongs to the volume "x" of the container istio-proxy/,
    ],
  ])('that take %s of somebody else are a problem', (_, spec, words) => {
    const problems = problemsIn(mergeGatewayMounts(templateOf(gateway(spec)), change([place]), 'Deployment a/b'));
    expect(problems).toMatchObject([
      { kind: 'mount', subject: 'Deployment a/b', message: expect.stringMatching(words) },
    ]);
  });

  test("of a removed filter stay where the volume of that name is somebody else's", () => {
    const theirs = gateway({ volumes: [{ name: VOLUME, emptyDir: {} } as { name: string }] });
    expect(templateOf(take(theirs, 'add-header')).spec).toEqual(templateOf(theirs).spec);
  });

  test('a folder that the proxy needs is refused', () => {
    const problems = problemsIn(
      mergeGatewayMounts(templateOf(gateway()), change([{ ...place, mountPath: '/etc/istio/proxy' }]), 'x'),
    );
    expect(problems).toMatchObject([{ message: expect.stringContaining('belongs to the proxy itself') }]);
  });

  test('go without a trace, whatever else is there and in whatever order filters come and go', () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const spec = fc.record({
      volumes: fc.uniqueArray(name, { minLength: 1 }).map((names) => names.map((one) => ({ name: one, emptyDir: {} }))),
      containers: fc
        .uniqueArray(name, { minLength: 1 })
        .map((names) => [
          { name: 'app' },
          { ...PROXY, volumeMounts: names.map((one) => ({ name: one, mountPath: `/m/${one}` })) },
        ]),
    });
    const filters = fc.uniqueArray(fc.constantFrom('add-header', 'auth', 'log'), { minLength: 1 });
    fc.assert(
      fc.property(fc.option(spec, { nil: {} }), filters, (of, names) => {
        const before = gateway(of);
        const podRevisions = names.map((filter) => mountedRevision(revision(filter)));
        const on = podRevisions.reduce((so, podRevision) => put(so, podRevision), before);
        for (const { filter, mountPath } of podRevisions) expect(mountedAt(templateOf(on), filter)).toBe(mountPath);
        expect(merge(on, podRevisions)).toEqual({});
        expect(names.toSorted().reduce((so, filter) => take(so, filter), on)).toEqual(before);
      }),
    );
  });
});
