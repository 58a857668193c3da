import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TrialRequest } from '../../src/filter/host/request.ts';
import { BEFORE_ROUTER } from '../../src/filter/insertion.ts';
import { differencesOf, headerValue, logDifferences } from '../../src/filter/tests/evaluate.ts';
import type { CallAnswer, CallRule, FilterTest, TestStep } from '../../src/filter/tests/filter-test.ts';
import { fits } from '../../src/filter/tests/fits.ts';
import { piecesOf, requestHeaders, responseHeaders } from '../../src/filter/tests/messages.ts';
import type { Observed, ObservedCall, ObservedMessage } from '../../src/filter/tests/observed.ts';
import { bootstrap } from './bootstrap.ts';
import { Envoy, type EnvoyProgram, install, listenerPort, revisionIn, TALKATIVE } from './envoy.ts';
import { type H2Server, type Sent, sendRequest, startServer } from './h2.ts';
import { getText } from './http.ts';

/** What a test comes to: where it differs; nothing: it passes. */
export type Outcome = { readonly state: 'ran'; readonly where: readonly string[] } | { readonly state: 'trapped' };

/** For an answer that does not come: far more than one takes. */
const HELD_MS = 400;
/** For lines of a log and numbers to come here. */
const SETTLE_MS = 2_000;
const TRAP = /Function: proxy_on_\w+ failed/;
const CLOSED_PORT = 1;
const CLUSTER = 'auth';

/** What goes on around a proxy. */
interface Scene {
  /** What the workload and the others have got. */
  requests: ObservedMessage[];
  calls: ObservedCall[];
  /** What says how they answer. */
  step: TestStep | undefined;
}

/** A real Envoy with a filter, a workload behind it, and those whom the filter calls. */
export class TestProxy {
  readonly #folder: string;
  readonly #envoy: Envoy;
  readonly #servers: readonly H2Server[];
  readonly #scene: Scene;
  #linesBefore = 0;
  #answers = 0;
  /** Whether Envoy took the filter. */
  readonly serves: boolean;
  #port = 0;

  private constructor(folder: string, envoy: Envoy, servers: readonly H2Server[], scene: Scene, serves: boolean) {
    this.#folder = folder;
    this.#envoy = envoy;
    this.#servers = servers;
    this.#scene = scene;
    this.serves = serves;
  }

  /** Starts an Envoy with the filter; `test` says which settings it has otherwise, and who cannot be reached. */
  static async start(program: EnvoyProgram, request: TrialRequest, test: FilterTest): Promise<TestProxy> {
    const { module, name, envoy: _, ...given } = request;
    const folder = await mkdtemp(join(tmpdir(), 'envoy-'));
    const step = test.start.kind === 'accepted' ? test.start.steps[0] : undefined;
    const scene: Scene = { requests: [], calls: [], step };
    const workload = await startServer((received) => {
      scene.requests.push(received);
      const { step } = scene;
      return (
        step && {
          headers: responseHeaders(step.upstream),
          pieces: piecesOf(step.upstream),
          trailers: step.upstream.trailers,
        }
      );
    });
    const called = await startServer((received) => {
      const grpc = headerValue(received.headers, 'content-type') === 'application/grpc';
      scene.calls.push({
        cluster: CLUSTER,
        headers: received.headers,
        body: grpc ? unframed(received.body) : received.body,
      });
      const path = headerValue(received.headers, ':path');
      const rule = scene.step?.calls.find((one) => fits(one.cluster, CLUSTER) && fits(one.path, path));
      return rule && answerOf(rule.answer);
    });
    const settings = { ...given, ...test.settings, failPolicy: 'closed' as const, insert: BEFORE_ROUTER, order: 0 };
    const config = join(folder, 'envoy.json');
    const options = {
      admin: join(folder, 'admin.sock'),
      upstream: workload.port,
      httpFilter: await install(revisionIn(folder, name, module, settings)),
      cluster: 'workload',
      http2: true as const,
      calls: { [CLUSTER]: rulesOf(test).some(isUnreachable) ? CLOSED_PORT : called.port },
      accessLog: join(folder, 'access.log'),
    };
    await writeFile(config, JSON.stringify(bootstrap(options)));
    const envoy = new Envoy(program, config, TALKATIVE);
    const proxy = new TestProxy(folder, envoy, [workload, called], scene, await envoy.serves());
    if (proxy.serves) proxy.#port = await listenerPort(options.admin);
    return proxy;
  }

  /** Runs a test; `wanted` is waited for a while, since a log comes when it comes. */
  async run(test: FilterTest, wanted: readonly string[]): Promise<Outcome> {
    const { start } = test;
    if (this.serves !== (start.kind === 'accepted')) return { state: 'ran', where: ['start'] };
    if (start.kind === 'refused') {
      const where = logDifferences(start.log, this.#log(0)).map((one) => one.where);
      return { state: 'ran', where };
    }
    const where: string[] = [];
    for (const [index, step] of start.steps.entries()) {
      const prefix = start.steps.length === 1 ? '' : `sequence[${index}].`;
      const mine = wanted.filter((one) => one.startsWith(prefix));
      where.push(...(await this.#step(step, prefix, mine)));
    }
    return this.#envoy.lines.some((line) => TRAP.test(line)) ? { state: 'trapped' } : { state: 'ran', where };
  }

  async stop(): Promise<void> {
    await this.#envoy.stop();
    await Promise.all(this.#servers.map((server) => server.stop()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #step(step: TestStep, prefix: string, wanted: readonly string[]): Promise<readonly string[]> {
    this.#scene.step = step;
    this.#scene.requests = [];
    // Ticks come by themselves.
    if (step.ticks > 0) await sleep(HELD_MS);
    const { request } = step;
    let response: ObservedMessage | undefined;
    for (let left = request === undefined ? 0 : step.repeat; left > 0 && request !== undefined; left -= 1) {
      this.#scene.requests = [];
      const sent = { headers: requestHeaders(request), pieces: piecesOf(request), trailers: request.trailers };
      response = await sendRequest(this.#port, sent, HELD_MS);
      this.#answers += 1;
    }
    const deadline = performance.now() + SETTLE_MS;
    for (;;) {
      const found = differencesOf(step.expect, await this.#observed(step, response), prefix).map(({ where }) => where);
      if (sameList(found, wanted) || performance.now() > deadline) {
        this.#linesBefore = this.#envoy.lines.length;
        this.#scene.calls = [];
        return found;
      }
      await sleep(20);
    }
  }

  async #observed(step: TestStep, response: ObservedMessage | undefined): Promise<Observed> {
    const details = (await readFile(join(this.#folder, 'access.log'), 'utf8').catch(() => '')).split('\n');
    const from = details[this.#answers - 1] === 'via_upstream' ? ('workload' as const) : ('filter' as const);
    const names = Object.keys(step.expect.metrics ?? {});
    const stats = names.length === 0 ? '' : await getText(join(this.#folder, 'admin.sock'), '/stats?format=prometheus');
    return {
      request: this.#scene.requests.at(-1),
      response: response && { ...response, from },
      log: this.#log(this.#linesBefore),
      calls: this.#scene.calls,
      metric: (name) => metricIn(stats, name),
    };
  }

  #log(from: number): readonly string[] {
    return this.#envoy.lines.slice(from).flatMap((line) => {
      const [, level, text] = /^(?:\[[^\]]*\]){2}\[(\w+)\]\[wasm\] \[[^\]]*\] wasm log[^:]*: (.*)$/.exec(line) ?? [];
      return level === undefined ? [] : [`${level === 'warning' ? 'warn' : level}: ${text}`];
    });
  }
}

/** The clusters of a test are all one. */
function rulesOf({ start }: FilterTest): readonly CallRule[] {
  return start.kind === 'accepted' ? start.steps.flatMap(({ calls }) => calls) : [];
}

const isUnreachable = ({ answer }: CallRule): boolean => answer.kind === 'failure' && answer.why === 'unreachable';

function answerOf(answer: CallAnswer): Sent | undefined {
  switch (answer.kind) {
    case 'failure':
      return undefined;
    case 'http': {
      const { message, status } = answer;
      const headers = responseHeaders({ ...message, headers: [[':status', String(status)], ...message.headers] });
      return { headers, pieces: piecesOf(message), trailers: message.trailers };
    }
    case 'grpc': {
      const { messages, status, statusMessage } = answer;
      return {
        headers: [
          [':status', '200'],
          ['content-type', 'application/grpc'],
        ],
        pieces: messages.map((message) => {
          const head = Buffer.alloc(5);
          head.writeUInt32BE(message.length, 1);
          return Buffer.concat([head, message]);
        }),
        trailers: [
          ['grpc-status', String(status)],
          ...(statusMessage === '' ? [] : [['grpc-message', statusMessage] as const]),
        ],
      };
    }
  }
}

/** The messages in a body of gRPC. */
function unframed(body: Uint8Array): Uint8Array {
  const bytes = Buffer.from(body);
  const parts: Buffer[] = [];
  for (let at = 0; at + 5 <= bytes.length; ) {
    const end = at + 5 + bytes.readUInt32BE(at + 1);
    parts.push(bytes.subarray(at + 5, end));
    at = end;
  }
  return Buffer.concat(parts);
}

/** The value of a metric of a filter in Prometheus' text format, of a histogram its count. */
function metricIn(stats: string, name: string): bigint | undefined {
  for (const line of stats.split('\n')) {
    const [, found, value] = /^([^{#]+)\{[^}]*\} (\d+)$/.exec(line) ?? [];
    if (value !== undefined && (found === name || found === `${name}_count`)) return BigInt(value);
  }
  return undefined;
}

function sameList(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((item, index) => item === other[index]);
}
