import { someOf, truncate } from '../../base/text.ts';
import { FilterLog, MAX_LINE_LENGTH } from '../host/filter-log.ts';
import { ROOT_CONTEXT } from '../host/host-state.ts';
import type { Header, TrialRequest } from '../host/request.ts';
import { Callbacks, Overrun, ProcessCrash, Trapped } from '../trial/calls.ts';
import { type Delivered, Exchange } from '../trial/exchange.ts';
import { type Compiled, link } from '../trial/instantiate.ts';
import { startFilter } from '../trial/start-filter.ts';
import type { TrialOutcome, TrialStep } from '../trial/verdict.ts';
import { differencesOf, headerValue, isMissing, logDifferences } from './evaluate.ts';
import type { FilterTest, TestDifference, TestMessage, TestResult, TestStep } from './filter-test.ts';
import { arrivedRequest, arrivedResponse, piecesOf, trailersOf } from './messages.ts';
import type { Observed, ObservedMessage } from './observed.ts';
import { TestWorld } from './test-world.ts';

/** What Envoy answers when the workload breaks off what it cannot understand. */
const NOT_UNDERSTOOD = {
  status: 503,
  headers: [],
  body: new TextEncoder().encode(
    'upstream connect error or disconnect/reset before headers. reset reason: connection termination',
  ),
  grpcStatus: -1,
};

/** What somebody outside hears while a test runs, in case that it does not end. */
export interface TestObserver {
  readonly step: (step: TrialStep) => void;
  /** A line of the filter's log, `LEVEL: TEXT`. */
  readonly log: (line: string) => void;
  /** It has asked for something that the test does not say and only a proxy could. */
  readonly unsupported: (about: string) => void;
}

type Verdict =
  | { readonly state: 'passed' }
  | { readonly state: 'failed'; readonly differences: readonly TestDifference[] }
  | { readonly state: 'stopped' | 'unclear'; readonly why: string };

/** Lines of each end that expectations can see, and that a result shows. */
const MAX_LINES = 2_000;
const MAX_SHOWN_LINES = 100;
const MAX_TRACE = 200;
const MAX_UNSUPPORTED = 10;
const MAX_WHY = 500;
/** Characters of a header that says a number. */
const MAX_SAID = 20;
const MAX_MISSED = 60;
/** Where a difference in the log is told. */
const LOG_PLACE = /^(?:sequence\[\d+\]\.)?log\[/;

/**
 * Runs one test in an instance of its own, in this thread. Does not return while the filter does not, so it belongs into a worker.
 * `compiled` is the module of the request.
 */
export function runTest(
  compiled: Compiled,
  request: TrialRequest,
  test: FilterTest,
  observer: TestObserver,
): TestResult {
  const lines: string[] = [];
  const trace: string[] = [];
  const unsupported = new Set<string>();
  const ask = (about: string): void => {
    const words = truncate(about, MAX_WHY);
    if (unsupported.size >= MAX_UNSUPPORTED || unsupported.has(words)) return;
    unsupported.add(words);
    observer.unsupported(words);
  };
  const world = new TestWorld(test, request.envoy, ask);
  const log = new FilterLog((line) => {
    lines.push(line);
    if (lines.length <= MAX_SHOWN_LINES) observer.log(line);
  }, MAX_LINES);
  const call = (line: string): void => {
    trace.push(line);
    if (trace.length > 2 * MAX_TRACE) trace.splice(0, trace.length - MAX_TRACE);
  };
  const verdict = guarded(() => {
    const host = { log, step: observer.step, call, unsupported: ask, world };
    const linked = link(compiled, { ...request, ...test.settings }, host);
    if (!('exports' in linked)) return judgeStart(test, linked, lines);
    return new Run(new Callbacks(linked, observer.step), world, test, lines).verdict();
  });
  const result = { name: test.name, log: shownLines(lines), trace: trace.slice(-MAX_TRACE) };
  return { ...result, ...judged(log.isCut ? withoutRestOfLog(verdict) : verdict, [...unsupported]) };
}

/** The verdict where not all of the log is known: a line that is missed may stand in the rest. */
function withoutRestOfLog(verdict: Verdict): Verdict {
  if (verdict.state !== 'failed' || !verdict.differences.every(({ where }) => LOG_PLACE.test(where))) return verdict;
  const missed = verdict.differences.map(({ where, expected }) => `${where} ("${truncate(expected, MAX_MISSED)}")`);
  const kept = `kept are ${MAX_LINES} lines, and ${MAX_LINE_LENGTH} characters of each`;
  return { state: 'unclear', why: `whether ${someOf(missed)} stands in the rest of its log: ${kept}` };
}

/** What a test comes to whose module cannot be compiled. */
export function uncompiled(test: FilterTest, outcome: TrialOutcome): TestResult {
  return { name: test.name, log: [], trace: [], ...judged(judgeStart(test, outcome, []), []) };
}

/** Of many lines the first and the last ones. */
function shownLines(lines: readonly string[]): readonly string[] {
  if (lines.length <= MAX_SHOWN_LINES) return lines;
  const half = MAX_SHOWN_LINES / 2;
  return [...lines.slice(0, half), `(${lines.length - 2 * half} lines are left out)`, ...lines.slice(-half)];
}

/**
 * What cannot be known keeps a test from passing, and makes uncertain what may come of it: a trap, or a message that does not come. Of other
 * differences a reader learns more.
 */
function judged(verdict: Verdict, unsupported: readonly string[]) {
  switch (verdict.state) {
    case 'failed':
      if (unsupported.length === 0 || !verdict.differences.some(isMissing)) return verdict;
      return { state: 'inconclusive' as const, why: unsupported };
    case 'unclear':
      return { state: 'inconclusive' as const, why: [truncate(verdict.why, MAX_WHY), ...unsupported] };
    case 'stopped':
      if (unsupported.length === 0) return { state: verdict.state, why: truncate(verdict.why, MAX_WHY) };
      return { state: 'inconclusive' as const, why: [truncate(verdict.why, MAX_WHY), ...unsupported] };
    case 'passed':
      return unsupported.length === 0 ? verdict : { state: 'inconclusive' as const, why: unsupported };
  }
}

function guarded(run: () => Verdict): Verdict {
  try {
    return run();
  } catch (error) {
    if (error instanceof Trapped) return { state: 'stopped', why: `${error.trap.step}: ${error.trap.reason}` };
    if (error instanceof Overrun) return { state: 'unclear', why: error.message };
    if (error instanceof ProcessCrash)
      return { state: 'stopped', why: `${error.step}: the whole proxy would end: ${error.message}` };
    throw error;
  }
}

/** The verdict where the filter does not start, or is not to. */
function judgeStart({ start }: FilterTest, outcome: TrialOutcome | undefined, lines: readonly string[]): Verdict {
  switch (outcome?.state) {
    case undefined:
    case 'passed':
      return failedStart('refused', 'accepted');
    case 'refused': {
      const got = `refused (${outcome.step}): ${outcome.reason}`;
      if (start.kind === 'accepted') return failedStart('accepted', got);
      const differences = logDifferences(start.log, lines);
      return differences.length === 0 ? { state: 'passed' } : { state: 'failed', differences };
    }
    case 'trapped':
      return { state: 'stopped', why: `${outcome.step}: ${outcome.reason}` };
    case 'crashed':
      return { state: 'stopped', why: `${outcome.step}: the whole proxy would end: ${outcome.reason}` };
    case 'timeout':
      return { state: 'stopped', why: `${outcome.step} does not end` };
    case 'inconclusive':
      return { state: 'unclear', why: outcome.why };
  }
}

function failedStart(expected: string, got: string): Verdict {
  return { state: 'failed', differences: [{ where: 'start', expected, got }] };
}

/** A test whose filter is linked. */
class Run {
  readonly #callbacks: Callbacks;
  readonly #world: TestWorld;
  readonly #test: FilterTest;
  readonly #lines: readonly string[];
  #linesBefore = 0;

  constructor(callbacks: Callbacks, world: TestWorld, test: FilterTest, lines: readonly string[]) {
    this.#callbacks = callbacks;
    this.#world = world;
    this.#test = test;
    this.#lines = lines;
    world.attach(callbacks);
  }

  verdict(): Verdict {
    const { start } = this.#test;
    const steps = start.kind === 'accepted' ? start.steps : [];
    // What the filter calls while it starts is answered as its first step says.
    this.#world.rules = steps[0]?.calls ?? [];
    const outcome = startFilter(this.#callbacks);
    if (outcome !== undefined || start.kind === 'refused') return judgeStart(this.#test, outcome, this.#lines);
    this.#world.drain();
    const differences = steps.flatMap((step, index) => {
      const prefix = steps.length === 1 ? '' : `sequence[${index}].`;
      return differencesOf(step.expect, this.#take(step), prefix);
    });
    return differences.length === 0 ? { state: 'passed' } : { state: 'failed', differences };
  }

  #take(step: TestStep): Observed {
    const { state } = this.#callbacks;
    this.#world.rules = step.calls;
    for (let left = step.ticks; left > 0; left -= 1) this.#tick();
    let last: Exchange | undefined;
    const { request } = step;
    for (let left = request === undefined ? 0 : step.repeat; left > 0 && request !== undefined; left -= 1) {
      last = this.#ask(request, step.upstream);
    }
    const answer = whole(last?.response, last !== undefined && isHead(last.stream.request.headers?.headers ?? []));
    const observed: Observed = {
      request: whole(last?.request),
      response: answer && { ...answer, from: last?.answeredByFilter ? ('filter' as const) : ('workload' as const) },
      missing: {
        request: lengthFault(last?.request) ?? last?.missing.request,
        response: lengthFault(last?.response) ?? last?.missing.response,
      },
      log: this.#lines.slice(this.#linesBefore),
      calls: this.#world.calls,
      metric: (name: string) => state.metrics.named(name),
    };
    this.#linesBefore = this.#lines.length;
    this.#world.calls = [];
    return observed;
  }

  /** A filter that wants no ticks gets none. */
  #tick(): void {
    const { tickPeriodMs } = this.#callbacks.state;
    if (tickPeriodMs === 0) return;
    this.#world.pass(tickPeriodMs);
    this.#callbacks.invoke('tick', 'proxy_on_tick', ROOT_CONTEXT, ROOT_CONTEXT);
    this.#world.drain();
  }

  /** One request and its answer. What waits when nothing comes any more waits in vain: the client goes away. */
  #ask(request: TestMessage, upstream: TestMessage): Exchange {
    const exchange = new Exchange(this.#callbacks);
    exchange.send('request', arrivedRequest(request), piecesOf(request), trailersOf(request));
    this.#world.drain();
    if (exchange.request?.complete && !exchange.answeredByFilter) {
      const pieces = isHead(exchange.request.headers) ? [] : piecesOf(upstream);
      if (whole(exchange.request) === undefined) exchange.answerInstead(NOT_UNDERSTOOD);
      else exchange.send('response', arrivedResponse(upstream), pieces, trailersOf(upstream));
      this.#world.drain();
    }
    exchange.finish();
    this.#world.drain();
    return exchange;
  }
}

/** Nobody answers such a request with a body. */
function isHead(headers: readonly Header[]): boolean {
  return headers.some(([name, value]) => name === ':method' && value === 'HEAD');
}

/**
 * A message that has come whole. One whose body is not as long as its header says is broken off by who gets it; an answer to HEAD has
 * none, whatever its header says.
 */
function whole(message: Delivered | undefined, withoutBody = false): ObservedMessage | undefined {
  if (message?.complete !== true) return undefined;
  if (lengthFault(message) !== undefined && !withoutBody) return undefined;
  const { headers, pieces, trailers } = message;
  return { headers, body: Buffer.concat(pieces), trailers };
}

/** Says how the body of a message that has come is not as long as its header says; `undefined` if it is. */
function lengthFault(message: Delivered | undefined): string | undefined {
  if (message?.complete !== true) return undefined;
  const said = headerValue(message.headers, 'content-length');
  const length = message.pieces.reduce((sum, piece) => sum + piece.length, 0);
  if (said === undefined || Number(said) === length) return undefined;
  return `the header content-length says ${truncate(said, MAX_SAID)}, and the body has ${length} bytes`;
}
