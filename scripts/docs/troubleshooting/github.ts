import { GRANT } from '../../../src/action/pull-request/comment.ts';
import { BLOCKS, refusalOf } from '../../../src/github/refusal.ts';
import { noneCounts, noneFound } from '../../../src/provenance/check.ts';
import { type Entry, ofProblem, ofWords, type Section } from './entry.ts';

const ARTIFACT = { origin: 'filter "build/add-header.wasm"', digest: `sha256:${'1'.repeat(64)}` };
const POLICY = { repository: 'shop/filters' };

/** GitHub does not take a comment, or has no attestation. */
export function gitHub(): Section {
  return {
    title: 'GitHub: comments and attestations',
    intro: [
      'That a comment cannot be written fails no run: a notice says why, and the job summary has the result',
      '([Pull requests](pull-requests.md)). Without the attestation that `attestation` asks for, nothing is deployed',
      '([Provenance](provenance.md)).',
    ].join('\n'),
    entries: [
      lacking('Resource not accessible by integration'),
      lacking('Resource not accessible by personal access token'),
      answered('Bad credentials', 401),
      answered('API rate limit exceeded', 403, { seconds: 600 }),
      ...BLOCKS.map(({ said }) => answered(said, 403)),
      ofProblem('has no attestation in shop/filters', noneFound(ARTIFACT, POLICY)),
      ofProblem(
        'which does not satisfy the policy',
        noneCounts(ARTIFACT, POLICY, ['it was signed by another workflow']),
      ),
    ],
  };
}

/** What the token may not do. */
function lacking(said: string): Entry {
  const refusal = refusalOf({ status: 403, said, body: undefined });
  if (refusal?.kind !== 'permission') throw new Error(`"${said}" is no matter of permissions`);
  return ofWords(said, GRANT[refusal.token]);
}

function answered(said: string, status: number, limit?: { readonly seconds: number }): Entry {
  const refusal = refusalOf({ status, said, body: undefined, ...(limit !== undefined && { limit }) });
  if (refusal === undefined || refusal.kind === 'permission') throw new Error(`"${said}" is not refused`);
  return ofProblem(said, { kind: 'input', message: refusal.message, remedy: refusal.remedy });
}
