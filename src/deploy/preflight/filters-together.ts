import type { Problem } from '../../base/problem.ts';
import { listWords, nameSome } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { describeWritten } from '../../filter/written.ts';
import { sharedPath, sharePath } from '../../mesh/template/shared-path.ts';
import { sharingOf } from '../../mesh/unmanaged/shared-vm.ts';
import { describeWorkload, namespacesOf, type TargetEntry, workloadKey } from '../../targets/target.ts';
import { oneVm, type VmRevision, vmUserOf } from '../plan/shared-vms.ts';
import type { FilterRequest, Unknown } from '../request.ts';
import type { Preflight } from './revision-checks.ts';

/** A filter of a request; `unknown` is what stands in for what is not known of it. */
export type FilterBesideOthers = FilterRequest & { readonly unknown?: ReadonlySet<Unknown> };

/** What is wrong with filters beside each other. */
export interface FiltersTogether extends Preflight {
  /** The names of those that cannot run beside another one. */
  readonly refused: ReadonlySet<string>;
}

/** Two filters that cannot both run on one workload. */
interface Pair {
  readonly first: FilterBesideOthers;
  readonly second: FilterBesideOthers;
  readonly by: 'vm' | 'path';
}

/**
 * Looks, without a cluster, for filters that would run as one or be mounted at one path: a problem where both name a workload, a warning
 * where selections may have one in common. What each workload really gets, `planWorkload` and `judgeSharedVms` see in the cluster.
 */
export function checkTogether(filters: readonly FilterBesideOthers[]): FiltersTogether {
  const pairs = pairsOf(filters).map((pair) => ({ pair, common: commonWorkloads(pair) }));
  const sure = pairs.filter(({ common }) => common.length > 0);
  return {
    problems: sure.map(({ pair, common }) => problemOf(pair, nameSome(common))),
    warnings: pairs
      .filter(({ pair, common }) => common.length === 0 && mayMeet(pair))
      .map(({ pair }) => warningOf(pair)),
    refused: new Set(sure.flatMap(({ pair: { first, second } }) => [first.name, second.name])),
  };
}

function pairsOf(filters: readonly FilterBesideOthers[]): Pair[] {
  const mounted = filters.filter(({ settings }) => settings.image === undefined);
  return mounted.flatMap((second, index) =>
    mounted.slice(0, index).flatMap((first): Pair[] => {
      if (first.name === second.name) return [];
      return [
        ...(isOneVm(first, second) ? [{ first, second, by: 'vm' } as const] : []),
        ...(isOnePath(first, second) ? [{ first, second, by: 'path' } as const] : []),
      ];
    }),
  );
}

function isOneVm(first: FilterBesideOthers, second: FilterBesideOthers): boolean {
  if ([first, second].some(({ unknown }) => unknown?.has('module') || unknown?.has('settings'))) return false;
  return sharingOf(vmUserOf(asRevision(first)), vmUserOf(asRevision(second))) === 'everything';
}

function isOnePath(first: FilterBesideOthers, second: FilterBesideOthers): boolean {
  if ([first, second].some(({ unknown }) => unknown?.has('mount-path'))) return false;
  return sharePath(asRevision(first), asRevision(second));
}

/** No target has a VM id, a root id or a path of its own. */
function asRevision({ name, ...request }: FilterBesideOthers): VmRevision {
  return { filter: name, ...request };
}

/** The workloads that both filters name, in words. */
function commonWorkloads({ first, second }: Pair): string[] {
  const named = new Map(first.targets.flatMap((entry) => namesOf(entry).map((name) => [name, entry] as const)));
  const common = second.targets.flatMap((entry) =>
    entry.type === 'named' && namesOf(entry).some((name) => named.has(name)) ? [describeWorkload(entry.workload)] : [],
  );
  return [...new Set(common)];
}

/** A workload by its name in each of its clusters. */
function namesOf(entry: TargetEntry): string[] {
  if (entry.type !== 'named') return [];
  const clusters = entry.clusters?.map(({ name }) => name) ?? [''];
  return clusters.map((cluster) => `${cluster} ${workloadKey(entry.workload)}`);
}

/** Whether what one selects may be what the other names or selects. */
function mayMeet({ first, second }: Pair): boolean {
  return first.targets.some((one) =>
    second.targets.some(
      (other) => (one.type === 'selected' || other.type === 'selected') && mayShareNamespace(one, other),
    ),
  );
}

function mayShareNamespace(one: TargetEntry, other: TargetEntry): boolean {
  const [some, others] = [namespacesOf(one), new Set(namespacesOf(other))];
  // Those that only the cluster knows may be any.
  return some.length === 0 || others.size === 0 || some.some((namespace) => others.has(namespace));
}

function problemOf({ first, second, by }: Pair, workloads: string): Problem {
  const [one, other] = [asRevision(first), asRevision(second)];
  return by === 'path' ? sharedPath(workloads, one, other) : oneVm(workloads, other, vmUserOf(one));
}

function warningOf({ first, second, by }: Pair): Warning {
  const [setting, topic, what] =
    by === 'vm'
      ? (['vm-id', 'Shared Wasm VM', 'have the same "vm-id", "root-id" and module'] as const)
      : (['mount-path', 'Shared mount path', 'have the same "mount-path", or one inside of the other'] as const);
  const names = [first, second].map((filter) => describeWritten(asRevision(filter), setting));
  const text = `The filters ${listWords(names, 'and')} ${what}: "deploy" will reject a workload that gets both.`;
  return { topic, subject: `filter "${second.name}"`, text };
}
