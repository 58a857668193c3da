import { readFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Workload } from '../../src/cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, resourcePath } from '../../src/cluster/resources.ts';
import { STATE_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { jobOf } from '../harness/act.ts';
import { refusal } from '../harness/github-comments.ts';
import { startGitHub } from '../harness/github-lab.ts';
import { type EmbeddedRegistry, startEmbeddedRegistry } from '../harness/registry/embedded.ts';
import { image, layerOf, store } from '../harness/registry/images.ts';
import { pathOf } from '../harness/workloads.ts';
import { objectsOf, ownedPath } from '../mesh/mesh.ts';
import { outputsOf, PUSH, pullRequest, type Repository, SCHEDULE, startRepository, workflowOf } from './repository.ts';
import { openShop, type Shop } from './shop.ts';

// The workflows that a user copies, from a pull request to the schedule, as act runs them; where that is not as on GitHub,
// test/harness/act.ts says so.

let shop: Shop;
let repository: Repository;
let module: Buffer;
beforeAll(async () => {
  shop = await openShop();
  module = await readFile(shop.filters.abi021);
}, 180_000);
afterAll(() => shop?.stop());
beforeEach(async () => {
  repository = await startRepository();
  await repository.builds(module);
}, 600_000); // act may have to be built
afterEach(async () => {
  const { wrong } = repository.github;
  await repository.stop();
  expect(wrong).toEqual([]);
});

/** Another build of the same source: a custom section more. */
function rebuilt(build: number): Buffer {
  return Buffer.concat([module, Uint8Array.of(0, 3, 1, 0x62, build)]);
}

const current = (app: Workload): Promise<Workload> => shop.api.get<Workload>(pathOf(app));
/** What changes with every write to a workload or to the objects that it uses. */
const versionsOf = async (app: Workload): Promise<unknown> => {
  const { namespace } = app.metadata;
  const lists = [CONFIG_MAP, ENVOY_FILTER].map((kind) => shop.api.list(ownedPath(kind, namespace)));
  const objects = (await Promise.all(lists)).flat();
  const { generation, annotations } = (await current(app)).metadata;
  return { generation, annotations, objects: objects.map(({ metadata }) => [metadata.name, metadata.resourceVersion]) };
};
const templateOf = async (app: Workload): Promise<unknown> => (await current(app)).spec?.template;

test('a preview lives as long as its pull request', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'shop-pr-12');
  const untouched = await templateOf(app);
  const preview = await workflowOf('preview.yml', {
    'preview/deployment': `${namespace}/deployment`,
    'namespace: preview': `namespace: ${namespace}`,
  });
  const { github, runner, comment } = repository;
  const on = (action: string) =>
    runner.run(preview, pullRequest(action), { secrets: { PREVIEW_KUBECONFIG: shop.kubeconfig } });

  const opened = await on('opened');
  expect([...opened.jobs.keys()]).toEqual(['deploy']);
  const first = outputsOf(jobOf(opened, 'deploy'));
  expect([first.result, comment()]).toEqual([
    'deployed',
    expect.stringMatching(/### preview\n\n## ✅ add-header-pr-12 deployed/),
  ]);
  expect(await shop.headers(app, 'x-preview')).toEqual(['pr-12']);
  const [{ id = 0 } = {}] = github.comments;
  github.desk.deployments.push({ id: 1, environment: 'preview-pr-12', states: [] });

  // A push with a build that no proxy takes: red, and the preview is what it was.
  await repository.builds(await readFile(shop.filters.missingImport));
  const broken = jobOf(await on('synchronize'), 'deploy');
  expect([broken.result, outputsOf(broken).changed]).toEqual(['failure', 'false']);
  expect(comment()).toContain('imports 1 function that no Envoy has');
  expect(await shop.headers(app, 'x-preview')).toEqual(['pr-12']);

  await repository.builds(rebuilt(1));
  const second = outputsOf(jobOf(await on('synchronize'), 'deploy'));
  expect(second).toMatchObject({ result: 'deployed', 'verified-proxies': '1' });
  expect(second.revision).not.toBe(first.revision);
  expect([github.comments.map((one) => one.id), comment()]).toEqual([[id], expect.stringContaining('## ✅ ')]);
  expect(await shop.headers(app, 'x-preview')).toEqual(['pr-12']);

  // Merged before another push was built: nothing is written for that.
  github.state = 'merged';
  await repository.builds(rebuilt(2));
  const late = outputsOf(jobOf(await on('synchronize'), 'deploy'));
  expect([late.result, late.changed]).toEqual(['failed', 'false']);
  expect(comment()).toContain('## ❌ add-header-pr-12 not deployed: the pull request was merged\n');

  const closed = await on('closed');
  expect([...closed.jobs.keys()]).toEqual(['remove']);
  expect(outputsOf(jobOf(closed, 'remove')).result).toBe('removed');
  expect([github.comments.map((one) => one.id), comment()]).toEqual([[id], expect.stringMatching(/## ✅ .*removed/)]);
  expect([await objectsOf(shop, app), await templateOf(app)]).toEqual([[], untouched]);
  expect(await shop.headers(app, 'x-preview')).toEqual([undefined]);
  expect(github.desk.deployments.map(({ states }) => states)).toEqual([['inactive']]);
  // It may run twice.
  expect(jobOf(await on('closed'), 'remove').result).toBe('success');
});

test('a preview that nobody has removed goes when it has expired', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'shop-pr-12');
  const names = { 'namespace: preview': `namespace: ${namespace}` };
  const preview = await workflowOf('preview.yml', { ...names, 'preview/deployment': `${namespace}/deployment` });
  const cleanup = await workflowOf('preview-cleanup.yml', names);
  const options = { secrets: { PREVIEW_KUBECONFIG: shop.kubeconfig } };
  const sweep = async () => outputsOf(jobOf(await repository.runner.run(cleanup, SCHEDULE, options), 'sweep')).result;
  await repository.runner.run(preview, pullRequest('opened'), options);
  expect(await sweep()).toBe('unchanged');
  expect(await shop.headers(app, 'x-preview')).toEqual(['pr-12']);

  const { metadata } = await current(app);
  const state = metadata.annotations?.[STATE_ANNOTATION] ?? '';
  const expired = state.replace(/"expires":"[^"]*"/, '"expires":"2020-01-01T00:00:00.000Z"');
  expect(expired).not.toBe(state);
  await shop.api.patch(pathOf(app), { metadata: { annotations: { [STATE_ANNOTATION]: expired } } });
  expect(await sweep()).toBe('removed');
  expect(await objectsOf(shop, app)).toEqual([]);
});

test('the plan that was reviewed is carried out, and no other', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'reviews');
  const { github, runner, comment } = repository;
  const workflow = await workflowOf('reviewed-plan.yml');
  const secrets = { PLAN_KUBECONFIG: shop.kubeconfig, KUBECONFIG: shop.kubeconfig };
  const configure = (value: string) =>
    runner.commit(
      'filters/shop.yaml',
      JSON.stringify({
        version: 1,
        defaults: { namespace, 'root-id': 'add_header' },
        filters: [
          {
            name: 'add-header',
            filter: '../module.wasm',
            configuration: `x-shop: ${value}`,
            targets: [{ selector: 'shop=open' }],
          },
        ],
      }),
    );

  await configure('open');
  const reviewed = await runner.run(workflow, pullRequest('opened'), { secrets });
  expect([...reviewed.jobs.keys()]).toEqual(['plan']);
  expect(comment()).toContain('## 📋 Plan');
  expect(await objectsOf(shop, app)).toEqual([]);

  // Merged: the comment that has the plan gets what came of it.
  Object.assign(github, { state: 'merged', mergedAs: runner.head });
  const merged = await runner.run(workflow, PUSH, {
    secrets,
    approve: async () => {
      expect(comment()).toContain('## 📋 Plan');
      expect(await objectsOf(shop, app)).toEqual([]);
    },
  });
  expect([jobOf(merged, 'plan').result, jobOf(merged, 'deploy').result]).toEqual(['success', 'success']);
  expect(await shop.headers(app, 'x-shop')).toEqual(['open']);
  expect([github.comments.length, comment()]).toEqual([1, expect.stringMatching(/## ✅ add-header .*deployed/)]);

  // The next change; before somebody approves, somebody else adds a workload that it would be for, too.
  await configure('closed');
  const before = await objectsOf(shop, app);
  const others: Workload[] = [];
  const outdated = await runner.run(workflow, PUSH, {
    secrets,
    approve: async () => {
      others.push(await shop.start(namespace, 'ratings'));
    },
  });
  expect([jobOf(outdated, 'plan').result, jobOf(outdated, 'deploy').result]).toEqual(['success', 'failure']);
  expect(jobOf(outdated, 'deploy').annotations.join('\n')).toContain('ratings');
  expect(await objectsOf(shop, app)).toEqual(before);
  expect(await shop.headers(app, 'x-shop')).toEqual(['open']);

  const again = await runner.run(workflow, PUSH, { secrets });
  expect(jobOf(again, 'deploy').result).toBe('success');
  for (const one of [app, ...others]) expect(await shop.headers(one, 'x-shop')).toEqual(['closed']);
});

test.each([
  ['a fork', { fork: 'eve/filters' }],
  ['Dependabot', { actor: 'dependabot[bot]' }],
])('a pull request of %s gets what needs no secrets, and no red cross', async (_from, from) => {
  const { runner, github } = repository;
  github.fault = ({ method }) =>
    method === 'POST' ? refusal(403, 'Resource not accessible by integration') : undefined;
  await runner.commit(
    'filters/shop.yaml',
    `{ version: 1, filters: [{ name: a, filter: ../module.wasm, root-id: add_header, configuration: 'x: y', targets: [deployment/shop] }] }`,
  );
  const preview = await runner.run(await workflowOf('preview.yml'), pullRequest('opened', from));
  expect([...preview.jobs.keys()]).toEqual(['no-preview']);
  expect(jobOf(preview, 'no-preview')).toMatchObject({
    result: 'success',
    annotations: [expect.stringMatching(/^notice No preview: /)],
  });
  const checked = await runner.run(await workflowOf('reviewed-plan.yml'), pullRequest('opened', from));
  expect([...checked.jobs.keys()]).toEqual(['check']);
  expect(jobOf(checked, 'check')).toMatchObject({ result: 'success', annotations: [] });
  expect((await runner.run(await workflowOf('preview.yml'), pullRequest('closed', from))).jobs.size).toBe(0);
  expect(github.comments).toEqual([]);
});

test('a push is told of in Slack when it has changed something', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'shop');
  const { runner } = repository;
  await runner.commit('targets.yaml', `- ${namespace}/deployment/shop`);
  const notices: string[] = [];
  const slack = await startGitHub((_path, _before, { body }) => {
    notices.push((JSON.parse(body) as { text: string }).text);
    return { body: 'ok' };
  });
  try {
    const workflow = await workflowOf('deploy-and-notify.yml');
    const secrets = { KUBECONFIG: shop.kubeconfig, SLACK_WEBHOOK: `${slack.url}/services/T/B/X` };
    for (const result of ['deployed', 'unchanged']) {
      expect(outputsOf(jobOf(await runner.run(workflow, PUSH, { secrets }), 'deploy')).result).toBe(result);
    }
    const notice = /^✅ add-header deployed to 1 workload.* https:\/\/github\.com\/shop\/filters\/actions\/runs\/1$/;
    expect(notices).toEqual([expect.stringMatching(notice)]);
    expect(await shop.headers(app, 'x-shop')).toEqual(['open']);
  } finally {
    await slack.close();
  }
});

test('each night nothing happens, or drift is repaired and has an issue until it is gone, or a moved tag is told of', async () => {
  const namespace = await shop.namespace();
  const app = await shop.start(namespace, 'shop');
  const { runner, github } = repository;
  await runner.commit('targets.yaml', `- ${namespace}/deployment/shop`);
  const registry = await startEmbeddedRegistry();
  try {
    const workflow = await workflowOf('schedule.yml', { 'ghcr.io/': `${registry.host}/` });
    const secrets = { KUBECONFIG: shop.kubeconfig };
    const night = async () => outputsOf(jobOf(await runner.run(workflow, SCHEDULE, { secrets }), 'drift'));
    await publish(registry, module);
    expect((await night()).result).toBe('deployed');

    const before = await versionsOf(app);
    expect(await night()).toMatchObject({ result: 'unchanged', changed: 'false', drifted: '0', 'moved-tags': '[]' });
    expect([await versionsOf(app), github.desk.issues]).toEqual([before, []]);

    const [plugin] = await shop.api.list(ownedPath(ENVOY_FILTER, namespace));
    await shop.api.delete(`${resourcePath(ENVOY_FILTER, namespace)}/${plugin?.metadata.name}`);
    expect(await night()).toMatchObject({ drifted: '1', repaired: '1' });
    const [issue] = github.desk.issues;
    expect(issue).toMatchObject({ state: 'open', labels: ['filter-drift'], comments: [] });
    expect([issue?.title, issue?.body]).toEqual([
      'Filters have drifted, or their nightly run failed',
      expect.stringContaining('EnvoyFilter'),
    ]);
    expect(await shop.headers(app, 'x-shop')).toEqual(['open']);

    const { headline = '', ...after } = await night();
    expect(after).toMatchObject({ result: 'unchanged', drifted: '0' });
    expect(github.desk.issues).toMatchObject([{ state: 'closed', comments: [headline] }]);

    await publish(registry, rebuilt(1));
    const { result, 'moved-tags': moved = '' } = await night();
    // Only a run that somebody starts brings what the tag names now.
    expect([result, JSON.parse(moved)]).toEqual([
      'unchanged',
      [expect.objectContaining({ tag: 'v1', workloads: 1, kept: true })],
    ]);
    expect(github.desk.issues).toHaveLength(1);
  } finally {
    await registry.stop();
  }
});

async function publish({ host }: EmbeddedRegistry, bytes: Uint8Array): Promise<void> {
  await store(host, 'shop/add-header', 'v1', image([await layerOf({ 'plugin.wasm': bytes })]));
}
