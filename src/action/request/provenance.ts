import { type Diagnostics, fail, type Result } from '../../base/problem.ts';
import { VERSION } from '../../base/version.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { apiOf } from '../../github/github.ts';
import type { Authority } from '../../provenance/authority.ts';
import { type Artifact, checkProvenance, type VerifyAttestation } from '../../provenance/check.ts';
import type { Provenance, ProvenancePolicy } from '../../provenance/policy.ts';
import type { FilterInputs } from '../inputs/inputs.ts';
import type { Environment } from './kubeconfig.ts';

/** Proves where a filter came from, by its attestations on GitHub. */
export type CheckProvenance = (
  artifact: Artifact,
  policy: ProvenancePolicy,
  token: string,
) => Promise<Result<Provenance>>;

/** What looking at attestations needs of the world. */
export interface ProvenanceRuntime {
  readonly environment: Environment;
  /** Whose signatures count. */
  readonly authorities: readonly Authority[];
  readonly verifyAttestation: VerifyAttestation;
  readonly cancelled: AbortSignal;
  readonly log: { readonly debug: (line: string) => void };
}

const GITHUB = 'https://github.com';

/** A check that asks the GitHub of the runner's environment. */
export function provenanceChecker({
  environment,
  authorities,
  verifyAttestation,
  cancelled,
  log,
}: ProvenanceRuntime): CheckProvenance {
  const { GITHUB_SERVER_URL = GITHUB } = environment;
  return async (artifact, policy, token) => {
    if (GITHUB_SERVER_URL !== GITHUB) {
      return fail({
        kind: 'input',
        subject: 'input "attestation"',
        message: `cannot be checked on ${GITHUB_SERVER_URL}: only ${GITHUB} has attestations that this version knows how to verify.`,
        remedy: 'Leave it out there.',
      });
    }
    return checkProvenance(artifact, policy, {
      api: apiOf(environment),
      token,
      authorities,
      verifyAttestation,
      userAgent: `deploy-wasm-filter/${VERSION}`,
      environment,
      signal: cancelled,
      debug: log.debug,
    });
  };
}

/**
 * Which build made a module, where the inputs ask for its attestation; what is wrong with it is told to `diagnostics`. `origin`
 * is how messages call the module.
 */
export async function checkModuleProvenance(
  { provenance: { policy, token } }: Pick<FilterInputs, 'provenance'>,
  { digest }: Pick<FilterModule, 'digest'>,
  origin: string,
  checkProvenance: CheckProvenance,
  diagnostics: Diagnostics,
): Promise<Provenance | undefined> {
  if (policy === undefined) return undefined;
  return diagnostics.unwrap(await checkProvenance({ origin, digest }, policy, token));
}
