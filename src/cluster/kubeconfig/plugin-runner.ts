import { type ChildProcess, spawn } from 'node:child_process';
import { delimiter, isAbsolute } from 'node:path';
import { formatBytes, formatDuration, truncate } from '../../base/text.ts';
import { looksLikeContent } from './load.ts';

/** An exec plugin's command line, and the variables that it gets beside those of the runner that are passed on. */
export interface PluginCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How a plugin ended. */
export type PluginEnd =
  | { readonly how: 'exited'; readonly code: number; readonly output: string }
  /** Its `fault` is for the end of a sentence. */
  | { readonly how: 'stopped' | 'timed out'; readonly fault: string }
  | { readonly how: 'cancelled' }
  | { readonly how: 'missing' };

/** Runs an exec plugin; each line that it writes to its stderr is handed on at once. */
export type RunPlugin = (command: PluginCommand, onLine: (line: string) => void) => Promise<PluginEnd>;

/** What a runner of plugins needs of the process. */
export interface PluginHost {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Stops the plugin. */
  readonly signal: AbortSignal;
  /** Kills a process and its children: the whole group that it leads. Nothing is there any more: no error. */
  readonly killGroup: (pid: number) => void;
  /** Is told of the groups that run now, for whoever ends the process itself. */
  readonly running: { add(pid: number): unknown; delete(pid: number): unknown };
  readonly timeoutMs?: number;
}

/**
 * What plugins need to find their programs, files and logins: those of `aws`, `gke-gcloud-auth-plugin`, Azure's `kubelogin` and
 * others. Never what the workflow's own inputs and tokens are in (INPUT_*, ACTIONS_*, GITHUB_TOKEN).
 */
const PASSED_NAMES = [
  ...['PATH', 'HOME', 'USER', 'LOGNAME', 'SHELL', 'LANG', 'TZ', 'TMPDIR', 'TMP', 'TEMP', 'KUBECONFIG', 'KUBECACHEDIR'],
  ...['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'ALL_PROXY', 'REQUESTS_CA_BUNDLE', 'CURL_CA_BUNDLE'],
  // The managed identity of Azure (its older form is MSI_*), Node's own authorities, and what setup-python sets.
  ...['IDENTITY_ENDPOINT', 'IDENTITY_HEADER', 'NODE_EXTRA_CA_CERTS', 'LD_LIBRARY_PATH'],
  ...['SYSTEMROOT', 'USERPROFILE', 'APPDATA', 'LOCALAPPDATA', 'PATHEXT', 'COMSPEC'],
];
const PASSED_PREFIXES = [
  ...['LC_', 'XDG_', 'AWS_', 'GOOGLE_', 'CLOUDSDK_', 'AZURE_', 'AAD_', 'ARM_', 'MSI_', 'OCI_', 'DIGITALOCEAN_'],
  ...['TELEPORT_', 'VAULT_', 'SSL_CERT_'],
];

const TIMEOUT_MS = 60_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;
const MAX_LINES = 100;
const MAX_LINE = 400;
/** How long an ended plugin's output may stay open: a daemon that it left behind may hold it for ever. */
const CLOSING_MS = 1_000;

/** The variables of the runner that a plugin gets. */
export function pluginEnvironment(environment: PluginHost['environment']): Record<string, string> {
  const passed: Record<string, string> = {};
  for (const [name, value = ''] of Object.entries(environment)) {
    const upper = name.toUpperCase();
    if (PASSED_NAMES.includes(upper) || PASSED_PREFIXES.some((prefix) => upper.startsWith(prefix)))
      passed[name] = value;
  }
  if (looksLikeContent(passed.KUBECONFIG ?? '')) delete passed.KUBECONFIG;
  // A program or library of the folder that the action happens to run in is none of a plugin's.
  for (const name of ['PATH', 'LD_LIBRARY_PATH']) {
    const folders = passed[name];
    if (folders !== undefined) passed[name] = folders.split(delimiter).filter(isAbsolute).join(delimiter);
  }
  return passed;
}

/** Makes a function that runs plugins without input, each in a process group of its own, within limits of time and output. */
export function pluginRunner(host: PluginHost): RunPlugin {
  const { signal, running, timeoutMs = TIMEOUT_MS } = host;
  const passed = pluginEnvironment(host.environment);
  return ({ command, args, environment }, onLine) => {
    if (signal.aborted) return Promise.resolve({ how: 'cancelled' });
    const { promise, resolve } = Promise.withResolvers<PluginEnd>();
    const env = { ...passed, ...environment };
    // Node's own message would quote it.
    if ([command, ...args, ...Object.entries(env).flat()].some((text) => text.includes('\0'))) {
      return Promise.resolve({
        how: 'stopped',
        fault: 'cannot be started: its command, an argument or a variable contains a zero byte',
      });
    }
    const child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) running.add(pid);
    const end = (result: PluginEnd): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', cancel);
      if (pid !== undefined) running.delete(pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve(result);
    };
    const stop = (result: PluginEnd): void => {
      if (pid !== undefined) host.killGroup(pid);
      end(result);
    };
    const cancel = (): void => stop({ how: 'cancelled' });
    const limit = formatDuration(timeoutMs);
    const timer = setTimeout(() => stop({ how: 'timed out', fault: `has not ended within ${limit}` }), timeoutMs);
    signal.addEventListener('abort', cancel, { once: true });
    passLines(child, onLine);
    const output = collect(child, () =>
      stop({ how: 'stopped', fault: `wrote more than ${formatBytes(MAX_OUTPUT_BYTES)}` }),
    );
    child.on('error', (error) => {
      const missing = 'code' in error && error.code === 'ENOENT';
      end(missing ? { how: 'missing' } : { how: 'stopped', fault: `cannot be started: ${error.message}` });
    });
    child.on('exit', () => setTimeout(() => child.stdout.destroy(), CLOSING_MS).unref());
    child.on('exit', () => setTimeout(() => child.stderr.destroy(), CLOSING_MS).unref());
    child.on('close', (code, by) =>
      end(code === null ? { how: 'stopped', fault: `was ended by ${by}` } : { how: 'exited', code, output: output() }),
    );
    return promise;
  };
}

function collect({ stdout }: ChildProcess, tooMuch: () => void): () => string {
  const chunks: Buffer[] = [];
  let size = 0;
  stdout?.on('data', (chunk: Buffer) => {
    size += chunk.length;
    if (size > MAX_OUTPUT_BYTES) tooMuch();
    else chunks.push(chunk);
  });
  return () => Buffer.concat(chunks).toString('utf8');
}

/** Hands on whole lines as they come, the last one also without its end; long ones are cut, and most of very many left out. */
function passLines({ stderr }: ChildProcess, onLine: (line: string) => void): void {
  let lines = 0;
  let rest = '';
  const pass = (line: string): void => {
    if (line.trim() === '' || lines > MAX_LINES) return;
    lines++;
    onLine(lines > MAX_LINES ? '(further lines are left out)' : truncate(line, MAX_LINE));
  };
  stderr?.setEncoding('utf8');
  stderr?.on('data', (chunk: string) => {
    const complete = chunk.split('\n');
    const last = complete.pop() ?? '';
    for (const line of complete) {
      pass(rest + line);
      rest = '';
    }
    // Long enough to show that it is cut.
    rest = (rest + last).slice(0, 2 * MAX_LINE);
  });
  stderr?.on('close', () => pass(rest));
}
