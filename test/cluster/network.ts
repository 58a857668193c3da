/** The addresses of the mesh. Its node is a network of its own, joined to the machine by one veth pair. */
export const network = {
  /** The machine's end of the pair. One mesh at a time: the name and the addresses are fixed. */
  link: 'dwf-mesh',
  machineAddress: '10.88.0.254',
  nodeName: 'node1',
  nodeAddress: '10.88.0.1',
  nodePrefix: 24,
  pods: '10.89.0.0/16',
  services: '10.96.0.0/16',
  /** The Service `kubernetes` always gets the first address. */
  kubernetesService: '10.96.0.1',
  /** Fixed, because the sidecars find istiod by a name that the node's DNS must know before istiod runs. */
  istiodService: '10.96.0.20',
  clusterDomain: 'cluster.local',
  apiServerPort: 6443,
} as const;
