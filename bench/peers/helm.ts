import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { deploymentByHand, plainDeployment, sharedByHand } from './objects.ts';
import type { Peer, PeerSite, PreparedPeer } from './peer.ts';

/** `helm upgrade --install --wait` of a chart with all manifests, on a release of the Deployments without the filter. */
export const helmUpgrade: Peer = helm('helm', []);

/** The same, told not to hold back its requests: by default it sends 5 a second once it has sent 100. */
export const helmUnthrottled: Peer = helm('helm-fast', ['--qps', '1000', '--burst-limit', '2000']);

function helm(subject: Peer['subject'], options: readonly string[]): Peer {
  return { subject, tool: 'helm', prepare: (site) => prepareHelm(site, options) };
}

async function prepareHelm(
  { lab, fleet: { namespaces, workloads }, program, folder }: PeerSite,
  fixed: readonly string[],
): Promise<PreparedPeer> {
  const chart = async (name: string, objects: readonly object[]): Promise<string> => {
    const path = join(folder, name);
    await mkdir(join(path, 'templates'), { recursive: true });
    await writeFile(join(path, 'Chart.yaml'), 'apiVersion: v2\nname: bench\nversion: 1.0.0\n');
    for (const [index, object] of objects.entries()) {
      await writeFile(join(path, 'templates', `${index}.yaml`), JSON.stringify(object));
    }
    return path;
  };
  const upgrade = (path: string, ...options: readonly string[]): string[] => [
    ...[program, 'upgrade', '--install', 'bench', path, '--namespace', namespaces[0] ?? ''],
    ...['--wait', '--timeout', '20m', '--history-max', '2', ...fixed, ...options],
  ];
  return {
    before: upgrade(
      await chart('plain', workloads.map(plainDeployment)),
      '--take-ownership',
      '--qps',
      '1000',
      '--burst-limit',
      '2000',
    ),
    deploy: async (round) => {
      const filtered = workloads.map((workload) => deploymentByHand(workload, round));
      return upgrade(await chart('filtered', [...(await sharedByHand(lab, namespaces, round)), ...filtered]));
    },
  };
}
