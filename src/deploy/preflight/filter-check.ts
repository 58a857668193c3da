import { mapLimited } from '../../base/concurrency.ts';
import { describeProblem, messageOf, type Problem } from '../../base/problem.ts';
import { count, nameSome } from '../../base/text.ts';
import { distinctWarnings, type Warning } from '../../base/warning.ts';
import type { Pod } from '../../cluster/objects.ts';
import { proxyImageOf } from '../../cluster/pods.ts';
import { POD } from '../../cluster/resources.ts';
import { checkCompatibility } from '../../filter/compatibility/compatibility.ts';
import { type ProxyVersion, proxyVersionOfImage } from '../../filter/compatibility/proxy-version.ts';
import { checkSettings } from '../../filter/compatibility/settings-checks.ts';
import { readFacts } from '../../filter/module/facts.ts';
import { makeRevision, type Revision } from '../../mesh/identity/revision.ts';
import { workloadKey } from '../../targets/target.ts';
import type { DeployContext } from '../context.ts';
import { targetKeysOf } from '../kinds/kinds.ts';
import type { Plan, PlannedDeployment } from '../plan/plan.ts';
import { kindsOf, revisionMaker } from '../plan/target-settings.ts';
import type { DeployRequest, FilterRequest, Unknown } from '../request.ts';
import { tryRevision } from './trial.ts';

/** What is wrong with the filter itself, before anything is written. */
export interface Preflight {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

const NOTHING: Preflight = { problems: [], warnings: [] };

/** What trying a filter needs. */
export type TrialContext = Pick<DeployContext, 'log' | 'signal' | 'trial'>;

const PARALLEL_TRIALS = 2;
/** Targets with settings of their own make a revision each; so many of them are tried. */
const MAX_TRIALS = 32;

/**
 * Checks the modules of a plan that are new to a namespace against the proxies that will run them, and starts each new
 * revision with its own settings. What no proxy there has is found here, and nothing that one would accept is refused. Where
 * the plan is not whole, the modules of the request are checked instead.
 */
export async function checkFilter(deployment: PlannedDeployment, context: DeployContext): Promise<Preflight> {
  const { plan, request, problems, unknown } = deployment;
  const filters = checkedOf(request);
  if (filters.length === 0 || unknown.has('module')) return NOTHING;
  if (problems.length > 0) {
    return context.log.group('Check the filter', async () => {
      const namespaces = new Set(plan.workloads.map(({ ref }) => ref.namespace));
      const proxies = await findProxies(plan, namespaces, context);
      return checkRevisions(requestedRevisions(filters), proxies, asFarAsKnown(context, unknown));
    });
  }
  const fresh = plan.configMaps.filter(({ write, exists }) => write && !exists);
  const pushed = plan.filterResources.filter(({ pushedOver }) => pushedOver !== undefined);
  const names = new Set(filters.map(({ name }) => name));
  const checked = [...fresh, ...pushed].filter(({ revision }) => names.has(revision.filter));
  if (checked.length === 0) return NOTHING;
  return context.log.group('Check the filter', async () => {
    const revisions = checked.map(({ revision }) => revision);
    const proxies = await findProxies(plan, new Set(checked.map(({ namespace }) => namespace)), context);
    return checkRevisions(revisions, proxies, context);
  });
}

/** Checks the modules of a request against what every proxy has, where no cluster can be asked for its proxies. */
export async function checkWithoutCluster(
  request: Pick<DeployRequest, 'filters'>,
  unknown: ReadonlySet<Unknown>,
  context: TrialContext,
): Promise<Preflight> {
  const filters = checkedOf(request);
  if (filters.length === 0 || unknown.has('module')) return NOTHING;
  return context.log.group('Check the filter', () =>
    checkRevisions(requestedRevisions(filters), [], asFarAsKnown(context, unknown)),
  );
}

/** The filters that are to be checked. */
function checkedOf({ filters }: Pick<DeployRequest, 'filters'>): FilterRequest[] {
  return filters.filter(({ check }) => check);
}

/** A trial with other settings than those that are meant would say nothing. */
function asFarAsKnown({ log, signal, trial }: TrialContext, unknown: ReadonlySet<Unknown>): TrialContext {
  return { log, signal, ...(trial !== undefined && !unknown.has('settings') && { trial }) };
}

/** The revisions that a request asks for, whichever of its targets there are; one without targets is that of its usual settings. */
export function requestedRevisions(filters: readonly FilterRequest[]): Revision[] {
  return filters.flatMap((filter) => {
    const { name, module, settings, targets } = filter;
    if (targets.length === 0) return [makeRevision(name, module, settings)];
    const revisionOn = revisionMaker(filter);
    const asked = targets.flatMap((entry) => kindsOf(entry).map((kind) => revisionOn({ kind }, entry.override)));
    return [...new Set(asked)];
  });
}

/** Checks the modules and settings of revisions against proxies (none when they are not known), and tries each revision. */
export async function checkRevisions(
  revisions: readonly Revision[],
  proxies: readonly ProxyVersion[],
  context: TrialContext,
): Promise<Preflight> {
  const modules = Map.groupBy(revisions, ({ module }) => module.digest);
  const checked = [...modules.values()].map((those) => ({ those, check: checkModule(those, proxies) }));
  const checks = checked.map(({ check }) => check);
  const refused = checks.flatMap(({ problems }) => problems);
  // A module that no proxy takes needs no trial.
  const sound = checked.flatMap(({ those, check }) => (check.problems.length > 0 ? [] : those));
  const tried = await tryRevisions(distinct(sound), proxies, context);
  const problems = [...refused, ...tried.problems];
  const versions = nameSome([...new Set(proxies.map(({ istio }) => istio))]) || 'not known';
  const result = problems.length === 0 ? 'passed' : count(problems.length, 'problem');
  context.log.info(`${count(modules.size, 'module')}, version of the proxies: ${versions}; ${result}.`);
  return { problems, warnings: [...checks.flatMap(({ warnings }) => warnings), ...tried.warnings] };
}

/** Checks one module, and the settings of all revisions that have it; what several have in common is said once. */
function checkModule(revisions: readonly Revision[], proxies: readonly ProxyVersion[]): Preflight {
  const [first] = revisions;
  if (first === undefined) return NOTHING;
  const origin = `filter "${first.filter}"`;
  const facts = readFacts(first.module.bytes, origin);
  if (!facts.ok) return { problems: facts.problems, warnings: [] };
  const checks = [
    checkCompatibility(facts.value, proxies, { failPolicy: first.settings.failPolicy, origin }),
    ...revisions.map(({ settings }) => checkSettings(facts.value, proxies, settings)),
  ];
  const problems = checks.flatMap((check) => check.problems);
  return {
    problems: [...new Map(problems.map((problem) => [describeProblem(problem), problem])).values()],
    warnings: distinctWarnings(checks.flatMap(({ warnings }) => warnings)),
  };
}

async function tryRevisions(
  revisions: readonly Revision[],
  proxies: readonly ProxyVersion[],
  { trial, log, signal }: TrialContext,
): Promise<Preflight> {
  if (trial === undefined) return NOTHING;
  const findings = await mapLimited(revisions.slice(0, MAX_TRIALS), PARALLEL_TRIALS, async (revision) =>
    signal.aborted ? [] : tryRevision(revision, proxies, { trial, log }),
  );
  return {
    problems: findings.flat().flatMap(({ problem }) => problem ?? []),
    warnings: findings.flat().flatMap(({ warning }) => warning ?? []),
  };
}

/** The versions of the sidecars that the planned workloads have now; without the permission to look, none. */
async function findProxies(
  plan: Plan,
  namespaces: ReadonlySet<string>,
  { client, log }: DeployContext,
): Promise<ProxyVersion[]> {
  const wanted = new Set(plan.workloads.map(({ ref }) => workloadKey(ref)));
  const found = await Promise.all(
    [...namespaces].map(async (namespace): Promise<ProxyVersion[]> => {
      try {
        const pods = await client.listSome<Pod>(POD, namespace);
        return pods.flatMap((pod) => {
          const image = proxyImageOf(pod);
          if (image === undefined || !targetKeysOf(pod, namespace).some((key) => wanted.has(key))) return [];
          return proxyVersionOfImage(image) ?? [];
        });
      } catch (error) {
        log.debug(`The proxies' versions in ${namespace} are not known: ${messageOf(error)}`);
        return [];
      }
    }),
  );
  return [...new Map(found.flat().map((version) => [version.istio, version])).values()];
}

function distinct(revisions: readonly Revision[]): Revision[] {
  return [...new Map(revisions.map((revision) => [`${revision.filter} ${revision.id}`, revision])).values()];
}
