import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { TrialRequest } from '../../src/filter/host/request.ts';
import { BEFORE_ROUTER } from '../../src/filter/insertion.ts';
import type { FilterSettings } from '../../src/filter/settings.ts';
import { makeRevision, mountedRevision, type Revision } from '../../src/mesh/identity/revision.ts';
import { filePath, renderEnvoyFilter } from '../../src/mesh/objects/envoy-filter.ts';
import { findEnvoyReason } from '../../src/mesh/proxy/envoy-log.ts';
import { bootstrap } from './bootstrap.ts';
import { type Answer, ask, getJson } from './http.ts';

/** One release of Envoy on this machine. */
export interface EnvoyProgram {
  readonly version: string;
  readonly path: string;
}

/** What a real Envoy did with a filter. */
export type EnvoyVerdict = Served | Refused | Ended;

interface Said {
  /** Everything that it logged. */
  readonly log: string;
}

interface Served extends Said {
  readonly state: 'serves';
  /** What a request through the filter came to, and the one after it: the end of a request can break a filter. */
  readonly answer: Answer;
  readonly next: Answer;
}

/** It refused the configuration that names the filter. */
interface Refused extends Said {
  readonly state: 'refuses';
  /** In its own words. */
  readonly reason: string;
}

/** The whole process ended. */
interface Ended extends Said {
  readonly state: 'ends';
  /** `SIGSEGV`, `SIGTRAP`. */
  readonly signal: string;
  /** A request did it, not the filter's start. */
  readonly onRequest: boolean;
}

/** It is only there so that a hanging Envoy does not hang the suite: it takes a tenth of a second to serve or to end. */
const PATIENCE_MS = 60_000;
const SERVING = 'starting main dispatch loop';
const COMMON_FLAGS = ['--log-level', 'warning', '--concurrency', '1', '--use-dynamic-base-id', '--disable-hot-restart'];
const FLAGS = [...COMMON_FLAGS, '--component-log-level', 'main:info,wasm:info'];
/** With all that a filter logs. */
export const TALKATIVE = [
  ...['--file-flush-interval-msec', '20'],
  ...COMMON_FLAGS,
  '--component-log-level',
  'main:info,wasm:trace',
];

/**
 * Starts an Envoy whose only listener has the filter, configured exactly as this action's EnvoyFilter does it, sends one
 * request through to `upstream` (a port of this machine), and ends it.
 */
export async function runInEnvoy(
  program: EnvoyProgram,
  upstream: number,
  { module, name, envoy: _, ...given }: TrialRequest,
): Promise<EnvoyVerdict> {
  const folder = await mkdtemp(join(tmpdir(), 'envoy-'));
  const admin = join(folder, 'admin.sock');
  const config = join(folder, 'envoy.json');
  const settings: Omit<FilterSettings, 'mountPath'> = {
    ...given,
    failPolicy: 'closed',
    insert: BEFORE_ROUTER,
    order: 0,
  };
  const httpFilter = await install(revisionIn(folder, name, module, settings));
  await writeFile(config, JSON.stringify(bootstrap({ admin, upstream, httpFilter })));
  const envoy = new Envoy(program, config);
  try {
    if (!(await envoy.serves())) return envoy.end(false);
    const port = await listenerPort(admin);
    const answer = await ask(port);
    // A filter may reset its stream, and may end the proxy; only an admin that still answers tells the two apart.
    const alive =
      answer.state !== 'reset' || (await getJson(admin, '/server_info').catch(() => undefined)) !== undefined;
    if (!alive) return envoy.end(true);
    return { state: 'serves', answer, next: answer.state === 'held' ? answer : await ask(port), log: envoy.log };
  } finally {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts an Envoy with a revision before its router, and gives the listeners that `/config_dump` shows. */
export async function dumpOfEnvoy(
  program: EnvoyProgram,
  module: Uint8Array,
  settings: Omit<FilterSettings, 'mountPath'>,
): Promise<{ readonly listeners: readonly unknown[]; readonly revision: Revision }> {
  const folder = await mkdtemp(join(tmpdir(), 'envoy-'));
  const admin = join(folder, 'admin.sock');
  const config = join(folder, 'envoy.json');
  const revision = revisionIn(folder, 'agreement', module, settings);
  const httpFilter = await install(revision);
  await writeFile(config, JSON.stringify(bootstrap({ admin, upstream: 1, httpFilter })));
  const envoy = new Envoy(program, config);
  try {
    if (!(await envoy.serves())) throw new Error(`Envoy does not start: ${envoy.log.slice(-1_000)}`);
    const { configs } = (await getJson(admin, '/config_dump?resource=static_listeners')) as {
      readonly configs: readonly { readonly listener: unknown }[];
    };
    return { listeners: configs.map(({ listener }) => listener), revision };
  } finally {
    await envoy.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

export function revisionIn(
  folder: string,
  name: string,
  bytes: Uint8Array,
  settings: Omit<FilterSettings, 'mountPath'>,
): Revision {
  return makeRevision(name, { bytes, digest: 'sha256:0' }, { ...settings, mountPath: join(folder, 'filters') });
}

/** Puts the module where the EnvoyFilter says, and gives the HTTP filter that it inserts. */
export async function install(revision: Revision): Promise<unknown> {
  const path = filePath(mountedRevision(revision));
  await mkdir(dirname(path));
  await writeFile(path, revision.module.bytes);
  const { spec } = renderEnvoyFilter(revision, 'default');
  const [inserted] = spec.configPatches as readonly { readonly patch: { readonly value: unknown } }[];
  return inserted?.patch.value;
}

export async function listenerPort(admin: string): Promise<number> {
  const {
    listener_statuses: [listener],
  } = (await getJson(admin, '/listeners?format=json')) as {
    listener_statuses: { local_address: { socket_address: { port_value: number } } }[];
  };
  if (listener === undefined) throw new Error('Envoy serves without a listener');
  return listener.local_address.socket_address.port_value;
}

/** One process of Envoy and what it says. */
export class Envoy {
  readonly #process: ChildProcessByStdio<null, null, Readable>;
  readonly #closed: Promise<unknown>;
  readonly #lines: string[] = [];
  readonly #serving: Promise<void>;

  /** `flags` go over those that all have. */
  constructor({ path }: EnvoyProgram, config: string, flags: readonly string[] = FLAGS) {
    this.#process = spawn(path, ['--config-path', config, ...flags], {
      stdio: ['ignore', 'ignore', 'pipe'],
      cwd: dirname(config),
    });
    this.#closed = once(this.#process, 'close');
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#serving = promise;
    createInterface(this.#process.stderr).on('line', (line) => {
      this.#lines.push(line);
      if (line.includes(SERVING)) resolve();
    });
  }

  /** What it has logged so far. */
  get lines(): readonly string[] {
    return this.#lines;
  }

  get log(): string {
    return this.#lines.join('\n');
  }

  /** Waits until it serves, which gives true, or has ended. */
  async serves(): Promise<boolean> {
    const patience = setTimeout(() => this.#process.kill('SIGKILL'), PATIENCE_MS);
    try {
      return await Promise.race([this.#serving.then(() => true), this.#closed.then(() => false)]);
    } finally {
      clearTimeout(patience);
    }
  }

  /** Why it has ended by itself. */
  async end(onRequest: boolean): Promise<EnvoyVerdict> {
    await this.#closed;
    const { log } = this;
    const { signalCode } = this.#process;
    if (signalCode !== null) return { state: 'ends', signal: signalCode, onRequest, log };
    return { state: 'refuses', reason: findEnvoyReason(log)?.reason ?? this.#lines.at(-1) ?? 'without a word', log };
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill('SIGKILL');
    await this.#closed;
  }
}
