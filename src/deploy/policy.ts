import type { Share } from '../base/share.ts';
import type { Probe } from './probe.ts';

/**
 * How sure a run has to be that the filter runs: `auto` takes the strongest evidence that its permissions allow, `required` wants
 * to see the filter in every proxy, `off` is content with ready pods.
 */
export const VERIFY = ['auto', 'required', 'off'] as const;
export type Verify = (typeof VERIFY)[number];

/**
 * Whether new filters are tried in pods of the run's own, scouts, before any workload is changed: `auto` where that can be, `required`
 * or nothing is changed, `off` not at all.
 */
export const SCOUTS = ['auto', 'required', 'off'] as const;
export type ScoutMode = (typeof SCOUTS)[number];

/** What happens to workloads when one of them fails: itself goes back, all of the run go back, or none does. */
export const ON_FAILURE = ['rollback', 'rollback-all', 'keep'] as const;
export type OnFailure = (typeof ON_FAILURE)[number];

/** What happens to workloads that are not ready before the run: they are left as they are and fail, or get the change too. */
export const UNREADY = ['fail', 'deploy'] as const;
export type Unready = (typeof UNREADY)[number];

/**
 * What a run does when a rollout waits for somebody to promote it: it reports that and ends, or waits on, within its time, until that
 * has happened.
 */
export const PROMOTE = ['report', 'wait'] as const;
export type Promote = (typeof PROMOTE)[number];

/** How a change of settings alone reaches the pods: by a rollout, or into the running proxies. */
export const SETTINGS_CHANGES = ['roll', 'push'] as const;
export type SettingsChange = (typeof SETTINGS_CHANGES)[number];

/**
 * What happens to workloads that run what their filter's tag named before, once it names other bytes: they get those, or keep what they
 * run and the run says so, or keep it and no warning tells.
 */
export const ON_NEW_DIGEST = ['deploy', 'report', 'ignore'] as const;
export type OnNewDigest = (typeof ON_NEW_DIGEST)[number];

/** What a soak must have seen to pass: nothing, or requests. */
export const SOAK_REQUIRES = ['nothing', 'traffic'] as const;
export type SoakRequires = (typeof SOAK_REQUIRES)[number];

/** What a run sends to the pods that it watches: nothing of its own, or its probe again and again. */
export const SOAK_TRAFFIC = ['off', 'probe'] as const;
export type SoakTraffic = (typeof SOAK_TRAFFIC)[number];

/** The greatest share of failed requests: of all, or beyond that of the old pods. */
export interface ErrorRateLimit {
  /** From 0 to 1. */
  readonly share: number;
  readonly beyond: 'zero' | 'old-pods';
}

/** How much longer requests may take than in the old pods: by a share of that, or by a time in milliseconds. */
export type LatencyLimit = { readonly share: number } | { readonly ms: number };

/** By what watched pods are judged. */
export interface SoakLimits {
  /** Omitted for the default: no more failed requests than in the old pods, as far as chance can tell. */
  readonly maxErrorRate?: ErrorRateLimit;
  /** Omitted where times are shown and not judged. */
  readonly maxLatencyIncrease?: LatencyLimit;
  /** With fewer requests no traffic was seen, and none of it is judged. */
  readonly minRequests: number;
  readonly requires: SoakRequires;
  readonly traffic: SoakTraffic;
}

/** The limits where nobody has set any. */
export const DEFAULT_SOAK_LIMITS: SoakLimits = { minRequests: 10, requires: 'nothing', traffic: 'off' };

/** Returns the limits as their inputs have them, by name; what nobody has set is left out. */
export function soakInputs({ maxErrorRate, maxLatencyIncrease, minRequests, requires, traffic }: SoakLimits): {
  readonly 'max-error-rate'?: string;
  readonly 'max-latency-increase'?: string;
  readonly 'min-requests': number;
  readonly 'soak-requires': SoakRequires;
  readonly traffic: SoakTraffic;
} {
  const latency = maxLatencyIncrease;
  return {
    ...(maxErrorRate !== undefined && {
      'max-error-rate': `${maxErrorRate.beyond === 'old-pods' ? '+' : ''}${percent(maxErrorRate.share)}`,
    }),
    ...(latency !== undefined && {
      'max-latency-increase': 'ms' in latency ? `${latency.ms}ms` : percent(latency.share),
    }),
    'min-requests': minRequests,
    'soak-requires': requires,
    traffic,
  };
}

/** `1%`, `0.25%`: with no more digits than the input may have. */
function percent(share: number): string {
  return `${Number((share * 100).toFixed(6))}%`;
}

/** How a run rolls out, what it wants to see, and what it does when it does not see it. */
export interface RolloutPolicy {
  /** Without it nothing is waited for, verified or rolled back. */
  readonly wait: boolean;
  /** How long one workload may take from its patch until it is ready, in milliseconds. */
  readonly timeoutMs: number;
  readonly verify: Verify;
  readonly scout: ScoutMode;
  /** A request that each new pod must answer as expected. */
  readonly probe?: Probe;
  readonly onFailure: OnFailure;
  /** Of workloads that were not ready before the run, and whose pods it would replace. */
  readonly unready: Unready;
  /** Of rollouts that wait for somebody to promote them. */
  readonly promote: Promote;
  /** How many workloads go first, alone. */
  readonly canary?: Share;
  /** How many workloads of a cluster may be rolling at once; when absent a quarter of those that change, and five at least. */
  readonly maxParallel?: Share;
  /** How many workloads may fail before no further one is started. */
  readonly maxFailures: Share;
  /** How long a wave is watched before its verification is repeated and the next one starts, in milliseconds. */
  readonly soakMs: number;
  /** By what it is judged meanwhile; omitted for `DEFAULT_SOAK_LIMITS`. */
  readonly soakLimits?: SoakLimits;
}

/** What a run makes of a cluster that does not answer: it fails before it writes anywhere, or goes on without it. */
export const UNREACHABLE = ['fail', 'skip'] as const;
export type Unreachable = (typeof UNREACHABLE)[number];

/** What a removal makes of a filter that is not there: a failure, or nothing to do. */
export const MISSING = ['fail', 'ok'] as const;
export type Missing = (typeof MISSING)[number];
