import type { WorkloadRef } from '../../targets/target.ts';

type Named = Pick<WorkloadRef, 'namespace' | 'name'>;
type Verb = 'undo' | 'restart' | 'promote' | 'abort' | 'retry rollout' | 'get rollout';

/** Returns a command of the kubectl plugin of Argo Rollouts, which not every machine has. */
export function pluginCommand(verb: Verb, { namespace, name }: Named): string {
  return `kubectl argo rollouts ${verb} ${name} -n ${namespace}`;
}

/**
 * Returns the same with what does it without the plugin: both between backticks, as a part of a sentence. The patches are those that
 * the plugin makes (argo-rollouts: pkg/kubectl-argo-rollouts/cmd, promote.go, abort.go, retry.go and restart.go), for a canary and for a
 * blue-green Rollout alike.
 */
export function argoCommand(verb: Exclude<Verb, 'undo'>, ref: Named): string {
  return either(pluginCommand(verb, ref), PLAIN[verb](ref));
}

/** Returns what lets a Rollout go on that is paused by its own field `spec.paused`. */
export function resumeCommand(ref: Named): string {
  return either(pluginCommand('promote', ref), patch(ref, '{"spec":{"paused":false}}'));
}

function either(plugin: string, plain: string): string {
  return `\`${plugin}\`, or without that plugin \`${plain}\``;
}

const PLAIN: Readonly<Record<Exclude<Verb, 'undo'>, (ref: Named) => string>> = {
  promote: (ref) => patch(ref, '{"status":{"pauseConditions":null}}', ' --subresource=status'),
  abort: (ref) => patch(ref, '{"status":{"abort":true}}', ' --subresource=status'),
  'retry rollout': (ref) => patch(ref, '{"status":{"abort":false}}', ' --subresource=status'),
  restart: ({ namespace, name }) =>
    `kubectl patch rollout ${name} -n ${namespace} --type=merge -p "{\\"spec\\":{\\"restartAt\\":\\"$(date -u +%FT%TZ)\\"}}"`,
  // What was measured is in the AnalysisRuns.
  'get rollout': ({ namespace }) => `kubectl describe analysisruns -n ${namespace}`,
};

function patch({ namespace, name }: Named, what: string, of = ''): string {
  return `kubectl patch rollout ${name} -n ${namespace}${of} --type=merge -p '${what}'`;
}
