import { isObject } from '../../src/base/json.ts';
import { USER_VOLUME_MOUNT_ANNOTATION } from '../../src/mesh/identity/names.ts';
import { parseAnnotationList } from '../../src/mesh/template/annotation-list.ts';
import type { ApiObject } from '../kubelet/client.ts';
import { isGatewayPod } from './sidecar/proxy.ts';

/** A pod, or a list of pods, as the API server answers it. */
type Json = Readonly<Record<string, unknown>>;

/** The inbound ports that the mesh includes where a pod does not say it; all when absent. */
export const MESH_WIDE_PORTS = 'sim/include-inbound-ports';

/** Whether a request reads pods in full. */
export function readsPods(method: string, path: string): boolean {
  return (
    method === 'GET' && /^\/api\/v1\/namespaces\/[^/]+\/pods(\/[^/?]+)?(\?|$)/.test(path) && !path.includes('watch=')
  );
}

/**
 * Pods as Istio's injector would have made them: the mounts of the annotation are in the proxy's container. The clusters under
 * test have no injector, so the recorder shows what one would have done.
 */
export function injectMounts(answer: string): string {
  const value = JSON.parse(answer) as Json;
  if (Array.isArray(value.items)) return JSON.stringify({ ...value, items: value.items.map(injectPod) });
  return JSON.stringify(injectPod(value));
}

/** Whether a request makes a pod. */
export function makesPod(method: string, path: string): boolean {
  return method === 'POST' && /^\/api\/v1\/namespaces\/[^/]+\/pods(\?|$)/.test(path);
}

/** Whether a request is a watch, whose answer goes on until one side ends it. */
export function isWatch(method: string, path: string): boolean {
  return method === 'GET' && /[?&]watch=true(&|$)/.test(path);
}

/** Whether a request watches pods. */
export function watchesPods(method: string, path: string): boolean {
  return isWatch(method, path) && /^\/api\/v1\/namespaces\/[^/]+\/pods\?/.test(path);
}

/**
 * The pod as the injector sends it on where it asks for a sidecar and has none: with one of the version that its own container has, as
 * every scout has that of the proxies that run.
 */
export function injectSidecar(body: string): string {
  const pod = JSON.parse(body) as Json;
  const { metadata, spec } = pod;
  const asked =
    isObject(metadata) && isObject(metadata.labels) && metadata.labels['sidecar.istio.io/inject'] === 'true';
  if (!asked || !isObject(spec)) return body;
  const { containers = [], initContainers = [] } = spec as { containers?: Json[]; initContainers?: Json[] };
  if ([...containers, ...initContainers].some(({ name }) => name === 'istio-proxy')) return body;
  const image = containers[0]?.image;
  const sidecar = { name: 'istio-proxy', image, restartPolicy: 'Always' };
  return JSON.stringify({ ...pod, spec: { ...spec, initContainers: [...initContainers, sidecar] } });
}

/** The lines of a watch of pods, as `injectMounts` does. */
export async function* injectLines(lines: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = '';
  const decoder = new TextDecoder();
  for await (const piece of lines) {
    const whole = (rest + decoder.decode(piece, { stream: true })).split('\n');
    rest = whole.pop() ?? '';
    for (const line of whole) {
      const event = JSON.parse(line) as Json;
      const told = ['ADDED', 'MODIFIED', 'DELETED'].includes(String(event.type)) && isObject(event.object);
      yield `${told ? JSON.stringify({ ...event, object: injectPod(event.object as Json) }) : line}\n`;
    }
  }
}

function injectPod(pod: Json): Json {
  const annotations = isObject(pod.metadata) && isObject(pod.metadata.annotations) ? pod.metadata.annotations : {};
  const list = parseAnnotationList(annotations[USER_VOLUME_MOUNT_ANNOTATION] as string | undefined);
  if (!isObject(pod.spec) || !list.ok || annotations['sim/injector'] === 'ignores') return pod;
  if (isGatewayPod(pod as unknown as ApiObject)) return pod;
  const mounts = list.value.entries.map(({ name, value }) => ({ ...value, name }));
  const inject = (containers: unknown): unknown[] =>
    Array.isArray(containers)
      ? containers.map((container: Json) =>
          container.name === 'istio-proxy'
            ? { ...container, volumeMounts: [...((container.volumeMounts as Json[] | undefined) ?? []), ...mounts] }
            : container,
        )
      : [];
  const { containers, initContainers } = pod.spec;
  const hasProxy = [containers, initContainers].some(
    (list) => Array.isArray(list) && list.some(({ name }: Json) => name === 'istio-proxy'),
  );
  const init = hasProxy ? [initContainerOf(annotations)] : [];
  return {
    ...pod,
    spec: { ...pod.spec, containers: inject(containers), initContainers: [...init, ...inject(initContainers)] },
  };
}

/** What sets up the redirection of a pod's traffic (istio manifests/charts/istio-control/istio-discovery/files/injection-template.yaml). */
function initContainerOf(annotations: Json): Json {
  const traffic = (name: string, otherwise: string): unknown =>
    annotations[`traffic.sidecar.istio.io/${name}`] ?? otherwise;
  const excluded = ['15090', '15021', traffic('excludeInboundPorts', ''), '15020'].filter((ports) => ports !== '');
  return {
    name: 'istio-init',
    args: [
      ...['istio-iptables', '-p', '15001', '-z', '15006', '-u', '1337', '-m', 'REDIRECT'],
      ...['-i', traffic('includeOutboundIPRanges', '*'), '-x', traffic('excludeOutboundIPRanges', '')],
      ...['-b', traffic('includeInboundPorts', String(annotations[MESH_WIDE_PORTS] ?? '*'))],
      ...['-d', excluded.join(',')],
      ...['-o', traffic('excludeOutboundPorts', ''), '-c', traffic('excludeInterfaces', '')],
    ],
  };
}
