import { posix } from 'node:path';
import { defined } from '../../base/defined.ts';
import { quoted, withoutTrailing } from '../../base/text.ts';
import { anchorOf, BEFORE_ROUTER, type Insertion, parseInsertion } from '../../filter/insertion.ts';
import { type FailPolicy, type FilterSettings, MAX_ORDER, parsePort } from '../../filter/settings.ts';
import type { InputReader } from './reader.ts';
import { parseCapabilities, parseEnvironment } from './vm.ts';

const MAX_BACKOFF_MS = 3_600_000;

/** Reads what reaches the proxy besides the code. `name` is the filter's. */
export function readFilterSettings(reader: InputReader, name: string): FilterSettings {
  const port = readPort(reader);
  const failPolicy = reader.oneOf('fail-policy');
  const logLevel = reader.oneOf('log-level');
  return {
    rootId: reader.text('root-id'),
    vmId: reader.text('vm-id') || name,
    configuration: reader.raw('configuration'),
    direction: reader.oneOf('direction'),
    ...defined({ port }),
    failPolicy,
    ...readReloadBackoff(reader, failPolicy),
    ...readVm(reader),
    ...(logLevel !== 'unchanged' && { logLevel }),
    insert: readInsertion(reader, name),
    order:
      reader.wholeNumber(
        'order',
        -MAX_ORDER,
        MAX_ORDER,
        'Give a whole number; requests pass through filters of a lower order first.',
      ) ?? 0,
    mountPath: readMountPath(reader, name),
  };
}

function readReloadBackoff(reader: InputReader, failPolicy: FailPolicy): Pick<FilterSettings, 'reloadBackoffMs'> {
  if (failPolicy !== 'reload' && reader.isSet('reload-backoff')) {
    const given = reader.text('fail-policy');
    reader.wrong('reload-backoff', `means nothing with "fail-policy: ${given}".`, 'Use "fail-policy: reload".');
    return {};
  }
  const reloadBackoffMs = reader.duration('reload-backoff', {
    least: 1_000,
    max: MAX_BACKOFF_MS,
    remedy: 'Write a time such as 5s or 1m, at most 1h; leave it out for 1s.',
  });
  return reloadBackoffMs === undefined ? {} : { reloadBackoffMs };
}

/** What is set of the filter's VM, and nothing else: a setting that is left out is no part of a revision. */
function readVm(reader: InputReader): Partial<FilterSettings> {
  const environment = parseEnvironment(reader.raw('environment'));
  const capabilities = parseCapabilities(reader.raw('capabilities'));
  if (!environment.ok) reader.add('environment', environment.problems);
  if (!capabilities.ok) reader.add('capabilities', capabilities.problems);
  return {
    ...(reader.boolean('allow-on-headers-stop-iteration') && { allowOnHeadersStopIteration: true }),
    ...(environment.ok && environment.value !== undefined && { environment: environment.value }),
    ...(capabilities.ok && capabilities.value !== undefined && { capabilities: capabilities.value }),
    ...(reader.boolean('allow-precompiled') && { allowPrecompiled: true }),
  };
}

function readPort(reader: InputReader): number | undefined {
  const given = reader.text('port');
  if (given === '') return undefined;
  const port = parsePort(given);
  if (port !== undefined) return port;
  reader.wrong('port', `is ${quoted(given)}.`, 'A port is a whole number from 1 to 65535; leave it out for all ports.');
  return 1;
}

function readInsertion(reader: InputReader, name: string): Insertion {
  const insertion = parseInsertion(reader.text('insert'));
  if ('message' in insertion) {
    reader.wrong('insert', insertion.message, insertion.remedy);
    return BEFORE_ROUTER;
  }
  if (anchorOf(insertion) === name) {
    reader.wrong('insert', 'places the filter beside itself.', 'Name another HTTP filter of the proxy.');
  }
  return insertion;
}

/** Returns the folder in the proxy's container where a filter's module is mounted unless "mount-path" names another. */
export function defaultMountPath(filter: string): string {
  return `/var/local/lib/wasm-filters/${filter}`;
}

function readMountPath(reader: InputReader, name: string): string {
  const given = reader.text('mount-path');
  const path = withoutTrailing(posix.normalize(given || defaultMountPath(name)), '/');
  if (!path.startsWith('/') || path.includes(':')) {
    reader.wrong(
      'mount-path',
      `is ${quoted(given)}.`,
      'Give an absolute folder in the proxy\'s container, without ":".',
    );
  }
  return path;
}
