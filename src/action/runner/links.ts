/** Pages that a job summary leads to; each is omitted where the runner does not say enough of it. */
export interface Links {
  /** Where runs and repositories are: `https://github.com`. */
  readonly server?: string;
  readonly run?: string;
  readonly commit?: string;
  /** Of the action's own README, at the version that runs. */
  readonly documentation?: string;
  /** What error texts mean, at the same version. */
  readonly troubleshooting?: string;
}

type Environment = Readonly<Record<string, string | undefined>>;

const SERVER = /^https?:\/\/[\w.-]+(:\d+)?$/;
const REPOSITORY = /^[\w.-]+\/[\w.-]+$/;
const REF = /^[\w.-]+(\/[\w.-]+)*$/;

/** Returns the page of a run that is recorded as `owner/repo/run/attempt`; `undefined` for anything else. */
export function runLink(server: string, run: string): string | undefined {
  const [, repository = '', id = '', attempt = ''] = /^([\w.-]+\/[\w.-]+)\/(\d+)\/(\d+)$/.exec(run) ?? [];
  return repository === '' ? undefined : `${server}/${repository}/actions/runs/${id}/attempts/${attempt}`;
}

/**
 * Returns the pages of a run, from the variables of the runner (https://docs.github.com/actions/reference/variables-reference). Each
 * part is checked for its form, since the links go onto the page as they are.
 */
export function linksOf(environment: Environment): Links {
  const given = (name: string, form: RegExp): string | undefined => {
    const value = environment[name] ?? '';
    return form.test(value) ? value : undefined;
  };
  const server = given('GITHUB_SERVER_URL', SERVER);
  if (server === undefined) return {};
  const repository = given('GITHUB_REPOSITORY', REPOSITORY);
  const run = given('GITHUB_RUN_ID', /^\d+$/);
  const commit = given('GITHUB_SHA', /^[0-9a-f]{40,64}$/);
  // Empty for an action of the workflow's own repository.
  const action = given('GITHUB_ACTION_REPOSITORY', REPOSITORY);
  const version = given('GITHUB_ACTION_REF', REF);
  return {
    server,
    ...(repository !== undefined && run !== undefined ? { run: `${server}/${repository}/actions/runs/${run}` } : {}),
    ...(repository !== undefined && commit !== undefined ? { commit: `${server}/${repository}/commit/${commit}` } : {}),
    ...(action !== undefined && version !== undefined
      ? {
          documentation: `${server}/${action}/blob/${version}/README.md`,
          troubleshooting: `${server}/${action}/blob/${version}/docs/troubleshooting.md`,
        }
      : {}),
  };
}
