import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';

/**
 * Test files of test/integration in which a real API server has little to say that others of them do not ask it, too: what they are about
 * is the process, what it prints, the filter, the pods or another server. Each runs on the embedded cluster for every commit, and on a
 * real control plane for every other one.
 */
export const ROTATING = [
  ...['argo-rollouts', 'budget', 'bundle', 'canary', 'check-command', 'clusters', 'comment-bundle', 'crash-bundle'],
  ...['expect-plan', 'filter-tests', 'foreign-filter', 'image', 'kubeconfig', 'kubeconfig-bundle', 'limits'],
  ...['made-up-kind', 'no-effect', 'on-new-digest', 'predict', 'predict-gateways', 'predict-manifests', 'push'],
  ...['report-file', 'resilience', 'shrink', 'soak', 'soak-noise', 'status', 'traffic-extension', 'unready'],
  ...['verification', 'which-filter'],
] as const;

/** The same of test/mesh and test/workflows: what another file there asks real proxies, too, or what the runner does rather than they. */
export const ROTATING_ON_MESH = [
  ...[
    'builds',
    'clusters',
    'gateway-filters',
    'gitops',
    'life',
    'logins',
    'manifest',
    'rollout',
    'settings',
    'verification',
  ],
] as const;

/**
 * Returns the names that are left to another commit: half of them, by the parity of `commit`, so that any two commits that follow upon
 * each other run all. Without a number none is left out.
 */
export function leftOut(names: readonly string[], commit: number | undefined): string[] {
  if (commit === undefined) return [];
  return names.filter((name) => (createHash('sha256').update(name).digest().readUInt8(0) + commit) % 2 === 1);
}

/** Returns how many commits lead to the one that is checked out; `undefined` where Git does not know all of them. */
export function commitNumber(folder: string): number | undefined {
  const git = (...parameters: string[]): string => execFileSync('git', parameters, { cwd: folder, encoding: 'utf8' });
  try {
    if (git('rev-parse', '--is-shallow-repository').trim() === 'true') return undefined;
    return Number(git('rev-list', '--count', '--first-parent', 'HEAD'));
  } catch {
    return undefined;
  }
}
