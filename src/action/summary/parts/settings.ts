import { dump } from 'js-yaml';
import { defined } from '../../../base/defined.ts';
import { formatShare, type Share } from '../../../base/share.ts';
import { formatBytes, formatDuration } from '../../../base/text.ts';
import type { RolloutPolicy } from '../../../deploy/policy.ts';
import { describeProbe } from '../../../deploy/probe.ts';
import type { FilterReport, Report } from '../../../deploy/report/report.ts';
import { describeInsertion, isBeforeRouter } from '../../../filter/insertion.ts';
import type { Provenance } from '../../../provenance/policy.ts';
import { countOf, plain } from '../../verdict/text.ts';
import { whenWords } from '../../verdict/words.ts';
import type { Limits } from './limits.ts';
import { blocks, details, fence } from './markdown.ts';

/** What the run worked with, by the names of the inputs, as YAML that folds. `policy` is what of it the command heeds. */
export function renderSettings(
  { filters, refusedInputs = [] }: Pick<Report, 'filters' | 'refusedInputs'>,
  policy: object,
  limits: Limits,
): string {
  const refused = new Set(refusedInputs);
  const shown = filters.slice(0, limits.filters);
  const left = filters.length - shown.length;
  const settings = {
    ...withoutStandIns(policy, refused),
    ...(shown.length > 0 && { filters: shown.map((filter) => withoutStandIns(settingsOf(filter, limits), refused)) }),
  };
  if (Object.keys(settings).length === 0) return '';
  // A folded or wrapped line would hide a secret in it from the runner, which masks what it finds word for word.
  const yaml = dump(settings, { lineWidth: -1, noRefs: true });
  return details(
    'Settings of this run',
    blocks(fence(yaml, 'yaml'), left > 0 ? `… and ${countOf(left, 'more filter')}.` : ''),
  );
}

/** Settings by the names of their inputs; of an input that was refused no value is shown, for it has none. */
function withoutStandIns(settings: object, refused: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(settings).map(([name, value]) => [name, refused.has(name) ? 'not valid' : value]),
  );
}

/** How `deploy` rolls out; a probe without its headers and body, which may be secret. */
export function deployPolicy(policy: RolloutPolicy): Record<string, unknown> {
  if (!policy.wait) return { wait: false };
  const { verify, probe, onFailure, unready, canary, maxFailures, soakMs } = policy;
  return {
    ...removePolicy(policy),
    verify,
    ...(probe !== undefined && { probe: plain(describeProbe(probe), 260) }),
    'on-failure': onFailure,
    ...(unready !== 'fail' && { unready }),
    ...(canary !== undefined && { canary: shown(canary) }),
    'max-failures': shown(maxFailures),
    ...(soakMs > 0 && { soak: formatDuration(soakMs) }),
  };
}

/** When the first filter of the targets expires. */
export function expirySetting({ expires }: Pick<Report, 'expires'>): Record<string, string> {
  return expires === undefined ? {} : { expires: whenWords(expires) };
}

/** A number as a number, so that YAML writes it without quotes. */
function shown(share: Share): string | number {
  return 'count' in share ? share.count : formatShare(share);
}

/** How `remove` and `sweep` roll out. */
export function removePolicy({ wait, timeoutMs, maxParallel }: RolloutPolicy): Record<string, unknown> {
  if (!wait) return { wait };
  return {
    wait,
    timeout: formatDuration(timeoutMs),
    ...defined({ 'max-parallel': maxParallel }),
  };
}

function settingsOf(
  { name, digest, bytes, original, settings, source, provenance, delivered }: FilterReport,
  limits: Limits,
): Record<string, unknown> {
  const { image } = settings;
  const pinned = image?.reference ?? (source?.kind === 'image' ? source.pinned : undefined);
  return {
    name: plain(name, 260),
    ...(source !== undefined && { source: plain(source.given, 400) }),
    ...(pinned !== undefined && { image: plain(pinned, 600) }),
    digest: plain(digest, 260),
    size: `${formatBytes(bytes)} (${bytes} bytes)`,
    ...(original !== undefined && {
      shrunk: plain(`from ${formatBytes(original.bytes)} to ${formatBytes(bytes)}, ${original.how}`, 260),
      'original-digest': plain(original.digest, 260),
    }),
    ...(provenance !== undefined && { provenance: shownProvenance(provenance) }),
    'root-id': plain(settings.rootId, 260),
    ...(image === undefined && { 'vm-id': plain(settings.vmId, 260) }),
    direction: settings.direction,
    port: settings.port ?? 'all',
    'fail-policy': settings.failPolicy,
    ...furtherSettings(settings),
    ...(!isBeforeRouter(settings.insert) && { insert: plain(describeInsertion(settings.insert), 260) }),
    order: settings.order,
    ...(image === undefined && { 'mount-path': plain(settings.mountPath, 260) }),
    ...((image !== undefined || delivered !== undefined) && {
      delivery: `${image === undefined ? 'configmap' : 'image'}${delivered === undefined ? '' : `: ${delivered}`}`,
    }),
    ...(image !== undefined && {
      ...(image.pullSecret !== undefined && { 'pull-secret': plain(image.pullSecret, 260) }),
      phase: image.phase,
    }),
    configuration: shownConfiguration(settings.configuration, limits.configuration),
  };
}

function shownProvenance({ repository, workflow, ref, commit, run }: Provenance): Record<string, string> {
  const shown = { repository, workflow, ref, commit, run };
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, plain(value, 260)]));
}

/** The settings that most filters do not use. Of variables only the names, since their values may be secret. */
function furtherSettings({
  reloadBackoffMs,
  allowOnHeadersStopIteration,
  environment = {},
  capabilities,
  allowPrecompiled,
}: FilterReport['settings']): Record<string, unknown> {
  const variables = Object.entries(environment).map(([name, value]) => [
    plain(name, 260),
    typeof value === 'string' ? '(set)' : '(from the proxy)',
  ]);
  return {
    ...(reloadBackoffMs !== undefined && { 'reload-backoff': formatDuration(reloadBackoffMs) }),
    ...(allowOnHeadersStopIteration === true && { 'allow-on-headers-stop-iteration': true }),
    ...(variables.length > 0 && { environment: Object.fromEntries(variables) }),
    ...(capabilities !== undefined && { capabilities: capabilities.map((name) => plain(name, 260)) }),
    ...(allowPrecompiled === true && { 'allow-precompiled': true }),
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
