import { bad, type Checked, good } from '../base/problem.ts';
import type { Workload } from '../cluster/objects.ts';
import { mergeMounts } from './mounts.ts';
import { podLabel, STATE_ANNOTATION, USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from './names.ts';
import type { Revision } from './revision.ts';
import { type FilterState, formatState, parseState } from './state.ts';

/** The keys of a workload that change: our state, our labels and the two mount annotations of its pod template. */
export interface WorkloadPatch {
  readonly metadata?: { readonly annotations: Readonly<Record<string, string>> };
  readonly spec?: {
    readonly template: {
      readonly metadata: {
        readonly labels?: Readonly<Record<string, string>>;
        readonly annotations?: Readonly<Record<string, string>>;
      };
    };
  };
}

/** What one filter's revision was on a workload before, as its pod template says; undefined when it was not there. */
export function revisionOn(workload: Workload, filter: string): string | undefined {
  return workload.spec?.template?.metadata?.labels?.[podLabel(filter)];
}

/**
 * The merge patch that brings revisions onto a workload, or undefined when it carries them already. Only keys that differ
 * are in it; a patch without `spec` restarts nothing. `run` is recorded for the revisions that are new.
 */
export function patchWorkload(
  workload: Workload,
  revisions: readonly Revision[],
  run: string,
  name: string,
): Checked<WorkloadPatch | undefined> {
  const template = workload.spec?.template ?? {};
  const mounts = mergeMounts(template, revisions, name);
  if (!mounts.ok) return bad(...mounts.problems);
  const annotations = changed(template.metadata?.annotations, {
    [USER_VOLUME_ANNOTATION]: mounts.value[USER_VOLUME_ANNOTATION],
    [USER_VOLUME_MOUNT_ANNOTATION]: mounts.value[USER_VOLUME_MOUNT_ANNOTATION],
  });
  const labels = changed(
    template.metadata?.labels,
    Object.fromEntries(revisions.map(({ filter, id }) => [podLabel(filter), id])),
  );
  const state = changed(workload.metadata.annotations, { [STATE_ANNOTATION]: nextState(workload, revisions, run) });
  if (annotations === undefined && labels === undefined && state === undefined) return good(undefined);
  return good({
    ...(state === undefined ? {} : { metadata: { annotations: state } }),
    ...(annotations === undefined && labels === undefined
      ? {}
      : {
          spec: {
            template: {
              metadata: {
                ...(labels === undefined ? {} : { labels }),
                ...(annotations === undefined ? {} : { annotations }),
              },
            },
          },
        }),
  });
}

/** The state annotation with these revisions on it; a revision that is recorded already keeps its record. */
function nextState(workload: Workload, revisions: readonly Revision[], run: string): string {
  const state: Record<string, FilterState> = { ...parseState(workload.metadata.annotations?.[STATE_ANNOTATION]) };
  for (const { filter, id } of revisions) {
    const recorded = state[filter];
    if (recorded?.revision === id) continue;
    const previous = recorded?.revision ?? revisionOn(workload, filter);
    state[filter] = { revision: id, run, ...(previous === undefined || previous === id ? {} : { previous }) };
  }
  return formatState(state);
}

function changed(
  now: Readonly<Record<string, string>> | undefined,
  wanted: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const different = Object.entries(wanted).filter(([key, value]) => now?.[key] !== value);
  return different.length === 0 ? undefined : Object.fromEntries(different);
}
