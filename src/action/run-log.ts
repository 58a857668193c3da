import type { Log } from '../base/log.ts';
import { count, formatBytes, formatDuration } from '../base/text.ts';
import type { FilterModule } from '../filter/module/module.ts';
import { describeShrinking } from '../filter/shrink/shrink.ts';
import type { InputsRead } from './inputs/inputs.ts';
import type { RequestedFilter } from './request/filters.ts';
import type { CommandRequest } from './request/request.ts';

/**
 * ` from oci://registry.example/f:v1, which is registry.example/f@sha256:…`; of a file that is pushed, where it will be; nothing for
 * any other file.
 */
function originOf({ source }: FilterModule, pushed: boolean): string {
  if (source === undefined || source.kind === 'file') return '';
  if (pushed && source.kind === 'image') return `, to be pushed to ${source.given} as ${source.pinned}`;
  return ` from ${source.given}${source.kind === 'image' ? `, which is ${source.pinned}` : ''}`;
}

function describeFilter({ asked: { inputs }, module, provenance }: RequestedFilter, log: Log): void {
  if (module !== undefined) {
    const { bytes, digest, original } = module;
    const from = originOf(module, inputs.from.pushTo !== undefined);
    log.info(`Filter ${inputs.name}: ${formatBytes(bytes.length)}, ${digest}${from}.`);
    if (original !== undefined) {
      const from = `${formatBytes(original.bytes.length)}, ${original.digest}`;
      log.info(`It was shrunk from ${from}: ${describeShrinking(original)}.`);
    }
  }
  if (provenance !== undefined) {
    const { workflow, commit, run } = provenance;
    log.info(`It was built by ${workflow} from commit ${commit}: ${run}.`);
  }
}

/** Tells what the inputs come to: the filter, where it comes from, and how many targets there are. */
export function describeInputs({ inputs: { policy }, faulty }: InputsRead, made: CommandRequest, log: Log): void {
  if ('filters' in made) for (const filter of made.filters) describeFilter(filter, log);
  const { request } = made;
  const entries =
    'filters' in request.request
      ? request.request.filters.flatMap(({ targets }) => targets)
      : request.request.scopes.flatMap(({ entries }) => entries);
  const listed = entries.length === 0 ? '' : `, target list: ${count(entries.length, 'entry', 'entries')}`;
  log.info(`Command ${made.command}${listed}.`);
  if (made.command !== 'deploy' && made.command !== 'remove' && made.command !== 'sweep') return;
  // What stands in for a value that was refused is nobody's wish.
  if (faulty.has('timeout') || faulty.has('wait')) return;
  log.info(policy.wait ? `A workload may take ${formatDuration(policy.timeoutMs)}.` : 'Rollouts are not waited for.');
}
