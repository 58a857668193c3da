import { dump } from 'js-yaml';
import { formatBytes, formatDuration } from '../base/text.ts';
import type { FilterReport, Report } from '../deploy/report.ts';
import { blocks, countOf, details, fence, plain } from './markdown.ts';
import type { Limits } from './summary-limits.ts';

/** What the run worked with, by the names of the inputs, as YAML that folds. */
export function renderSettings(report: Report, limits: Limits): string {
  const shown = report.filters.slice(0, limits.filters);
  const left = report.filters.length - shown.length;
  // A folded or wrapped line would hide a secret in it from the runner, which masks what it finds word for word.
  const yaml = dump(
    {
      wait: report.waited,
      ...(report.waited ? { timeout: formatDuration(report.timeoutMs) } : {}),
      filters: shown.map((filter) => settingsOf(filter, limits)),
    },
    { lineWidth: -1, noRefs: true },
  );
  return details(
    'Settings of this run',
    blocks(fence(yaml, 'yaml'), left > 0 ? `… and ${countOf(left, 'more filter')}.` : ''),
  );
}

function settingsOf({ name, digest, bytes, settings }: FilterReport, limits: Limits): Record<string, unknown> {
  return {
    name: plain(name, 260),
    digest: plain(digest, 260),
    size: `${formatBytes(bytes)} (${bytes} bytes)`,
    'root-id': plain(settings.rootId, 260),
    'vm-id': plain(settings.vmId, 260),
    direction: settings.direction,
    port: settings.port ?? 'all',
    'fail-policy': settings.failPolicy,
    order: settings.order,
    'mount-path': plain(settings.mountPath, 260),
    configuration: shownConfiguration(settings.configuration, limits.configuration),
  };
}

/**
 * As many whole lines of the configuration as there is room for. Never part of a line: half of a secret is not masked.
 */
function shownConfiguration(configuration: string, most: number): string {
  if (configuration.length <= most) return configuration;
  const end = configuration.lastIndexOf('\n', most);
  const shown = end === -1 ? '' : configuration.slice(0, end + 1);
  return `${shown}… ${formatBytes(Buffer.byteLength(configuration) - Buffer.byteLength(shown))} of ${formatBytes(Buffer.byteLength(configuration))} not shown`;
}
