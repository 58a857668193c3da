import { fail, ok, type Problem, type Result } from '../../base/problem.ts';
import type { ClusterInputs } from '../inputs/cluster-choice.ts';
import { describeManifestPlace, type ManifestCluster, manifestProblem } from '../manifest/manifest.ts';
import { clustersOf, type WantedClusters } from './load-clusters.ts';

/** Returns the clusters that a run is for: those of its manifests, each once, or else those of the inputs. */
export function chooseClusters(
  named: readonly ManifestCluster[],
  { contexts }: Pick<ClusterInputs, 'contexts'>,
): Result<WantedClusters> {
  const [first] = named;
  if (first === undefined) return ok(clustersOf(contexts));
  const problems: Problem[] = [];
  if (contexts.length !== 1 || contexts[0] !== '') {
    problems.push(
      manifestProblem(
        first.place,
        'names a cluster, and so do the inputs "context" or "contexts".',
        'Leave the inputs out, or "clusters" out of the manifest.',
      ),
    );
  }
  const byName = new Map<string, ManifestCluster>();
  for (const cluster of named) {
    const before = byName.get(cluster.name);
    if (before === undefined) byName.set(cluster.name, cluster);
    else if (before.context !== cluster.context || before.wave !== cluster.wave) {
      const other = describeManifestPlace(before.place);
      problems.push(
        manifestProblem(
          cluster.place,
          `has another context or wave than ${other}.`,
          'Write the same in both files, or give the clusters different names.',
        ),
      );
    }
  }
  if (problems.length > 0) return fail(problems);
  return ok([...byName.values()].map(({ name, context, wave }) => ({ name, context, wave })));
}
