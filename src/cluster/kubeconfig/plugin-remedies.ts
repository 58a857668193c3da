import type { PluginCommand } from './plugin-runner.ts';

/** kubelogin's own name for the login with GitHub's token, and the variables that it takes that token from. */
const GITHUB_TOKEN_MARKS = ['workloadidentity', 'actions_id_token_request_'];
/** Words of a plugin that waits for somebody; the name of kubelogin is none of them. */
const SIGN_IN_WORDS = ['browser', 'device', 'sign in', 'log in', 'login', 'password', 'username', 'enter the code'];
const ERROR_WORDS = ['error', 'exception', 'denied', 'expired'];

const NO_GITHUB_TOKEN =
  'The action passes no ACTIONS_* variables to plugins, so none can ask GitHub for a token as kubelogin\'s "workloadidentity" does. Log in with "azure/login" in an earlier step, and run "kubelogin convert-kubeconfig -l azurecli".';
const NOBODY =
  'Nobody can sign in with a browser, a device code or a password during a run. Use a way to sign in that needs no person: the login of a step before this one (for kubelogin "azure/login", and "kubelogin convert-kubeconfig -l azurecli"), a service principal, or a token.';
const DOCUMENTATION =
  'See the documentation of the plugin; docs/cluster-logins.md of this action lists the variables of the runner that it gets.';

/** What to do about a plugin that failed, by its command line, its variables and what it wrote to its stderr. */
export function failureRemedy(plugin: PluginCommand, said: readonly string[]): string {
  return wantsGitHubToken(plugin, said) ? NO_GITHUB_TOKEN : asksPerson(said) ? NOBODY : DOCUMENTATION;
}

/** What to do about a plugin that waits for somebody to sign in; `undefined` if it does not seem to. */
export function signInRemedy(plugin: PluginCommand, said: readonly string[]): string | undefined {
  if (!asksPerson(said)) return undefined;
  return wantsGitHubToken(plugin, said) ? NO_GITHUB_TOKEN : NOBODY;
}

/** The line that tells why a plugin failed: the last that looks like an error, as usage or advice may follow it; else the last. */
export function tellingLine(said: readonly string[]): string | undefined {
  return said.findLast((line) => hasWord(line, ERROR_WORDS)) ?? said.at(-1);
}

function wantsGitHubToken({ command, args, environment }: PluginCommand, said: readonly string[]): boolean {
  // What the cluster is like stands in KUBERNETES_EXEC_INFO; it says nothing of the login.
  const { KUBERNETES_EXEC_INFO: _, ...given } = environment;
  return [command, ...args, ...Object.entries(given).flat(), ...said].some((text) => hasWord(text, GITHUB_TOKEN_MARKS));
}

function asksPerson(said: readonly string[]): boolean {
  return said.some((line) => hasWord(line.toLowerCase().replaceAll('kubelogin', ''), SIGN_IN_WORDS));
}

function hasWord(text: string, words: readonly string[]): boolean {
  const lower = text.toLowerCase();
  return words.some((word) => lower.includes(word));
}
