import { isObject } from '../base/json.ts';
import { bad, type Checked, Findings, good, type Problem } from '../base/problem.ts';
import { truncate } from '../base/text.ts';
import type { PodTemplate } from '../cluster/objects.ts';
import { PROXY_CONTAINER } from '../cluster/pods.ts';
import { type AnnotationList, parseAnnotationList, withEntry } from './annotation-list.ts';
import { isRevisionOf, USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION, volumeName } from './names.ts';
import { type Revision, revisionName } from './revision.ts';

/** The two annotations of a pod template that mount filters into the proxy. */
export interface MountAnnotations {
  readonly [USER_VOLUME_ANNOTATION]: string;
  readonly [USER_VOLUME_MOUNT_ANNOTATION]: string;
}

/**
 * Folders of the proxy's container that it needs as they are: the volumeMounts of Istio's injection template, and the
 * programs and files of its image.
 */
const PROXY_FOLDERS = [
  ...['/bin', '/dev', '/etc/certs', '/etc/ssl', '/lib', '/lib64', '/proc', '/sbin', '/sys', '/tmp', '/usr'],
  '/etc/istio/pod',
  '/etc/istio/proxy',
  '/etc/istio/custom-bootstrap',
  '/var/lib/istio/data',
  '/var/run/secrets',
];

/**
 * Adds the mounts of the given revisions to what a pod template mounts already: their entries are set, every other entry
 * stays as it is, in the form (array or map) that is there. Problems name the workload and the value: an annotation that
 * Istio could not read, a volume name or a mount path that something else has.
 */
export function mergeMounts(
  template: PodTemplate,
  revisions: readonly Revision[],
  workload: string,
): Checked<MountAnnotations> {
  const findings = new Findings();
  const annotations = template.metadata?.annotations ?? {};
  const read = (annotation: string): AnnotationList | undefined => {
    const list = parseAnnotationList(annotations[annotation]);
    if (typeof list !== 'string') return list;
    findings.add(unreadable(workload, annotation, list, annotations[annotation] ?? ''));
    return undefined;
  };
  let volumes = read(USER_VOLUME_ANNOTATION);
  let mounts = read(USER_VOLUME_MOUNT_ANNOTATION);
  for (const revision of revisions) {
    if (volumes === undefined || mounts === undefined) break;
    findings.add(
      ...volumeProblems(volumes, template, revision, workload),
      ...pathProblems(mounts, template, revision, workload),
    );
    const name = volumeName(revision.filter);
    volumes = set(volumes, name, { configMap: { name: revisionName(revision) } });
    mounts = set(mounts, name, { mountPath: revision.settings.mountPath, readOnly: true });
  }
  if (volumes === undefined || mounts === undefined || !findings.clean) return bad(...findings.problems);
  return good({
    [USER_VOLUME_ANNOTATION]: volumes.text ?? '[]',
    [USER_VOLUME_MOUNT_ANNOTATION]: mounts.text ?? '[]',
  });
}

function set(list: AnnotationList, name: string, value: Readonly<Record<string, unknown>>): AnnotationList {
  const merged = parseAnnotationList(withEntry(list, name, value));
  return typeof merged === 'string' ? list : merged;
}

function volumeProblems(
  volumes: AnnotationList,
  template: PodTemplate,
  revision: Revision,
  workload: string,
): Problem[] {
  const name = volumeName(revision.filter);
  const inAnnotation = volumes.entries.find((entry) => entry.name === name);
  if (inAnnotation !== undefined && !isOurVolume(inAnnotation.value, revision.filter)) {
    const value = truncate(JSON.stringify(inAnnotation.value), 200);
    return [taken(workload, `the volume name "${name}" is taken in ${USER_VOLUME_ANNOTATION} by ${value}.`)];
  }
  if (template.spec?.volumes?.some((volume) => volume.name === name)) {
    return [taken(workload, `the volume name "${name}" is taken by a volume of the pod template.`)];
  }
  return [];
}

function isOurVolume(value: Readonly<Record<string, unknown>>, filter: string): boolean {
  const { configMap } = value;
  return isObject(configMap) && typeof configMap.name === 'string' && isRevisionOf(filter, configMap.name);
}

function pathProblems(mounts: AnnotationList, template: PodTemplate, revision: Revision, workload: string): Problem[] {
  const { mountPath } = revision.settings;
  const name = volumeName(revision.filter);
  const proxies = [...(template.spec?.containers ?? []), ...(template.spec?.initContainers ?? [])].filter(
    (container) => container.name === PROXY_CONTAINER,
  );
  const others = [
    ...mounts.entries
      .filter((entry) => entry.name !== name && typeof entry.value.mountPath === 'string')
      .map((entry) => ({
        path: String(entry.value.mountPath),
        owner: `the mount of volume "${entry.name}" in ${USER_VOLUME_MOUNT_ANNOTATION}`,
      })),
    ...proxies.flatMap((proxy) =>
      (proxy.volumeMounts ?? []).map((mount) => ({
        path: mount.mountPath,
        owner: `the volume "${mount.name}" of the container ${PROXY_CONTAINER}`,
      })),
    ),
  ];
  const problem = (relation: string, path: string, owner: string): Problem =>
    taken(workload, `the mount path "${mountPath}" ${relation} "${path}", which belongs to ${owner}.`, 'mount-path');
  return [
    // Mounts may be nested (runtimes sort them), and a filter put in by hand usually holds the folder around ours.
    ...others
      .filter(({ path }) => trimSlash(path) === trimSlash(mountPath))
      .map(({ path, owner }) => problem('is', path, owner)),
    ...PROXY_FOLDERS.flatMap((path) => {
      const relation = overlap(mountPath, path);
      return relation === undefined ? [] : [problem(relation, path, 'the proxy itself')];
    }),
  ];
}

/** How a mount would hide a folder, or stand inside it. */
function overlap(ours: string, theirs: string): string | undefined {
  if (ours === theirs) return 'is';
  if (ours.startsWith(`${theirs}/`)) return 'lies inside';
  return theirs.startsWith(`${ours}/`) ? 'contains' : undefined;
}

function trimSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

function unreadable(workload: string, annotation: string, why: string, value: string): Problem {
  return {
    kind: 'mount',
    subject: workload,
    message: `the annotation ${annotation} of its pod template ${why}: ${truncate(value, 200)}`,
    remedy: 'Istio cannot inject a sidecar with it (no pod could be created); mend or remove the annotation.',
  };
}

function taken(workload: string, message: string, input: 'name' | 'mount-path' = 'name'): Problem {
  return { kind: 'mount', subject: workload, message, remedy: `Choose another "${input}", or remove what has it now.` };
}
