import { defined } from '../../base/defined.ts';
import { sameJson } from '../../base/json.ts';
import type { Log } from '../../base/log.ts';
import { describeEnvoy, type ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { trialGroups } from '../../filter/host/envoy-kinds.ts';
import type { TrialRequest } from '../../filter/host/request.ts';
import { toolchainOf } from '../../filter/module/toolchain.ts';
import type { Trial, TrialVerdict } from '../../filter/trial/verdict.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { compareWithOriginal } from './shrink-equivalence.ts';
import { type TrialFinding, type TrialResult, type TriedFilter, trialFinding, trialResult } from './trial-problem.ts';

/** A request and what came of it, and the proxies that would run the filter so. */
interface Tried {
  readonly request: TrialRequest;
  readonly verdict: TrialVerdict;
  readonly proxies: readonly ProxyVersion[];
}

/** What trying a revision needs, and what messages call it; by default `filter "NAME"`. */
export interface TrialTools {
  readonly trial: Trial;
  readonly log: Log;
  readonly subject?: string;
}

/** What the trials of a revision have come to. */
export interface TriedRevision {
  /** What they have against it; each may be empty. */
  readonly findings: readonly TrialFinding[];
  /** One for each kind of Envoy among the proxies. */
  readonly trials: readonly { readonly proxies: readonly ProxyVersion[]; readonly result: TrialResult }[];
}

/**
 * Starts a revision with its own settings, once for each kind of Envoy among the proxies, and gives what the trials have
 * against it.
 */
export async function tryRevision(
  revision: Revision,
  proxies: readonly ProxyVersion[],
  { trial, log, subject = `filter "${revision.filter}"` }: TrialTools,
): Promise<TriedRevision> {
  const tried: Tried[] = [];
  for (const { envoy, proxies: alike } of trialGroups(proxies)) {
    const request = trialRequest(revision, envoy);
    const verdict = await trial(request);
    if (verdict.state === 'inconclusive')
      log.debug(`The trial run of ${revision.filter} was inconclusive: ${verdict.why}.`);
    tried.push({ request, verdict, proxies: alike });
  }
  const [first] = tried;
  // Shrinking does nothing that one Envoy would show and another would not.
  const compared =
    first === undefined
      ? {}
      : await compareWithOriginal(revision, first.request, first.verdict, { trial, log, subject });
  // What shrinking has broken is no problem about the filter.
  const broken = compared.problem !== undefined;
  return {
    findings: broken ? [compared] : [...findingsOf(tried, subject, revision), compared],
    trials: tried.map(({ verdict, proxies: alike }) => ({
      proxies: alike,
      result: broken ? 'failed' : trialResult(verdict),
    })),
  };
}

/** What differs between the Envoys says for which of them it is. */
function findingsOf(tried: readonly Tried[], origin: string, revision: Revision): TrialFinding[] {
  const { module, settings } = revision;
  const of: TriedFilter = {
    rootId: settings.rootId,
    toolchain: tried.some(isRefused) ? toolchainOf(module) : 'unknown',
    written: revision,
  };
  const findings = tried.map(({ verdict }) => trialFinding(verdict, origin, undefined, of));
  if (findings.every((finding) => sameJson(finding, findings[0]))) return findings.slice(0, 1);
  return tried.map(({ request: { envoy }, verdict }) =>
    trialFinding(verdict, origin, envoy === undefined ? undefined : describeEnvoy(envoy), of),
  );
}

function isRefused({ verdict }: Tried): boolean {
  return verdict.state === 'refused';
}

/** Returns what to try a filter with: its module and settings, for a minor version of Envoy if that matters. */
export function trialRequest(
  { filter, module, settings }: Pick<Revision, 'filter' | 'module' | 'settings'>,
  envoy: number | undefined,
): TrialRequest {
  const { rootId, vmId, configuration, direction, environment, capabilities, allowOnHeadersStopIteration } = settings;
  return {
    module: module.bytes,
    name: filter,
    rootId,
    vmId,
    configuration,
    direction,
    ...defined({ environment, capabilities, allowOnHeadersStopIteration, envoy }),
  };
}
