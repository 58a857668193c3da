import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import type { Mesh } from './mesh.ts';

/** A rule of a Role. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

/** Makes a service account that may do what the rules say in a namespace, and gives the text of a kubeconfig for it. */
export async function kubeconfigFor(
  { api }: Mesh,
  namespace: string,
  name: string,
  rules: readonly Rule[],
): Promise<string> {
  const rbac = `/apis/rbac.authorization.k8s.io/v1/namespaces/${namespace}`;
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.create(accounts, { metadata: { name } });
  await api.create(`${rbac}/roles`, { metadata: { name }, rules } as never);
  await api.create(`${rbac}/rolebindings`, {
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name },
    subjects: [{ kind: 'ServiceAccount', name, namespace }],
  } as never);
  const token = await api.create<KubernetesObject & { status?: { token?: string } }>(`${accounts}/${name}/token`, {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    metadata: { name },
    spec: { expirationSeconds: 3_600 },
  } as never);
  const admin = load(await readFile(process.env.TEST_KUBECONFIG ?? '', 'utf8')) as Record<string, unknown>;
  return JSON.stringify({ ...admin, users: usersWith(admin.users, token.status?.token ?? '') });
}

/** The users of the admin's kubeconfig, with the token in place of their credentials. */
function usersWith(users: unknown, token: string): unknown {
  return Array.isArray(users) ? users.map(({ name }: { name: string }) => ({ name, user: { token } })) : [];
}
