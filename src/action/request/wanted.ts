import { defined } from '../../base/defined.ts';
import { Diagnostics, describeProblem, type Problem, type Result } from '../../base/problem.ts';
import type { Warning } from '../../base/warning.ts';
import type { StatusScope, WantedFilter } from '../../deploy/request.ts';
import type { FilterInputs } from '../inputs/inputs.ts';
import { type FilterTools, filterRequestOf, prepareFilters } from './filters.ts';
import type { AskedFilter } from './targets.ts';

/** What `status` knows of a filter from elsewhere than the cluster. */
export interface AskedAgain {
  /** What its image is now. */
  readonly tagged?: StatusScope['tagged'];
  readonly wanted?: WantedFilter;
  readonly warnings: readonly Warning[];
}

/**
 * Gets ready what a manifest says of a filter, as `deploy` would, so that `status` can compare. What cannot be had is no failure, and
 * who built the module is not asked: nothing is deployed. `withOthers`: whether the manifest's other filters are asked about, too.
 */
export async function askWanted(
  asked: AskedFilter,
  asDeployed: Result<FilterInputs>,
  withOthers: boolean,
  tools: FilterTools,
): Promise<AskedAgain> {
  if (!asDeployed.ok) return { wanted: { state: 'unknown' }, warnings: warningsOf(asked, asDeployed.problems) };
  const inputs: FilterInputs = { ...asDeployed.value, provenance: { token: '' } };
  const own = new Diagnostics();
  const [prepared] = await prepareFilters([{ ...asked, inputs }], tools, own);
  if (prepared === undefined) return { wanted: { state: 'unknown' }, warnings: [] };
  const { settings, module, push, onNewDigest, delivery } = filterRequestOf(prepared);
  const loaded = own.ok && prepared.module !== undefined ? module : undefined;
  // What this manifest would push itself has not moved.
  const tagged = push === undefined && loaded?.source?.kind === 'image' ? { module: loaded, onNewDigest } : undefined;
  return {
    ...defined({ tagged }),
    wanted: { state: 'known', settings, onNewDigest, delivery, withOthers, ...defined({ module: loaded }) },
    warnings: warningsOf(asked, own.problems),
  };
}

function warningsOf({ inputs: { name } }: AskedFilter, problems: readonly Problem[]): Warning[] {
  return problems.map((problem) => ({
    topic: 'Not compared',
    subject: `filter "${name}"`,
    text: `The manifest could not be compared with all that runs: ${describeProblem(problem)}`,
  }));
}
