import { mapLimited, pause } from '../base/concurrency.ts';
import { sameJson } from '../base/json.ts';
import type { Problem } from '../base/problem.ts';
import { listWords } from '../base/text.ts';
import type { Client } from '../cluster/client.ts';
import { ApiError, callProblem } from '../cluster/errors.ts';
import type { KubernetesObject, Workload } from '../cluster/objects.ts';
import { CONFIG_MAP, ENVOY_FILTER, type Resource, WORKLOADS } from '../cluster/resources.ts';
import type { ConfigMap } from '../mesh/config-map.ts';
import type { EnvoyFilter } from '../mesh/envoy-filter.ts';
import { STATE_ANNOTATION } from '../mesh/names.ts';
import { revisionName } from '../mesh/revision.ts';
import { parseState } from '../mesh/state.ts';
import { describeWorkload, workloadKey } from '../targets/target.ts';
import { type Plan, type PlannedObject, type PlannedWorkload, planWorkload } from './plan.ts';
import type { DeployRequest } from './request.ts';

/** What became of one write. */
export type WriteResult =
  | { readonly state: 'done' | 'unchanged' | 'skipped' }
  | { readonly state: 'failed'; readonly problem: Problem };

/** What became of a plan, write by write. */
export interface Applied {
  /** By namespace and object name: `shop/add-header-0123456789`. */
  readonly configMaps: ReadonlyMap<string, WriteResult>;
  readonly envoyFilters: ReadonlyMap<string, WriteResult>;
  /** By `workloadKey`. */
  readonly workloads: ReadonlyMap<string, WriteResult>;
  /** The API server's admission warnings, each once. */
  readonly warnings: readonly string[];
}

export interface ApplyContext {
  readonly client: Client;
  readonly request: DeployRequest;
  /** Once it aborts, no write is started. */
  readonly signal: AbortSignal;
  readonly onWritten: (line: string) => void;
}

/** More writes at once than connections would only queue. */
const PARALLEL_WRITES = 8;
/** client-go's retry.DefaultRetry: 5 tries for an object that others write too, with short pauses. */
const CONFLICT_TRIES = 5;
const CONFLICT_PAUSE_MS = 20;

/** Istio says this to every EnvoyFilter write; it tells the user of this action nothing. */
const USUAL_WARNING = /EnvoyFilter exposes internal implementation details/;

/** `shop/add-header-0123456789`, the key of an object in `Applied`. */
export function objectKey({
  namespace,
  revision,
}: Pick<PlannedObject<ConfigMap | EnvoyFilter>, 'namespace' | 'revision'>): string {
  return `${namespace}/${revisionName(revision)}`;
}

/**
 * Writes exactly what the plan says: ConfigMaps, then EnvoyFilters, then workloads. No workload is touched unless every
 * shared object is there, so no pod can start without its file. Never throws for what the API server answers.
 */
export async function applyPlan(plan: Plan, context: ApplyContext): Promise<Applied> {
  const warnings = new Set<string>();
  const objects = async <T extends ConfigMap | EnvoyFilter>(
    of: Resource,
    planned: readonly PlannedObject<T>[],
    blocked: boolean,
  ): Promise<Map<string, WriteResult>> => {
    const results = await mapLimited(planned, PARALLEL_WRITES, async (object): Promise<[string, WriteResult]> => {
      return [objectKey(object), await writeObject(of, object, blocked, warnings, context)];
    });
    return new Map(results);
  };
  const configMaps = await objects(CONFIG_MAP, plan.configMaps, false);
  const envoyFilters = await objects(ENVOY_FILTER, plan.envoyFilters, anyFailed(configMaps));
  const blocked = anyFailed(configMaps) || anyFailed(envoyFilters);
  const workloads = await mapLimited(
    plan.workloads,
    PARALLEL_WRITES,
    async (planned): Promise<[string, WriteResult]> => {
      return [workloadKey(planned.ref), await writeWorkload(planned, blocked, warnings, context)];
    },
  );
  return { configMaps, envoyFilters, workloads: new Map(workloads), warnings: [...warnings] };
}

function anyFailed(results: ReadonlyMap<string, WriteResult>): boolean {
  return [...results.values()].some(({ state }) => state === 'failed' || state === 'skipped');
}

async function writeObject<T extends ConfigMap | EnvoyFilter>(
  of: Resource,
  object: PlannedObject<T>,
  blocked: boolean,
  warnings: Set<string>,
  { client, signal, onWritten }: ApplyContext,
): Promise<WriteResult> {
  if (!object.write) return { state: 'unchanged' };
  if (blocked || signal.aborted) return { state: 'skipped' };
  const name = `${of.kind} ${objectKey(object)}`;
  try {
    const written = await client.apply<KubernetesObject>(of, object.namespace, object.render());
    keepWarnings(written.warnings, warnings);
    onWritten(`${name} applied`);
    return { state: 'done' };
  } catch (error) {
    return { state: 'failed', problem: writeProblem(error, name) };
  }
}

async function writeWorkload(
  planned: PlannedWorkload,
  blocked: boolean,
  warnings: Set<string>,
  context: ApplyContext,
): Promise<WriteResult> {
  if (planned.patch === undefined) return { state: 'unchanged' };
  const name = describeWorkload(planned.ref);
  let current: PlannedWorkload = planned;
  for (let attempt = 1; ; attempt++) {
    if (blocked || context.signal.aborted) return { state: 'skipped' };
    try {
      await patchOnce(current, warnings, context);
      context.onWritten(`${name} patched${current.patch?.spec === undefined ? ' (no restart)' : ''}`);
      return { state: 'done' };
    } catch (error) {
      if (!isConflict(error) || attempt === CONFLICT_TRIES)
        return { state: 'failed', problem: writeProblem(error, name) };
    }
    await pause(CONFLICT_PAUSE_MS * 2 ** (attempt - 1), context.signal);
    try {
      const replanned = await replan(planned, context);
      if ('problem' in replanned) return { state: 'failed', problem: replanned.problem };
      // Our own patch may have arrived although its answer was lost: then nothing is left to do.
      if (replanned.patch === undefined) return { state: 'done' };
      current = replanned;
    } catch (error) {
      return { state: 'failed', problem: writeProblem(error, name) };
    }
  }
}

async function patchOnce(
  { ref, observed, patch }: PlannedWorkload,
  warnings: Set<string>,
  { client }: ApplyContext,
): Promise<void> {
  const written = await client.mergePatch<Workload>(WORKLOADS[ref.kind], ref.namespace, ref.name, {
    ...patch,
    metadata: { ...patch?.metadata, resourceVersion: observed.metadata.resourceVersion },
  });
  keepWarnings(written.warnings, warnings);
}

/**
 * Reads a workload again after a conflict and plans it anew. Its status, its scale and others' annotations change all the
 * time; only another run that has put its own revision there meanwhile is a reason to stop.
 */
async function replan(
  planned: PlannedWorkload,
  { client, request }: ApplyContext,
): Promise<PlannedWorkload | { problem: Problem }> {
  const { ref, revisions } = planned;
  const observed = await client.get<Workload>(WORKLOADS[ref.kind], ref.namespace, ref.name);
  const next = planWorkload({ ref, observed, revisions }, request);
  if (!next.ok) return { problem: next.problems[0] as Problem };
  if (next.value.patch === undefined) return next.value;
  const [before, now] = [planned.observed, observed].map(({ metadata }) =>
    parseState(metadata.annotations?.[STATE_ANNOTATION]),
  );
  // A run of another filter may share the workload.
  if (revisions.every(({ filter }) => sameJson(before?.[filter], now?.[filter]))) return next.value;
  return {
    problem: {
      kind: 'conflict',
      subject: describeWorkload(ref),
      message: 'another run of deploy-wasm-filter has changed it since it was read.',
      remedy:
        'Nothing was written to it. Run again if this run shall win, and use "concurrency" in the workflow to keep runs apart.',
    },
  };
}

function isConflict(error: unknown): boolean {
  return (
    error instanceof ApiError && error.status === 409 && error.reason === 'Conflict' && managersOf(error).length === 0
  );
}

/** The field managers that a server-side apply conflict names. */
function managersOf({ body }: ApiError): { manager: string; field: string }[] {
  return (body.details?.causes ?? [])
    .filter(({ reason }) => reason === 'FieldManagerConflict')
    .map(({ message = '', field = '' }) => ({
      manager: /conflict with "([^"]+)"/.exec(message)?.[1] ?? message,
      field,
    }));
}

function writeProblem(error: unknown, name: string): Problem {
  if (error instanceof ApiError && error.status === 409) {
    const conflicts = managersOf(error);
    if (conflicts.length > 0) {
      const managers = [...new Set(conflicts.map(({ manager }) => `"${manager}"`))];
      return {
        kind: 'conflict',
        subject: name,
        message: `was edited by ${listWords(managers, 'and')}, who holds ${listWords(
          conflicts.map(({ field }) => field),
          'and',
        )} with another value.`,
        remedy:
          'Nothing is overwritten by force. Delete the object, or have its editor undo the change, then run again.',
        cause: error,
      };
    }
    return {
      kind: 'conflict',
      subject: name,
      message: 'was changed by others each time this run tried to write it.',
      remedy: 'Something writes it all the time; find it with "kubectl get --show-managed-fields", then run again.',
      cause: error,
    };
  }
  // Thrown on, an unexpected error would lose what else was written.
  return { subject: name, ...callProblem(error, `writing ${name}`) };
}

function keepWarnings(from: readonly string[], into: Set<string>): void {
  for (const warning of from) if (!USUAL_WARNING.test(warning)) into.add(warning);
}
