import { defined } from '../../base/defined.ts';
import { sameJson } from '../../base/json.ts';
import type { Log } from '../../base/log.ts';
import { describeEnvoy, type ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { trialEnvoys } from '../../filter/host/envoy-kinds.ts';
import type { TrialRequest } from '../../filter/host/request.ts';
import type { Trial, TrialVerdict } from '../../filter/trial/verdict.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import { compareWithOriginal } from './shrink-equivalence.ts';
import { type TrialFinding, trialFinding } from './trial-problem.ts';

/** A request and what came of it. */
interface Tried {
  readonly request: TrialRequest;
  readonly verdict: TrialVerdict;
}

/**
 * Starts a revision with its own settings, once for each kind of Envoy among the proxies, and gives what the trials have
 * against it.
 */
export async function tryRevision(
  revision: Revision,
  proxies: readonly ProxyVersion[],
  { trial, log }: { readonly trial: Trial; readonly log: Log },
): Promise<readonly TrialFinding[]> {
  const tried: Tried[] = [];
  for (const envoy of trialEnvoys(proxies)) {
    const request = requestOf(revision, envoy);
    const verdict = await trial(request);
    if (verdict.state === 'inconclusive')
      log.debug(`The trial run of ${revision.filter} was inconclusive: ${verdict.why}.`);
    tried.push({ request, verdict });
  }
  const [first] = tried;
  // Shrinking does nothing that one Envoy would show and another would not.
  const compared =
    first === undefined ? {} : await compareWithOriginal(revision, first.request, first.verdict, { trial, log });
  // What shrinking has broken is no problem about the filter.
  return compared.problem === undefined ? [...findingsOf(tried, `filter "${revision.filter}"`), compared] : [compared];
}

/** What differs between the Envoys says for which of them it is. */
function findingsOf(tried: readonly Tried[], origin: string): TrialFinding[] {
  const findings = tried.map(({ verdict }) => trialFinding(verdict, origin));
  if (findings.every((finding) => sameJson(finding, findings[0]))) return findings.slice(0, 1);
  return tried.map(({ request: { envoy }, verdict }) =>
    trialFinding(verdict, origin, envoy === undefined ? undefined : describeEnvoy(envoy)),
  );
}

function requestOf({ filter, module, settings }: Revision, envoy: number | undefined): TrialRequest {
  const { rootId, vmId, configuration, direction, environment, capabilities } = settings;
  return {
    module: module.bytes,
    name: filter,
    rootId,
    vmId,
    configuration,
    direction,
    ...defined({ environment, capabilities, envoy }),
  };
}
