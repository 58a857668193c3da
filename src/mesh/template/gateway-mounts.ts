import { pick, sameJson } from '../../base/json.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { truncate } from '../../base/text.ts';
import type { ContainerSpec, PodTemplate } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import { isRevisionOf, TEMPLATES_ANNOTATION, volumeName } from '../identity/names.ts';
import { type PodRevision, revisionName } from '../identity/revision.ts';
import type { PodLists, Volume } from '../workload-patch.ts';
import { type MountChange, unmountedBy } from './mount-change.ts';
import { ownMounts, pathProblems, taken } from './mount-problems.ts';

/**
 * Whether a pod template is that of a gateway, whose proxy Istio injects into a container that the template has itself: there
 * the template mounts the filter, because Istio ignores the annotations
 * (https://istio.io/latest/docs/setup/additional-setup/gateway/).
 */
export function isInjectedGateway({ metadata, spec }: PodTemplate): boolean {
  const templates = metadata?.annotations?.[TEMPLATES_ANNOTATION]?.split(',').map((name) => name.trim());
  return templates?.includes('gateway') === true && proxyOf(spec?.containers) !== undefined;
}

/** Where the template of a gateway mounts a filter; `undefined` if it does not. */
export function gatewayMountedAt({ spec }: PodTemplate, filter: string): string | undefined {
  const mount = proxyOf(spec?.containers)?.volumeMounts?.find(({ name }) => name === volumeName(filter));
  return spec?.volumes?.some(({ name }) => name === volumeName(filter)) ? mount?.mountPath : undefined;
}

/**
 * Changes what the template of a gateway mounts into its proxy: the entries of the given pod revisions are set in their place or
 * added behind the others, those of removed filters go, everything else stays as it is. Gives the lists that change.
 */
export function mergeGatewayMounts(
  { spec = {} }: PodTemplate,
  change: MountChange,
  workload: string,
): Result<PodLists> {
  const diagnostics = new Diagnostics();
  const there = spec.volumes ?? [];
  const leaving = unmountedBy(change)
    .filter((filter) => there.every((volume) => isFree(volume, filter)))
    .map(volumeName);
  let volumes = there.filter(({ name }) => !leaving.includes(name));
  let mounts = (proxyOf(spec.containers)?.volumeMounts ?? []).filter(({ name }) => !leaving.includes(name));
  for (const podRevision of change.podRevisions) {
    if (podRevision.image !== undefined) continue;
    const { filter, mountPath } = podRevision;
    const name = volumeName(filter);
    diagnostics.add(
      volumes.filter((volume) => !isFree(volume, filter)).map((volume) => nameTaken(workload, volume)),
      pathProblems(
        podRevision,
        ownMounts(
          mounts.filter((mount) => mount.name !== name),
          volumes,
        ),
        workload,
      ),
    );
    volumes = put(volumes, ourVolume(podRevision), (volume) => configMapOf(volume) === revisionName(podRevision));
    mounts = put(mounts, { name, mountPath, readOnly: true }, (mount) => mount.mountPath === mountPath);
  }
  if (!diagnostics.ok) return fail(diagnostics.problems);
  const containers = (spec.containers ?? []).map((container) =>
    container.name === PROXY_CONTAINER ? withMounts(container, mounts) : container,
  );
  return ok({
    ...(!sameJson(volumes, there) && { volumes: volumes.length === 0 ? null : volumes }),
    ...(!sameJson(containers, spec.containers ?? []) && { containers }),
  });
}

function proxyOf(containers: readonly ContainerSpec[] = []): ContainerSpec | undefined {
  return containers.find(({ name }) => name === PROXY_CONTAINER);
}

function ourVolume(podRevision: PodRevision): Volume & { readonly configMap: { readonly name: string } } {
  return { name: volumeName(podRevision.filter), configMap: { name: revisionName(podRevision) } };
}

function configMapOf(volume: Volume): string | undefined {
  const name = pick(volume, 'configMap', 'name');
  return typeof name === 'string' ? name : undefined;
}

/** Whether a volume leaves a filter's name alone, or is ours. */
function isFree(volume: Volume, filter: string): boolean {
  return volume.name !== volumeName(filter) || isRevisionOf(filter, configMapOf(volume) ?? '');
}

function nameTaken(workload: string, { name, ...source }: Volume): Problem {
  const value = truncate(JSON.stringify(source), 200);
  return taken(workload, `the volume name "${name}" is taken by a volume of the pod template: ${value}.`);
}

/** The list with an entry in the place of the one of its name; one that comes to the same stays, with the API server's defaults. */
function put<T extends { readonly name: string }>(list: readonly T[], entry: T, isSame: (entry: T) => boolean): T[] {
  const at = list.findIndex(({ name }) => name === entry.name);
  if (at < 0) return [...list, entry];
  return list.map((known, index) => (index === at && !isSame(known) ? entry : known));
}

function withMounts(container: ContainerSpec, mounts: NonNullable<ContainerSpec['volumeMounts']>): ContainerSpec {
  const { volumeMounts, ...rest } = container;
  if (mounts.length > 0) return { ...container, volumeMounts: mounts };
  return volumeMounts === undefined ? container : rest;
}
