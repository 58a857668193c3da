import { listWords } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import type { Client } from '../../cluster/client.ts';
import { ApiError } from '../../cluster/errors.ts';
import { CONFIG_MAP } from '../../cluster/resources.ts';
import { FILTER_LABEL } from '../../mesh/identity/names.ts';
import { choosesNamespaces } from '../../targets/namespaces.ts';
import { namespacesOf } from '../../targets/target.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';

/**
 * Warns of namespaces that have a filter and that its target list does not choose, where `prune` might be thought to take it away:
 * they have lost a label, or belong to somebody else who deploys a filter of that name, and nothing in the cluster tells which. None
 * where nobody may list the ConfigMaps of all namespaces: a deployer needs no permission for that.
 */
export async function warnLeftBehind({ filters, prune }: DeployRequest, client: Client): Promise<Warning[]> {
  const choosing = prune ? filters.filter(({ targets }) => targets.some(choosesNamespaces)) : [];
  const warnings = await Promise.all(choosing.map((filter) => warnOf(filter, client)));
  return warnings.flat();
}

async function warnOf({ name, targets }: FilterRequest, client: Client): Promise<Warning[]> {
  const meant = new Set(targets.flatMap(namespacesOf));
  const others = (await namespacesWith(name, client)).filter((namespace) => !meant.has(namespace));
  if (others.length === 0) return [];
  const [where, has, it] = others.length === 1 ? ['Namespace', 'has', 'it'] : ['Namespaces', 'have', 'them'];
  return [
    {
      topic: 'Filter in other namespaces',
      subject: `filter "${name}"`,
      text: `${where} ${listWords(others, 'and')} ${has} the filter "${name}", too, but no target chooses ${it}. "prune" removes a filter only from namespaces that a target chooses, because others may be somebody else's. To remove the filter there, use "command: remove" with "name: ${name}" and ${it === 'it' ? 'that namespace' : 'those namespaces'}.`,
    },
  ];
}

async function namespacesWith(filter: string, client: Client): Promise<string[]> {
  try {
    const { items } = await client.listMetadata(CONFIG_MAP, undefined, { labelSelector: `${FILTER_LABEL}=${filter}` });
    return [...new Set(items.flatMap(({ metadata }) => metadata.namespace ?? []))].sort();
  } catch (error) {
    if (error instanceof ApiError) return [];
    throw error;
  }
}
