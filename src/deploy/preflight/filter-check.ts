import { defined } from '../../base/defined.ts';
import type { ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { makeRevision, type Revision } from '../../mesh/identity/revision.ts';
import type { DeployContext } from '../context.ts';
import type { PlannedDeployment } from '../plan/plan.ts';
import { kindsOf, revisionMaker } from '../plan/target-settings.ts';
import type { DeployRequest, FilterRequest, Unknown } from '../request.ts';
import { proxyVersionsOf } from './proxy-versions.ts';
import { checkRevisions, type Preflight, type TrialContext } from './revision-checks.ts';

const NOTHING: Preflight = { problems: [], warnings: [] };

/**
 * Checks the modules of a plan that are new to a namespace against the proxies that will run them, and starts each new
 * revision with its own settings. What no proxy there has is found here, and nothing that one would accept is refused. Where
 * the plan is not whole, the modules of the request are checked instead.
 */
export async function checkFilter(deployment: PlannedDeployment, context: DeployContext): Promise<Preflight> {
  const { plan, request, problems, unknown } = deployment;
  const filters = checkedFilters(request);
  if (filters.length === 0 || unknown.has('module')) return NOTHING;
  if (problems.length > 0) {
    return context.log.group('Check the filter', async () => {
      const namespaces = new Set(plan.workloads.map(({ ref }) => ref.namespace));
      const proxies = await findProxies(deployment, namespaces, context);
      return checkRevisions(requestedRevisions(filters), proxies, asFarAsKnown(context, unknown), filters);
    });
  }
  const fresh = plan.configMaps.filter(({ write, exists }) => write && !exists);
  const pushed = plan.filterResources.filter(({ pushedOver }) => pushedOver !== undefined);
  const names = new Set(filters.map(({ name }) => name));
  const checked = [...fresh, ...pushed].filter(({ revision }) => names.has(revision.filter));
  if (checked.length === 0) return NOTHING;
  return context.log.group('Check the filter', async () => {
    const revisions = checked.map(({ revision }) => revision);
    const proxies = await findProxies(deployment, new Set(checked.map(({ namespace }) => namespace)), context);
    return checkRevisions(revisions, proxies, context, filters);
  });
}

/** Checks the modules of a request against what every proxy has, where no cluster can be asked for its proxies. */
export async function checkWithoutCluster(
  request: Pick<DeployRequest, 'filters'>,
  unknown: ReadonlySet<Unknown>,
  context: TrialContext,
): Promise<Preflight> {
  const filters = checkedFilters(request);
  if (filters.length === 0 || unknown.has('module')) return NOTHING;
  return context.log.group('Check the filter', () =>
    checkRevisions(requestedRevisions(filters), [], asFarAsKnown(context, unknown), filters),
  );
}

/** The filters that are to be checked. */
export function checkedFilters({ filters }: Pick<DeployRequest, 'filters'>): FilterRequest[] {
  return filters.filter(({ check }) => check);
}

/** A trial with other settings than those that are meant would say nothing. */
function asFarAsKnown({ log, signal, trial, tests }: TrialContext, unknown: ReadonlySet<Unknown>): TrialContext {
  return { log, signal, ...(!unknown.has('settings') && defined({ trial, tests })) };
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

/** The versions of the proxies that the planned workloads of some namespaces have now; without the permission to look, none. */
function findProxies(
  { plan, proxies }: Pick<PlannedDeployment, 'plan' | 'proxies'>,
  namespaces: ReadonlySet<string>,
  { log }: Pick<DeployContext, 'log'>,
): Promise<ProxyVersion[]> {
  const refs = plan.workloads.map(({ ref }) => ref).filter(({ namespace }) => namespaces.has(namespace));
  return proxyVersionsOf(refs, proxies, (namespace, why) =>
    log.debug(`The proxies' versions in ${namespace} are not known: ${why}`),
  );
}
