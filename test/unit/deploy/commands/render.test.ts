import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { silentLog } from '../../../../src/base/log.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { componentKustomization } from '../../../../src/deploy/commands/kustomization.ts';
import { render, renderFiles } from '../../../../src/deploy/commands/render.ts';
import type { Workspace } from '../../../../src/deploy/commands/write-folder.ts';
import type { RenderedFiles } from '../../../../src/deploy/report/render-report.ts';
import type { Stopped } from '../../../../src/deploy/report/report.ts';
import type { RenderRequest } from '../../../../src/deploy/request.ts';
import { type Revision, revisionName } from '../../../../src/mesh/identity/revision.ts';
import { renderConfigMap } from '../../../../src/mesh/objects/config-map.ts';
import { renderEnvoyFilter } from '../../../../src/mesh/objects/envoy-filter.ts';
import { renderWasmPlugin } from '../../../../src/mesh/objects/wasm-plugin.ts';
import {
  filterRequest,
  messagesIn,
  must,
  PULLED,
  patchedWith,
  pulledRevision,
  revision,
  settings,
  workload,
} from '../../builders.ts';
import { plannedFor } from '../planned.ts';

type File = Extract<ReturnType<typeof renderFiles>, { ok: true }>['value'][number];

const CONTEXT = { log: silentLog, signal: new AbortController().signal };

const request = (targets: string, ...more: RenderRequest['filters']): RenderRequest => ({
  filters: [filterRequest(targets), ...more].map((filter) => ({ ...filter, check: false })),
  folder: 'deploy/filters/',
});
const filesOf = (of: RenderRequest): ReadonlyMap<string, File> =>
  new Map(must(renderFiles(of)).map((file) => [file.name, file]));
const contentOf = (files: ReadonlyMap<string, File>, name: string): unknown => {
  const file = files.get(name);
  if (file === undefined) throw new Error(`no file ${name}, but ${[...files.keys()].join(', ')}`);
  return load(file.text);
};
const kustomizationOf = (files: ReadonlyMap<string, File>): unknown =>
  load(componentKustomization([...files.values()]));
const NAME = revisionName(revision());
const templateOf = (...revisions: readonly Revision[]): unknown =>
  plannedFor('shop/deploy/any', { revisions }).patch?.spec?.template;

test('a patch for a gateway mounts by the names that kustomize merges lists by', () => {
  const filter = filterRequest('- deploy/ingress');
  const files = filesOf({
    ...request('- deploy/ingress'),
    filters: [{ ...filter, settings: { ...filter.settings, direction: 'gateway' } }],
  });
  const name = [...files.keys()]
    .find((file) => file.startsWith('configmap_'))
    ?.replace(/^configmap_shop_|\.yaml$/g, '');
  expect(contentOf(files, 'patch_shop_deployment_ingress.yaml')).toMatchObject({
    spec: {
      template: {
        metadata: { labels: { 'deploy-wasm-filter/add-header': name?.slice(-10) } },
        spec: {
          volumes: [{ name: 'wasm-filter-add-header', configMap: { name } }],
          containers: [
            {
              name: 'istio-proxy',
              volumeMounts: [{ name: 'wasm-filter-add-header', mountPath: filter.settings.mountPath, readOnly: true }],
            },
          ],
        },
      },
    },
  });
});

test.each([
  ['named', '- rollout/ingress'],
  ['selected', '- {selector: app=ingress, kinds: [Rollout]}'],
])('a gateway that is a Rollout, %s, gets no patch, whose lists would replace its own', (_, targets) => {
  const filter = filterRequest(targets);
  const gateway = (settings: Partial<typeof filter.settings>): RenderRequest => ({
    ...request(targets),
    filters: [{ ...filter, settings: { ...filter.settings, direction: 'gateway', ...settings } }],
  });
  expect(messagesIn(renderFiles(gateway({})))).toEqual([
    expect.stringMatching(/cannot mount the filter into a gateway that is a Rollout.*Give the filter as an image/s),
  ]);
  expect(renderFiles(gateway({ image: PULLED })).ok).toBe(true);
});

test('a patch for a Rollout has no list, so that a merge patch does what a strategic one would', () => {
  const template = contentOf(filesOf(request('- rollout/shop')), 'patch_shop_rollout_shop.yaml');
  const valuesIn = (value: unknown): unknown[] =>
    typeof value === 'object' && value !== null && !Array.isArray(value)
      ? Object.values(value).flatMap(valuesIn)
      : [value];
  expect(valuesIn(template).every((value) => typeof value === 'string')).toBe(true);
});

describe('renderFiles', () => {
  test('gives the objects, a patch for each workload and a Component that holds them', () => {
    const files = filesOf(request('- deploy/reviews\n- test/sts/db'));
    expect([...files.keys()]).toEqual([
      `configmap_shop_${NAME}.yaml`,
      `envoyfilter_shop_${NAME}.yaml`,
      `configmap_test_${NAME}.yaml`,
      `envoyfilter_test_${NAME}.yaml`,
      'patch_shop_deployment_reviews.yaml',
      'patch_test_statefulset_db.yaml',
    ]);
    expect(kustomizationOf(files)).toEqual({
      apiVersion: 'kustomize.config.k8s.io/v1alpha1',
      kind: 'Component',
      resources: [...files.keys()].slice(0, 4),
      patches: [
        {
          path: 'patch_shop_deployment_reviews.yaml',
          target: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'reviews' },
        },
        {
          path: 'patch_test_statefulset_db.yaml',
          target: { group: 'apps', kind: 'StatefulSet', namespace: 'test', name: 'db' },
        },
      ],
    });
  });

  test('names workloads in targets by expressions that match nothing else', () => {
    expect(kustomizationOf(filesOf(request('- deploy/reviews.v1')))).toMatchObject({
      patches: [{ target: { name: 'reviews\\.v1' } }],
    });
  });

  test('gives a WasmPlugin for an image, and a patch that mounts nothing', () => {
    const ours = pulledRevision();
    const name = revisionName(ours);
    const filter = filterRequest('- deploy/reviews', { settings: settings({ image: PULLED }), check: false });
    const files = filesOf({ filters: [filter], folder: 'f' });
    expect([...files.keys()].slice(0, 2)).toEqual([`configmap_shop_${name}.yaml`, `wasmplugin_shop_${name}.yaml`]);
    expect(contentOf(files, `wasmplugin_shop_${name}.yaml`)).toEqual({
      apiVersion: 'extensions.istio.io/v1alpha1',
      ...renderWasmPlugin(ours, 'shop'),
    });
    expect(contentOf(files, 'patch_shop_deployment_reviews.yaml')).toMatchObject({
      spec: { template: { metadata: { labels: { 'deploy-wasm-filter/add-header': ours.id } } } },
    });
    expect(files.get('patch_shop_deployment_reviews.yaml')?.text).not.toContain('sidecar.istio.io');
  });

  test('gives the very objects that a deployment writes', () => {
    const files = filesOf(request('- deploy/reviews'));
    expect(contentOf(files, `configmap_shop_${NAME}.yaml`)).toEqual({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      ...renderConfigMap(revision(), 'shop'),
    });
    expect(contentOf(files, `envoyfilter_shop_${NAME}.yaml`)).toEqual({
      apiVersion: 'networking.istio.io/v1alpha3',
      kind: 'EnvoyFilter',
      ...renderEnvoyFilter(revision(), 'shop'),
    });
  });

  test('gives patches of the pod template alone: a run is not for Git to keep', () => {
    const files = filesOf(request('- deploy/reviews'));
    expect(contentOf(files, 'patch_shop_deployment_reviews.yaml')).toEqual({
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'reviews', namespace: 'shop' },
      spec: { template: templateOf(revision()) },
    });
    const patched = patchedWith(workload('reviews'), contentOf(files, 'patch_shop_deployment_reviews.yaml'));
    expect(plannedFor('shop/deploy/reviews', { observed: patched }).patch?.spec).toBeUndefined();
  });

  test('lets kustomize find what a selector means, for each kind and namespace', () => {
    const list = '- {namespaces: [shop, test], selector: "tier in (api)", kinds: [deploy, ds]}';
    const files = filesOf(request(list));
    const patches = [...files.keys()].filter((name) => name.startsWith('patch_'));
    expect(patches).toEqual([
      'patch_shop_deployments_of_targets-entry-1.yaml',
      'patch_shop_daemonsets_of_targets-entry-1.yaml',
      'patch_test_deployments_of_targets-entry-1.yaml',
      'patch_test_daemonsets_of_targets-entry-1.yaml',
    ]);
    expect(contentOf(files, patches[1] ?? '')).toMatchObject({ kind: 'DaemonSet', metadata: { name: 'selected' } });
    expect(kustomizationOf(files)).toMatchObject({
      patches: [
        {
          path: patches[0],
          target: { group: 'apps', kind: 'Deployment', namespace: 'shop', labelSelector: 'tier in (api)' },
        },
        { target: { kind: 'DaemonSet', namespace: 'shop' } },
        { target: { kind: 'Deployment', namespace: 'test' } },
        { target: { kind: 'DaemonSet', namespace: 'test' } },
      ],
    });
  });

  test('lets kustomize find what a name with a "*" means: names of targets are regular expressions', () => {
    const files = filesOf(request('- deploy/front-*.v1\n- {name: a*, selector: tier=api, kinds: [sts]}'));
    expect(kustomizationOf(files)).toMatchObject({
      patches: [
        { target: { group: 'apps', kind: 'Deployment', namespace: 'shop', name: 'front-.*\\.v1' } },
        { target: { kind: 'StatefulSet', namespace: 'shop', name: 'a.*', labelSelector: 'tier=api' } },
      ],
    });
  });

  test.each<[string, string]>([
    [
      '{namespace-selector: team=shop, name: "*"}',
      'chooses its namespaces by namespace-selector "team=shop", but "render" contacts no cluster to find them. Name them one by one in "namespaces".',
    ],
    [
      'team-*/deploy/a',
      'chooses its namespaces by namespaces "team-*", but "render" contacts no cluster to find them. Name them one by one in "namespaces".',
    ],
    [
      '{selector: tier=api, exclude: legacy}',
      'has "exclude", which "render" does not support: it contacts no cluster, and the patch of a kustomization cannot exclude workloads. Select by labels that the others do not have, such as "tier=api,!legacy", or name the workloads one by one.',
    ],
    [
      'gateway/*',
      'means Gateways by the name "*", but the files must name each Gateway. Name them one by one, as "gateway/NAME".',
    ],
  ])('refuses what only a cluster knows: %s', (entry, message) => {
    expect(messagesIn(renderFiles(request(`- deploy/a\n- ${entry}`)))).toEqual([message]);
  });

  test('puts several filters of one workload into one patch', () => {
    const auth = filterRequest('- deploy/reviews', { name: 'auth' });
    const files = filesOf(request('- deploy/reviews', auth));
    expect(contentOf(files, 'patch_shop_deployment_reviews.yaml')).toMatchObject({
      spec: { template: templateOf(revision(), revision('auth', { vmId: 'auth', order: 1 })) },
    });
    expect(files.size).toBe(4 + 1);
  });

  test('puts filters of one selection into one patch, and refuses two that may mean one workload', () => {
    const selecting = (name: string, selector: string): RenderRequest['filters'][number] =>
      filterRequest(`- {selector: ${selector}, kinds: deployment}`, { name });
    const rendered = (...filters: RenderRequest['filters']): ReturnType<typeof renderFiles> =>
      renderFiles({ filters, folder: 'f' });
    const [header, auth] = [selecting('header', 'app=a'), selecting('auth', 'app=a')];
    expect(must(rendered(header, auth)).filter(({ name }) => name.startsWith('patch_'))).toHaveLength(1);
    expect(messagesIn(rendered(header, selecting('auth', 'app=b')))).toEqual(
      expect.arrayContaining([expect.stringContaining('one patch would replace the other')]),
    );
  });

  test('takes a workload that is named twice for one, unless its settings differ', () => {
    expect(filesOf(request('- deploy/reviews\n- deploy/reviews')).size).toBe(3);
    expect(messagesIn(renderFiles(request('- deploy/reviews\n- {kind: deploy, name: reviews, port: 80}')))).toEqual([
      expect.stringContaining('named twice with different settings'),
    ]);
  });

  test('of equal requests is equal, to the letter', () => {
    const [one, other] = [1, 2].map(() => JSON.stringify(must(renderFiles(request('- deploy/reviews\n- sts/db')))));
    expect(other).toBe(one);
  });
});

/** A workspace in memory. */
class Files implements Workspace {
  readonly #files: Map<string, string>;

  constructor(files: Readonly<Record<string, string>> = {}) {
    this.#files = new Map(Object.entries(files));
  }

  get all(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#files);
  }

  readFile = async (path: string): Promise<Uint8Array> => {
    const text = this.#files.get(path);
    if (text === undefined) throw Object.assign(new Error('no'), { code: 'ENOENT' });
    return Buffer.from(text);
  };
  writeFile = async (path: string, text: string): Promise<void> => {
    this.#files.set(path, text);
  };
  removeFile = async (path: string): Promise<boolean> => this.#files.delete(path);
}

describe('render', () => {
  const renderTo = (files: Files, targets: string): ReturnType<typeof render> =>
    render({ ok: true, request: request(targets) }, files, CONTEXT);
  const filesOf = (rendered: RenderedFiles | Stopped): RenderedFiles => {
    if (rendered.state === 'stopped') throw new Error('nothing was rendered');
    return rendered;
  };
  const AT = 'deploy/filters';
  const OVERLAY_FILE = `${AT}/kustomization.yaml`;

  test('writes every file below the folder, and tells their sizes and the revision', async () => {
    const files = new Files();
    const { problems, rendered } = await renderTo(files, '- deploy/reviews');
    expect(problems).toEqual([]);
    expect(rendered).toMatchObject({
      folder: AT,
      revisions: [{ filter: revision().filter, revision: revision().id }],
      removed: [],
    });
    expect(filesOf(rendered).files.map(({ path, bytes }) => [path, bytes])).toEqual(
      Object.entries(files.all).map(([path, text]) => [path, Buffer.byteLength(text)]),
    );
    expect(load(files.all[OVERLAY_FILE] ?? '')).toMatchObject({ kind: 'Kustomization', components: ['component'] });
    expect(load(files.all[`${AT}/component/kustomization.yaml`] ?? '')).toMatchObject({ kind: 'Component' });
  });

  test('twice is the same, to the letter', async () => {
    const files = new Files();
    await renderTo(files, '- deploy/reviews\n- sts/db');
    const { all } = files;
    expect(filesOf((await renderTo(files, '- deploy/reviews\n- sts/db')).rendered).removed).toEqual([]);
    expect(files.all).toEqual(all);
  });

  test('removes what an earlier run wrote and this one does not, and nothing else', async () => {
    const files = new Files({ [`${AT}/component/patch_shop_deployment_own.yaml`]: 'own', [`${AT}/notes.md`]: 'own' });
    await renderTo(files, '- deploy/reviews\n- sts/db');
    const edited = `${files.all[OVERLAY_FILE]}namePrefix: a-\n`;
    await files.writeFile(OVERLAY_FILE, edited);
    const { rendered } = await renderTo(files, '- deploy/reviews');
    expect(filesOf(rendered).removed).toEqual([`${AT}/component/patch_shop_statefulset_db.yaml`]);
    expect(Object.keys(files.all).toSorted()).toEqual(
      [
        ...filesOf(rendered).files.map(({ path }) => path),
        `${AT}/component/patch_shop_deployment_own.yaml`,
        `${AT}/notes.md`,
      ].toSorted(),
    );
    expect(files.all[OVERLAY_FILE]).toBe(edited);
  });

  test('takes a folder over that was the Component itself', async () => {
    const old = [`configmap_shop_add-header-${revision().id}.yaml`, 'patch_shop_deployment_reviews.yaml'];
    const component = { kind: 'Component', resources: [old[0]], patches: [{ path: old[1] }] };
    const files = new Files({
      [OVERLAY_FILE]: JSON.stringify(component),
      ...Object.fromEntries(old.map((name) => [`${AT}/${name}`, ''])),
    });
    const { rendered } = await renderTo(files, '- deploy/reviews');
    expect(filesOf(rendered).removed).toEqual(old.map((name) => `${AT}/${name}`));
    expect(load(files.all[OVERLAY_FILE] ?? '')).toMatchObject({ kind: 'Kustomization' });
  });

  test.each([
    ['of another kind', { kind: 'Kustomization', resources: ['configmap_shop_a-0123456789.yaml'] }],
    ['with an entry of the user', { kind: 'Component', resources: ['configmap_shop_a-0123456789.yaml', '../base'] }],
    ['that reaches out of the folder', { kind: 'Component', resources: ['configmap_shop_a-0123456789.yaml/../x'] }],
    ['with a key of the user', { kind: 'Component', resources: ['configmap_shop_a-0.yaml'], namePrefix: 'a-' }],
  ])('leaves a kustomization %s as it is, and what it lists', async (_, given) => {
    const before = { [OVERLAY_FILE]: JSON.stringify(given), [`${AT}/configmap_shop_a-0123456789.yaml`]: 'own' };
    const files = new Files(before);
    const { rendered, warnings } = await renderTo(files, '- deploy/reviews');
    expect(filesOf(rendered).removed).toEqual([]);
    expect(files.all).toMatchObject(before);
    expect(warningTexts(warnings)).toEqual([expect.stringContaining('does not name "component" under "components"')]);
  });

  test('warns of a Rollout, which may have a workloadRef: no cluster is asked', async () => {
    const { rendered, warnings } = await renderTo(new Files(), '- rollout/web\n- deploy/reviews');
    expect(filesOf(rendered).files.map(({ content }) => content)).toContain('patch for Rollout shop/web');
    expect(warningTexts(warnings)).toEqual([
      expect.stringMatching(
        /^Rollout shop\/web: the patch is for a Rollout with a pod template of its own\. .+"deployment\/NAME"/,
      ),
    ]);
  });

  test('says nothing of an overlay that takes the component in', async () => {
    const files = new Files({ [OVERLAY_FILE]: 'kind: Kustomization\ncomponents: [./component/]\n' });
    const { rendered, warnings } = await renderTo(files, '- deploy/reviews');
    expect(warningTexts(warnings)).toEqual([]);
    expect(filesOf(rendered).files.filter(({ kept }) => kept)).toMatchObject([{ path: OVERLAY_FILE }]);
  });

  test('is refused where somebody else has written the kustomization of the component', async () => {
    const before = { [`${AT}/component/kustomization.yaml`]: 'kind: Component\nresources: [mine.yaml]\n' };
    const files = new Files(before);
    const { problems } = await renderTo(files, '- deploy/reviews');
    expect(problems).toMatchObject([
      { subject: 'input "render-to"', message: expect.stringContaining('already exists') },
    ]);
    expect(files.all).toEqual(before);
  });

  test('warns of a file with a secret in plain text, and does not quote it', async () => {
    const filter = filterRequest('- deploy/reviews', { check: false });
    const secret = { ...filter.settings, configuration: '{"apiToken":"abcdefgh"}' };
    const filters = [{ ...filter, settings: secret }];
    const requested = { ok: true, request: { ...request('- deploy/reviews'), filters } } as const;
    const { warnings } = await render(requested, new Files(), CONTEXT);
    expect(warningTexts(warnings)).toEqual([
      expect.stringMatching(/^"deploy\/filters\/component\/envoyfilter_shop_[^"]*" holds a value/),
    ]);
    expect(warningTexts(warnings).join()).not.toContain('abcdefgh');
  });

  test('says what cannot be written, and writes nothing for a faulty request', async () => {
    const files = new Files();
    const refuse = {
      ...files,
      writeFile: async (): Promise<void> => {
        throw new Error('EACCES');
      },
    };
    const { problems, rendered } = await render({ ok: true, request: request('- deploy/reviews') }, refuse, CONTEXT);
    expect(problems).toMatchObject([{ subject: 'input "render-to"', message: expect.stringContaining('EACCES') }]);
    expect(rendered).toEqual({ state: 'stopped' });
    const faulty = { kind: 'input', message: 'is wrong.' } as const;
    const requested = {
      ok: false,
      problems: [faulty],
      request: request('- deploy/reviews'),
      unknown: new Set<never>(),
    } as const;
    expect(await render(requested, files, CONTEXT)).toMatchObject({ problems: [faulty] });
    expect(files.all).toEqual({});
  });
});

test('the module is read once for each namespace, however many targets there are', () => {
  const filter = filterRequest(
    Array.from({ length: 200 }, (_, at) => `- deploy/w${at}\n- test/deploy/w${at}`).join('\n'),
  );
  let reads = 0;
  const module = {
    digest: filter.module.digest,
    get bytes() {
      reads++;
      return filter.module.bytes;
    },
  };
  const files = filesOf({ ...request('- deploy/w'), filters: [{ ...filter, module }] });
  expect([files.size, reads]).toEqual([404, 2]);
});
