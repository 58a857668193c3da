import { Diagnostics } from '../../base/problem.ts';
import type { Mask } from '../../base/redaction/redactor.ts';
import { CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN } from '../../cluster/resources.ts';
import { kindNames } from '../../deploy/kinds/kinds.ts';
import { COMMANDS } from '../../deploy/report/report.ts';
import { DIRECTIONS } from '../../filter/settings.ts';
import { parseTargets, type TargetList } from '../../targets/parse.ts';
import { namespacesOf, type TargetEntry } from '../../targets/target.ts';
import type { FilterInputs } from '../inputs/inputs.ts';

/** What happens to filters and workloads, and what outputs call their values. */
const OUTCOMES = [
  ...[
    'deployed',
    'removed',
    'unchanged',
    'failed',
    'rolled-back',
    'untouched',
    'superseded',
    'rolled-back',
    'verified',
  ],
  ...['namespace', 'revision', 'workload', 'configuration', 'template', 'rollout', 'disabled', 'required', 'optional'],
];

/**
 * The words that a run needs for what it says, in lower case: names of its filters, its targets and their namespaces, kinds and
 * outcomes. A variable that happens to have such a value, for its own name's sake, is no secret.
 */
export function runWords(
  filters: readonly Pick<FilterInputs, 'name' | 'namespaces'>[],
  lists: readonly TargetList[],
): ReadonlySet<string> {
  const named = filters.flatMap(({ name, namespaces }) => [name, ...namespaces]);
  const entries = lists.flatMap(entriesOf);
  const kinds = [...kindNames(), CONFIG_MAP, ENVOY_FILTER, WASM_PLUGIN].map(({ kind }) => kind);
  const words = [...named, ...kinds, ...COMMANDS, ...DIRECTIONS, ...OUTCOMES, ...entries.flatMap(namesOf)];
  return new Set(words.map((word) => word.toLowerCase()));
}

/** Tells of everything but these words. */
export function sparing(words: ReadonlySet<string>, mask: Mask): Mask {
  return (secret, how) => {
    if (!words.has(secret.toLowerCase())) mask(secret, how);
  };
}

function entriesOf(list: TargetList): readonly TargetEntry[] {
  return new Diagnostics().unwrapPartial(parseTargets(list, { defaultNamespace: 'default', kinds: kindNames() }));
}

function namesOf(entry: TargetEntry): readonly string[] {
  const name = entry.type === 'named' ? entry.workload.name : entry.name;
  return [...namespacesOf(entry), ...(name === undefined ? [] : [name])];
}
