import type { TrialRequest } from '../../../../src/filter/host/request.ts';
import type {
  CallRule,
  Expectation,
  FilterTest,
  TestMessage,
  TestResult,
  TestStep,
  TextExpectation,
} from '../../../../src/filter/tests/filter-test.ts';
import { runTest } from '../../../../src/filter/tests/run-test.ts';
import { compile } from '../../../../src/filter/trial/instantiate.ts';
import { request } from '../trial/modules.ts';

const BYTES = new TextEncoder();

export const is = (text: string): TextExpectation => ({ kind: 'exact', text });

export interface MessageText {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | readonly string[];
  readonly trailers?: Readonly<Record<string, string>>;
}

export function message({ headers = {}, body = [], trailers = {} }: MessageText = {}): TestMessage {
  const chunks = typeof body === 'string' ? [body] : body;
  return {
    headers: Object.entries(headers),
    chunks: chunks.map((chunk) => BYTES.encode(chunk)),
    trailers: Object.entries(trailers),
  };
}

/** A message that is expected, exactly as its texts. */
export function expected({ headers = {}, body, trailers = {} }: MessageText & { readonly body?: string }) {
  const all = (texts: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, is(text)]));
  return { headers: all(headers), ...(body !== undefined && { body: is(body) }), trailers: all(trailers) };
}

/** A step with a plain request. */
export function step(expect: Expectation, changes: Partial<TestStep> = {}): TestStep {
  return { ticks: 0, request: message(), upstream: message({ body: 'ok' }), repeat: 1, calls: [], expect, ...changes };
}

export function testOf(steps: readonly TestStep[], changes: Partial<FilterTest> = {}): FilterTest {
  return { name: 'a test', settings: {}, properties: {}, start: { kind: 'accepted', steps }, ...changes };
}

export const rule = (answer: CallRule['answer'], cluster = 'auth', path = '/check'): CallRule => ({
  cluster: is(cluster),
  path: is(path),
  answer,
});

/** Runs a test in this thread, for filters that come back. */
export function run(module: Uint8Array, test: FilterTest, changes: Partial<TrialRequest> = {}): TestResult {
  const compiled = compiledOnce.get(module) ?? compile(module);
  compiledOnce.set(module, compiled);
  if ('state' in compiled) throw new Error(JSON.stringify(compiled));
  return runTest(compiled, request(module, { configuration: 'hello', ...changes }), test, {
    step: ignore,
    log: ignore,
    unsupported: ignore,
  });
}

const compiledOnce = new WeakMap<Uint8Array, ReturnType<typeof compile>>();
const ignore = (): void => undefined;
