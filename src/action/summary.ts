import { formatDuration } from '../base/text.ts';
import type { Report } from '../deploy/report.ts';
import { blocks, code, countOf, text, thousands } from './markdown.ts';
import { groupProblems } from './summary-groups.ts';
import { FULL, fitPage, type Limits } from './summary-limits.ts';
import { renderProblems } from './summary-problems.ts';
import { renderSettings } from './summary-settings.ts';
import { renderStanding } from './summary-standing.ts';
import { renderCounts, TargetTable } from './summary-targets.ts';
import { judge } from './verdict.ts';

export interface SummaryOptions {
  /** The most bytes of UTF-8 that the page may have. */
  readonly maxBytes?: number;
}

/**
 * Above 1,048,576 bytes the runner uploads nothing (actions/runner src/Runner.Worker/FileCommandManager.cs); other steps
 * have files of their own.
 */
const DEFAULT_MAX_BYTES = 1_000_000;

/**
 * The job summary of a run, as GitHub-flavoured Markdown: verdict, what failed and what to do, what runs now, the
 * workloads, the settings. Never longer than `maxBytes`: evidence is left out first, then rows, with a note of how much.
 */
export function renderSummary(report: Report, { maxBytes = DEFAULT_MAX_BYTES }: SummaryOptions = {}): string {
  // That the run was cancelled is what the verdict says.
  const groups = groupProblems(report).filter(({ kind }) => kind !== 'cancelled');
  const targets = new TargetTable(report);
  const verdict = judge(report);
  const page = (limits: Limits): string =>
    `${blocks(
      `## ${verdict.icon} ${text(verdict.headline)}`,
      text(verdict.sentence),
      renderFacts(report, limits),
      limits === FULL
        ? ''
        : 'This page would be larger than GitHub shows; what was left out is counted where it is missing.',
      renderProblems(verdict.state === 'refused' ? 'What is wrong' : 'What failed', groups, limits),
      verdict.state === 'failed' || verdict.state === 'cancelled' ? renderStanding(report) : '',
      renderWarnings(report.warnings, limits),
      targets.render(limits),
      renderSettings(report, limits),
    )}\n`;
  return fitPage(page, maxBytes) ?? shortest(verdict.icon, verdict.headline, maxBytes);
}

/** Counts, cluster, time. */
function renderFacts(report: Report, limits: Limits): string {
  const { cluster, requests, durationMs } = report;
  const counts = renderCounts(report);
  const facts = [
    ...(cluster === undefined
      ? []
      : [`Context ${code(cluster.context, limits.name)}`, `Kubernetes ${text(cluster.version, 60)}`]),
    `took ${formatDuration(durationMs)}`,
    `API calls: ${thousands(requests.reads)} reads, ${thousands(requests.writes)} writes`,
  ];
  return [...(counts === '' ? [] : [`**${counts}**`]), facts.join(' · ')].join('<br>');
}

function renderWarnings(warnings: readonly string[], limits: Limits): string {
  const distinct = [...new Set(warnings)];
  if (distinct.length === 0) return '';
  const left = distinct.length - limits.warnings;
  return blocks(
    '### Warnings',
    [
      ...distinct.slice(0, limits.warnings).map((warning) => `- ⚠️ ${text(warning, limits.message)}`),
      ...(left > 0 ? [`- … and ${countOf(left, 'more warning')}`] : []),
    ].join('\n'),
  );
}

/** The headline alone, cut to what fits; empty when nothing does. */
function shortest(icon: string, headline: string, maxBytes: number): string {
  for (const most of [300, 100, 30]) {
    const page = `## ${icon} ${text(headline, most)}\n`;
    if (Buffer.byteLength(page) <= maxBytes) return page;
  }
  return '';
}
