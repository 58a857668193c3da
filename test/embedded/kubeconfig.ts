/** The kubeconfig of a user of the embedded cluster. */
import { dump } from 'js-yaml';

/** The name of the cluster and the context in every kubeconfig made here. */
export const CONTEXT = 'embedded';

/** YAML text with one cluster, one user with a bearer token, and one context. */
export function kubeconfigText(server: string, caPem: string, user: string, token: string): string {
  return dump({
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': CONTEXT,
    clusters: [
      { name: CONTEXT, cluster: { server, 'certificate-authority-data': Buffer.from(caPem).toString('base64') } },
    ],
    users: [{ name: user, user: { token } }],
    contexts: [{ name: CONTEXT, context: { cluster: CONTEXT, user } }],
  });
}
