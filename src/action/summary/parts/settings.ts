import { dump } from 'js-yaml';
import { withoutNamedSecrets } from '../../../base/redaction/named-secrets.ts';
import { formatShare, type Share } from '../../../base/share.ts';
import { formatBytes, formatDuration, someOf } from '../../../base/text.ts';
import { type RolloutPolicy, soakInputs } from '../../../deploy/policy.ts';
import { describeProbe } from '../../../deploy/probe.ts';
import type { ShownValues } from '../../../deploy/report/filter-report.ts';
import type { MovedTag } from '../../../deploy/report/moved-tag.ts';
import {
  type DeployReport,
  expiryOf,
  type FilterReport,
  type PlanReport,
  type Report,
} from '../../../deploy/report/report.ts';
import { describeInsertion, isBeforeRouter } from '../../../filter/insertion.ts';
import type { Provenance } from '../../../provenance/policy.ts';
import { DEFAULT_TAG, formatReference, OCI_SCHEME, parseReference } from '../../../registry/reference.ts';
import { parseDuration } from '../../inputs/duration.ts';
import { defaultMountPath } from '../../inputs/settings.ts';
import { INPUTS, type InputName } from '../../inputs/table.ts';
import { countOf, plain } from '../../verdict/text.ts';
import { whenWords } from '../../verdict/words.ts';
import type { Limits } from './limits.ts';
import { blocks, details, fence, text } from './markdown.ts';

/** One setting of a run, by the name of its input where it has one. */
interface Setting {
  readonly name: string;
  readonly value: unknown;
  /** Whether it is what the run has where nobody sets it: then it is not shown. */
  readonly isDefault?: boolean;
}

/**
 * The details that few look for, folded: versions, requests, and what was set of the inputs, as YAML. `policy` is what of it the
 * command uses.
 */
export function renderDetails(
  { filters, refusedInputs, clusters, requests, movedTags = [] }: Report,
  policy: readonly Setting[],
  limits: Limits,
): string {
  const refused = new Set(refusedInputs);
  const shown = filters.slice(0, limits.filters);
  const left = filters.length - shown.length;
  const settings = {
    ...setOnes(policy, refused),
    ...(shown.length > 0 && {
      filters: shown.map((filter) =>
        setOnes(
          [...settingsOf(filter, limits), ...keptSettings(filter, movedTags)],
          refused.union(new Set(filter.refusedSettings)),
        ),
      ),
    }),
  };
  const versions = new Set(clusters.flatMap((one) => (one.state === 'connected' ? [one.version] : [])));
  const facts = [
    ...(versions.size === 0 ? [] : [`Kubernetes ${text(someOf([...versions]), 60)}`]),
    ...(requests.reads + requests.writes === 0
      ? []
      : [`API requests: ${countOf(requests.reads, 'read')}, ${countOf(requests.writes, 'write')}`]),
  ].join(' · ');
  // A folded or wrapped line would hide a secret in it from the runner, which masks what it finds word for word.
  const yaml = Object.keys(settings).length === 0 ? '' : fence(dump(settings, { lineWidth: -1, noRefs: true }), 'yaml');
  const body = blocks(facts, yaml, left > 0 ? `… and ${countOf(left, 'more filter')}.` : '');
  return body === '' ? '' : details('Details of this run', body);
}

/** What was set; of an input that was refused no value is shown, for it has none. */
function setOnes(settings: readonly Setting[], refused: ReadonlySet<string>): Record<string, unknown> {
  return Object.fromEntries(
    settings
      .filter(({ name, isDefault }) => refused.has(name) || isDefault !== true)
      .map(({ name, value }) => [name, refused.has(name) ? 'not valid' : value]),
  );
}

/** A setting that its input has as its default value. */
function setting(name: InputName, value: string | number | boolean): Setting {
  return { name, value, isDefault: String(value) === INPUTS[name].default };
}

/** How `deploy` rolls out; a probe without its headers and body, which may be secret. */
export function deployPolicy(policy: RolloutPolicy): Setting[] {
  const { wait, verify, scout, probe, onFailure, unready, canary, maxFailures, soakMs } = policy;
  if (!wait) return removePolicy(policy);
  return [
    ...removePolicy(policy),
    setting('verify', verify),
    setting('scout', scout),
    ...(probe === undefined ? [] : [{ name: 'probe', value: plain(describeProbe(probe), 260) }]),
    setting('on-failure', onFailure),
    setting('unready', unready),
    ...(canary === undefined ? [] : [setting('canary', shown(canary))]),
    setting('max-failures', shown(maxFailures)),
    { name: 'soak', value: formatDuration(soakMs), isDefault: soakMs === 0 },
    ...soakSettings(policy),
  ];
}

/** By what watched pods are judged, where any are. */
function soakSettings({ soakLimits }: RolloutPolicy): Setting[] {
  if (soakLimits === undefined) return [];
  return Object.entries(soakInputs(soakLimits)).map(([name, value]) =>
    setting(name as keyof ReturnType<typeof soakInputs>, value),
  );
}

/** When the first filter of the targets expires. */
export function expirySetting(report: DeployReport | PlanReport): Setting[] {
  const expires = expiryOf(report);
  return expires === undefined ? [] : [{ name: 'expires', value: whenWords(expires) }];
}

/** A number as a number, so that YAML writes it without quotes. */
function shown(share: Share): string | number {
  return 'count' in share ? share.count : formatShare(share);
}

/** How `remove` and `sweep` roll out. */
export function removePolicy({ wait, timeoutMs, maxParallel, promote }: RolloutPolicy): Setting[] {
  if (!wait) return [setting('wait', wait)];
  return [
    {
      name: 'timeout',
      value: formatDuration(timeoutMs),
      isDefault: timeoutMs === parseDuration(INPUTS.timeout.default),
    },
    setting('promote', promote),
    ...(maxParallel === undefined ? [] : [setting('max-parallel', shown(maxParallel))]),
  ];
}

function settingsOf(
  { name, digest, bytes, original, settings, source, provenance, delivered, shown: instead }: FilterReport,
  limits: Limits,
): Setting[] {
  const { image, rootId, vmId, port, insert, mountPath, configuration } = settings;
  const pinned = image?.reference ?? (source?.kind === 'image' ? source.pinned : undefined);
  return [
    { name: 'name', value: plain(name, 260) },
    ...(source === undefined ? [] : [{ name: 'source', value: plain(source.given, 400) }]),
    ...(pinned === undefined ? [] : [{ name: 'image', value: plain(pinned, 600) }]),
    { name: 'digest', value: plain(digest, 260) },
    { name: 'size', value: `${formatBytes(bytes)} (${bytes} bytes)` },
    ...(original === undefined
      ? []
      : [
          {
            name: 'shrunk',
            value: plain(`from ${formatBytes(original.bytes)} to ${formatBytes(bytes)}, ${original.how}`, 260),
          },
          { name: 'original-digest', value: plain(original.digest, 260) },
        ]),
    ...(provenance === undefined ? [] : [{ name: 'provenance', value: shownProvenance(provenance) }]),
    setting('root-id', plain(rootId, 260)),
    { name: 'vm-id', value: plain(vmId, 260), isDefault: image !== undefined || vmId === name },
    setting('direction', settings.direction),
    setting('port', port ?? ''),
    setting('fail-policy', settings.failPolicy),
    ...furtherSettings(settings, instead),
    { name: 'insert', value: plain(describeInsertion(insert), 260), isDefault: isBeforeRouter(insert) },
    setting('order', settings.order),
    {
      name: 'mount-path',
      value: plain(mountPath, 260),
      isDefault: image !== undefined || mountPath === defaultMountPath(name),
    },
    ...(image === undefined && delivered === undefined
      ? []
      : [
          {
            name: 'delivery',
            value: `${image === undefined ? 'configmap' : 'image'}${delivered === undefined ? '' : `: ${delivered}`}`,
          },
        ]),
    ...(image?.pullSecret === undefined ? [] : [{ name: 'pull-secret', value: plain(image.pullSecret, 260) }]),
    ...(image === undefined ? [] : [setting('phase', image.phase)]),
    {
      name: 'configuration',
      value: shownConfiguration(instead?.configuration ?? withoutNamedSecrets(configuration), limits.configuration),
      isDefault: configuration === '',
    },
  ];
}

/** What becomes of workloads where its tag has moved, and what they keep. */
function keptSettings({ source, onNewDigest = 'deploy' }: FilterReport, movedTags: readonly MovedTag[]): Setting[] {
  const kept = movedTags.filter(
    (move) => move.onNewDigest !== 'deploy' && `${OCI_SCHEME}${move.image}:${move.tag}` === withTag(source),
  );
  return [
    setting('on-new-digest', onNewDigest),
    ...(kept.length === 0
      ? []
      : [
          {
            name: 'kept',
            value: kept.map(({ from, workloads }) => `${plain(from, 100)} on ${countOf(workloads.length, 'workload')}`),
          },
        ]),
  ];
}

/** The reference that a filter came by, with its tag. */
function withTag(source: FilterReport['source']): string | undefined {
  const reference = source?.kind === 'image' ? parseReference(source.given, '') : undefined;
  if (reference?.ok !== true) return undefined;
  return formatReference({ ...reference.value, tag: reference.value.tag ?? DEFAULT_TAG });
}

function shownProvenance({ repository, workflow, ref, commit, run }: Provenance): Record<string, string> {
  const shown = { repository, workflow, ref, commit, run };
  return Object.fromEntries(Object.entries(shown).map(([key, value]) => [key, plain(value, 260)]));
}

/** The settings that most filters do not use. */
function furtherSettings(settings: FilterReport['settings'], instead?: ShownValues): Setting[] {
  const { reloadBackoffMs, allowOnHeadersStopIteration, capabilities, allowPrecompiled, logLevel } = settings;
  return [
    ...(reloadBackoffMs === undefined ? [] : [{ name: 'reload-backoff', value: formatDuration(reloadBackoffMs) }]),
    setting('allow-on-headers-stop-iteration', allowOnHeadersStopIteration === true),
    ...environmentSetting(settings, instead),
    ...(capabilities === undefined
      ? []
      : [{ name: 'capabilities', value: capabilities.map((name) => plain(name, 260)) }]),
    setting('allow-precompiled', allowPrecompiled === true),
    setting('log-level', logLevel ?? 'unchanged'),
  ];
}

/** Of variables only the names, since their values may be secret, unless somebody says what is shown. */
function environmentSetting({ environment = {} }: FilterReport['settings'], instead?: ShownValues): Setting[] {
  const shown = instead?.environment;
  if (typeof shown === 'string') return [{ name: 'environment', value: shown }];
  const variables = Object.entries(environment).map(([name, value]) => [
    plain(name, 260),
    shown?.[name] ?? (typeof value === 'string' ? '(set)' : '(from the proxy)'),
  ]);
  return variables.length === 0 ? [] : [{ name: 'environment', value: Object.fromEntries(variables) }];
}

/**
 * As many whole lines of the configuration as there is room for. Never part of a line: half of a secret is not masked.
 */
function shownConfiguration(configuration: string, max: number): string {
  if (configuration.length <= max) return configuration;
  const end = configuration.lastIndexOf('\n', max);
  const shown = end === -1 ? '' : configuration.slice(0, end + 1);
  return `${shown}… ${formatBytes(Buffer.byteLength(configuration) - Buffer.byteLength(shown))} of ${formatBytes(Buffer.byteLength(configuration))} not shown`;
}
