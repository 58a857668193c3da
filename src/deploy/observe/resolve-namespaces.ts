import type { Log } from '../../base/log.ts';
import { Diagnostics, type Problem } from '../../base/problem.ts';
import type { Client } from '../../cluster/client.ts';
import { callProblem } from '../../cluster/errors.ts';
import { NAMESPACE } from '../../cluster/resources.ts';
import { chooseNamespaces, choosesNamespaces, type FoundNamespace } from '../../targets/namespaces.ts';
import type { TargetEntry } from '../../targets/target.ts';

/** Target lists whose entries know their namespaces, as far as these could be read. */
export interface PlacedLists {
  readonly lists: readonly (readonly TargetEntry[])[];
  /** The namespaces that are known to be there; none where no entry chooses among them. */
  readonly namespaces: readonly string[];
  readonly problems: readonly Problem[];
}

/**
 * Finds the namespaces of the entries that choose them. Reads the namespaces of the cluster once for all lists, and only where an
 * entry chooses: listing them is a permission that a deployer need not have.
 */
export async function resolveNamespaces(
  lists: readonly (readonly TargetEntry[])[],
  client: Client,
  log: Pick<Log, 'info'>,
): Promise<PlacedLists> {
  const choosing = lists.flat().find(choosesNamespaces);
  if (choosing === undefined) return { lists, namespaces: [], problems: [] };
  let namespaces: readonly FoundNamespace[];
  try {
    namespaces = await listNamespaces(client);
  } catch (error) {
    const problem = callProblem(error, 'listing namespaces');
    const remedy = `${problem.remedy ?? ''} Or name the namespaces one by one in ${choosing.origin}.`.trimStart();
    return { lists, namespaces: [], problems: [problem.permission === undefined ? problem : { ...problem, remedy }] };
  }
  const diagnostics = new Diagnostics();
  const placed = lists.map((entries) => {
    const { entries: known, problems, notes } = chooseNamespaces(entries, namespaces);
    diagnostics.add(problems);
    for (const note of notes) log.info(note);
    return known;
  });
  return { lists: placed, namespaces: namespaces.map(({ name }) => name), problems: diagnostics.problems };
}

async function listNamespaces(client: Client): Promise<FoundNamespace[]> {
  const { items } = await client.listMetadata(NAMESPACE, undefined);
  return items.map(({ metadata: { name, labels = {}, deletionTimestamp } }) => ({
    name,
    labels,
    isTerminating: deletionTimestamp !== undefined,
  }));
}
