import { defined } from '../../base/defined.ts';
import type { ValueOf } from '../../base/schema.ts';
import type { FilterReport } from '../../deploy/report/report.ts';
import { describeInsertion } from '../../filter/insertion.ts';
import type { ModuleSource } from '../../filter/module/module.ts';
import type { FilterSettings } from '../../filter/settings.ts';
import type { FILTER, SETTINGS, SOURCE } from './schema-filter.ts';
import { secondsOf } from './target-entry.ts';

/** Returns a filter as it was asked for. */
export function filterEntry(filter: FilterReport): ValueOf<typeof FILTER> {
  const { name, digest, bytes, original, settings, source, provenance, delivered } = filter;
  return {
    name,
    digest,
    bytes,
    ...defined({
      original: original && { digest: original.digest, bytes: original.bytes, how: original.how },
      source: source && sourceEntry(source),
      provenance: provenance && {
        repository: provenance.repository,
        workflow: provenance.workflow,
        ref: provenance.ref,
        commit: provenance.commit,
        run: provenance.run,
      },
      delivered,
    }),
    ...defined({ refusedSettings: filter.refusedSettings }),
    settings: settingsEntry(settings),
  };
}

function sourceEntry(source: ModuleSource): ValueOf<typeof SOURCE> {
  const { kind, given } = source;
  return kind === 'image' ? { kind, given, pinned: source.pinned } : { kind, given };
}

function settingsEntry(settings: FilterSettings): ValueOf<typeof SETTINGS> {
  const { rootId, vmId, configuration, direction, failPolicy, insert, order, mountPath } = settings;
  const { port, reloadBackoffMs, environment, capabilities, image } = settings;
  return {
    'root-id': rootId,
    'vm-id': vmId,
    configuration,
    direction,
    'fail-policy': failPolicy,
    insert: describeInsertion(insert),
    order,
    'mount-path': mountPath,
    ...defined({
      port,
      'reload-backoff': reloadBackoffMs && secondsOf(reloadBackoffMs),
      'allow-on-headers-stop-iteration': settings.allowOnHeadersStopIteration,
      environment: environment && environmentEntry(environment),
      capabilities,
      'allow-precompiled': settings.allowPrecompiled,
      'log-level': settings.logLevel,
      image: image?.reference,
      'pull-secret': image?.pullSecret,
      phase: image?.phase,
    }),
  };
}

/** Values may be secret, so only where they come from is told. */
function environmentEntry(environment: NonNullable<FilterSettings['environment']>): Record<string, 'input' | 'proxy'> {
  return Object.fromEntries(
    Object.entries(environment).map(([name, value]) => [name, typeof value === 'string' ? 'input' : 'proxy']),
  );
}
