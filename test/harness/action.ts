import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, matchesGlob, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import type { ModuleFetcher } from '../../src/action/request/origin.ts';
import { run } from '../../src/action/run.ts';
import { reportedProblems } from '../../src/action/verdict/problem-groups.ts';
import { defined } from '../../src/base/defined.ts';
import type { ReadFile } from '../../src/base/files.ts';
import { silentLog } from '../../src/base/log.ts';
import { ok } from '../../src/base/problem.ts';
import { openWebSocket } from '../../src/cluster/websocket.ts';
import type { TargetKind } from '../../src/deploy/kinds/kind.ts';
import { KINDS } from '../../src/deploy/kinds/list.ts';
import type { FoundByCheck } from '../../src/deploy/report/check-report.ts';
import { NOTHING_COLLECTED } from '../../src/deploy/report/conclude.ts';
import type { MadePlan } from '../../src/deploy/report/plan-report.ts';
import type { NothingToRemove } from '../../src/deploy/report/removal-report.ts';
import type { RenderedFiles } from '../../src/deploy/report/render-report.ts';
import type { ChangeReport, DeployPlan, Report, ReportBase } from '../../src/deploy/report/report.ts';
import type { FoundStatus } from '../../src/deploy/report/status-report.ts';
import type { Optimizer } from '../../src/filter/shrink/shrink.ts';
import type { Trial } from '../../src/filter/trial/verdict.ts';
import type { Authority } from '../../src/provenance/authority.ts';
import { verifyAttestation } from '../../src/provenance/verify.ts';
import { formatReference, OCI_SCHEME } from '../../src/registry/reference.ts';
import { misread } from './reading.ts';

/** The action's inputs by name; what is left out is not set. */
export type ActionInputs = Readonly<Record<string, string>>;

/** The smallest module that is one, and no filter: magic and version. */
export const EMPTY_MODULE = Uint8Array.of(0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00);

/**
 * About the smallest filter that every proxy takes: a memory, the marker of ABI 0.2.1, an allocator, `proxy_on_context_create`,
 * and a `proxy_on_configure` that is content with everything.
 */
const SMALLEST_FILTER = Buffer.from(
  'AGFzbQEAAAABFARgAABgAX8Bf2ACf38AYAJ/fwF/AwUEAAECAwUDAQABB1wFBm1lbW9yeQIAF3Byb3h5X2FiaV92ZXJzaW9uXzBfMl8xAAAGbWFsbG9j' +
    'AAEXcHJveHlfb25fY29udGV4dF9jcmVhdGUAAhJwcm94eV9vbl9jb25maWd1cmUAAwoSBAIACwUAQYAICwIACwQAQQEL',
  'base64',
);

/** A filter of a given size, told apart by its text: the smallest one and a custom section. */
export function makeModule(text = 'v1', bytes = 64): Uint8Array {
  const content = Buffer.alloc(Math.max(bytes - SMALLEST_FILTER.length - 6, 16), text);
  // A custom section starts with its name's length and name.
  content[0] = 1;
  const length = content.length;
  const size = [0, 7, 14, 21].map((shift, index) => ((length >> shift) & 0x7f) | (index < 3 ? 0x80 : 0));
  return Buffer.concat([SMALLEST_FILTER, Uint8Array.of(0, ...size), content]);
}

/** A report as tests look at it, whatever the command was: with nothing of what its command does not have, or did not get to. */
export interface SeenReport extends ReportBase, Pick<ChangeReport, 'targets' | 'collected'> {
  /** The report itself. */
  readonly whole: Report;
  readonly command: Report['command'];
  readonly outcome: Report['outcome'];
  readonly images?: DeployPlan['images'];
  readonly pluginKind?: DeployPlan['pluginKind'];
  readonly expires?: string;
  readonly plan?: Omit<MadePlan, 'state' | 'images' | 'expires'>;
  readonly status?: Omit<FoundStatus, 'state'>;
  readonly rendered?: Omit<RenderedFiles, 'state'>;
  readonly checked?: Omit<FoundByCheck, 'state'>;
  readonly nothing?: Omit<NothingToRemove, 'state'>;
}

function seen(report: Report): Omit<SeenReport, 'whole'> {
  const nothing = { targets: [], collected: NOTHING_COLLECTED };
  switch (report.command) {
    case 'deploy': {
      const { plan: deployment, ...rest } = report;
      if (deployment.state === 'stopped') return rest;
      const { state, ...plan } = deployment;
      return { ...rest, ...plan };
    }
    case 'plan': {
      const { plan: made, ...rest } = report;
      if (made.state === 'stopped') return { ...nothing, ...rest };
      const { state, images, expires, ...plan } = made;
      return { ...nothing, ...rest, plan, images, ...defined({ expires }) };
    }
    case 'status': {
      const { status: found, ...rest } = report;
      if (found.state === 'stopped') return { ...nothing, ...rest };
      const { state, ...status } = found;
      return { ...nothing, ...rest, status };
    }
    case 'remove':
    case 'sweep': {
      const { removal, ...rest } = report;
      if (removal.state !== 'nothing') return rest;
      const { state, ...nothing } = removal;
      return { ...rest, nothing };
    }
    case 'render': {
      const { rendered: written, ...rest } = report;
      if (written.state === 'stopped') return { ...nothing, ...rest };
      const { state, ...rendered } = written;
      return { ...nothing, ...rest, rendered };
    }
    case 'check': {
      const { checked: found, ...rest } = report;
      if (found.state === 'stopped') return { ...nothing, ...rest };
      const { state, ...checked } = found;
      return { ...nothing, ...rest, checked };
    }
  }
}

/** What a run inside the test process gave. */
export interface ActionRun {
  readonly report: SeenReport;
  readonly log: readonly string[];
  /** The files that were written, by path. */
  readonly written: ReadonlyMap<string, string>;
  readonly removed: readonly string[];
}

export interface RunOptions {
  readonly files?: Readonly<Record<string, Uint8Array | string>>;
  /** The size of modules that come as images. */
  readonly imageBytes?: number;
  readonly environment?: Readonly<Record<string, string>>;
  /** Is told of each secret. */
  readonly mask?: (secret: string) => void;
  /** The kinds of targets that there are; those of the action when absent. */
  readonly kinds?: readonly TargetKind[];
  /** Whose attestations count; nobody's when absent. */
  readonly authorities?: readonly Authority[];
  readonly cancelled?: AbortSignal;
  /** When open requests are given up; with the cancel when absent. */
  readonly abandoned?: AbortSignal;
  /** Is told each line of the log; what it throws comes to whoever has written the line. */
  readonly onLog?: (line: string) => void;
  /** Milliseconds; the real ones when absent. */
  readonly now?: () => number;
  /** The time of day; the real one when absent. */
  readonly date?: Date;
  /** Nothing is tried or rewritten without these. */
  readonly trial?: Trial;
  readonly optimize?: Optimizer;
}

/** The digest that a tag of a pretended registry has: that of its own text. */
export function pinImage(reference: string): string {
  return `${reference.replace(/:[^:/]*$/, '')}@sha256:${createHash('sha256').update(reference).digest('hex')}`;
}

/** Registries below `.example`, which no name server knows: each tag is a module of its own, of a given size. */
function pretendedRegistry(bytes?: number): ModuleFetcher {
  return {
    pull: async (reference) => {
      const name = formatReference(reference);
      const pinned = pinImage(name.slice(OCI_SCHEME.length));
      return ok({ bytes: makeModule(name, bytes), pinned, istioCanPull: true, isImage: true });
    },
    download: () => Promise.reject(new Error('there is no web server')),
  };
}

/** Runs the action's own code in this process, with files and images from memory. */
export async function runAction(inputs: ActionInputs, options: RunOptions = {}): Promise<ActionRun> {
  const log: string[] = [];
  const written = new Map<string, string>();
  const removed: string[] = [];
  const tell = (line: string): void => {
    log.push(line);
    options.onLog?.(line);
  };
  const files: Readonly<Record<string, Uint8Array | string>> = { 'filter.wasm': makeModule(), ...options.files };
  const never = new AbortController().signal;
  const readFile: ReadFile = async (path) => {
    const content = files[path];
    if (content === undefined) throw Object.assign(new Error(`no such file: ${path}`), { code: 'ENOENT' });
    return typeof content === 'string' ? Buffer.from(content) : content;
  };
  const report = await run({
    readInput: (name) => inputs[name] ?? '',
    environment: options.environment ?? {},
    readFile,
    readUserFile: readFile,
    findFiles: async (pattern) => Object.keys(files).filter((file) => matchesGlob(file, pattern)),
    writeFile: async (path, text) => {
      written.set(path, text);
    },
    removeFile: async (path) => {
      removed.push(path);
      return path in files;
    },
    log: { ...silentLog, info: tell, warning: tell },
    kinds: options.kinds ?? KINDS,
    authorities: options.authorities ?? [],
    verifyAttestation,
    openWebSocket,
    mask: options.mask ?? (() => undefined),
    redact: (text) => text,
    cancelled: options.cancelled ?? never,
    abandoned: options.abandoned ?? options.cancelled ?? never,
    now: options.now ?? (() => performance.now()),
    date: () => options.date ?? new Date(),
    runHelper: () => Promise.reject(new Error('there is no such program')),
    runPlugin: async () => ({ how: 'missing' }),
    ...(/^oci:\/\/[^/]+\.example\//.test(inputs.filter ?? '')
      ? { fetcher: pretendedRegistry(options.imageBytes) }
      : {}),
    ...(options.trial === undefined ? {} : { trial: options.trial }),
    ...(options.optimize === undefined ? {} : { optimize: options.optimize }),
  });
  const wrong = misread(reportedProblems(report));
  if (wrong.length > 0) throw new Error(`Problems whose form is not that of their message:\n${wrong.join('\n')}`);
  return { report: { ...seen(report), whole: report }, log, written, removed };
}

/** What a runner sees of the bundled action. */
export interface BundleRun {
  /** Null where a signal has ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly summary: string;
  readonly outputs: Readonly<Record<string, string>>;
}

export interface BundleOptions {
  readonly inputs: ActionInputs;
  /** The workspace, which relative paths start from. */
  readonly workspace?: string;
  readonly environment?: Readonly<Record<string, string>>;
  /** The program to run in place of `dist/index.js`. */
  readonly program?: string;
  /** A command that runs the one that follows it, as `time` does. */
  readonly through?: readonly string[];
  /** Is told of each secret. */
  readonly mask?: (secret: string) => void;
  /** Called with each piece of output as it comes, with a way to send a signal, and one to read no further. */
  readonly onOutput?: (text: string, kill: (signal: NodeJS.Signals) => void, closeLog: () => void) => void;
  /** Ends the process at once, and rejects. */
  readonly signal?: AbortSignal;
}

export const BUNDLE = resolve(import.meta.dirname, '../../dist/index.js');

/** Runs `dist/index.js` as a runner does: a process of its own, inputs in its environment, files for summary and outputs. */
export async function runBundle(options: BundleOptions): Promise<BundleRun> {
  const { inputs, workspace, environment = {}, program = BUNDLE, through = [], onOutput } = options;
  const folder = await mkdtemp(join(tmpdir(), 'deploy-wasm-filter-'));
  try {
    const summary = join(folder, 'summary.md');
    const output = join(folder, 'output');
    await Promise.all([writeFile(summary, ''), writeFile(output, '')]);
    const [first = '', ...rest] = [...through, process.execPath, program];
    const child = spawn(first, rest, {
      cwd: workspace ?? folder,
      env: {
        PATH: process.env.PATH,
        ...Object.fromEntries(Object.entries(inputs).map(([name, value]) => [`INPUT_${name.toUpperCase()}`, value])),
        GITHUB_STEP_SUMMARY: summary,
        GITHUB_OUTPUT: output,
        GITHUB_WORKSPACE: workspace ?? folder,
        ...environment,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(options.signal && { signal: options.signal, killSignal: 'SIGKILL' as const }),
    });
    let stdout = '';
    const take = (chunk: Buffer): void => {
      stdout += chunk;
      onOutput?.(
        String(chunk),
        (signal) => child.kill(signal),
        () => child.stdout.destroy(),
      );
    };
    child.stdout.on('data', take);
    child.stderr.on('data', take);
    const code = await new Promise<number | null>((done, failed) => child.on('close', done).on('error', failed));
    return {
      code,
      stdout,
      summary: await readFile(summary, 'utf8'),
      outputs: parseOutputs(await readFile(output, 'utf8')),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Reads the runner's output file: `name<<DELIMITER`, the value, `DELIMITER`. */
function parseOutputs(text: string): Record<string, string> {
  return Object.fromEntries(
    [...text.matchAll(/^(\S+?)<<(ghadelimiter_\S+)\n([\s\S]*?)\n\2$/gm)].map(([, name, , value]) => [name, value]),
  );
}
