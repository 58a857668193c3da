import { truncate } from '../../base/text.ts';
import type { Header } from '../host/request.ts';
import type {
  CallExpectation,
  Expectation,
  HeaderExpectations,
  MessageExpectation,
  TestDifference,
  TextExpectation,
} from './filter-test.ts';
import { expectedWords, fits } from './fits.ts';
import type { Observed, ObservedCall, ObservedMessage } from './observed.ts';

/** Characters of what was expected, and of what was got; more of it is no use to a reader. */
const MAX_SHOWN = 2_000;
const DECODER = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Compares what was seen of a step with what is expected of it, whoever ran the filter. `prefix` stands before each `where`:
 * `sequence[1].`, or nothing.
 */
export function differencesOf(expect: Expectation, seen: Observed, prefix = ''): readonly TestDifference[] {
  const found = [
    ...messageDifferences('request', expect.request, seen.request, seen.missing?.request),
    ...responseDifferences(expect.response, seen.response, seen.missing?.response),
    ...logDifferences(expect.log ?? [], seen.log),
    ...callDifferences(expect.calls ?? [], seen.calls),
    ...Object.entries(expect.metrics ?? {}).flatMap(([name, value]) =>
      seen.metric(name) === value ? [] : [difference(`metrics.${name}`, String(value), seen.metric(name)?.toString())],
    ),
  ];
  return found.map((one) => ({ ...one, where: `${prefix}${one.where}` }));
}

/** Whether a difference is that no message has come at all. */
export function isMissing({ where, expected }: TestDifference): boolean {
  return expected === `a ${where.split('.').at(-1)}`;
}

/** What of the log lines is not as expected: each of the expectations must fit one. */
export function logDifferences(
  expected: readonly TextExpectation[],
  lines: readonly string[],
): readonly TestDifference[] {
  return expected.flatMap((one, index) => {
    const fit = one.kind === 'absent' ? lines.length === 0 : lines.some((line) => fits(one, line));
    return fit
      ? []
      : [difference(`log[${index}]`, expectedWords(one), lines.length === 0 ? undefined : lines.join('\n'))];
  });
}

function responseDifferences(
  expected: Expectation['response'],
  seen: Observed['response'],
  missing: string | undefined,
): readonly TestDifference[] {
  const found = messageDifferences('response', expected, seen, missing);
  if (expected == null || seen === undefined) return found;
  const status = headerValue(seen.headers, ':status');
  return [
    ...textDifference('response.status', expected.status, status),
    ...(expected.from === undefined || expected.from === seen.from
      ? []
      : [difference('response.from', expected.from, seen.from)]),
    ...found,
  ];
}

function messageDifferences(
  where: 'request' | 'response',
  expected: MessageExpectation | null | undefined,
  seen: ObservedMessage | undefined,
  missing: string | undefined,
): readonly TestDifference[] {
  if (expected === undefined) return [];
  if (expected === null) return seen === undefined ? [] : [difference(where, 'none', summaryOf(seen))];
  if (seen === undefined) return [difference(where, `a ${where}`, missing && `nothing: ${missing}`)];
  return [
    ...headerDifferences(`${where}.headers`, expected.headers, seen.headers),
    ...textDifference(`${where}.body`, expected.body, bodyText(seen.body, expected.body)),
    ...headerDifferences(`${where}.trailers`, expected.trailers, seen.trailers),
  ];
}

/** Each expected call in its order; others may stand between them. */
function callDifferences(
  expected: readonly CallExpectation[],
  calls: readonly ObservedCall[],
): readonly TestDifference[] {
  let at = 0;
  return expected.flatMap((one, index) => {
    const where = `calls[${index}]`;
    const rest = calls.slice(at);
    const fitting = rest.findIndex((call) => partDifferences(where, one, call).length === 0);
    if (fitting !== -1) {
      at += fitting + 1;
      return [];
    }
    const nearly = rest.find((call) => isTo(one, call));
    if (nearly !== undefined) return partDifferences(where, one, nearly);
    const words = `${expectedWords(one.path)} of cluster ${expectedWords(one.cluster)}`;
    return [difference(where, words, rest.length === 0 ? undefined : rest.map(callWords).join('\n'))];
  });
}

function isTo({ cluster, path }: CallExpectation, call: ObservedCall): boolean {
  return fits(cluster, call.cluster) && fits(path, headerValue(call.headers, ':path'));
}

function partDifferences(where: string, expected: CallExpectation, call: ObservedCall): readonly TestDifference[] {
  return [
    ...textDifference(`${where}.cluster`, expected.cluster, call.cluster),
    ...textDifference(`${where}.path`, expected.path, headerValue(call.headers, ':path')),
    ...textDifference(`${where}.method`, expected.method, headerValue(call.headers, ':method')),
    ...headerDifferences(`${where}.headers`, expected.headers, call.headers),
    ...textDifference(`${where}.body`, expected.body, bodyText(call.body, expected.body)),
  ];
}

function headerDifferences(
  where: string,
  expected: HeaderExpectations,
  headers: readonly Header[],
): readonly TestDifference[] {
  return Object.entries(expected).flatMap(([name, one]) =>
    textDifference(`${where}.${name}`, one, headerValue(headers, name)),
  );
}

function textDifference(
  where: string,
  expected: TextExpectation | undefined,
  text: string | undefined,
): readonly TestDifference[] {
  return expected === undefined || fits(expected, text) ? [] : [difference(where, expectedWords(expected), text)];
}

function difference(where: string, expected: string, got: string | undefined): TestDifference {
  return {
    where,
    expected: truncate(expected, MAX_SHOWN),
    got: got === undefined ? undefined : truncate(got, MAX_SHOWN),
  };
}

/** Makes the values of a header that stands there more than once one, as in HTTP. */
export function combined(values: readonly string[]): string {
  return values.join(', ');
}

/** Returns what a header says, all its values as one; `undefined` if it is not there. */
export function headerValue(headers: readonly Header[], name: string): string | undefined {
  const values = headers.filter(([known]) => known === name).map(([, value]) => value);
  return values.length === 0 ? undefined : combined(values);
}

/** A message without a body has none for who expects none, and an empty one for everybody else. */
function bodyText(body: Uint8Array, expected: TextExpectation | undefined): string | undefined {
  return body.length === 0 && expected?.kind === 'absent' ? undefined : DECODER.decode(body);
}

function summaryOf({ headers }: ObservedMessage): string {
  return [':method', ':path', ':status'].flatMap((name) => headerValue(headers, name) ?? []).join(' ');
}

function callWords({ cluster, headers }: ObservedCall): string {
  return `${headerValue(headers, ':path') ?? ''} of cluster ${cluster}`;
}
