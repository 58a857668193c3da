import { defined } from '../../base/defined.ts';
import { isObject, parseJson } from '../../base/json.ts';
import { formatShare } from '../../base/share.ts';
import { formatBytes, formatDuration, someOf } from '../../base/text.ts';
import { STATE_ANNOTATION } from '../../mesh/identity/names.ts';
import { describeWorkload, type WorkloadRef } from '../../targets/target.ts';
import { changesPods, type Plan, restarts } from '../plan/plan.ts';
import { type ClusterWave, markIn } from '../plan/waves.ts';
import { type PlannedPart, partDigest, planPart } from '../plan-digest.ts';
import { DEFAULT_SOAK_LIMITS, type SoakLimits, soakInputs } from '../policy.ts';
import type { DeployRequest, FilterRequest } from '../request.ts';
import type { ProposedChange } from './changes.ts';
import { shownOutcome } from './outcome-of-write.ts';

/**
 * Returns what a plan does in a cluster and what it goes by, for its digest: each write with its content, whose pods are replaced and in
 * which wave, the filters, and the inputs that decide how it is rolled out. Not in it are what differs between two runs that do the
 * same: which run it is, when, and the versions of objects.
 */
export function planParts(
  { plan, request }: { readonly plan: Plan; readonly request: DeployRequest },
  proposed: readonly ProposedChange[],
  waves: readonly ClusterWave[],
): PlannedPart[] {
  const writes = proposed.map(({ change, content, workload }) => {
    const what = writePart(change);
    return planPart(what, withoutRun(content), {
      ...DOES,
      ...(workload !== undefined && { shown: shownOutcome(workload, what) }),
    });
  });
  const expiries = plan.workloads.flatMap(({ ref, patch, revisions }) =>
    patch === undefined
      ? []
      : revisions.flatMap(({ revision, expiresMs }) =>
          expiresMs === undefined
            ? []
            : [
                planPart(expiryPart(revision.filter, ref), expiresMs, {
                  ...DOES,
                  shown: formatDuration(expiresMs),
                }),
              ],
        ),
  );
  const hasCanary = waves.some(({ wavePart }) => wavePart === 'canary');
  const pods = waves.flatMap((wave) =>
    wave.workloads.filter(changesPods).map((planned) => {
      const what = `${restarts(planned) ? 'restart' : 'change in place'} ${describeWorkload(planned.ref)}`;
      const { wave: number, wavePart } = markIn(wave, planned);
      // Of what is left, other workloads go first: those that did before are done, or go first again.
      const other = wavePart === 'canary' ? undefined : hasCanary ? wavePart : 'canary';
      const before = wavePart === 'prune' ? undefined : partDigest({ wave: number, wavePart: other });
      return planPart(what, { wave: number, wavePart }, { ...DOES, ...defined({ before }) });
    }),
  );
  // What else differs often follows from these, and only the first differences are named.
  return [
    ...request.filters.map((filter) => filterPart(filter, plan)),
    ...inputParts(request),
    ...writes,
    ...expiries,
    ...pods,
  ];
}

/**
 * Returns the part that names the cluster, by the address of its API server: contexts and users may be called otherwise where a plan is
 * carried out, and two clusters may hold the same.
 */
export function clusterPart(server: string): PlannedPart {
  const { host, pathname } = new URL(server);
  const shown = `${host}${pathname.replace(/\/$/, '')}`;
  return planPart('API server', shown, { ...GOES_BY, shown });
}

/** What a part that writes an object is called. */
export function writePart(change: Pick<ProposedChange['change'], 'action' | 'kind' | 'namespace' | 'name'>): string {
  return `${change.action} ${change.kind} ${change.namespace}/${change.name}`;
}

/** What the part about a filter's expiry is called. */
export function expiryPart(filter: string, ref: WorkloadRef): string {
  return `expiry of ${filter} on ${describeWorkload(ref)}`;
}

const DOES = { role: 'does' } as const;
const GOES_BY = { role: 'goes-by' } as const;

function filterPart({ name, module, push, check, onNewDigest }: FilterRequest, { workloads }: Plan): PlannedPart {
  if (onNewDigest !== 'deploy') {
    // What the tag names now counts only where a workload gets it.
    const modules = workloads.flatMap(({ revisions }) =>
      revisions.flatMap(({ revision }) => (revision.filter === name ? [revision.module] : [])),
    );
    const bytes = modules.map(({ digest, source }) => `${source?.kind === 'image' ? source.pinned : ''} ${digest}`);
    const shown = someOf([...new Set(modules.map(({ digest }) => digest.slice(0, SHORT_DIGEST)))].sort());
    return planPart(`filter ${name}`, { bytes: [...new Set(bytes)].sort(), check, onNewDigest }, { ...GOES_BY, shown });
  }
  const pushed = push && { digest: push.image.digest, reference: push.reference };
  const pinned = module.source?.kind === 'image' ? module.source.pinned : undefined;
  const shown = `${module.digest.slice(0, SHORT_DIGEST)} (${formatBytes(module.bytes.length)})`;
  return planPart(`filter ${name}`, { digest: module.digest, pinned, pushed, check }, { ...GOES_BY, shown });
}

/** By the names of the inputs. Values of a probe's headers may be secret, so only their names count. */
function inputParts(request: DeployRequest): PlannedPart[] {
  const { probe, canary, maxParallel } = request;
  const inputs = {
    wait: request.wait,
    timeout: request.timeoutMs,
    verify: request.verify,
    scout: request.scout,
    probe: probe && { ...probe, headers: Object.keys(probe.headers).sort() },
    'on-failure': request.onFailure,
    unready: request.unready,
    promote: request.promote,
    canary: canary && formatShare(canary),
    'max-parallel': maxParallel && formatShare(maxParallel),
    'max-failures': formatShare(request.maxFailures),
    soak: request.soakMs,
    ...setSoakInputs(request.soakLimits),
    settings: request.settingsChange,
    prune: request.prune,
    'keep-revisions': request.keepRevisions,
  };
  return Object.entries(inputs).map(([name, value]) =>
    planPart(`input "${name}"`, value ?? null, { ...GOES_BY, ...defined({ shown: shownInput(name, value) }) }),
  );
}

/** Those that somebody has set: the others begin to mean something with the soak itself, which is a part of its own. */
function setSoakInputs(limits: SoakLimits = DEFAULT_SOAK_LIMITS): Readonly<Record<string, string | number>> {
  const usual: Readonly<Record<string, string | number>> = soakInputs(DEFAULT_SOAK_LIMITS);
  return Object.fromEntries(Object.entries(soakInputs(limits)).filter(([name, value]) => usual[name] !== value));
}

const SHORT_DIGEST = 'sha256:'.length + 12;
const DURATIONS = ['timeout', 'soak'];

/** What holds more than one word, such as a probe, may hold a secret, too. */
function shownInput(name: string, value: unknown): string | undefined {
  if (typeof value === 'number') return DURATIONS.includes(name) ? formatDuration(value) : String(value);
  if (value === undefined) return name === 'probe' ? undefined : 'none';
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : undefined;
}

/** The content of a write without what is recorded of the run in the state annotation: its name, its start, and times that follow. */
export function withoutRun(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutRun);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [
      key,
      key === STATE_ANNOTATION && typeof one === 'string' ? stateWithoutRun(one) : withoutRun(one),
    ]),
  );
}

function stateWithoutRun(annotation: string): unknown {
  const state = parseJson(annotation);
  if (!isObject(state)) return state;
  return Object.fromEntries(
    Object.entries(state).map(([filter, record]) => {
      if (!isObject(record)) return [filter, record];
      const { run: _, started: _started, expires: _expires, ...rest } = record;
      return [filter, rest];
    }),
  );
}
