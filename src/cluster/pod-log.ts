import { POD, resourcePath } from './resources.ts';

/** Which part of a container's log is read; all of it where nothing is said. */
export interface PodLogOptions {
  /** From this time on, to the second. */
  readonly since?: Date;
  /** The log of the container's last run before the present one. */
  readonly previous?: boolean;
  /** So many lines from the end. */
  readonly lines?: number;
}

/** The path of a container's log, at most `bytes` of it (https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/#get-read-log-of-the-specified-pod). */
export function podLogPath(
  { namespace, pod, container }: { readonly namespace: string; readonly pod: string; readonly container: string },
  bytes: number,
  { since, previous = false, lines }: PodLogOptions = {},
): string {
  const query = new URLSearchParams({
    container,
    limitBytes: String(bytes),
    ...(since !== undefined && { sinceTime: `${since.toISOString().slice(0, 19)}Z` }),
    ...(previous && { previous: 'true' }),
    ...(lines !== undefined && { tailLines: String(lines) }),
  });
  return `${resourcePath(POD, namespace, pod)}/log?${query}`;
}
