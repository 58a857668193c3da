import { expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { FULL } from '../../../../../src/action/summary/parts/limits.ts';
import { renderRole } from '../../../../../src/action/summary/parts/role.ts';
import { EACH_NAMESPACE, type Permission } from '../../../../../src/base/permission.ts';
import type { Problem } from '../../../../../src/base/problem.ts';
import type { RolloutPolicy } from '../../../../../src/deploy/policy.ts';
import type { Command } from '../../../../../src/deploy/report/report.ts';
import { connected, oneOfSeveral, permission } from '../../report-builder.ts';

const NEEDED = ['list configmaps', 'create configmaps', 'get pods/log', 'patch deployments.apps'].map((one) =>
  permission(`${one} in namespace "shop"`),
);
const POLICY = { policy: { verify: 'auto', scout: 'off' } } as const;
const rendered = (problems: readonly Problem[], command: 'deploy' | 'status' = 'deploy'): string =>
  renderRole({ ...POLICY, command, permissions: NEEDED, clusters: [] }, problems, FULL);
const lacking = (missing: Permission, user?: string): Problem => ({
  kind: 'permission',
  message: 'Not allowed.',
  permission: missing,
  ...(user !== undefined && { user }),
});

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Record<'apiGroups' | 'resources' | 'verbs', readonly string[]>[];
  readonly subjects?: readonly object[];
}
const objects = (page: string): readonly RbacObject[] =>
  (/```yaml\n(.*?)```/s.exec(page)?.[1] ?? '').split('---\n').map((text) => load(text) as RbacObject);
const grants = ({ rules = [] }: RbacObject): string[] =>
  rules
    .flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource} ${group}`.trim())),
      ),
    )
    .sort();

test('nothing is offered where nothing is missing', () => {
  expect(rendered([{ kind: 'input', message: 'x' }])).toBe('');
});

test('the Role has all that is needed, whatever of it is missing, so that a later one takes nothing away', () => {
  const [first, second] = NEEDED.map((missing) => objects(rendered([lacking(missing)]))[0]);
  expect(first?.metadata).toEqual({ name: 'deploy-wasm-filter:USER', namespace: 'shop' });
  expect(first && grants(first)).toEqual([
    'create configmaps',
    'get pods/log',
    'list configmaps',
    'patch deployments apps',
  ]);
  expect(second).toEqual(first);
});

test('that of a command which only reads does not take the place of the one to deploy with', () => {
  const problems = NEEDED.slice(0, 1).map((missing) => lacking(missing));
  const names = (['deploy', 'status'] as const).map(
    (command) => objects(rendered(problems, command))[0]?.metadata.name,
  );
  expect(names).toEqual(['deploy-wasm-filter:USER', 'deploy-wasm-filter-status:USER']);
});

test('what is missing is in it even if nobody knew that it is needed', () => {
  const other = permission('list secrets in namespace "shop"');
  const [role] = objects(rendered([lacking(other)]));
  expect(role && grants(role)).toContain('list secrets');
});

test('each namespace that lacks something has a Role of its own, and the cluster a ClusterRole', () => {
  const missing = [permission('list pods in namespace "edge"'), { verb: 'get', group: '', resource: 'namespaces' }].map(
    (one) => lacking(one),
  );
  expect(objects(rendered(missing)).map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
    ['Role', 'deploy-wasm-filter:USER', 'edge'],
    ['RoleBinding', 'deploy-wasm-filter:USER', 'edge'],
    ['ClusterRole', 'deploy-wasm-filter:USER', undefined],
    ['ClusterRoleBinding', 'deploy-wasm-filter:USER', undefined],
  ]);
});

test.each([
  ['system:serviceaccount:ci:bot', { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' }],
  ['alice', { kind: 'User', name: 'alice', apiGroup: 'rbac.authorization.k8s.io' }],
  [undefined, { kind: 'User', name: 'USER', apiGroup: 'rbac.authorization.k8s.io' }],
])('it is for %s', (user, subject) => {
  const [first] = NEEDED;
  const page = rendered(first === undefined ? [] : [lacking(first, user)]);
  expect(objects(page)[1]?.subjects).toEqual([subject]);
  expect(page.includes('kubectl auth whoami')).toBe(user === undefined);
});

test('each account has a Role of its own, or what is added to one would be for all that are bound to it', () => {
  const names = ['system:serviceaccount:ci:bot', 'system:serviceaccount:shop:bot', 'jane@example.com', 'a/b'].map(
    (user) =>
      objects(rendered(NEEDED.slice(0, 1).map((missing) => lacking(missing, user)))).map(
        ({ metadata }) => metadata.name,
      ),
  );
  expect(names).toEqual(
    ['ci:bot', 'shop:bot', 'jane@example.com', 'a-b'].map((name) => [
      `deploy-wasm-filter:${name}`,
      `deploy-wasm-filter:${name}`,
    ]),
  );
});

test.each(['only-reads', 'unknown'] as const)(
  'a plan whose account (%s) may write nothing that is known offers it nothing to write, under a name of its own',
  (account) => {
    const missing = ['list configmaps', 'create configmaps', 'get pods/exec'].map((one) =>
      permission(`${one} in namespace "shop"`),
    );
    const of = (parts: { readonly account?: typeof account }): readonly RbacObject[] =>
      objects(
        renderRole(
          {
            policy: { verify: 'required', scout: 'off' },
            command: 'plan',
            permissions: NEEDED,
            clusters: [],
            ...parts,
          },
          missing.map((one) => lacking(one)),
          FULL,
        ),
      );
    const [role, binding] = of({ account });
    expect(role && grants(role)).toEqual(['get pods/log', 'list configmaps']);
    expect([role, binding].map((one) => one?.metadata.name)).toEqual(Array(2).fill('deploy-wasm-filter-plan:USER'));
    const [writing] = of({});
    expect(writing?.metadata.name).toBe('deploy-wasm-filter:USER');
    expect(writing && grants(writing)).toContain('create configmaps');
  },
);

test('it is for the user whom the report names, where no problem does', () => {
  const report = { ...POLICY, command: 'remove', permissions: NEEDED, clusters: [], users: ['alice'] } as const;
  const page = renderRole(
    report,
    NEEDED.map((missing) => ({ permission: missing })),
    FULL,
  );
  expect(objects(page)[1]?.subjects).toMatchObject([{ name: 'alice' }]);
  expect(page).not.toContain('USER');
});

test.each<[Command, RolloutPolicy['verify'], string, boolean]>([
  ['deploy', 'auto', 'list pods', true],
  ['status', 'auto', 'list pods', true],
  ['remove', 'auto', 'list pods', false],
  ['deploy', 'off', 'list pods', false],
  ['deploy', 'required', 'create pods/exec', false],
])(
  '%s with "verify: %s" that lacks "%s" is offered exec as a comment with its reason: %s',
  (command, verify, lacks, is) => {
    const missing = permission(`${lacks} in namespace "shop"`);
    const page = renderRole(
      { policy: { verify, scout: 'off' }, command, permissions: NEEDED, clusters: [] },
      [lacking(missing)],
      FULL,
    );
    expect(objects(page).flatMap(grants)).toContain(lacks);
    expect(
      /^ {2}# Optional, .+: .+\n {2}# - .+\n {2}# {3}resources: \[pods\/exec\]\n {2}# .+\[create, get\]$/m.test(page),
    ).toBe(is);
  },
);

test('where clusters know the user by different names, the reader puts in which', () => {
  const missing = permission('list pods in namespace "shop"');
  const page = rendered([lacking(missing, 'bot-of-staging'), lacking(missing, 'bot-of-prod')]);
  expect(page).toContain('Replace USER');
  expect(page).not.toContain('bot-of-staging');
});

test('what no namespace has is a ClusterRole with a binding for each user, and stands for each namespace that is not known', () => {
  const choosing = { verb: 'list', group: '', resource: 'namespaces' };
  const permissions = [choosing, { ...choosing, resource: 'configmaps', namespace: EACH_NAMESPACE }];
  const page = renderRole(
    { ...POLICY, command: 'deploy', permissions, clusters: [] },
    [lacking(choosing, 'system:serviceaccount:ci:deployer')],
    FULL,
  );
  expect(page).toMatch(
    /^2\. Repeat what is in namespace NAMESPACE for each namespace that the target list chooses, also for one that has a Role here, with its name in place of NAMESPACE\.$/m,
  );
  expect(objects(page).map(({ kind, metadata }) => [kind, metadata.name, metadata.namespace])).toEqual([
    ['ClusterRole', 'deploy-wasm-filter:ci:deployer', undefined],
    ['ClusterRoleBinding', 'deploy-wasm-filter:ci:deployer', undefined],
    ['Role', 'deploy-wasm-filter:ci:deployer', 'NAMESPACE'],
    ['RoleBinding', 'deploy-wasm-filter:ci:deployer', 'NAMESPACE'],
  ]);
  expect(objects(page).map(grants)).toEqual([['list namespaces'], [], ['list configmaps'], []]);
  const named = renderRole(
    { ...POLICY, command: 'deploy', permissions, clusters: [] },
    [lacking(choosing, 'https://id.example/#me')],
    FULL,
  );
  expect(objects(named)[1]?.metadata.name).toBe('deploy-wasm-filter:https:--id.example--me');
  expect(renderRole({ ...POLICY, command: 'deploy', permissions, clusters: [] }, [lacking(choosing)], FULL)).toMatch(
    /^2\. Replace USER by .+\n3\. Repeat what is in namespace NAMESPACE/m,
  );
});

test('is applied with the context where the kubeconfig has several', () => {
  const problems = NEEDED.slice(0, 1).map((missing) => lacking(missing));
  const command = { ...POLICY, command: 'deploy', permissions: NEEDED } as const;
  const commandOf = (...clusters: readonly ReturnType<typeof connected>[]): string | undefined =>
    /run <code>(kubectl auth reconcile .+?)<\/code>.*/.exec(renderRole({ ...command, clusters }, problems, FULL))?.[0];
  expect(commandOf(connected('prod'))).toContain('<code>kubectl auth reconcile -f role.yaml</code>');
  expect(commandOf(oneOfSeveral('prod'))).toContain('<code>kubectl auth reconcile -f role.yaml --context prod</code>');
  expect(commandOf(oneOfSeveral('staging'), oneOfSeveral('prod'))).toMatch(
    /--context CONTEXT<\/code>.+<code>staging<\/code>.+<code>prod<\/code>/,
  );
});
