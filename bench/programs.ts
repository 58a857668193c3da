import { join } from 'node:path';
import { type Artefact, cacheFolder, digestOf, locate, obtain } from '../test/cluster/cache.ts';
import { controlPlaneModule, go } from '../test/cluster/go.ts';
import { versions } from '../test/cluster/versions.ts';

/** The paths of the programs that the benchmark runs beside the action. */
export interface Programs {
  /** kubectl alone: the program of the test cluster has all of Kubernetes in it, and starts more slowly. */
  readonly kubectl: string;
  readonly helm: string;
  /** Runs a program and writes what it took. */
  readonly measure: string;
}

const MEASURE = join(import.meta.dirname, 'measure');
const SMALL = '-s -w';

/** Takes the programs from the cache of the test cluster, and builds what is missing: about 5 minutes on two cores, once. */
export async function benchPrograms(log: (line: string) => void): Promise<Programs> {
  const take = async (artefact: Artefact): Promise<string> => {
    if (!locate(cacheFolder(), artefact).present) log(`building ${artefact.name}`);
    return await obtain(cacheFolder(), artefact);
  };
  return {
    measure: join(await take(measureProgram()), 'measure'),
    kubectl: join(await take(kubectlProgram()), 'kubectl'),
    helm: join(await take(helmProgram()), 'helm'),
  };
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
