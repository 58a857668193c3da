import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deploymentByHand, envoyFilterByHand, listOf, patchByHand, sharedByHand } from './objects.ts';
import type { Peer } from './peer.ts';

/** One `kubectl apply --server-side` of all manifests, which waits for nothing. */
export const kubectlApply: Peer = {
  subject: 'kubectl',
  prepare: async ({ lab, fleet: { namespaces, workloads }, folder }) => {
    const write = async (name: string, items: readonly object[]): Promise<string[]> => {
      await writeFile(join(folder, name), listOf(items));
      return [lab.programs.kubectl, 'apply', '--server-side', '-f', join(folder, name)];
    };
    const filtered = workloads.map((workload) => deploymentByHand(workload, true));
    return {
      // So that it is kubectl that owns the fields of the Deployments, as it will where they are deployed in this way.
      before: await write(
        'plain.json',
        workloads.map((workload) => deploymentByHand(workload, false)),
      ),
      deploy: await write('filtered.json', [...(await sharedByHand(lab, namespaces)), ...filtered]),
    };
  },
};

/** One apply of what is shared, and a patch of each Deployment, 8 at a time. Waits for nothing, and knows one namespace. */
export const xargsPatch: Peer = {
  subject: 'xargs',
  prepare: async ({ lab, fleet: { namespaces, workloads }, folder }) => {
    await writeFile(join(folder, 'shared.json'), listOf(await sharedByHand(lab, namespaces)));
    await writeFile(join(folder, 'patch.json'), JSON.stringify(patchByHand()));
    await writeFile(join(folder, 'names'), workloads.map(({ metadata }) => `${metadata.name}\n`).join(''));
    const script = [
      'set -e',
      `kubectl() { ${lab.programs.kubectl} -n ${namespaces[0]} "$@"; }`,
      'cd "$FOLDER"',
      'kubectl apply --server-side -f shared.json',
      `xargs -P 8 -I '{}' ${lab.programs.kubectl} -n ${namespaces[0]} patch deployment '{}' --type merge --patch-file patch.json < names`,
    ];
    return { deploy: ['bash', '-c', script.join('\n')] };
  },
};

/** The steps that the documentation of Wasm filters in Istio shows, for one workload after the other. */
export const documentedScript: Peer = {
  subject: 'script',
  prepare: async ({ lab, fleet: { namespaces, workloads }, folder }) => {
    const namespace = namespaces[0] ?? '';
    for (const workload of workloads) {
      const { name } = workload.metadata;
      await writeFile(join(folder, `${name}.patch.json`), JSON.stringify(patchByHand(`wasm-${name}`)));
      await writeFile(join(folder, `${name}.filter.json`), JSON.stringify(envoyFilterByHand(namespace, workload)));
    }
    const names = workloads.map(({ metadata }) => metadata.name).join(' ');
    const script = [
      'set -e',
      `kubectl() { ${lab.programs.kubectl} -n ${namespace} "$@"; }`,
      'cd "$FOLDER"',
      `for name in ${names}; do`,
      `  kubectl create configmap "wasm-$name" --from-file=filter.wasm=${join(lab.workspace, 'filter.wasm')}`,
      '  kubectl patch deployment "$name" --type merge --patch-file "$name.patch.json"',
      '  kubectl apply -f "$name.filter.json"',
      '  kubectl rollout status "deployment/$name"',
      'done',
    ];
    return { deploy: ['bash', '-c', script.join('\n')] };
  },
};
