import type { Problem } from '../../base/problem.ts';
import { count, sentence } from '../../base/text.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { describeWorkload } from '../../targets/target.ts';
import type { Diagnosis } from '../wait/diagnose.ts';
import type { PlannedScout } from './plan-scouts.ts';
import { SCOUT_CONTAINER } from './scout-pod.ts';

/** What a scout is called: `Scout in shop`. */
export function scoutName({ namespace }: Pick<PlannedScout, 'namespace'>): string {
  return `Scout in ${namespace}`;
}

/** Whom a scout stands for: `Deployment shop/reviews and 2 more`. */
export function standsFor({ targets }: Pick<PlannedScout, 'targets'>): string {
  const [first, ...others] = targets;
  const name = first === undefined ? 'no workload' : describeWorkload(first);
  return others.length === 0 ? name : `${name} and ${others.length} more`;
}

/** The network of a node makes no sandbox for any pod, whatever is in it: it has no more addresses, or its CNI plugin does not run. */
const NO_SANDBOX = 'FailedCreatePodSandBox';

/**
 * Whether what keeps a scout from being ready is of the scout: its own container, the image of its proxy, or the network of its node,
 * which may have an address less than pods now that there is one more.
 */
export function isOwnTrouble({ troubled, cannotMount, envoy, event }: Diagnosis): boolean {
  if (cannotMount !== undefined || envoy !== undefined) return false;
  if (troubled === undefined) return event?.reason === NO_SANDBOX;
  return troubled.name === SCOUT_CONTAINER || (troubled.name === PROXY_CONTAINER && /Image/.test(troubled.reason));
}

/** What was found out in a scout, with the cause and the remedy that a workload's own pods would have had. */
export function foundInScout(problem: Problem, scout: Pick<PlannedScout, 'namespace' | 'targets'>): Problem {
  const found = `This was found in a scout pod, which stands for ${standsFor(scout)}: no workload was changed, and no pod was restarted.`;
  return {
    ...problem,
    // No rollout has begun.
    kind: problem.kind === 'rollout' ? 'verification' : problem.kind,
    subject: scoutName(scout),
    message: `${sentence(problem.message)} ${found}`,
    clause: 'the proxy of a scout does not run it',
  };
}

/** That a scout could not try a filter, where the run is not to go on without. `why` is a clause. */
export function notTried(why: string, { targets }: Pick<PlannedScout, 'targets'>, namespace: string): Problem {
  return {
    kind: 'verification',
    subject: scoutName({ namespace }),
    form: 'clause',
    message: `${sentence(`the filters could not be tried: ${why}`)} No workload was changed, because of "scout: required".`,
    clause: 'no scout could try it',
    remedy: `Make scouts possible (docs/scout.md says what they need), or use "scout: auto", which goes on without: ${standsFor({ targets })} then ${targets.length === 1 ? 'is' : 'are'} the first to try.`,
  };
}

/** The same, where the run goes on. */
export function wentOnWithout(why: string, { targets }: Pick<PlannedScout, 'targets'>): string {
  return `${sentence(`No scout tried the filters of ${standsFor({ targets })} before the rollout: ${why}`)} The run went on without it; ${count(targets.length, 'workload')} got the filter untried. docs/scout.md says what scouts need; "scout: off" says that this is meant.`;
}
