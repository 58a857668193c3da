import { dataKey } from '../../../base/json.ts';
import { formatBytes, someOf } from '../../../base/text.ts';
import type { ModuleVersion, PlannedModule } from '../../../deploy/report/plan-report.ts';
import { countOf } from '../../verdict/text.ts';
import type { Limits } from './limits.ts';
import { blocks, code } from './markdown.ts';

const MAX_BEFORE = 4;

/** Returns a line for each filter that says which module it had and gets; the empty string for nothing. */
export function renderModuleChanges(modules: readonly PlannedModule[], limits: Limits): string {
  if (modules.length === 0) return '';
  const groups = [...Map.groupBy(modules, ({ filter, after }) => dataKey([filter, after])).values()];
  const shown = groups.slice(0, limits.items);
  const left = groups.length - shown.length;
  const lines = shown.map((changes) => {
    const names = changes.slice(0, 1).map(({ filter }) => code(filter, limits.name));
    return `${names.join('')} on ${onWorkloads(changes)}: ${describe(changes, limits)}`;
  });
  return blocks(
    '### What changes in the module',
    lines.length === 1 ? lines : lines.map((line) => `- ${line}`).join('\n'),
    left > 0 ? `… and ${countOf(left, 'more module')}.` : '',
  );
}

/** What workloads that get the same module have now, and that. */
function describe(changes: readonly PlannedModule[], limits: Limits): string {
  const [first] = changes;
  if (first === undefined) return '';
  const after = versionWords(first.after, limits);
  const before = [...Map.groupBy(changes, (change) => beforeWords(change, limits))].sort(
    ([, one], [, other]) => countWorkloads(other) - countWorkloads(one),
  );
  if (before.length > 1) {
    const sides = before.map(([words, those]) => `${words} on ${onWorkloads(those)}`);
    return `${someOf(sides, MAX_BEFORE)} → ${after}`;
  }
  if (first.state === 'same') return `the same module, ${after}`;
  const isPacked = first.before?.digest === first.after.digest;
  return `${beforeWords(first, limits)} → ${after}${isPacked ? ', the same module' : ''}`;
}

function beforeWords({ state, before }: PlannedModule, limits: Limits): string {
  if (state === 'same') return 'the same';
  if (before === undefined) return state === 'new' ? 'none' : 'unknown';
  return versionWords(before, limits);
}

function versionWords({ digest, bytes, image }: ModuleVersion, limits: Limits): string {
  const size = bytes === undefined ? '' : ` (${formatBytes(bytes)})`;
  return `${code(shortened(image ?? digest), limits.name)}${size}`;
}

/** `sha256:0123456789ab`, also at the end of an image's reference. */
function shortened(reference: string): string {
  const at = reference.lastIndexOf('sha256:');
  return at === -1 ? reference : reference.slice(0, at + 'sha256:'.length + 12);
}

function onWorkloads(changes: readonly PlannedModule[]): string {
  return countOf(countWorkloads(changes), 'workload');
}

function countWorkloads(changes: readonly PlannedModule[]): number {
  return changes.reduce((sum, { workloads }) => sum + workloads.length, 0);
}
