import type { Client } from '../../cluster/client.ts';
import type { Workload } from '../../cluster/objects.ts';
import { ENVOY_FILTER } from '../../cluster/resources.ts';
import { type PodRevision, revisionName } from '../../mesh/identity/revision.ts';
import type { EnvoyFilter } from '../../mesh/objects/envoy-filter.ts';
import { revisionOn, stateOn } from '../../mesh/template/template.ts';
import { settingsIn } from './snapshot.ts';

/** What another run has put on a workload, after this run had begun. */
export interface Newer {
  readonly filter: string;
  readonly revision: string;
  /** `owner/repo/run/attempt`, or `local`. */
  readonly run: string;
}

/**
 * What another run has put on a workload in place of what this one wants of it, by the record that every run leaves. `undefined`
 * if nobody has, also where somebody else than a run has changed it.
 */
export function newerOn(
  { podRevisions, removals }: { readonly podRevisions: readonly PodRevision[]; readonly removals: readonly string[] },
  workload: Workload,
): Newer | undefined {
  const state = stateOn(workload);
  const wanted = [
    ...podRevisions.map(({ filter, id }) => ({ filter, id })),
    ...removals.map((filter) => ({ filter, id: undefined })),
  ];
  for (const { filter, id } of wanted) {
    const revision = revisionOn(workload, filter);
    const recorded = state[filter];
    if (revision === undefined || revision === id || recorded?.revision !== revision) continue;
    return { filter, revision, run: recorded.run };
  }
  return undefined;
}

/**
 * Returns what another run has brought by the name of what it runs: where settings were pushed, that is not the label of its pods.
 * Never throws: where nobody may look, the label is the best name.
 */
export async function nameNewer(newer: Newer, namespace: string, client: Pick<Client, 'get'>): Promise<Newer> {
  const { filter, revision: id } = newer;
  try {
    const filterResource = await client.get<EnvoyFilter>(ENVOY_FILTER, namespace, revisionName({ filter, id }));
    return { ...newer, revision: settingsIn({ filterResource }, id) };
  } catch {
    return newer;
  }
}

const RUN = /^(.+)\/(\d+)\/(\d+)$/;

/** A run for a reader: `run 4812`, `run 4812 (attempt 2)`; one outside of a workflow has no number. */
export function describeRun(run: string): string {
  const [, , id, attempt] = RUN.exec(run) ?? [];
  if (id === undefined) return 'another run';
  return attempt === '1' ? `run ${id}` : `run ${id} (attempt ${attempt})`;
}

/**
 * Whether a run was started before another one. GitHub numbers runs as they are triggered; of others, and between repositories,
 * nobody knows.
 */
export function isOlderRun(run: string, than: string): boolean {
  const [one, other] = [run, than].map((name) => RUN.exec(name));
  if (!one || !other || one[1] !== other[1]) return false;
  const [first, second] = [one, other].map((match) => [Number(match[2]), Number(match[3])] as const);
  if (first === undefined || second === undefined) return false;
  return first[0] === second[0] ? first[1] < second[1] : first[0] < second[0];
}
