import { thousands } from '../../../base/text.ts';
import type { PlannedAdoption } from '../../../deploy/report/plan-report.ts';
import type { ChangeReport, TargetReport } from '../../../deploy/report/report.ts';
import { shortWorkload } from '../../../targets/target.ts';
import type { Limits } from './limits.ts';
import { blocks, code, codes, text } from './markdown.ts';

const MAX_NAMED = 4;

/** From which EnvoyFilters workloads were taken over, and which other filters of this action run there. */
export function renderBeside({ targets }: Pick<ChangeReport, 'targets'>, limits: Limits): string {
  return blocks(
    section(
      'Adopted',
      targets.map((target) => ({ target, what: (target.takenOver ?? []).map((name) => `EnvoyFilter ${name}`) })),
      limits,
    ),
    section(
      'Other filters on these workloads',
      targets.map((target) => ({ target, what: target.alsoRuns ?? [] })),
      limits,
    ),
  );
}

function section(
  heading: string,
  entries: readonly { readonly target: TargetReport; readonly what: readonly string[] }[],
  limits: Limits,
): string {
  const pairs = entries.flatMap(({ target: { ref }, what }) => what.map((one) => ({ one, name: shortWorkload(ref) })));
  if (pairs.length === 0) return '';
  const groups = [...Map.groupBy(pairs, ({ one }) => one)];
  const lines = groups.slice(0, limits.entries).map(([one, found]) => {
    return `- ${code(one, limits.name)}: ${some(
      found.map(({ name }) => name),
      limits,
    )}`;
  });
  const left = groups.length - lines.length;
  return blocks(`### ${heading}`, [...lines, ...more(left)].join('\n'));
}

const FATES: Readonly<Record<PlannedAdoption['fate'], string>> = {
  deleted: 'its EnvoyFilter holds nothing else and is deleted',
  patched: 'its patches are removed from its EnvoyFilter, which keeps',
  stays: 'its EnvoyFilter stays as it is, because it still serves',
};

/** What `deploy` would take over, filter by filter, and what would stay. */
export function renderAdoptions(adoptions: readonly PlannedAdoption[], limits: Limits): string {
  if (adoptions.length === 0) return '';
  const lines = adoptions.slice(0, limits.entries).map(({ what, by, workloads, fate, keeps, volumes }) => {
    const kept = keeps.length === 0 ? '' : ` ${some(keeps, limits)}`;
    const mounts = volumes.map(({ volume, stays }) =>
      stays === undefined
        ? `volume ${code(volume, limits.name)} is removed`
        : `volume ${code(volume, limits.name)} stays, because ${text(stays, limits.message)}`,
    );
    return `- ${text(what, limits.message)}: ${code(by, limits.name)} replaces it on ${some(workloads, limits)}; ${[`${FATES[fate]}${kept}`, ...mounts].join('; ')}.`;
  });
  return blocks('### What would be adopted', [...lines, ...more(adoptions.length - lines.length)].join('\n'));
}

function some(names: readonly string[], limits: Limits): string {
  return codes(names, MAX_NAMED, limits.name);
}

function more(left: number): string[] {
  return left > 0 ? [`- … and ${thousands(left)} more`] : [];
}
