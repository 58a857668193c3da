import { defined } from '../../base/defined.ts';
import { nameSome, withoutTrailing } from '../../base/text.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION } from '../identity/names.ts';
import { fieldIn, parseAnnotationList } from '../template/annotation-list.ts';
import type { UnmanagedFilter } from './unmanaged.ts';

/** A mount of a pod template's annotations, with the ConfigMap that its volume holds. */
export interface AnnotatedMount {
  readonly volume: string;
  readonly mountPath: string;
  readonly configMap: string | undefined;
}

/** A volume that holds the file of an adopted filter, and why it stays; it goes where there is no reason. */
export interface AdoptedVolume {
  readonly volume: string;
  readonly configMap: string | undefined;
  /** A clause. */
  readonly stays?: string;
}

/** What else may read a pod's volumes. */
export interface OtherReaders {
  /** Every text in the entries of EnvoyFilters that stay for the pods, and the addresses of plugins. */
  readonly texts: readonly string[];
  /** The keys of a ConfigMap of the namespace; `undefined` if it could not be read. */
  readonly keysOf: (configMap: string) => readonly string[] | undefined;
}

/** The mounts that a pod template's annotations make in its proxy. */
export function annotatedMounts({ metadata }: PodTemplate): AnnotatedMount[] {
  const [volumes, mounts] = [USER_VOLUME_ANNOTATION, USER_VOLUME_MOUNT_ANNOTATION].map((key) => {
    const list = parseAnnotationList(metadata?.annotations?.[key]);
    return list.ok ? list.value.entries : [];
  });
  return (mounts ?? []).flatMap(({ name, value }): AnnotatedMount[] => {
    const path = fieldIn(value, 'mountPath');
    if (typeof path !== 'string') return [];
    const configMap = fieldIn(volumes?.find((volume) => volume.name === name)?.value, 'configMap', 'name');
    return [
      {
        volume: name,
        mountPath: withoutTrailing(path, '/'),
        configMap: typeof configMap === 'string' ? configMap : undefined,
      },
    ];
  });
}

/** The mount that a file lies in: the innermost, which may be of the file alone (`subPath`). */
export function mountOf(file: string, mounts: readonly AnnotatedMount[]): AnnotatedMount | undefined {
  return mounts
    .filter(({ mountPath }) => file === mountPath || file.startsWith(`${mountPath}/`))
    .sort((a, b) => b.mountPath.length - a.mountPath.length)[0];
}

/**
 * The volumes that hold the files of adopted filters. One goes only where surely nothing else reads it: a ConfigMap that has no
 * other file, in no other container, and none of whose mounts any other filter names.
 */
export function adoptedVolumes(
  template: PodTemplate,
  adopted: readonly UnmanagedFilter[],
  readers: OtherReaders,
): AdoptedVolume[] {
  const mounts = annotatedMounts(template);
  const files = adopted.flatMap(({ code }) => (code.kind === 'file' ? [code.file] : []));
  const found = files.flatMap((file) => mountOf(file, mounts) ?? []);
  const volumes = new Map(found.map((mount) => [mount.volume, mount.configMap]));
  return [...volumes].map(([volume, configMap]) => {
    const lies = (file: string): boolean => mountOf(file, mounts)?.volume === volume;
    const stays = reasonToStay({ volume, configMap }, template, files.filter(lies), lies, readers);
    return { volume, configMap, ...defined({ stays }) };
  });
}

function reasonToStay(
  { volume, configMap }: AdoptedVolume,
  { spec }: PodTemplate,
  files: readonly string[],
  lies: (file: string) => boolean,
  { texts, keysOf }: OtherReaders,
): string | undefined {
  if (configMap === undefined) return 'it is not that of a ConfigMap';
  const containers = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])];
  const container = containers.find(({ volumeMounts = [] }) => volumeMounts.some(({ name }) => name === volume));
  if (container !== undefined) return `the container "${container.name}" mounts it, too`;
  const other = texts.map((text) => text.replace(/^file:\/\//, '')).find(lies);
  if (other !== undefined) return `another filter reads ${other} from it`;
  const keys = keysOf(configMap);
  if (keys === undefined) return `ConfigMap ${configMap} could not be read, so it may hold other files`;
  const left = keys.filter((key) => !files.some((file) => file.endsWith(`/${key}`)));
  // One key may be mounted by another name.
  return keys.length <= 1 || left.length === 0 ? undefined : `ConfigMap ${configMap} also holds ${nameSome(left)}`;
}
