import { bad, type Checked, type Findings } from '../../base/problem.ts';
import { withoutTrailing } from '../../base/text.ts';
import { VERSION } from '../../base/version.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import type { Authority } from '../../provenance/authority.ts';
import type { Provenance, ProvenancePolicy } from '../../provenance/policy.ts';
import { type Artifact, proveProvenance } from '../../provenance/prove.ts';
import type { Inputs } from '../inputs/inputs.ts';
import type { Environment } from './kubeconfig.ts';

/** Proves where a filter came from, by its attestations on GitHub. */
export type ProveFilter = (artifact: Artifact, policy: ProvenancePolicy, token: string) => Promise<Checked<Provenance>>;

/** What looking at attestations needs of the world. */
export interface ProvingWorld {
  readonly environment: Environment;
  /** Whose signatures count. */
  readonly authorities: readonly Authority[];
  readonly cancelled: AbortSignal;
  readonly log: { readonly debug: (line: string) => void };
}

const GITHUB = 'https://github.com';

/** A prover that asks the GitHub of the runner's environment. */
export function filterProver({ environment, authorities, cancelled, log }: ProvingWorld): ProveFilter {
  const { GITHUB_SERVER_URL = GITHUB, GITHUB_API_URL = 'https://api.github.com' } = environment;
  return async (artifact, policy, token) => {
    if (GITHUB_SERVER_URL !== GITHUB) {
      return bad({
        kind: 'input',
        subject: 'input "attestation"',
        message: `cannot be checked on ${GITHUB_SERVER_URL}: only ${GITHUB} has attestations that this version knows how to verify.`,
        remedy: 'Leave it out there.',
      });
    }
    return proveProvenance(artifact, policy, {
      api: withoutTrailing(GITHUB_API_URL, '/'),
      token,
      authorities,
      userAgent: `deploy-wasm-filter/${VERSION}`,
      environment,
      signal: cancelled,
      debug: log.debug,
    });
  };
}

/**
 * Which build made a module, where the inputs ask for a proof; what is wrong with it is told to `findings`. `origin` is how
 * messages call the module.
 */
export async function proveModule(
  { provenance: { policy, token } }: Pick<Inputs, 'provenance'>,
  { digest }: Pick<FilterModule, 'digest'>,
  origin: string,
  prove: ProveFilter,
  findings: Findings,
): Promise<Provenance | undefined> {
  if (policy === undefined) return undefined;
  return findings.take(await prove({ origin, digest }, policy, token));
}
