import { isObject } from '../../base/json.ts';
import type { Problem } from '../../base/problem.ts';
import { withoutTrailing } from '../../base/text.ts';
import type { ContainerSpec, PodTemplate } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';
import type { MountedRevision } from '../identity/revision.ts';
import { fieldIn } from './annotation-list.ts';

/** A mount of somebody else in the proxy's container. */
export interface OtherMount {
  readonly path: string;
  /** Whose it is, for the end of a sentence. */
  readonly owner: string;
  readonly readOnly: boolean;
  readonly subPath: string | undefined;
  /** The volume, whose one key besides its name says of what kind it is; `undefined` if nobody knows it. */
  readonly volume: Readonly<Record<string, unknown>> | undefined;
}

type Volumes = NonNullable<PodTemplate['spec']>['volumes'];

/** What a container of the pod template that is the proxy mounts itself. */
export function ownMounts(mounts: ContainerSpec['volumeMounts'] = [], volumes: Volumes = []): OtherMount[] {
  return mounts.map((mount) =>
    otherMount(
      mount,
      `the volume "${mount.name}" of the container ${PROXY_CONTAINER}`,
      volumes.find(({ name }) => name === mount.name),
    ),
  );
}

/** A mount as it is written, of a volume as it is written. */
export function otherMount(mount: object, owner: string, volume: object | undefined): OtherMount {
  const subPath = fieldIn(mount, 'subPath');
  return {
    path: String(fieldIn(mount, 'mountPath')),
    owner,
    readOnly: fieldIn(mount, 'readOnly') === true,
    subPath: typeof subPath === 'string' && subPath !== '' ? subPath : undefined,
    volume: isObject(volume) ? volume : undefined,
  };
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
  { mountPath }: MountedRevision,
  others: readonly OtherMount[],
  workload: string,
): Problem[] {
  const problem = (relation: string, path: string, owner: string): Problem =>
    taken(workload, `the mount path "${mountPath}" ${relation} "${path}", which belongs to ${owner}.`, 'mount-path');
  return [
    // Mounts may be nested (runtimes sort them), and a filter put in by hand usually holds the folder around ours; but not all may.
    ...others
      .filter(({ path }) => trimSlash(path) === trimSlash(mountPath))
      .map(({ path, owner }) => problem('is', path, owner)),
    ...nestingProblems(mountPath, others).map(({ path, owner, why }) =>
      taken(workload, `the mount path "${mountPath}" ${why} "${path}", which belongs to ${owner}.`, 'mount-path'),
    ),
    ...PROXY_FOLDERS.flatMap((path) => {
      const relation = overlap(mountPath, path);
      return relation === undefined ? [] : [problem(relation, path, 'the proxy itself')];
    }),
  ];
}

/** Kinds of volumes in which the kubelet itself makes what is mounted inside them (kubernetes pkg/volume/util/nested_volumes.go). */
const OF_FILES = ['configMap', 'secret', 'projected', 'downwardAPI'] as const;

interface Nesting extends OtherMount {
  /** How the two stand to each other, before the other's path. */
  readonly why: string;
}

/**
 * Mounts around ours in which the container runtime cannot make the folder that ours needs, and those inside ours for which nobody
 * can make a file: as seen with containerd 2 and runc on Kubernetes 1.34, where no container starts then.
 */
function nestingProblems(mountPath: string, others: readonly OtherMount[]): Nesting[] {
  const around = others.filter(({ path }) => overlap(mountPath, trimSlash(path)) === 'lies inside');
  // It is in the innermost that the folder is made.
  const [innermost] = around.sort((a, b) => trimSlash(b.path).length - trimSlash(a.path).length);
  const why = innermost === undefined ? undefined : closedTo(innermost);
  return [
    ...(innermost === undefined || why === undefined ? [] : [{ ...innermost, why }]),
    ...others
      .filter((other) => overlap(mountPath, trimSlash(other.path)) === 'contains' && isFile(other))
      .map((other) => ({ ...other, why: 'contains the file' })),
  ];
}

function closedTo({ volume, subPath, readOnly }: OtherMount): string | undefined {
  if (volume === undefined) return undefined;
  if (OF_FILES.some((kind) => fieldIn(volume, kind) !== undefined)) {
    return subPath === undefined ? undefined : `lies inside the subPath "${subPath}", in which nothing can be mounted:`;
  }
  return readOnly ? 'lies inside what is mounted read-only, so its folder cannot be created there:' : undefined;
}

/** Whether a mount is of a single file, as far as the volume tells. */
function isFile({ volume, subPath }: OtherMount): boolean {
  const kind = OF_FILES.find((one) => fieldIn(volume, one) !== undefined);
  if (kind === undefined || subPath === undefined) return false;
  const items = fieldIn(volume, kind, 'items');
  if (Array.isArray(items)) return items.some((item) => fieldIn(item, 'path') === subPath);
  return kind === 'configMap' || kind === 'secret';
}

/** A name or path that something else has. */
export function taken(workload: string, clause: string, input: 'name' | 'mount-path' = 'name'): Problem {
  return {
    kind: 'mount',
    subject: workload,
    form: 'clause',
    message: clause,
    remedy: `Choose another "${input}", or remove what uses it now.`,
  };
}

/** How a mount would hide a folder, or stand inside it; `undefined` if neither. */
export function overlap(ours: string, theirs: string): string | undefined {
  if (ours === theirs) return 'is';
  if (ours.startsWith(`${theirs}/`)) return 'lies inside';
  return theirs.startsWith(`${ours}/`) ? 'contains' : undefined;
}

function trimSlash(path: string): string {
  return withoutTrailing(path, '/');
}
