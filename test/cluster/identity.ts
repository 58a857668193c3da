import { readFileSync } from 'node:fs';

/** Names one process for good: the kernel gives its number to another one later, but not with the same start. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks between the machine's boot and the process's start (proc(5), `stat` field 22). */
  readonly startTime: number;
  /** Changes with every boot of the machine. */
  readonly bootId: string;
}

interface ProcessStat {
  /** One letter, `Z` for a zombie (proc(5), `stat` field 3). */
  readonly state: string;
  readonly threads: number;
  readonly startTime: number;
}

/** Reads what we need of a line of `/proc/PID/stat`; `undefined` when it has not that form. */
export function parseStat(line: string): ProcessStat | undefined {
  // The second field is the program's name in parentheses and may itself hold spaces and parentheses.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ');
  const state = fields[0];
  const threads = Number(fields[17]);
  const startTime = Number(fields[19]);
  if (state === undefined || state === '' || !Number.isSafeInteger(startTime)) return undefined;
  return { state, threads, startTime };
}

/** The identity of a running process. Throws when there is none with that number. */
export function identityOf(pid: number): ProcessIdentity {
  const stat = readStat(pid);
  if (stat === undefined) throw new Error(`there is no process ${pid}`);
  return { pid, startTime: stat.startTime, bootId: bootId() };
}

/** Whether that very process still runs. A zombie does not, as it holds neither ports nor files any more. */
export function isRunning(identity: ProcessIdentity): boolean {
  const stat = readStat(identity.pid);
  if (stat === undefined || stat.startTime !== identity.startTime || identity.bootId !== bootId()) return false;
  // The first thread of a killed program may be a zombie already while others still end.
  return stat.state !== 'Z' || stat.threads > 1;
}

/** `PID.START.BOOT`, for file names. */
export function formatIdentity(identity: ProcessIdentity): string {
  return `${identity.pid}.${identity.startTime}.${identity.bootId}`;
}

/** The reverse of `formatIdentity`; `undefined` for any other text. */
export function parseIdentity(text: string): ProcessIdentity | undefined {
  const match = /^(\d+)\.(\d+)\.([0-9a-f-]+)$/.exec(text);
  return match?.[3] === undefined
    ? undefined
    : { pid: Number(match[1]), startTime: Number(match[2]), bootId: match[3] };
}

function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'utf8'));
  } catch {
    return undefined; // no such process
  }
}

function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
}
