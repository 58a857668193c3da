import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { LABEL } from '../fleet.ts';
import { deploymentByHand, envoyFilterByHand, listOf, patchByHand, plainDeployment, sharedByHand } from './objects.ts';
import type { Peer, PeerSite, PreparedPeer } from './peer.ts';

/** One `kubectl apply --server-side` of all manifests, which waits for nothing. */
export const kubectlApply: Peer = { subject: 'kubectl', tool: 'kubectl', prepare: prepareApply };

/** The same, and one `kubectl rollout status` of all Deployments by their label. Knows one namespace. */
export const kubectlApplyAndWait: Peer = {
  subject: 'kubectl-wait',
  tool: 'kubectl',
  prepare: async (site) => {
    const { deploy, ...prepared } = await prepareApply(site);
    const { program, fleet } = site;
    const [label] = Object.entries(LABEL).map(([name, value]) => `${name}=${value}`);
    const status = `${program} -n ${fleet.namespaces[0]} rollout status deployment -l ${label}`;
    return {
      ...prepared,
      deploy: async (round) => ['bash', '-c', `set -e\n${(await deploy(round)).join(' ')}\n${status}`],
    };
  },
};

async function prepareApply({
  lab,
  fleet: { namespaces, workloads },
  program,
  folder,
}: PeerSite): Promise<PreparedPeer> {
  const write = async (name: string, items: readonly object[]): Promise<string[]> => {
    await writeFile(join(folder, name), listOf(items));
    return [program, 'apply', '--server-side', '-f', join(folder, name)];
  };
  return {
    // So that it is kubectl that owns the fields of the Deployments, as it will where they are deployed in this way.
    before: await write('plain.json', workloads.map(plainDeployment)),
    deploy: async (round) => {
      const filtered = workloads.map((workload) => deploymentByHand(workload, round));
      return write('filtered.json', [...(await sharedByHand(lab, namespaces, round)), ...filtered]);
    },
  };
}

/** One apply of what is shared, and a patch of each Deployment, 8 at a time. Waits for nothing, and knows one namespace. */
export const xargsPatch: Peer = {
  subject: 'xargs',
  tool: 'kubectl',
  prepare: async ({ lab, fleet: { namespaces, workloads }, program, folder }) => {
    await writeFile(join(folder, 'names'), workloads.map(({ metadata }) => `${metadata.name}\n`).join(''));
    const script = [
      'set -e',
      `kubectl() { ${program} -n ${namespaces[0]} "$@"; }`,
      'cd "$FOLDER"',
      'kubectl apply --server-side -f shared.json',
      `xargs -P 8 -I '{}' ${program} -n ${namespaces[0]} patch deployment '{}' --type merge --patch-file patch.json < names`,
    ];
    return {
      deploy: async (round) => {
        await writeFile(join(folder, 'shared.json'), listOf(await sharedByHand(lab, namespaces, round)));
        await writeFile(join(folder, 'patch.json'), JSON.stringify(patchByHand(round)));
        return ['bash', '-c', script.join('\n')];
      },
    };
  },
};

/** The steps that the documentation of Wasm filters in Istio shows, for one workload after the other. */
export const documentedScript: Peer = {
  subject: 'script',
  tool: 'kubectl',
  prepare: async ({ lab, fleet: { namespaces, workloads }, program, folder }) => {
    const namespace = namespaces[0] ?? '';
    const names = workloads.map(({ metadata }) => metadata.name).join(' ');
    const script = [
      'set -e',
      `kubectl() { ${program} -n ${namespace} "$@"; }`,
      'cd "$FOLDER"',
      `for name in ${names}; do`,
      `  kubectl create configmap "wasm-$name" --from-file=filter.wasm=${join(lab.workspace, 'filter.wasm')}`,
      '  kubectl patch deployment "$name" --type merge --patch-file "$name.patch.json"',
      '  kubectl apply -f "$name.filter.json"',
      '  kubectl rollout status "deployment/$name"',
      'done',
    ];
    return {
      deploy: async (round) => {
        for (const workload of workloads) {
          const { name } = workload.metadata;
          const filter = envoyFilterByHand(namespace, round, workload);
          await writeFile(join(folder, `${name}.patch.json`), JSON.stringify(patchByHand(round, `wasm-${name}`)));
          await writeFile(join(folder, `${name}.filter.json`), JSON.stringify(filter));
        }
        return ['bash', '-c', script.join('\n')];
      },
    };
  },
};
