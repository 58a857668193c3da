import { readFile } from 'node:fs/promises';
import { load } from 'js-yaml';
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { grant } from '../harness/api.ts';
import type { Rule } from '../harness/permission-files.ts';
import type { Mesh } from './mesh.ts';

/** Makes a service account that may do what the rules say in a namespace, and gives the text of a kubeconfig for it. */
export async function kubeconfigFor(
  { api }: Mesh,
  namespace: string,
  name: string,
  rules: readonly Rule[],
): Promise<string> {
  const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
  await api.create(accounts, { metadata: { name } });
  await grant(api, namespace, `system:serviceaccount:${namespace}:${name}`, rules);
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
