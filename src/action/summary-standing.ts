import type { Report, TargetReport } from '../deploy/report.ts';
import { blocks, code, countOf, someOf } from './markdown.ts';

/**
 * In what condition a run leaves a workload:
 * `proven`: every wanted pod is ready with the wanted revisions; `unproven`: they are in its pod template, but nobody saw
 * its pods get ready; `unready`: they are in its pod template, and its new pods do not get ready; `interrupted`: as that, but
 * the run was cancelled before it could tell; `kept`: its pod template is as it was; `lost`: others changed it meanwhile.
 */
export type Standing = 'proven' | 'unproven' | 'unready' | 'interrupted' | 'kept' | 'lost';

/** The condition of a workload, from the steps that were done for it and its problem. */
export function standingOf({ outcome, steps, problem, durationMs }: TargetReport): Standing {
  if (outcome === 'untouched' || steps.template === 'failed' || steps.template === 'skipped') return 'kept';
  if (outcome !== 'failed') return durationMs === undefined ? 'unproven' : 'proven';
  if (problem?.kind === 'cancelled') return 'interrupted';
  return problem === undefined || problem.kind === 'rollout' ? 'unready' : 'lost';
}

/** The targets of each condition. */
export function byStanding(targets: readonly TargetReport[]): Readonly<Record<Standing, readonly TargetReport[]>> {
  const of = (wanted: Standing): TargetReport[] => targets.filter((target) => standingOf(target) === wanted);
  return {
    proven: of('proven'),
    unproven: of('unproven'),
    unready: of('unready'),
    interrupted: of('interrupted'),
    kept: of('kept'),
    lost: of('lost'),
  };
}

/** How many workloads a sentence names before it counts the rest. */
const MOST_NAMED = 4;

/**
 * What runs in the cluster after a run that did not go well, and how to go back. Only what the report proves or what
 * Kubernetes promises is said.
 */
export function renderStanding(report: Report): string {
  const { proven, unproven, unready, interrupted, kept, lost } = byStanding(report.targets);
  const rolling = [...unready, ...interrupted];
  const lines = [
    line(proven, '✅', (one) => `${one ? 'runs' : 'run'} the wanted revision; every pod is ready.`),
    line(
      unproven,
      '⏳',
      (one) => `${one ? 'has' : 'have'} the wanted revision in the pod template; nobody saw the pods get ready.`,
    ),
    line(
      unready,
      '❌',
      (one) =>
        `${one ? 'has' : 'have'} the new pod template, but new pods do not get ready. ${oldPods(unready)} Nothing was rolled back.`,
    ),
    line(
      interrupted,
      '🛑',
      (one) =>
        `${one ? 'was' : 'were'} still rolling out. Kubernetes goes on with it; until then, ${decapital(oldPods(interrupted))}`,
    ),
    line(lost, '⚠️', (one) => `${one ? 'was' : 'were'} changed by others meanwhile; see above.`),
    line(kept, '⚪', (one) => `${one ? 'was' : 'were'} not touched and ${one ? 'runs' : 'run'} what ran there before.`),
    ...wayBack(rolling),
  ].filter((text) => text !== '');
  if (lines.length === 0) return '';
  return blocks('### What runs now', lines.map((text) => `- ${text}`).join('\n'));
}

function line(targets: readonly TargetReport[], icon: string, words: (one: boolean) => string): string {
  if (targets.length === 0) return '';
  const named = targets.length > MOST_NAMED ? '' : ` (${names(targets)})`;
  return `${icon} **${countOf(targets.length, 'workload')}**${named} ${words(targets.length === 1)}`;
}

function names(targets: readonly TargetReport[]): string {
  return someOf(
    targets.map(({ ref }) => code(`${ref.namespace}/${ref.name}`, 130)),
    MOST_NAMED,
  );
}

/**
 * What becomes of old pods while new ones are not ready: a Deployment's RollingUpdate takes them away only for ready new
 * ones (up to maxUnavailable), StatefulSets and DaemonSets take one away first and go on once its successor is ready
 * (https://kubernetes.io/docs/concepts/workloads/controllers/).
 */
function oldPods(targets: readonly TargetReport[]): string {
  const deployments = targets.some(({ ref }) => ref.kind === 'Deployment');
  const others = targets.some(({ ref }) => ref.kind !== 'Deployment');
  if (!others) {
    return 'The old pods keep serving: a rolling update removes them only as new ones get ready (the strategy Recreate does not).';
  }
  const replaced =
    'pods of a StatefulSet or DaemonSet are replaced one after the other: the one in turn is down, the others keep serving.';
  return deployments
    ? `Old pods of a Deployment keep serving until new ones are ready; ${replaced}`
    : capital(replaced);
}

function wayBack(rolling: readonly TargetReport[]): string[] {
  const patched = rolling.filter(({ steps }) => steps.template === 'done');
  const replaced = patched.filter(({ revisions }) => revisions.some(({ before }) => before !== undefined));
  const first = patched.length - replaced.length;
  return [
    ...(replaced.length > 0 ? ['↩️ To go back, run again with the previous filter file and settings.'] : []),
    ...(first > 0
      ? [
          `↩️ ${replaced.length > 0 ? `${countOf(first, 'workload')} had no filter before` : 'There was no filter before'}: \`kubectl rollout undo\` puts the earlier pod template back.`,
        ]
      : []),
  ];
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function decapital(words: string): string {
  return words.charAt(0).toLowerCase() + words.slice(1);
}
