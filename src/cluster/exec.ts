import { formatBytes, formatDuration } from '../base/text.ts';
import { apiError, parseStatus } from './answers.ts';
import { ApiError, ExecError, type StatusBody } from './errors.ts';
import { MAX_BYTES } from './limits.ts';
import { POD, resourcePath } from './resources.ts';
import type { Transport } from './transport.ts';

/** What a command in a container came to. */
export interface ExecResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/** A command in a container. */
export interface ExecTarget {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** The program and its arguments; no shell reads them. */
  readonly command: readonly string[];
}

export interface ExecLimits {
  /** The longest time from the request to the end of the command, 15 s by default. */
  readonly timeoutMs?: number;
  /** The most that the command may write, 64 MiB by default. */
  readonly maxBytes?: number;
}

/** v5 differs from v4 only in how stdin is closed, which is not used here (kubernetes/enhancements, KEP-4006). */
const PROTOCOLS = ['v5.channel.k8s.io', 'v4.channel.k8s.io'];
/** The first byte of a message (k8s.io/apimachinery, remotecommand constants). */
const STDOUT = 1;
const STDERR = 2;
const STATUS = 3;
const TIMEOUT_MS = 15_000;

/**
 * Runs a command in a container to its end. An exit code other than 0 is a result. Asking is repeated where it failed, and the
 * command may then run twice: only for commands that look. Needs the permissions to `get` pods/exec, as a WebSocket is asked for
 * with GET, and from Kubernetes 1.35 on to `create` it as well (kubernetes/kubernetes#134577). `signal` ends it. Throws
 * `ApiError` when the API server rejects or the command cannot be started, `ExecError` when a limit is passed or the API server
 * ends the connection early, `ConnectionError` when it breaks, and what else `Transport` throws.
 */
export async function exec(
  transport: Transport,
  target: ExecTarget,
  limits: ExecLimits = {},
  signal?: AbortSignal,
): Promise<ExecResult> {
  const { timeoutMs = TIMEOUT_MS, maxBytes = MAX_BYTES.output } = limits;
  const path = execPath(target);
  const deadline = AbortSignal.timeout(timeoutMs);
  try {
    const ended = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    const answer = await transport.webSocket(path, PROTOCOLS, ended);
    if (answer.messages === undefined) throw apiError('exec', path, answer);
    return await readResult(path, answer.messages, maxBytes);
  } catch (error) {
    if (!deadline.aborted || error !== deadline.reason) throw error;
    throw new ExecError(`the command did not end within ${formatDuration(timeoutMs)}`);
  }
}

function execPath({ namespace, pod, container, command }: ExecTarget): string {
  const query = new URLSearchParams({ container, stdout: 'true', stderr: 'true' });
  for (const word of command) query.append('command', word);
  return `${resourcePath(POD, namespace, pod)}/exec?${query}`;
}

async function readResult(path: string, messages: AsyncIterable<Buffer>, maxBytes: number): Promise<ExecResult> {
  // Text is made at the end: a character may be cut in two by the border of messages.
  const channels = new Map<number, Buffer[]>([STDOUT, STDERR, STATUS].map((channel) => [channel, []]));
  const textOf = (channel: number): string => Buffer.concat(channels.get(channel) ?? []).toString();
  let bytes = 0;
  for await (const message of messages) {
    const channel = message[0] ?? 0;
    bytes += message.length;
    if (bytes > maxBytes) throw new ExecError(`the command wrote more than ${formatBytes(maxBytes)}`);
    channels.get(channel)?.push(message.subarray(1));
    const status = channel === STATUS ? parseStatus(textOf(STATUS)) : undefined;
    if (status === undefined) continue;
    return { stdout: textOf(STDOUT), stderr: textOf(STDERR), exitCode: exitCodeOf(path, status) };
  }
  throw new ExecError('the API server closed the connection before the command had ended');
}

function exitCodeOf(path: string, status: StatusBody): number {
  if (status.status === 'Success') return 0;
  const code = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')?.message;
  // No such program, no such container any more, a kubelet that does not answer: nothing was run.
  if (code === undefined || !/^\d+$/.test(code)) throw new ApiError('exec', path, status.code ?? 500, status);
  return Number(code);
}
