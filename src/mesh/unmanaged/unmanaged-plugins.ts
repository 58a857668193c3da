import { defined } from '../../base/defined.ts';
import { pick } from '../../base/json.ts';
import { listWords } from '../../base/text.ts';
import type { PodTemplate } from '../../cluster/objects.ts';
import { GATEWAY, type PluginKind } from '../../cluster/resources.ts';
import type { WasmPlugin } from '../objects/wasm-plugin.ts';
import { baseOf } from '../proxy/wasm-code.ts';
import { type OurFilter, saysSomething } from './unmanaged.ts';

/** A Wasm filter that a WasmPlugin or TrafficExtension which is not this action's brings to a workload's proxies. */
export interface UnmanagedPlugin {
  readonly kind: PluginKind;
  readonly namespace: string;
  readonly name: string;
  /** `oci://…`, `https://…`, `file:///…`; without a scheme it is an image. */
  readonly url: string;
  readonly rootId: string;
  /** `sha256:` and 64 hex digits of its file or of its image, where it is pinned. */
  readonly digest?: string;
}

/**
 * The plugins that reach the pods of a template, of those of its namespace and of the mesh's root namespace; `gateway` is the name
 * of the Gateway that the template stands for. Plugins for what is no HTTP (`type: NETWORK`) and scripts are none.
 */
export function findPlugins(
  template: PodTemplate,
  plugins: readonly WasmPlugin[],
  gateway?: string,
): readonly UnmanagedPlugin[] {
  const labels = template.metadata?.labels ?? {};
  return plugins
    .filter(({ spec }) => typeof spec.url === 'string' && spec.type !== 'NETWORK' && reaches(spec, labels, gateway))
    .map(({ kind, metadata, spec }) => {
      const url = String(spec.url);
      const digest = digestOf(url, spec.sha256);
      return {
        kind,
        namespace: metadata.namespace ?? '',
        name: metadata.name,
        url,
        rootId: typeof spec.pluginName === 'string' ? spec.pluginName : '',
        ...defined({ digest }),
      };
    });
}

function reaches(
  spec: WasmPlugin['spec'],
  labels: Readonly<Record<string, string>>,
  gateway: string | undefined,
): boolean {
  const refs = [pick(spec, 'targetRef'), pick(spec, 'targetRefs')].flat().filter((ref) => ref !== undefined);
  if (refs.length > 0) {
    return refs.some((ref) => pick(ref, 'kind') === GATEWAY.kind && pick(ref, 'name') === gateway);
  }
  const wanted = pick(spec, 'selector', 'matchLabels');
  return Object.entries(wanted ?? {}).every(([key, value]) => labels[key] === value);
}

function digestOf(url: string, sha256: unknown): string | undefined {
  const hex = typeof sha256 === 'string' && sha256 !== '' ? sha256 : /@sha256:([0-9a-f]{64})$/.exec(url)?.[1];
  return hex === undefined ? undefined : `sha256:${hex.replace(/^sha256:/, '')}`;
}

/** The name of the image or file that a plugin brings, without tag, digest and ending. */
function imageNameOf(url: string): string {
  const scheme = /^(\w+):\/\//.exec(url)?.[1];
  if (scheme !== undefined && scheme !== 'oci') return baseOf(url);
  return (url.replace(/@.*/s, '').split('/').at(-1) ?? '').replace(/:.*/s, '');
}

/** Whether a plugin bears the name of this action, itself or by its image or file. */
export function isNamedLike({ name, url }: UnmanagedPlugin, ours: string): boolean {
  return name === ours || (imageNameOf(url) === ours && saysSomething(ours));
}

/** Why a plugin may be the same filter although its name is another, as a clause; `undefined` for no reason to think so. */
export function pluginLikeness({ rootId, digest }: UnmanagedPlugin, ours: OurFilter): string | undefined {
  const same = [
    ...(digest !== undefined && ours.digests.includes(digest) ? ['the same module'] : []),
    ...(rootId !== '' && rootId === ours.rootId ? [`the root id "${rootId}"`] : []),
  ];
  return same.length === 0 ? undefined : `has ${listWords(same, 'and')}`;
}

/** `WasmPlugin shop/headers (oci://…)`. */
export function describePlugin({ kind, namespace, name, url }: UnmanagedPlugin): string {
  return `${kind} ${namespace}/${name} (${url.replace(/\/\/[^/@]*@(?=[^/]*\/)/, '//').replace(/\?.*/s, '')})`;
}
