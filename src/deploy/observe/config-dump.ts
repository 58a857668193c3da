import type { Client } from '../../cluster/client.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';

/** What the agent answers from Envoy's admin interface, which only listens inside the pod. */
const REQUEST = ['pilot-agent', 'request', 'GET'];

/** A part of Envoy's configuration: its listeners, or the extensions that they ask for. */
export type ConfigPart = 'dynamic_listeners' | 'ecds_filters';

/** A part of the configuration of a pod's Envoy as JSON, or why it does not answer, in its own words. */
export type ConfigDump =
  | { readonly state: 'read'; readonly text: string }
  | { readonly state: 'unanswered'; readonly why: string };

/**
 * Reads a part of the configuration of a pod's Envoy by exec; `{}` where it has none of it. `timeoutMs` is the longest that it may
 * take. @throws ApiError 403 where exec is not allowed
 */
export async function readConfigDump(
  client: Pick<Client, 'exec'>,
  namespace: string,
  pod: string,
  part: ConfigPart,
  limits: { readonly timeoutMs?: number } = {},
): Promise<ConfigDump> {
  const command = [...REQUEST, `config_dump?resource=${part}`];
  const { stdout, stderr, exitCode } = await client.exec(namespace, pod, PROXY_CONTAINER, command, limits);
  if (exitCode === 0) return { state: 'read', text: stdout };
  // Envoy has this part only once a listener asks for it.
  if (part === 'ecds_filters' && stderr.includes(`${part} not found`)) return { state: 'read', text: '{}' };
  return { state: 'unanswered', why: stderr.trim() };
}
