import { join } from 'node:path';
import { type Artefact, cacheFolder, digestOf, locate, obtain } from '../test/cluster/cache.ts';
import { controlPlaneModule, go } from '../test/cluster/go.ts';
import { versions } from '../test/cluster/versions.ts';

/** What the peers are made with. */
export type Tool = 'kubectl' | 'helm';

/** The paths of the programs that the benchmark runs beside the action, and of the tools that a run needs. */
export interface Programs extends Readonly<Partial<Record<Tool, string>>> {
  /** Runs a program and writes what it took. */
  readonly measure: string;
}

const TOOLS: Readonly<Record<Tool, () => Artefact>> = { kubectl: kubectlProgram, helm: helmProgram };

const MEASURE = join(import.meta.dirname, 'measure');
const SMALL = '-s -w';

/** Takes the programs from the cache of the test cluster, and builds what is missing: all of them take about 5 minutes on two cores, once. */
export async function benchPrograms(tools: ReadonlySet<Tool>, log: (line: string) => void): Promise<Programs> {
  const take = async (artefact: Artefact): Promise<string> => {
    if (!locate(cacheFolder(), artefact).present) log(`building ${artefact.name}`);
    return await obtain(cacheFolder(), artefact);
  };
  const measure = join(await take(measureProgram()), 'measure');
  const paths: Partial<Record<Tool, string>> = {};
  // One after the other: each Go build uses all processors by itself.
  for (const tool of tools) paths[tool] = join(await take(TOOLS[tool]()), tool);
  return { measure, ...paths };
}

function measureProgram(): Artefact {
  return {
    name: 'bench-measure',
    inputs: { sources: digestOf(['main.go', 'go.mod'].map((file) => join(MEASURE, file))) },
    build: async (folder) => {
      await go(['build', `-ldflags=${SMALL}`, '-o', join(folder, 'measure'), '.'], { cwd: MEASURE });
    },
  };
}

/** kubectl alone: the program of the test cluster has all of Kubernetes in it, and starts more slowly. */
function kubectlProgram(): Artefact {
  const version = versions.kubernetes.module;
  const ldflags = `${SMALL} -X k8s.io/component-base/version.gitVersion=${version}`;
  return {
    name: `kubectl-${version}`,
    inputs: { ldflags, sources: digestOf(['go.mod', 'go.sum'].map((file) => join(controlPlaneModule, file))) },
    build: async (folder) => {
      const command = ['build', '-mod=readonly', `-ldflags=${ldflags}`, '-o', join(folder, 'kubectl')];
      await go([...command, 'k8s.io/kubernetes/cmd/kubectl'], { cwd: controlPlaneModule });
    },
  };
}

function helmProgram(): Artefact {
  const module = `helm.sh/helm/v4/cmd/helm@${versions.helm}`;
  const ldflags = `${SMALL} -X helm.sh/helm/v4/internal/version.version=${versions.helm}`;
  return {
    name: `helm-${versions.helm}`,
    inputs: { module, ldflags },
    build: async (folder) => {
      await go(['install', `-ldflags=${ldflags}`, module], { cwd: folder, env: { GOBIN: folder } });
    },
  };
}
