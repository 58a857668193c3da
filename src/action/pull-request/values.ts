import { canonicalJson } from '../../base/json.ts';
import { withoutNamedInLine, withoutNamedSecrets } from '../../base/redaction/named-secrets.ts';
import { Redactor } from '../../base/redaction/redactor.ts';
import { REDACTED } from '../../base/redaction/secret-forms.ts';
import { isSecretName } from '../../base/redaction/secret-names.ts';
import { kindNames } from '../../deploy/kinds/kinds.ts';
import type { ShownValues } from '../../deploy/report/filter-report.ts';
import type { MadePlan, PlannedChange } from '../../deploy/report/plan-report.ts';
import type { FilterReport, Report } from '../../deploy/report/report.ts';
import { redactedReport } from '../publish/redacted-report.ts';
import { settingDigest } from '../summary/parts/settings-changes.ts';

/** Returns a report whose page shows the values of configuration and environment, but for those with the name of a secret. */
export function withConfiguration(report: Report): Report {
  const { filters } = report;
  const clean =
    report.command === 'plan' && report.plan.state === 'made' ? { ...report, plan: withoutNamed(report.plan) } : report;
  return { ...clean, filters: filters.map((filter) => showing(filter, valuesOf(filter))) };
}

function withoutNamed(plan: MadePlan): MadePlan {
  return {
    ...plan,
    changes: plan.changes.map((change) => ({ ...change, diff: change.diff.map(withoutNamedInLine) })),
  };
}

/**
 * Returns a report whose page shows digests in place of configuration and environment, wherever they come up: differences of objects
 * that hold them are left to the job summary.
 */
export function withoutConfiguration(report: Report): Report {
  const hidden = new Redactor();
  for (const { settings } of report.filters) {
    const variables = Object.values(settings.environment ?? {}).filter((value) => typeof value === 'string');
    for (const value of [settings.configuration, ...variables]) hidden.mask(value, 'whole');
  }
  const clean = withoutDifferences(redactedReport(report, hidden.redact), report);
  return { ...clean, filters: report.filters.map((filter) => showing(filter, digestsOf(filter))) };
}

function showing(filter: FilterReport, shown: ShownValues): FilterReport {
  return { ...filter, shown };
}

function valuesOf({ settings: { configuration, environment = {} } }: FilterReport): ShownValues {
  const shown = Object.entries(environment).map(([name, value]) => [
    name,
    typeof value !== 'string' ? '(from the proxy)' : isSecretName(name) ? REDACTED : withoutNamedSecrets(value),
  ]);
  return {
    configuration: withoutNamedSecrets(configuration),
    environment: shown.length === 0 ? undefined : Object.fromEntries(shown),
  };
}

function digestsOf({ settings: { configuration, environment } }: FilterReport): ShownValues {
  return {
    configuration: configuration === '' ? '' : settingDigest(configuration),
    environment: environment === undefined ? undefined : settingDigest(canonicalJson({ ...environment })),
  };
}

/** Digests are of what was asked for, not of what a page says in its place: `given` has it. */
function withoutDifferences(report: Report, given: Report): Report {
  if (report.command !== 'plan' || report.plan.state === 'stopped') return report;
  const { changes } = report.plan;
  const settings = given.command === 'plan' && given.plan.state === 'made' ? given.plan.settings : [];
  const hidden = settings.map((one) => ({ ...one, isHidden: true as const }));
  return { ...report, plan: { ...report.plan, changes: changes.map(withoutDifference), settings: hidden } };
}

/** The pod template of a workload holds no settings; every other object may. */
function withoutDifference(change: PlannedChange): PlannedChange {
  if (change.diff.length === 0 || kindNames().some(({ kind }) => kind === change.kind)) return change;
  return { ...change, diff: [], reasons: [...change.reasons, 'its content is only in the job summary'] };
}
