import { mapLimited } from '../../base/concurrency.ts';
import { distinctBy } from '../../base/lists.ts';
import { aboutOneOf, locatedProblems, ok, type Problem, problemKey, type Result } from '../../base/problem.ts';
import { count, nameSome } from '../../base/text.ts';
import { aboutFilters, distinctWarnings, type Warning } from '../../base/warning.ts';
import { checkCompatibility, refusedChecks } from '../../filter/compatibility/compatibility.ts';
import { isKnownProxy } from '../../filter/compatibility/known-proxies.ts';
import { describeProxies, type ProxyVersion } from '../../filter/compatibility/proxy-version.ts';
import { checkSettings, refusesSettings } from '../../filter/compatibility/settings-checks.ts';
import { type ModuleFacts, readFacts } from '../../filter/module/facts.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { toolchainOf } from '../../filter/module/toolchain.ts';
import type { Revision } from '../../mesh/identity/revision.ts';
import type { DeployContext } from '../context.ts';
import type { FilterRequest } from '../request.ts';
import { testFilter } from './filter-tests.ts';
import type { Judgement } from './judgement.ts';
import { tryRevision } from './trial.ts';
import { whereWritten } from './where-written.ts';

/** What is wrong with the filter itself, before anything is written. */
export interface Preflight {
  readonly problems: readonly Problem[];
  readonly warnings: readonly Warning[];
}

/** What is wrong with revisions, and what each check says for which of the proxies. */
export interface CheckedRevisions extends Preflight {
  readonly judgements: readonly Judgement[];
}

const NOTHING: CheckedRevisions = { problems: [], warnings: [], judgements: [] };

/** What trying a filter needs. */
export type TrialContext = Pick<DeployContext, 'log' | 'signal' | 'trial' | 'tests'>;

type Written = ReturnType<typeof whereWritten>;

const PARALLEL_TRIALS = 2;
/** Targets with settings of their own make a revision each; so many of a filter are tried. */
const MAX_TRIALS = 32;

/**
 * Checks the modules and settings of revisions against proxies (none when they are not known), and tries each revision for those
 * that take its module; `filters` are the requests that they are of. `deploy`, `plan`, `render` and `check` have their verdict about a filter from here.
 */
export async function checkRevisions(
  revisions: readonly Revision[],
  proxies: readonly ProxyVersion[],
  context: TrialContext,
  filters: readonly FilterRequest[] = [],
): Promise<CheckedRevisions> {
  const written = whereWritten(filters);
  const modules = Map.groupBy(revisions, ({ module }) => module.digest);
  const names = [
    ...new Set([...filters, ...revisions.map(({ filter }) => ({ name: filter }))].map(({ name }) => name)),
  ];
  const checked = [...modules.values()].map((those) => ({ those, check: checkModule(those, proxies, written, names) }));
  const sound = checked.flatMap(({ those, check }) => toTry(those, check, proxies));
  const about = (check: CheckedRevisions, filter: string | undefined): CheckedRevisions => ({
    ...check,
    problems: check.problems.map((problem) => aboutOneOf(problem, filter, names)),
  });
  const untested = [
    ...checked.map(({ check, those: [first] }) => about(check, first?.filter)),
    await tryRevisions(sound, context, written, names),
  ];
  const asked = filters.filter(({ name }) => revisions.some(({ filter }) => filter === name));
  const judged = untested.flatMap((one) => one.judgements);
  const all = [...untested, ...(await testFilters(asked, judged, proxies, context, names))];
  const problems = all.flatMap((one) => one.problems);
  const versions = nameSome(describeProxies(proxies)) || 'not known';
  const result = problems.length === 0 ? 'passed' : count(problems.length, 'problem');
  context.log.info(`${count(modules.size, 'module')}, version of the proxies: ${versions}; ${result}.`);
  return {
    problems,
    warnings: all.flatMap((one) => one.warnings),
    judgements: all.flatMap((one) => one.judgements),
  };
}

/** Checks one module, and the settings of all revisions that have it; what several have in common is said once. */
function checkModule(
  revisions: readonly Revision[],
  proxies: readonly ProxyVersion[],
  written: Written,
  all: readonly string[],
): CheckedRevisions {
  const [first] = revisions;
  if (first === undefined) return NOTHING;
  const { subject: origin, at } = written(first).module;
  const names = [...new Set(revisions.map(({ filter }) => filter))];
  const facts = factsOf(first.module, origin);
  if (!facts.ok) {
    return {
      problems: locatedProblems(facts.problems, at),
      warnings: [],
      judgements: names.map((filter) => ({ filter, check: 'module', proxies, result: 'failed' })),
    };
  }
  const module = checkCompatibility(facts.value, proxies, { failPolicy: first.settings.failPolicy, origin });
  const ofSettings = revisions.map((revision) => checkSettingsOf(revision, facts.value, proxies, all));
  const problems = [...locatedProblems(module.problems, at), ...ofSettings.flatMap((check) => check.problems)];
  return {
    problems: distinctBy(problems, problemKey),
    warnings: distinctWarnings([
      ...module.warnings.map((warning) => aboutFilters(warning, names, all)),
      ...ofSettings.flatMap((check) => check.warnings),
    ]),
    judgements: [
      ...names.flatMap((filter) => moduleJudgements(filter, facts.value, proxies)),
      ...ofSettings.flatMap((check) => check.judgements),
    ],
  };
}

/** What a module is as it is delivered, and what compiled it. */
function factsOf(module: FilterModule, origin: string): Result<ModuleFacts> {
  const facts = readFacts(module.bytes, origin);
  return facts.ok ? ok({ ...facts.value, toolchain: toolchainOf(module) }) : facts;
}

function moduleJudgements(filter: string, facts: ModuleFacts, proxies: readonly ProxyVersion[]): Judgement[] {
  return proxies.flatMap((proxy) => {
    const refused = refusedChecks(facts, proxy);
    return (['module', 'host-functions'] as const).map((check): Judgement => {
      const result = !isKnownProxy(proxy) ? 'undecided' : refused.has(check) ? 'failed' : 'passed';
      return { filter, check, proxies: [proxy], result };
    });
  });
}

function checkSettingsOf(
  revision: Revision,
  facts: ModuleFacts,
  proxies: readonly ProxyVersion[],
  all: readonly string[],
): CheckedRevisions {
  const { filter, settings } = revision;
  const { problems, warnings } = checkSettings(facts, proxies, settings, revision);
  const isRefusedBy = (proxy: ProxyVersion): boolean => problems.length > 0 && refusesSettings(proxy, settings);
  return {
    problems,
    warnings: warnings.map((warning) => aboutFilters(warning, [filter], all)),
    judgements: proxies.map((proxy) => {
      const result = isRefusedBy(proxy) ? 'failed' : isKnownProxy(proxy) ? 'passed' : 'undecided';
      return { filter, check: 'settings', proxies: [proxy], result };
    }),
  };
}

/** A revision, and the proxies for which it is tried. */
interface ToTry {
  readonly revision: Revision;
  readonly proxies: readonly ProxyVersion[];
}

/** A module that a proxy does not take, or would not take as it is meant, needs no trial for it. */
function toTry(
  revisions: readonly Revision[],
  { problems, judgements }: CheckedRevisions,
  proxies: readonly ProxyVersion[],
): ToTry[] {
  if (problems.length === 0) return revisions.map((revision) => ({ revision, proxies }));
  return revisions.flatMap((revision) => {
    const ofFilter = judgements.filter(({ filter, result }) => filter === revision.filter && result === 'failed');
    const refusing = new Set(ofFilter.flatMap((judgement) => judgement.proxies));
    const left = proxies.filter((proxy) => !refusing.has(proxy));
    return left.length === 0 ? [] : [{ revision, proxies: left }];
  });
}

async function tryRevisions(
  all: readonly ToTry[],
  { trial, log, signal }: TrialContext,
  written: Written,
  names: readonly string[],
): Promise<CheckedRevisions> {
  if (trial === undefined) return NOTHING;
  const ofFilters = [...Map.groupBy(distinct(all), ({ revision }) => revision.filter).values()];
  const chosen = ofFilters.flatMap((those) => those.slice(0, MAX_TRIALS));
  const tried = await mapLimited(chosen, PARALLEL_TRIALS, async ({ revision, proxies }) => ({
    ...(signal.aborted
      ? { findings: [], trials: [] }
      : await tryRevision(revision, proxies, { trial, log, subject: written(revision).whole.subject })),
    revision,
  }));
  return {
    problems: tried.flatMap(({ findings, revision }) =>
      locatedProblems(
        findings.flatMap(({ problem }) => (problem === undefined ? [] : aboutOneOf(problem, revision.filter, names))),
        written(revision).whole.at,
      ),
    ),
    warnings: [
      ...tried.flatMap(({ findings }) => findings.flatMap(({ warning }) => warning ?? [])),
      ...ofFilters.flatMap((those) => untriedWarning(those)),
    ],
    judgements: tried.flatMap(({ revision: { filter }, trials }) =>
      trials.map(({ proxies, result }): Judgement => ({ filter, check: 'trial', proxies, result })),
    ),
  };
}

/** A filter that a proxy does not take fails all of its tests there, which says nothing more. */
function testFilters(
  filters: readonly FilterRequest[],
  judged: readonly Judgement[],
  proxies: readonly ProxyVersion[],
  context: TrialContext,
  names: readonly string[],
): Promise<CheckedRevisions[]> {
  return Promise.all(
    filters.map(async (filter) => {
      const refusals = judged.filter((one) => one.filter === filter.name && one.result === 'failed');
      const refusing = new Set(refusals.flatMap((one) => one.proxies));
      const left = proxies.filter((proxy) => !refusing.has(proxy));
      if (left.length === 0 && refusals.length > 0) return NOTHING;
      return { ...(await testFilter(filter, left, context, names)), warnings: [] };
    }),
  );
}

function untriedWarning(those: readonly ToTry[]): Warning[] {
  const [first] = those;
  if (first === undefined || those.length <= MAX_TRIALS) return [];
  const { filter } = first.revision;
  const text = `The targets have ${those.length} different settings of the filter "${filter}"; the first ${MAX_TRIALS} were tried.`;
  return [{ topic: 'Settings that were not tried', subject: `filter "${filter}"`, text }];
}

function distinct(all: readonly ToTry[]): ToTry[] {
  return [...new Map(all.map((one) => [`${one.revision.filter} ${one.revision.id}`, one])).values()];
}
