import type { KubernetesObject, Pod } from './objects.ts';

/** The part of a Service that is looked at. */
export interface Service extends KubernetesObject {
  readonly spec?: {
    readonly selector?: Readonly<Record<string, string>>;
    readonly ports?: readonly ServicePort[];
  };
}

interface ServicePort {
  readonly name?: string;
  readonly port: number;
  /** The number or name of a container's port; the same number where it is left out. */
  readonly targetPort?: number | string;
}

/** Returns the ports of Services that lead to these ports of a pod, in words: `Service tcpsvc, port tcp-app`. */
export function servicePortsTo(pod: Pod, ports: readonly number[], services: readonly Service[]): string[] {
  const labels = pod.metadata.labels ?? {};
  return services.flatMap(({ metadata, spec }) => {
    const selector = Object.entries(spec?.selector ?? {});
    if (selector.length === 0 || selector.some(([key, value]) => labels[key] !== value)) return [];
    return (spec?.ports ?? [])
      .filter((port) => ports.includes(targetOf(port, pod)))
      .map(({ name, port }) => `Service ${metadata.name}, port ${name ?? port}`);
  });
}

/** The number of the container's port; `NaN` if no container names it. */
function targetOf({ port, targetPort = port }: ServicePort, { spec }: Pod): number {
  if (typeof targetPort === 'number') return targetPort;
  const named = (spec?.containers ?? []).flatMap(({ ports = [] }) => ports).find(({ name }) => name === targetPort);
  return named?.containerPort ?? Number.NaN;
}
