import { type Limiter, makeLimiter } from '../base/concurrency.ts';
import { checked, type Exchange, parseObject, parseWarnings } from './answers.ts';
import { ConnectionError } from './errors.ts';
import { type ExecLimits, type ExecResult, type ExecTarget, exec } from './exec.ts';
import type { ApiRequest } from './http.ts';
import { PARALLEL_EXECS, PARALLEL_LISTS } from './limits.ts';
import { type CheckedPage, type ListOptions, listAll, type ObjectList, readPage } from './list.ts';
import type { KubernetesObject } from './objects.ts';
import { type ApiPhase, type Budget, Patience, StalledError, type Turn } from './patience.ts';
import { type Resource, resourcePath } from './resources.ts';
import type { SendOptions, Transport } from './transport.ts';

/** How many requests were sent, writes of objects apart from the rest. A dry run is a read. */
export interface RequestCounts {
  readonly reads: number;
  readonly writes: number;
}

/** What a write answered: the object as it is now, and the server's admission warnings. */
export interface Written<T> {
  readonly object: T;
  readonly warnings: readonly string[];
}

/** Who is told what a run does. */
export interface SessionListener {
  /** Gets the path of each write before it is sent; of dry runs it does not. */
  readonly onWrite?: (path: string) => void;
  /** Gets the phase of each request before it is sent. */
  readonly onPhase?: (phase: ApiPhase) => void;
}

/** What the sessions of one run have in common. */
interface Shared {
  readonly transport: Transport;
  readonly patience: Patience;
  readonly limitLists: Limiter;
  readonly limitExecs: Limiter;
  readonly listener: SessionListener;
  /** Answers that stay the same while a run lasts, by the path of the request. */
  readonly lasting: Map<string, Promise<unknown>>;
  /** The questions that the API server has answered with yes. */
  readonly confirmed: Set<string>;
  reads: number;
  writes: number;
}

/** One phase of a run's conversation with an API server: sends requests at the cost of the phase's patience, and counts them. */
export class Session {
  readonly #shared: Shared;
  readonly budget: Budget;

  private constructor(shared: Shared, phase: ApiPhase) {
    this.#shared = shared;
    this.budget = shared.patience.during(phase);
  }

  /** Begins with reading. */
  static begin(transport: Transport, listener: SessionListener): Session {
    const shared = {
      transport,
      patience: new Patience(),
      limitLists: makeLimiter(PARALLEL_LISTS),
      limitExecs: makeLimiter(PARALLEL_EXECS),
      listener,
      lasting: new Map(),
      confirmed: new Set<string>(),
      reads: 0,
      writes: 0,
    };
    return new Session(shared, 'reading the cluster');
  }

  /** The same for another phase. */
  during(phase: ApiPhase): Session {
    return new Session(this.#shared, phase);
  }

  get transport(): Transport {
    return this.#shared.transport;
  }

  get patience(): Patience {
    return this.#shared.patience;
  }

  /** Whether the answer to a question is yes, by `ask`. A yes is remembered for the whole run, a no is asked again. */
  async untilYes(question: string, ask: () => Promise<boolean>): Promise<boolean> {
    const { confirmed } = this.#shared;
    const isYes = confirmed.has(question) || (await ask());
    if (isYes) confirmed.add(question);
    return isYes;
  }

  get requests(): RequestCounts {
    return { reads: this.#shared.reads, writes: this.#shared.writes };
  }

  countRead(): void {
    this.#shared.reads++;
  }

  /** Sends a request whose answer has to be a success. Throws `ApiError` where it is none. */
  async read(verb: string, request: ApiRequest, options: SendOptions = {}): Promise<Exchange> {
    this.countRead();
    const exchange = await this.send(verb, request, options);
    checked(exchange);
    return exchange;
  }

  /** Writes an object, or has it checked as if. */
  async write<T extends KubernetesObject>(
    verb: string,
    resource: Resource,
    dryRun: boolean,
    request: ApiRequest,
  ): Promise<Written<T>> {
    this.countWrite(dryRun, request.path);
    const path = `${request.path}${dryRun ? '&dryRun=All' : ''}`;
    const exchange = await this.send(verb, { ...request, path });
    const { headers } = checked(exchange);
    return { object: parseObject<T>(exchange, resource), warnings: parseWarnings(headers.warning) };
  }

  countWrite(dryRun: boolean, path: string): void {
    if (dryRun) this.#shared.reads++;
    else this.#shared.writes++;
    if (!dryRun) this.#shared.listener.onWrite?.(path);
  }

  /** Sends a request and gives its answer, whatever its status. */
  async send(verb: string, request: ApiRequest, options: SendOptions = {}): Promise<Exchange> {
    const { transport, listener } = this.#shared;
    listener.onPhase?.(this.budget.phase);
    const response = await transport.send(request, { ...options, budget: this.budget });
    return { server: transport.server, verb, request, response };
  }

  /** Opens a long answer, as `Transport.lines` does. */
  lines(path: string, idleMs: number, signal: AbortSignal): AsyncGenerator<string, void, undefined> {
    const { transport, listener } = this.#shared;
    listener.onPhase?.(this.budget.phase);
    return transport.lines(path, idleMs, signal);
  }

  /** What was read of a path, which is read once for all phases; again where that failed. */
  once<T>(path: string, read: (path: string) => Promise<T>): Promise<T> {
    const { lasting } = this.#shared;
    const known = lasting.get(path) as Promise<T> | undefined;
    if (known !== undefined) return known;
    const answer = read(path);
    lasting.set(path, answer);
    answer.catch(() => lasting.delete(path));
    return answer;
  }

  /** Reads a list to its end. */
  list<T extends KubernetesObject>(
    resource: Resource,
    namespace: string | undefined,
    options: ListOptions,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<ObjectList<T>> {
    const { server } = this.#shared.transport;
    const list = { path: resourcePath(resource, namespace), options, server, budget: this.budget };
    return this.#shared.limitLists(() =>
      listAll<T>(list, (path, maxBytes) => this.page(resource, path, maxBytes, headers)),
    );
  }

  /** Reads one page. */
  async page<T extends KubernetesObject>(
    resource: Resource,
    path: string,
    maxBytes: number,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<CheckedPage<T>> {
    return readPage<T>(await this.read('list', { method: 'GET', path, headers }, { maxBytes }), resource);
  }

  /** Runs a command in a container; see `exec`. */
  exec(target: ExecTarget, limits: ExecLimits): Promise<ExecResult> {
    return this.#shared.limitExecs(() => this.#exec(target, limits));
  }

  async #exec(target: ExecTarget, limits: ExecLimits): Promise<ExecResult> {
    this.countRead();
    const { transport, listener } = this.#shared;
    listener.onPhase?.(this.budget.phase);
    const what = `exec into pod ${target.pod} in namespace ${target.namespace}`;
    try {
      return await this.budget.ask(what, ({ signal }: Turn) => exec(transport, target, limits, signal));
    } catch (error) {
      throw error instanceof StalledError ? new ConnectionError(transport.server, error) : error;
    }
  }
}
