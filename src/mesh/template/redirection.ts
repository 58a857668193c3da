import type { ContainerSpec, Pod, PodTemplate } from '../../cluster/objects.ts';
import { PROXY_CONTAINER } from '../../cluster/pods.ts';

/** What says which traffic the sidecar gets, by the pod annotation that sets it. */
const ANNOTATIONS = {
  mode: 'sidecar.istio.io/interceptionMode',
  includeInboundPorts: 'traffic.sidecar.istio.io/includeInboundPorts',
  excludeInboundPorts: 'traffic.sidecar.istio.io/excludeInboundPorts',
  includeOutboundPorts: 'traffic.sidecar.istio.io/includeOutboundPorts',
  excludeOutboundPorts: 'traffic.sidecar.istio.io/excludeOutboundPorts',
  includeOutboundRanges: 'traffic.sidecar.istio.io/includeOutboundIPRanges',
  excludeOutboundRanges: 'traffic.sidecar.istio.io/excludeOutboundIPRanges',
  excludeInterfaces: 'traffic.sidecar.istio.io/excludeInterfaces',
} as const;

export type SettingName = keyof typeof ANNOTATIONS;

/** One of these, as a pod's redirection was told it. */
export interface Setting {
  readonly value: string;
  /** The value as it was written, without what Istio adds to it. */
  readonly written: string;
  readonly annotation: string;
  /** Whether it comes from the mesh's configuration, and not from an annotation of the workload. */
  readonly meshWide: boolean;
}

/** What the redirection of a pod's traffic was told. */
export type Redirection = Readonly<Record<SettingName, Setting>>;

/**
 * The flags of `istio-iptables`, which sets the redirection up in the init container; with the CNI plugin the same arguments only
 * validate it (istio tools/istio-iptables/pkg/cmd/root.go, constants.go).
 */
const FLAGS: Readonly<Record<SettingName, readonly string[]>> = {
  mode: ['-m', '--istio-inbound-interception-mode'],
  includeInboundPorts: ['-b', '--istio-inbound-ports'],
  excludeInboundPorts: ['-d', '--istio-local-exclude-ports'],
  includeOutboundPorts: ['-q', '--istio-outbound-ports'],
  excludeOutboundPorts: ['-o', '--istio-local-outbound-ports-exclude'],
  includeOutboundRanges: ['-i', '--istio-service-cidr'],
  excludeOutboundRanges: ['-x', '--istio-service-exclude-cidr'],
  excludeInterfaces: ['-c', '--istio-exclude-interfaces'],
};
/** What holds where a pod says nothing with the CNI plugin (istio cni/pkg/plugin/sidecar_redirect.go). */
const PLUGIN_DEFAULTS: Readonly<Partial<Record<SettingName, string>>> = {
  mode: 'REDIRECT',
  includeInboundPorts: '*',
  includeOutboundRanges: '*',
};

const NAMES = Object.keys(ANNOTATIONS) as SettingName[];
const INIT = 'istio-init';
const VALIDATION = 'istio-validation';
const MODE_VARIABLE = 'ISTIO_META_INTERCEPTION_MODE';

/**
 * Reads from a pod what the redirection of its traffic was told: the arguments of its init container; with the CNI plugin, which
 * reads the annotations of the pod, those, into which the injector has put the mesh-wide values; or that there is none
 * (interception mode NONE). `undefined` if nothing tells, as in a gateway. `template` is the pod template, which tells the
 * workload's own annotations from those of the injector.
 */
export function readRedirection(pod: Pod, template: PodTemplate): Redirection | undefined {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const named = (wanted: string): ContainerSpec | undefined => containers.find(({ name }) => name === wanted);
  const proxy = named(PROXY_CONTAINER);
  if (proxy === undefined) return undefined;
  const own = template.metadata?.annotations ?? {};
  const annotations = pod.metadata.annotations ?? {};
  const settings = (read: (name: SettingName) => string): Redirection =>
    Object.fromEntries(
      NAMES.map((name): [SettingName, Setting] => {
        const annotation = ANNOTATIONS[name];
        const value = read(name).trim();
        return [
          name,
          { value, written: own[annotation] ?? withoutOwn(value), annotation, meshWide: !(annotation in own) },
        ];
      }),
    ) as unknown as Redirection;
  const init = named(INIT);
  if (init !== undefined) {
    const args = readFlags(init.args ?? []);
    return settings((name) => FLAGS[name].flatMap((flag) => args.get(flag) ?? [])[0] ?? '');
  }
  if (named(VALIDATION) !== undefined) {
    return settings((name) => annotations[ANNOTATIONS[name]] ?? PLUGIN_DEFAULTS[name] ?? '');
  }
  const mode = annotations[ANNOTATIONS.mode] ?? proxy.env?.find(({ name }) => name === MODE_VARIABLE)?.value;
  return mode === 'NONE' ? settings((name) => (name === 'mode' ? mode : '')) : undefined;
}

/**
 * Whether pods of a template may be told something else than this pod was, because the template's annotations have changed since.
 */
export function mayBeConfiguredOtherwise({ metadata }: Pod, template: PodTemplate): boolean {
  const own = template.metadata?.annotations ?? {};
  const has = metadata.annotations ?? {};
  return NAMES.some((name) => {
    const annotation = ANNOTATIONS[name];
    return annotation in own && own[annotation] !== has[annotation];
  });
}

/** Ports of the sidecar itself, which Istio always excludes. */
const ADDED = new Set(['15090', '15021', '15020']);

function withoutOwn(value: string): string {
  return value
    .split(',')
    .filter((entry) => !ADDED.has(entry.trim()))
    .join(',');
}

/** `-b 80`, `-b=80`, and the same of the long forms. */
function readFlags(args: readonly string[]): Map<string, string> {
  const flags = new Map<string, string>();
  for (const [index, arg] of args.entries()) {
    const [, flag, joined] = /^(--?[a-z][a-z-]*)(?:=(.*))?$/s.exec(arg) ?? [];
    if (flag !== undefined) flags.set(flag, joined ?? args[index + 1] ?? '');
  }
  return flags;
}
