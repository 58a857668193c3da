import type { Problem } from '../../base/problem.ts';
import { MAX_LISTED, sentence, someOf, truncate } from '../../base/text.ts';
import type { Warning } from '../../base/warning.ts';
import { missesRootId, rootIdRemedy, showRootId } from '../../filter/compatibility/root-id.ts';
import type { Toolchain } from '../../filter/module/toolchain.ts';
import type { LoadStep, TrialVerdict } from '../../filter/trial/verdict.ts';
import { nameSettings, type WrittenFilter } from '../../filter/written.ts';

/** What was tried, as far as remedies need it. */
export interface TriedFilter {
  readonly rootId: string;
  readonly toolchain: Toolchain;
  readonly written: WrittenFilter;
}

/** What a trial has against a filter; empty when nothing. */
export interface TrialFinding {
  readonly problem?: Problem;
  readonly warning?: Warning;
}

interface FailedStep {
  readonly what: string;
  /** May name settings of the filter. */
  readonly remedy: string | { readonly check: readonly string[]; readonly and: string };
}

const STEPS: Readonly<Record<Exclude<LoadStep, 'context-create'>, FailedStep>> = {
  compile: { what: 'cannot be compiled', remedy: 'Build it again; the file is damaged.' },
  link: { what: 'cannot be linked', remedy: 'Build it with a Proxy-Wasm SDK for the version of your proxies.' },
  start: {
    what: 'fails as soon as it starts',
    remedy:
      'Build it as a reactor (Rust: cdylib; Go: -buildmode=c-shared; TinyGo: its wasm target with a reactor) that calls nothing but the log while it starts.',
  },
  'vm-start': {
    what: 'fails to start',
    remedy: { check: ['root-id', 'vm-id'], and: 'what the filter logs' },
  },
  configure: {
    what: 'rejects its configuration',
    remedy: { check: ['configuration', 'root-id'], and: 'what the filter logs' },
  },
};

/** How many of the filter's own lines a message quotes. */
const MAX_LINES = 3;

/**
 * What a verdict comes to. Only what Envoy would refuse as well is a problem; a request that fails in the trial, or takes too
 * long there, may do better behind a real proxy, and is a warning. `envoy` is a version that the verdict is for, where
 * others came to another one; `of` is what was tried, and where it is written.
 */
export function trialFinding(verdict: TrialVerdict, origin: string, envoy?: string, of?: TriedFilter): TrialFinding {
  const run = envoy === undefined ? 'trial run' : `trial run as ${envoy}`;
  const warn = (text: string): TrialFinding => ({ warning: { topic: 'Trial run', subject: origin, text } });
  switch (verdict.state) {
    case 'refused': {
      const { what, remedy: usual } = STEPS[verdict.step];
      const remedy = missesRootId([verdict.reason, ...verdict.logs])
        ? rootIdRemedy(of?.rootId, of?.toolchain ?? 'unknown', of?.written)
        : remedyFor(usual, of?.written);
      return {
        problem: {
          kind: 'filter',
          subject: origin,
          clause: `the filter ${what}`,
          message: `${what} in a trial run on this runner, as it would in ${envoy ?? 'Envoy'}: ${sentence(showRootId(verdict.reason))}${said(verdict.logs)}`,
          remedy: `${remedy} If Envoy accepts it after all, set "check: off" to skip this check.`,
        },
      };
    }
    case 'crashed':
      return {
        problem: {
          kind: 'filter',
          subject: origin,
          clause: 'the filter would crash the proxies',
          message: `would crash the whole proxy (${verdict.step}), as a ${run} on this runner shows: ${sentence(verdict.reason)}${said(verdict.logs)}`,
          remedy:
            'Build it with a Proxy-Wasm SDK and its flags: the memory must be exported, and nothing may call the host before _initialize or _start. If Envoy accepts it after all, set "check: off" to skip this check.',
        },
      };
    case 'trapped':
      return warn(
        `The ${origin} loads in a ${run}, but the first request fails (${verdict.step}): ${sentence(verdict.reason)}${said(verdict.logs)}`,
      );
    case 'timeout':
      return warn(`The ${origin} did not finish its ${run} in time (${verdict.step}).${said(verdict.logs)}`);
    case 'inconclusive':
      return verdict.brokeOff
        ? warn(
            `The ${run} of ${origin} was interrupted and is inconclusive: ${sentence(verdict.why)}${said(verdict.logs)}`,
          )
        : {};
    default:
      return {};
  }
}

function remedyFor(remedy: FailedStep['remedy'], written: WrittenFilter | undefined): string {
  if (typeof remedy === 'string') return remedy;
  return `Check ${nameSettings(remedy.check, written)}, and ${remedy.and}.`;
}

/** What a trial run says of a filter; `undecided`: nothing. */
export type TrialResult = 'passed' | 'failed' | 'warned' | 'undecided';

/** Returns what a verdict says of a filter, as `trialFinding` puts it into words. */
export function trialResult(verdict: TrialVerdict): TrialResult {
  if (verdict.state === 'passed') return 'passed';
  const { problem, warning } = trialFinding(verdict, '');
  return problem !== undefined ? 'failed' : warning !== undefined ? 'warned' : 'undecided';
}

function said(logs: readonly string[]): string {
  const lines = logs.slice(-MAX_LINES).map((line) => truncate(showRootId(line), 300));
  return lines.length === 0 ? '' : ` The filter said: ${someOf(lines, MAX_LISTED, ' / ')}`;
}
