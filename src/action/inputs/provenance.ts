import { isObject } from '../../base/json.ts';
import { unknownKeys } from '../../base/keys.ts';
import { Diagnostics, fail, ok, type Result } from '../../base/problem.ts';
import { quoted } from '../../base/text.ts';
import { readYaml } from '../../base/yaml.ts';
import type { ProvenancePolicy } from '../../provenance/policy.ts';
import type { InputReader } from './reader.ts';

/** Who must have built the filter, and the token to ask GitHub with. */
export interface ProvenanceInputs {
  /** Absent where nobody asks. */
  readonly policy?: ProvenancePolicy;
  /** The empty string for none. */
  readonly token: string;
}

const KEYS = ['repository', 'workflow', 'ref'];
const FORMS =
  'Write OWNER/REPO, or a mapping such as {repository: OWNER/REPO, workflow: .github/workflows/build.yml, ref: refs/heads/main}.';

const REPOSITORY = /^[a-z\d][\w-]*\/(?!\.{1,2}$)[\w.-]{1,100}$/i;
/** Of the repository itself, or after OWNER/REPO of another one; GitHub writes down full refs, or a commit. */
const WORKFLOW =
  /^(?<home>[^/@]+\/[^/@]+\/)?\.github\/workflows\/[^/@]+\.ya?ml(?:@(?:refs\/(?:heads|tags|pull)\/.+|[\da-f]{40}))?$/;
const REF = /^refs\/(?:heads|tags|pull)\/.+$/;

/** Reads the inputs `attestation` and `github-token`. */
export function readProvenance(reader: InputReader): ProvenanceInputs {
  const text = reader.text('attestation');
  // Its default in action.yml is an expression that the runner has already put the token for.
  const token = reader.raw('github-token').trim();
  if (text === '') return { token };
  const policy = parseAttestation(text, 'input "attestation"');
  if (policy.ok) return { policy: policy.value, token };
  reader.add('attestation', policy.problems);
  return { token };
}

/** Reads who must have built a filter; `origin` is how messages call the text. */
export function parseAttestation(text: string, origin: string): Result<ProvenancePolicy> {
  const diagnostics = new Diagnostics();
  const wrong = (message: string, remedy: string): void =>
    diagnostics.add({ kind: 'input', subject: origin, message, remedy });
  const read = readYaml(text);
  const value = read.ok && typeof read.value === 'string' ? { repository: read.value } : read.ok ? read.value : {};
  if (!read.ok) wrong(`${read.fault}.`, FORMS);
  else if (!isObject(value)) wrong(`is ${quoted(value)}, which names no repository.`, FORMS);
  if (!read.ok || !isObject(value)) return fail(diagnostics.problems);

  const { repository, workflow, ref } = value;
  for (const { message, remedy } of unknownKeys(value, KEYS)) wrong(message, remedy);
  if (repository === undefined) wrong('names no repository.', FORMS);
  else if (!fits(repository, REPOSITORY)) {
    wrong(`has the repository ${quoted(repository)}.`, 'Write it as OWNER/REPO, without an address before it.');
  }
  if (workflow !== undefined && !fits(workflow, WORKFLOW)) {
    wrong(
      `has the workflow ${quoted(workflow)}.`,
      'Write .github/workflows/FILE.yml, or OWNER/REPO/.github/workflows/FILE.yml for a reusable workflow of another repository. To trust only one version, add @ and its full ref or commit, such as @refs/tags/v1.',
    );
  }
  if (ref !== undefined && !fits(ref, REF)) {
    wrong(`has the ref ${quoted(ref)}.`, 'Write it in full, such as refs/heads/main or refs/tags/v1.');
  }
  if (!diagnostics.ok || !fits(repository, REPOSITORY)) return fail(diagnostics.problems);
  return ok({
    repository,
    ...(fits(workflow, WORKFLOW) && { workflow: placed(workflow, repository) }),
    ...(fits(ref, REF) && { ref }),
  });
}

function fits(value: unknown, pattern: RegExp): value is string {
  return typeof value === 'string' && pattern.test(value);
}

/** A workflow with the repository that it lies in. */
function placed(workflow: string, repository: string): string {
  return WORKFLOW.exec(workflow)?.groups?.home === undefined ? `${repository}/${workflow}` : workflow;
}
