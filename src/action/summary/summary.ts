import type { Permission } from '../../base/permission.ts';
import { formatBytes, formatDuration, listWords, MAX_LISTED } from '../../base/text.ts';
import { warningTexts } from '../../base/warning.ts';
import type { FilterReport, Report } from '../../deploy/report/report.ts';
import type { Links } from '../runner/links.ts';
import { permissionItems } from '../verdict/missing-permissions.ts';
import { groupProblems, reportedProblems } from '../verdict/problem-groups.ts';
import { countOf } from '../verdict/text.ts';
import { judge, type Verdict } from '../verdict/verdict.ts';
import { meaningOf } from '../verdict/words.ts';
import { checkPage } from './check.ts';
import { deployPage } from './deploy.ts';
import { renderClusters } from './parts/cluster-table.ts';
import { renderLeftOut } from './parts/left-out.ts';
import { fitPage, type Limits } from './parts/limits.ts';
import { blocks, code, text, textWithCode } from './parts/markdown.ts';
import type { CommandPage } from './parts/page.ts';
import { renderProblems } from './parts/problems.ts';
import { renderRole } from './parts/role.ts';
import { renderTests, testFacts } from './parts/tests.ts';
import { renderWaves } from './parts/waves.ts';
import { planPage } from './plan.ts';
import { removePage } from './remove.ts';
import { renderPage } from './render.ts';
import { statusPage } from './status.ts';

export interface SummaryOptions {
  /** The most bytes of UTF-8 that the page may have. */
  readonly maxBytes?: number;
  /** The most characters (UTF-16 units) that it may have. */
  readonly maxCharacters?: number;
  /** Omitted for none. */
  readonly links?: Links;
}

/**
 * Above 1,048,576 bytes the runner uploads nothing (actions/runner src/Runner.Worker/FileCommandManager.cs); other steps
 * have files of their own.
 */
const DEFAULT_MAX_BYTES = 1_000_000;

function pageOf(report: Report, links: Links): CommandPage {
  switch (report.command) {
    case 'deploy':
      return deployPage(report);
    case 'plan':
      return planPage(report);
    case 'status':
      return statusPage(report, links);
    case 'remove':
    case 'sweep':
      return removePage(report);
    case 'render':
      return renderPage(report);
    case 'check':
      return checkPage(report);
  }
}

/**
 * The job summary of a run, as GitHub-flavoured Markdown: verdict, what is wrong and what to do, then what the command has to
 * say. Never longer than it may be: diagnoses are left out first, then differences and rows, with a note of how much.
 */
export function renderSummary(
  report: Report,
  { maxBytes = DEFAULT_MAX_BYTES, maxCharacters = Number.POSITIVE_INFINITY, links = {} }: SummaryOptions = {},
): string {
  // That the run was cancelled is what the verdict says.
  const groups = groupProblems(report).filter(({ kind }) => kind !== 'cancelled');
  const problems = reportedProblems(report);
  const missing = missingForCleanup(report);
  const verdict = judge(report);
  const page = pageOf(report, links);
  const warnings = warningsOf(report);
  const render = (limits: Limits): string =>
    `${blocks(
      `## ${verdict.icon} ${text(verdict.headline)}`,
      textWithCode(verdict.sentence),
      renderFacts(report, links, limits),
      renderLeftOut(report, limits),
      renderProblems(page.problems, groups, limits),
      problems.some(({ permission }) => permission !== undefined) ? '' : roleLead(missing, limits),
      renderRole(report, [...problems, ...missing.map((permission) => ({ permission }))], limits),
      renderClusters(report, limits),
      renderWaves(report, limits),
      page.lead(limits),
      renderTests(report, limits),
      renderWarnings(warnings, limits),
      page.body(limits),
    )}\n`;
  // A page has at least as many bytes as characters.
  const fits = (page: string): boolean => page.length <= maxCharacters && Buffer.byteLength(page) <= maxBytes;
  return fitPage(render, fits) ?? shortSummary(verdict, Math.min(maxBytes, maxCharacters));
}

/** The cluster, or how many there are, the time, and where to read on. */
function renderFacts(report: Report, { run, commit, documentation, troubleshooting }: Links, limits: Limits): string {
  const { clusters, durationMs, filters, reportFile, junitFile, outcome } = report;
  const [first, ...others] = clusters;
  const where =
    others.length > 0 ? countOf(clusters.length, 'cluster') : first && `Context ${code(first.context, limits.name)}`;
  return [
    ...(where === undefined ? [] : [where]),
    `${where === undefined ? 'Took' : 'took'} ${formatDuration(durationMs)}`,
    ...shrunkFacts(filters).map((fact) => text(fact, limits.name)),
    ...testFacts(report).map((fact) => text(fact, limits.name)),
    ...(run === undefined ? [] : [`[run](${run})`]),
    ...(commit === undefined ? [] : [`[commit](${commit})`]),
    ...(documentation === undefined ? [] : [`[documentation](${documentation})`]),
    ...(troubleshooting === undefined || outcome !== 'failed' ? [] : [`[troubleshooting](${troubleshooting})`]),
    ...(reportFile === undefined ? [] : [`complete report in ${code(reportFile, limits.name)}`]),
    ...(junitFile === undefined ? [] : [`results of tests in ${code(junitFile, limits.name)}`]),
  ].join(' · ');
}

/** `add-header shrunk from 1.7 MiB to 463.0 KiB`: what runs is not the file that was built. How it was done is in the details. */
function shrunkFacts(filters: readonly FilterReport[]): string[] {
  const facts = filters.flatMap(({ name, bytes, original }) => {
    const [from, to] = [formatBytes(original?.bytes ?? bytes), formatBytes(bytes)];
    return from === to ? [] : [`${name} shrunk from ${from} to ${to}`];
  });
  return facts.length > MAX_LISTED ? [`${countOf(facts.length, 'filter')} shrunk`] : facts;
}

/** The permissions without which something is left undone or behind. */
function missingForCleanup(report: Report): readonly Permission[] {
  const left = 'collected' in report ? report.collected.left : [];
  return [...(report.missingForCleanup ?? []), ...left.flatMap(({ missing }) => missing ?? [])];
}

/** What leads to a Role that no problem asks for; empty where nothing is missing. */
function roleLead(missing: readonly Permission[], limits: Limits): string {
  if (missing.length === 0) return '';
  const items = permissionItems(missing).map((item) => text(item, limits.message));
  return `The kubeconfig user cannot ${listWords(items, 'and')}. This Role grants that:`;
}

/** The run's own warnings, and those of the API server's admission to a plan, each once. */
function warningsOf(report: Report): string[] {
  const changes = report.command === 'plan' && report.plan.state === 'made' ? report.plan.changes : [];
  const admission = changes.flatMap((change) =>
    change.admission.state === 'accepted' ? change.admission.warnings : [],
  );
  return [...new Set([...warningTexts(report.warnings), ...admission])];
}

function renderWarnings(warnings: readonly string[], limits: Limits): string {
  if (warnings.length === 0) return '';
  const left = warnings.length - limits.warnings;
  return blocks(
    '### Warnings',
    [
      ...warnings.slice(0, limits.warnings).map((warning) => `- ⚠️ ${textWithCode(warning, limits.message)}`),
      ...(left > 0 ? [`- … and ${countOf(left, 'more warning')}`] : []),
    ].join('\n'),
  );
}

/** The verdict alone, or the headline cut to what fits; empty when nothing does. */
export function shortSummary(verdict: Verdict, maxBytes: number): string {
  const heading = (max: number): string => `## ${verdict.icon} ${text(verdict.headline, max)}\n`;
  const pages = [`${heading(300)}\n${text(meaningOf(verdict), 600)}\n`, heading(300), heading(100), heading(30)];
  return pages.find((page) => Buffer.byteLength(page) <= maxBytes) ?? '';
}
