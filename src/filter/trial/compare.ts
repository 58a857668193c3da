import { truncate } from '../../base/text.ts';
import type { Header } from '../host/request.ts';
import type { TrialHeaders, TrialVerdict } from './verdict.ts';

/** Whether two trial runs showed the same behaviour. */
export type Comparison =
  | { readonly state: 'same' }
  /** `what` is the first thing that is not equal, in words: `it logs "a", and "b" …`. */
  | { readonly state: 'different'; readonly what: string }
  /** Neither run came far enough to show anything. */
  | { readonly state: 'unknown'; readonly why: string };

const SAME: Comparison = { state: 'same' };

/**
 * Calls that change nothing outside. How often a runtime makes them depends on how fast it is: Go's asks for the time
 * whenever its scheduler runs, and its memory grows as its collector keeps up.
 */
const ASKS_ONLY =
  /^(clock_time_get|clock_res_get|proxy_get_current_time_nanoseconds|random_get|sched_yield|poll_oneoff|emscripten_notify_memory_growth)\b/;

/**
 * Compares what two modules did in a trial with the same settings: how far they came, what they logged, the headers they
 * left, and which host functions they called with which success, clocks and chance aside. Memory is not compared: where
 * things lie in it may change.
 */
export function compareVerdicts(original: TrialVerdict, other: TrialVerdict): Comparison {
  const ends = [endOf(original), endOf(other)] as const;
  if (ends[0] !== ends[1]) return different('ends its trial run', ends);
  if (original.state === 'inconclusive') return { state: 'unknown', why: original.why };
  if (original.state === 'timeout') return { state: 'unknown', why: `it does not end in time (${original.step})` };
  return (
    firstDifference('logs', original.logs, other.logs) ??
    firstDifference('makes the request', headersOf(original, 'request'), headersOf(other, 'request')) ??
    firstDifference('makes the answer', headersOf(original, 'response'), headersOf(other, 'response')) ??
    firstDifference('calls', callsOf(original), callsOf(other)) ??
    SAME
  );
}

/** How a run ended, without the engine's own words, which speak of places in the code. */
function endOf(verdict: TrialVerdict): string {
  return 'step' in verdict ? `${verdict.state} in ${verdict.step}` : verdict.state;
}

function headersOf(verdict: TrialVerdict, side: keyof TrialHeaders): readonly string[] {
  const headers = verdict.state === 'passed' ? verdict.headers?.[side] : undefined;
  return (headers ?? []).map(([name, value]: Header) => `${name}: ${value}`);
}

function callsOf({ calls = [] }: TrialVerdict): readonly string[] {
  return calls.filter((call) => !ASKS_ONLY.test(call));
}

function firstDifference(verb: string, lines: readonly string[], others: readonly string[]): Comparison | undefined {
  const length = Math.max(lines.length, others.length);
  const index = Array.from({ length }).findIndex((_, place) => lines[place] !== others[place]);
  return index === -1 ? undefined : different(verb, [lines[index], others[index]]);
}

function different(verb: string, [one, other]: readonly [string | undefined, string | undefined]): Comparison {
  return { state: 'different', what: `the original ${verb} ${quoted(one)}, the shrunk one ${quoted(other)}` };
}

function quoted(text: string | undefined): string {
  return text === undefined ? 'nothing more' : JSON.stringify(truncate(text, 200));
}
