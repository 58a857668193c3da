import { posix } from 'node:path';
import { anchorOf, BEFORE_ROUTER, type Insertion, parseInsertion } from '../filter/insertion.ts';
import { DIRECTIONS, FAIL_POLICIES, type FilterSettings, MOST_ORDER, parsePort } from '../filter/settings.ts';
import type { InputReader } from './input-reader.ts';

/** Reads what reaches the proxy besides the code. `name` is the filter's. */
export function readFilterSettings(reader: InputReader, name: string): FilterSettings {
  const port = readPort(reader);
  return {
    rootId: reader.text('root-id'),
    vmId: reader.text('vm-id') || name,
    configuration: reader.raw('configuration'),
    direction: reader.oneOf('direction', DIRECTIONS),
    ...(port === undefined ? {} : { port }),
    failPolicy: reader.oneOf('fail-policy', FAIL_POLICIES),
    insert: readInsertion(reader, name),
    order:
      reader.wholeNumber(
        'order',
        -MOST_ORDER,
        MOST_ORDER,
        'Give a whole number; requests pass through filters of a lower order first.',
      ) ?? 0,
    mountPath: readMountPath(reader, name),
  };
}

function readPort(reader: InputReader): number | undefined {
  const given = reader.text('port');
  if (given === '') return undefined;
  const port = parsePort(given);
  if (port !== undefined) return port;
  reader.wrong(
    'port',
    `is ${JSON.stringify(given)}.`,
    'A port is a whole number from 1 to 65535; leave it out for all ports.',
  );
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

function readMountPath(reader: InputReader, name: string): string {
  const given = reader.text('mount-path');
  const path = posix.normalize(given || `/var/local/lib/wasm-filters/${name}`).replace(/\/+$/, '');
  if (!path.startsWith('/') || path.includes(':')) {
    reader.wrong(
      'mount-path',
      `is ${JSON.stringify(given)}.`,
      'Give an absolute folder in the proxy\'s container, without ":".',
    );
  }
  return path;
}
