import type { Problem } from '../base/problem.ts';
import type { ContainerSpec } from '../cluster/objects.ts';
import { PROXY_CONTAINER } from '../cluster/pods.ts';
import type { MountedPlacement } from './revision.ts';

/** A mount of somebody else in the proxy's container. */
export interface OtherMount {
  readonly path: string;
  /** Whose it is, for the end of a sentence. */
  readonly owner: string;
}

/** What a container of the pod template that is the proxy mounts itself. */
export function ownMounts(mounts: ContainerSpec['volumeMounts'] = []): OtherMount[] {
  return mounts.map(({ name, mountPath }) => ({
    path: mountPath,
    owner: `the volume "${name}" of the container ${PROXY_CONTAINER}`,
  }));
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

/** Why a filter cannot be mounted at its path: another mount has it, or the proxy needs what is there. */
export function pathProblems(
  { mountPath }: MountedPlacement,
  others: readonly OtherMount[],
  workload: string,
): Problem[] {
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

/** A name or path that something else has. */
export function taken(workload: string, message: string, input: 'name' | 'mount-path' = 'name'): Problem {
  return { kind: 'mount', subject: workload, message, remedy: `Choose another "${input}", or remove what has it now.` };
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
