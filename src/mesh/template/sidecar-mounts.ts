import { sameJson } from '../../base/json.ts';
import { Diagnostics, fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { listWords, truncate } from '../../base/text.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import {
  isRevisionOf,
  MOUNT_ANNOTATIONS,
  type MountAnnotation,
  USER_VOLUME_ANNOTATION,
  USER_VOLUME_MOUNT_ANNOTATION,
  volumeName,
} from '../identity/names.ts';
import { type MountedRevision, type PodRevision, revisionName } from '../identity/revision.ts';
import type { EmptyLists } from '../identity/state.ts';
import { type AnnotationList, fieldIn, parseAnnotationList, withEntry, withoutEntries } from './annotation-list.ts';
import { gatewayMountedAt, isInjectedGateway } from './gateway-mounts.ts';
import { type MountChange, unmountedBy } from './mount-change.ts';
import { type OtherMount, otherMount, ownMounts, pathProblems, taken } from './mount-problems.ts';

/** The two annotations of a pod template that mount filters into the proxy; `undefined` if nothing is mounted by them. */
export type MountAnnotations = Readonly<Record<MountAnnotation, string | undefined>>;

/**
 * Changes what a pod template mounts into the proxy: the entries of the given pod revisions are set, those of removed filters go,
 * every other entry stays as it is, in the form (array or map) that is there. Problems name the workload and the value: an
 * annotation that Istio could not read, a volume name or a mount path that something else has.
 */
export function mergeMounts(template: PodTemplate, change: MountChange, workload: string): Result<MountAnnotations> {
  const { podRevisions, drop = [], emptyLists = {} } = change;
  const diagnostics = new Diagnostics();
  const annotations = template.metadata?.annotations ?? {};
  const mountsAny = podRevisions.some(({ image }) => image === undefined);
  const names = [...unmountedBy(change).map(volumeName), ...drop];
  const read = (annotation: MountAnnotation): AnnotationList | undefined => {
    const text = annotations[annotation];
    const list = parseAnnotationList(text);
    if (list.ok) return list.value;
    // Where nothing has to be edited, what is wrong with it is not this change's business.
    if (!mountsAny && !names.some((name) => text?.includes(name))) return { text, form: 'array', entries: [] };
    diagnostics.add(unreadable(workload, annotation, list.fault, text ?? ''));
    return undefined;
  };
  const found = { volumes: read(USER_VOLUME_ANNOTATION), mounts: read(USER_VOLUME_MOUNT_ANNOTATION) };
  if (found.volumes === undefined || found.mounts === undefined) return fail(diagnostics.problems);
  const there = found.volumes;
  const leaving = [
    ...unmountedBy(change)
      .filter((filter) => isOurs(there, filter))
      .map(volumeName),
    ...drop,
  ];
  const without = (list: AnnotationList, annotation: MountAnnotation): AnnotationList =>
    reread(withoutEntries(list, leaving, emptyLists[annotation]), list);
  let volumes = without(found.volumes, USER_VOLUME_ANNOTATION);
  let mounts = without(found.mounts, USER_VOLUME_MOUNT_ANNOTATION);
  for (const podRevision of podRevisions) {
    if (podRevision.image !== undefined) continue;
    diagnostics.add(
      volumeProblems(volumes, template, podRevision, workload),
      pathProblems(podRevision, otherMounts(mounts, volumes, template, podRevision), workload),
    );
    const name = volumeName(podRevision.filter);
    volumes = set(volumes, name, { configMap: { name: revisionName(podRevision) } });
    mounts = set(mounts, name, { mountPath: podRevision.mountPath, readOnly: true });
  }
  if (!diagnostics.ok) return fail(diagnostics.problems);
  return ok({ [USER_VOLUME_ANNOTATION]: volumes.text, [USER_VOLUME_MOUNT_ANNOTATION]: mounts.text });
}

/**
 * The texts of lists without entries that stand to come back once the last entry of this action goes, by annotation: a list in
 * which ours is the first entry remembers what it was, `null` or `[ ]`, and one whose annotation was not there remembers nothing.
 */
export function rememberEmptyLists(
  before: PodTemplate['metadata'],
  after: MountAnnotations,
  remembered: EmptyLists,
): EmptyLists {
  const entries = MOUNT_ANNOTATIONS.flatMap((annotation): [MountAnnotation, string][] => {
    const text = before?.annotations?.[annotation];
    if (!hasEntries(after[annotation])) return [];
    const known = hasEntries(text) ? remembered[annotation] : text;
    return known === undefined ? [] : [[annotation, known]];
  });
  return Object.fromEntries(entries);
}

function hasEntries(text: string | undefined): boolean {
  const list = parseAnnotationList(text);
  return list.ok && list.value.entries.length > 0;
}

/** Where a pod template mounts a filter; `undefined` if it does not, or nobody could read it. */
export function mountedAt(template: PodTemplate, filter: string): string | undefined {
  if (isInjectedGateway(template)) return gatewayMountedAt(template, filter);
  const list = parseAnnotationList(template.metadata?.annotations?.[USER_VOLUME_MOUNT_ANNOTATION]);
  if (!list.ok) return undefined;
  const path = fieldIn(list.value.entries.find(({ name }) => name === volumeName(filter))?.value, 'mountPath');
  return typeof path === 'string' ? path : undefined;
}

/** Whether a pod template has the volume of a filter and its mount, both of which somebody may take away alone. */
export function isMounted(template: PodTemplate, filter: string): boolean {
  if (isInjectedGateway(template)) return gatewayMountedAt(template, filter) !== undefined;
  return MOUNT_ANNOTATIONS.every((key) => entryOf(template, key, filter) !== undefined);
}

/**
 * Returns what others have done to the volume of a filter and to its mount in a pod template, clauses that say `its volume`.
 * `mountPath` is where it is to be mounted, `undefined` if nobody knows.
 */
export function mountChanges(
  template: PodTemplate,
  podRevision: Pick<MountedRevision, 'filter' | 'id'>,
  mountPath: string | undefined,
): string[] {
  const { filter } = podRevision;
  if (isInjectedGateway(template)) {
    const now = gatewayMountedAt(template, filter);
    if (now === undefined) return ['its mount was removed from the pod template'];
    return mountPath === undefined || now === mountPath ? [] : ['its mount in the pod template was edited'];
  }
  const name = volumeName(filter);
  const volume = { name, configMap: { name: revisionName(podRevision) } };
  const mount = mountPath === undefined ? undefined : { name, mountPath, readOnly: true };
  const parts = [
    { part: 'its volume', now: entryOf(template, USER_VOLUME_ANNOTATION, filter), wanted: volume },
    { part: 'its mount', now: entryOf(template, USER_VOLUME_MOUNT_ANNOTATION, filter), wanted: mount },
  ];
  const removed = parts.filter(({ now }) => now === undefined).map(({ part }) => part);
  const edited = parts.filter(
    ({ now, wanted }) => now !== undefined && wanted !== undefined && !sameJson({ ...now, name }, wanted),
  );
  const verb = removed.length === 1 ? 'was' : 'were';
  return [
    ...(removed.length === 0
      ? []
      : [`${listWords(removed, 'and')} ${verb} removed from the annotations of the pod template`]),
    ...edited.map(({ part }) => `${part} in the annotations of the pod template was edited`),
  ];
}

/** Whether a pod template has the mount of a filter without a volume for it, by which no pod can be made. */
export function lacksVolume(template: PodTemplate, filter: string): boolean {
  if (isInjectedGateway(template) || entryOf(template, USER_VOLUME_MOUNT_ANNOTATION, filter) === undefined)
    return false;
  const own = template.spec?.volumes ?? [];
  return (
    entryOf(template, USER_VOLUME_ANNOTATION, filter) === undefined &&
    own.every(({ name }) => name !== volumeName(filter))
  );
}

function entryOf(
  template: PodTemplate,
  annotation: MountAnnotation,
  filter: string,
): Readonly<Record<string, unknown>> | undefined {
  const list = parseAnnotationList(template.metadata?.annotations?.[annotation]);
  return list.ok ? list.value.entries.find(({ name }) => name === volumeName(filter))?.value : undefined;
}

/** The text of `before` where it says the same as `now`: to leave an annotation exactly as it was found. */
export function preferText(now: string | undefined, before: string | undefined): string | undefined {
  const [a, b] = [parseAnnotationList(now), parseAnnotationList(before)];
  if (!a.ok || !b.ok) return now;
  const same = sameJson(
    a.value.entries.map(({ name, value }) => ({ name, value })),
    b.value.entries.map(({ name, value }) => ({ name, value })),
  );
  return same ? before : now;
}

function isOurs({ entries }: AnnotationList, filter: string): boolean {
  const entry = entries.find(({ name }) => name === volumeName(filter));
  return entry === undefined || isOurVolume(entry.value, filter);
}

function reread(text: string | undefined, otherwise: AnnotationList): AnnotationList {
  if (text === otherwise.text) return otherwise;
  const list = parseAnnotationList(text);
  return list.ok ? list.value : otherwise;
}

function set(list: AnnotationList, name: string, value: Readonly<Record<string, unknown>>): AnnotationList {
  return reread(withEntry(list, name, value), list);
}

function volumeProblems(
  volumes: AnnotationList,
  template: PodTemplate,
  { filter }: PodRevision,
  workload: string,
): Problem[] {
  const name = volumeName(filter);
  const inAnnotation = volumes.entries.find((entry) => entry.name === name);
  if (inAnnotation !== undefined && !isOurVolume(inAnnotation.value, filter)) {
    const value = truncate(JSON.stringify(inAnnotation.value), 200);
    return [taken(workload, `the volume name "${name}" is taken in ${USER_VOLUME_ANNOTATION} by ${value}.`)];
  }
  if (template.spec?.volumes?.some((volume) => volume.name === name)) {
    return [taken(workload, `the volume name "${name}" is taken by a volume of the pod template.`)];
  }
  return [];
}

function isOurVolume(value: Readonly<Record<string, unknown>>, filter: string): boolean {
  const configMap = fieldIn(value, 'configMap', 'name');
  return typeof configMap === 'string' && isRevisionOf(filter, configMap);
}

function otherMounts(
  mounts: AnnotationList,
  volumes: AnnotationList,
  template: PodTemplate,
  { filter }: MountedRevision,
): OtherMount[] {
  const own = template.spec?.volumes ?? [];
  const name = volumeName(filter);
  const proxies = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])].filter(
    (container) => container.name === PROXY_CONTAINER,
  );
  return [
    ...mounts.entries
      .filter((entry) => entry.name !== name && typeof fieldIn(entry.value, 'mountPath') === 'string')
      .map((entry) =>
        otherMount(
          entry.value,
          `the mount of volume "${entry.name}" in ${USER_VOLUME_MOUNT_ANNOTATION}`,
          volumes.entries.find(({ name: known }) => known === entry.name)?.value ??
            own.find(({ name: known }) => known === entry.name),
        ),
      ),
    ...proxies.flatMap(({ volumeMounts }) => ownMounts(volumeMounts, own)),
  ];
}

function unreadable(workload: string, annotation: string, why: string, value: string): Problem {
  return {
    kind: 'mount',
    subject: workload,
    form: 'clause',
    message: `the annotation ${annotation} of its pod template ${why}: ${truncate(value, 200)}`,
    remedy: 'Istio cannot inject a sidecar with it (no pod could be created). Fix or remove the annotation.',
  };
}
