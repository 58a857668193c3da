/** Who must have built a filter for its attestation to count. */
export interface ProvenancePolicy {
  /** `OWNER/REPO`: the repository whose workflow run has built it. */
  readonly repository: string;
  /**
   * The workflow that must have signed: `OWNER/REPO/.github/workflows/build.yml`, at `@REF` where one is named. Absent, any
   * workflow of the repository.
   */
  readonly workflow?: string;
  /** The full ref that the run was on: `refs/heads/main`. Absent, any. */
  readonly ref?: string;
}

/** Which build made a filter, as its signing certificate has it. */
export interface Provenance {
  /** `OWNER/REPO`. */
  readonly repository: string;
  /** `OWNER/REPO/PATH@REF` of the workflow that signed. */
  readonly workflow: string;
  readonly ref: string;
  /** 40 hex digits. */
  readonly commit: string;
  /** URL of the workflow run. */
  readonly run: string;
}

/** Where the certificates of workflow runs place repositories and workflows. */
const GITHUB = 'https://github.com/';

/** GitHub's issuer of the tokens that workflow runs identify themselves with. */
const TOKEN_ISSUER = 'https://token.actions.githubusercontent.com';

/** What a signing certificate says of the build that it was issued to. */
export interface BuildIdentity {
  readonly tokenIssuer: string;
  /** URL of the workflow file, at a ref. */
  readonly signer: string;
  /** URL of the repository. */
  readonly repository: string;
  readonly ref: string;
  readonly commit: string;
  readonly run: string;
}

/**
 * Why a build is not the one that is wanted, in words for the end of a sentence; none when it is. The names of owners and
 * repositories have no case, as everywhere on GitHub.
 * Without a workflow in the policy, one of the repository itself must have signed, as with `gh attestation verify`: the claim of a
 * reusable workflow from elsewhere counts only when it is asked for.
 */
export function policyViolations(build: BuildIdentity, policy: ProvenancePolicy): string[] {
  const { repository, workflow, ref } = policy;
  const found: string[] = [];
  if (build.tokenIssuer !== TOKEN_ISSUER)
    found.push(`it was signed with an identity from ${told(build.tokenIssuer)}, not by a GitHub workflow run`);
  if (!sameName(build.repository, `${GITHUB}${repository}`)) {
    found.push(`it was built in ${shortened(build.repository)}, not in ${repository}`);
  }
  const signer = shortened(build.signer);
  if (workflow !== undefined) {
    if (!isWorkflow(signer, workflow)) found.push(`the workflow ${signer} signed it, not ${workflow}`);
  } else if (!sameName(signer.slice(0, repository.length + 1), `${repository}/`)) {
    found.push(`the workflow ${signer} signed it, which is not in ${repository}`);
  }
  if (ref !== undefined && build.ref !== ref) found.push(`it was built on ${told(build.ref)}, not on ${ref}`);
  return found;
}

/** The build as it is reported. */
export function provenanceOf({ repository, signer, ref, commit, run }: BuildIdentity): Provenance {
  return { repository: shortened(repository), workflow: shortened(signer), ref, commit, run };
}

/** Whether `OWNER/REPO/PATH@REF` is the wanted workflow; at any ref where none is wanted. */
function isWorkflow(signer: string, wanted: string): boolean {
  const [signed, asked] = [splitWorkflow(signer), splitWorkflow(wanted)];
  return (
    sameName(signed.repository, asked.repository) &&
    signed.path === asked.path &&
    (asked.ref === '' || signed.ref === asked.ref)
  );
}

function splitWorkflow(workflow: string): { repository: string; path: string; ref: string } {
  const [, repository = '', path = '', ref = ''] = /^([^/]+\/[^/]+)\/([^@]*)(?:@(.*))?$/s.exec(workflow) ?? [];
  return { repository, path, ref };
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}

function shortened(url: string): string {
  return url.startsWith(GITHUB) ? url.slice(GITHUB.length) : told(url);
}

function told(value: string): string {
  return value === '' ? 'an unknown value' : value;
}
