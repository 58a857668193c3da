import { dataKey } from '../../base/json.ts';
import { formatBytes, MAX_LISTED, someOf, thousands } from '../../base/text.ts';
import type { PlannedChange } from '../../deploy/report/plan-report.ts';
import { inClusterName } from '../../targets/target.ts';
import { countOf } from '../verdict/text.ts';
import { renderNames } from './parts/cleanup.ts';
import type { Limits } from './parts/limits.ts';
import { blocks, codes, details, fence, text } from './parts/markdown.ts';

const MAX_NAMED = 3;
/** Longer lines are left out whole: half of a secret is not masked. */
const MAX_LINE_CHARACTERS = 4_000;

/** Changes that differ in nothing but the object. */
export interface ChangeGroup {
  readonly first: PlannedChange;
  /** `Deployment shop/reviews`. */
  readonly objects: readonly string[];
  readonly namespaces: number;
}

const ACTIONS: Readonly<Record<PlannedChange['action'], string>> = {
  create: '➕ create',
  change: '✏️ change',
  delete: '🗑️ delete',
};

/** Every write of a plan, in its order, with its difference folded; equal differences are told once. */
export function renderChanges(groups: readonly ChangeGroup[], limits: Limits): string {
  if (groups.length === 0) return '';
  const budget = { lines: limits.diffLines };
  const shown = groups.slice(0, limits.items);
  const left = groups.slice(shown.length).reduce((sum, { objects }) => sum + objects.length, 0);
  return blocks(
    '### What would be written',
    shown.map((group) => renderGroup(group, limits, budget)),
    left > 0 ? `… and ${countOf(left, 'more object')}.` : '',
  );
}

/** The groups of a plan's changes, made once however often a page is rendered. */
export function groupChanges(changes: readonly PlannedChange[]): ChangeGroup[] {
  const groups = Map.groupBy(
    changes,
    // What is the same but for its namespace is the same.
    ({ action, reasons, diff, namespace }) => dataKey([action, reasons, withoutNamespace(diff, namespace)]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    const namespaces = new Set(group.map(({ namespace }) => namespace)).size;
    return first === undefined ? [] : [{ first, objects: group.map(nameOfChange), namespaces }];
  });
}

function withoutNamespace(diff: readonly string[], namespace: string): readonly string[] {
  return diff.filter((line) => line !== `+  namespace: ${namespace}`);
}

/** `Deployment shop/reviews`, of several clusters `prod-eu: Deployment shop/reviews`. */
export function nameOfChange({ cluster, kind, namespace, name }: PlannedChange): string {
  return inClusterName(cluster, `${kind} ${namespace}/${name}`);
}

function renderGroup({ first, objects, namespaces }: ChangeGroup, limits: Limits, budget: { lines: number }): string {
  const more = Math.max(0, objects.length - MAX_NAMED);
  const title = `${ACTIONS[first.action]} ${objects.length === 1 ? '' : `${thousands(objects.length)} objects: `}${codes(objects, MAX_NAMED, limits.name)}${namespaces > 1 ? `, the same in ${countOf(namespaces, 'namespace')}` : ''}`;
  const reasons = first.reasons.map((reason) => text(reason, limits.message));
  if (first.diff.length === 0 && more === 0)
    return reasons.length === 0 ? title : `${title} (${someOf(reasons, MAX_LISTED, '; ')})`;
  const body = blocks(
    reasons.map((reason) => `- ${reason}`).join('\n'),
    more > 0 ? renderNames(`All ${thousands(objects.length)} of them`, objects, limits) : '',
    renderDiff(namespaces > 1 ? withoutNamespace(first.diff, first.namespace) : first.diff, budget),
  );
  return body === '' ? title : details(title, body);
}

function renderDiff(diff: readonly string[], budget: { lines: number }): string {
  if (diff.length === 0) return '';
  const shown = diff.slice(0, budget.lines);
  budget.lines -= shown.length;
  const lines = shown.map((line) =>
    line.length <= MAX_LINE_CHARACTERS
      ? line
      : `${line.charAt(0)} … a line of ${formatBytes(Buffer.byteLength(line))}, not shown`,
  );
  const left = diff.length - shown.length;
  return blocks(
    lines.length === 0 ? '' : fence(lines.join('\n'), 'diff'),
    left > 0 ? `… and ${countOf(left, 'more line')}.` : '',
  );
}
