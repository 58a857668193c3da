import { isObject, parseJson, pick } from '../../base/json.ts';
import { truncate } from '../../base/text.ts';

/** A filter's code has failed while Envoy called it, as the proxy's log tells. */
export interface Trap {
  /** The function that Envoy called: `proxy_on_request_headers`. */
  readonly callback: string;
  /** The engine's words: `Uncaught RuntimeError: unreachable`. */
  readonly words: string;
  /** The functions of the module that were under way, the innermost first; empty where it has no names of functions. */
  readonly stack: readonly string[];
}

/** What part of a proxy's log tells of filters. */
export interface FilterLog {
  /** How often a filter has trapped. */
  readonly traps: number;
  /** One for each function, the first of it. */
  readonly kinds: readonly Trap[];
  /** What filters have logged, the last of it: where several are in a pod, each line names its own. */
  readonly said: readonly string[];
}

/** `Function: proxy_on_log failed: Uncaught RuntimeError: unreachable` (proxy-wasm-cpp-host: src/v8/v8.cc, include/proxy-wasm/wasm_vm.h). */
const FAILED = /^Function: ([\w.]{1,100}) failed: /;
/**
 * What Envoy's own lines about Wasm begin with, by Istio's `--log-format`. The log holds access logs as well, in which clients may say what
 * they like, but not how a line begins.
 */
const ENVOY_LINE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z\t(\w{1,16})\tenvoy wasm(?: [^\t]{0,300})?\t/;
const SAID = 'wasm log';
const STACK = 'Proxy-Wasm plugin in-VM backtrace:';
/** `  0:  0x1db - boom` */
const FRAME = /^ {1,4}\d+: {1,4}0x[0-9a-f]+ - (.*)$/;
const MAX_FRAMES = 8;
/** Of a description. */
const MAX_STACK = 5;
const MAX_KINDS = 8;
const MAX_SAID = 5;
const MAX_WORDS = 300;
const MAX_FRAME = 80;

/**
 * Reads what a part of a proxy's log tells of its filters: Envoy's words for a trap, once for each worker where a VM is not started
 * anew and once for each request where it is, with the stack where the module has names; and what filters have said themselves.
 */
export function readFilterLog(log: string): FilterLog {
  const lines = log.split('\n');
  const kinds = new Map<string, Trap>();
  let traps = 0;
  for (const [index, line] of lines.entries()) {
    const words = wordsOfEnvoy(line);
    const [all = '', callback] = (words === undefined ? null : FAILED.exec(words)) ?? [];
    if (words === undefined || callback === undefined) continue;
    traps++;
    if (kinds.has(callback) || kinds.size >= MAX_KINDS) continue;
    const failure = truncate(withoutThread(words.slice(all.length)), MAX_WORDS);
    kinds.set(callback, { callback, words: failure, stack: stackAfter(lines, index) });
  }
  return { traps, kinds: [...kinds.values()], said: saidIn(lines) };
}

/** `proxy_on_log of add-header failed (Uncaught RuntimeError: unreachable, in boom < on_log)`. */
export function describeTrap(trap: Trap, who: string): string {
  return `${trap.callback} of ${who} failed (${truncate(trap.words, 200)}${inStack(trap)})`;
}

/** In which functions of the module a trap was, innermost first, to follow its words: `, in boom < on_log`; empty where nobody knows. */
export function inStack({ stack }: Trap): string {
  return stack.length === 0 ? '' : `, in ${truncate(stack.slice(0, MAX_STACK).join(' < '), 200)}`;
}

/** What Envoy says of Wasm in a line, and at which level; `undefined` of a line that is not Envoy's own. */
export function readEnvoyLine(line: string): { readonly level: string; readonly words: string } | undefined {
  const [begin, level] = ENVOY_LINE.exec(line) ?? [];
  return begin === undefined || level === undefined ? undefined : { level, words: line.slice(begin.length) };
}

function wordsOfEnvoy(line: string): string | undefined {
  return readEnvoyLine(line)?.words;
}

function stackAfter(lines: readonly string[], at: number): string[] {
  if (lines[at + 1]?.trim() !== STACK) return [];
  const frames: string[] = [];
  for (const line of lines.slice(at + 2, at + 2 + MAX_FRAMES)) {
    const frame = FRAME.exec(withoutThread(line))?.[1];
    if (frame === undefined) break;
    frames.push(truncate(frame.trim(), MAX_FRAME));
  }
  return frames;
}

/** Filters' own lines hold `wasm log`, the filter's names and its words; Envoy shows those of the levels that it is told to. */
function saidIn(lines: readonly string[]): string[] {
  const said = lines.flatMap((line) => {
    const words = wordsOfEnvoy(line);
    return words?.startsWith(SAID) ? [truncate(withoutThread(words.slice(SAID.length)).trim(), MAX_WORDS)] : [];
  });
  return said.filter((words) => words !== '').slice(-MAX_SAID);
}

/** Envoy ends its lines with the thread, after a tab. */
function withoutThread(words: string): string {
  const thread = words.lastIndexOf('\tthread=');
  return (thread === -1 ? words : words.slice(0, thread)).trimEnd();
}

/**
 * Returns a log with the lines that Istio's proxies write as JSON (`logAsJson`) as they are without that; others stay as they are. Envoy's
 * have `caller`, `level`, `msg`, `scope`, `thread` and `time`, in any order (istio: tools/packaging/common/envoy_bootstrap.json).
 */
export function plainLog(log: string): string {
  if (!log.includes(JSON_TIME)) return log;
  return log
    .split('\n')
    .map((line) => (line.startsWith('{') && line.includes(JSON_TIME) ? plainLine(line) : line))
    .join('\n');
}

const JSON_TIME = '"time":"';
const JSON_KEYS: ReadonlySet<string> = new Set(['caller', 'level', 'msg', 'scope', 'thread', 'time']);

function plainLine(line: string): string {
  try {
    const parsed = parseJson(line);
    // An access log whose format looks like JSON does not escape what clients say, but has keys of its own.
    if (!isObject(parsed) || Object.keys(parsed).some((key) => !JSON_KEYS.has(key))) return line;
    const [level, time, scope, words, thread] = ['level', 'time', 'scope', 'msg', 'thread'].map((key) =>
      pick(parsed, key),
    );
    if (typeof time !== 'string' || typeof scope !== 'string' || typeof words !== 'string') return line;
    return `${time}\t${String(level)}\t${scope}\t${words}${thread === undefined ? '' : `\tthread=${String(thread)}`}`;
  } catch {
    return line;
  }
}

/** The time that Envoy begins its lines with. Such times sort as texts do. */
const LINE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z/;

/**
 * Returns what of a log is newer than the last line that was read before, with the time of its own last line: a log can be asked for
 * from a second on, which has lines that were read already.
 */
export function newLines(log: string, last: string | undefined): { readonly text: string; readonly last?: string } {
  const lines = log.split('\n');
  const times = lines.map((line) => LINE_TIME.exec(line)?.[0]);
  const first = last === undefined ? 0 : times.findIndex((time) => time !== undefined && time > last);
  const newest = times.findLast((time) => time !== undefined) ?? last;
  const text = first === -1 ? '' : lines.slice(first).join('\n');
  return { text, ...(newest !== undefined && { last: newest }) };
}
