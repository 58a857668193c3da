import { canonicalJson } from '../../base/json.ts';
import { fail, ok, type Problem, type Result } from '../../base/problem.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { podLabel } from '../identity/names.ts';
import type { PodRevision } from '../identity/revision.ts';
import { changedKeys, type KeyChanges } from '../workload-patch.ts';

/** Which filters plugins are to bring to a Gateway, and which not any more. */
interface PluginChange {
  readonly podRevisions: readonly PodRevision[];
  readonly remove: readonly string[];
}

/** What changes about the specs of the plugins that name a Gateway, which stand in its view for the mounts of a pod template. */
export function changePlugins(
  { metadata }: PodTemplate,
  { podRevisions, remove }: PluginChange,
  name: string,
): Result<{ readonly annotations?: KeyChanges }> {
  const mounted = podRevisions.filter(({ plugin }) => plugin === undefined);
  if (mounted.length > 0) return fail(mounted.map(({ filter }) => notMountable(name, filter)));
  const annotations = changedKeys(
    metadata?.annotations,
    Object.fromEntries([
      ...remove.map((filter): [string, undefined] => [podLabel(filter), undefined]),
      ...podRevisions.map(({ filter, plugin = {} }): [string, string] => [podLabel(filter), canonicalJson(plugin)]),
    ]),
  );
  return ok(annotations === undefined ? {} : { annotations });
}

function notMountable(subject: string, filter: string): Problem {
  return {
    kind: 'workload',
    subject,
    message: `cannot run ${filter} from a ConfigMap: istiod creates its pods, and nothing can be mounted into them.`,
    remedy: 'Deliver the filter as an image: "filter: oci://…", or a file and "push-to".',
  };
}
