import { defined } from '../../base/defined.ts';
import { applyExactly } from '../../cluster/apply-exactly.ts';
import type { Client, Preconditions, WriteOptions, Written } from '../../cluster/client.ts';
import { isApiError } from '../../cluster/errors.ts';
import { PLUGINS, type PluginKind } from '../../cluster/resources.ts';
import { OWNED_SELECTOR } from '../../mesh/identity/names.ts';
import { fromStored, toStored } from '../../mesh/objects/traffic-extension.ts';
import type { WasmPlugin } from '../../mesh/objects/wasm-plugin.ts';

/**
 * Lists our plugins. The first list tells which kind the cluster keeps them as: WasmPlugins wherever it has those, which every
 * istiod takes; TrafficExtensions, which newer ones alone take, only where it has no WasmPlugins.
 */
export class PluginLister {
  readonly #client: Client;
  #found: PluginKind | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The kind that the cluster has, as far as anybody has asked. */
  get kind(): PluginKind {
    return this.#found ?? 'WasmPlugin';
  }

  /** Our plugins of a namespace. @throws ApiError 404 where the cluster has neither kind */
  async list(namespace: string): Promise<readonly WasmPlugin[]> {
    const { kind, plugins } = await this.#list(namespace);
    this.#found = kind;
    return plugins;
  }

  async #list(namespace: string): Promise<{ kind: PluginKind; plugins: readonly WasmPlugin[] }> {
    const { kind } = this;
    try {
      return { kind, plugins: await listPlugins(this.#client, kind, namespace) };
    } catch (error) {
      if (this.#found !== undefined || !isApiError(error, 404)) throw error;
      const plugins = await listPlugins(this.#client, 'TrafficExtension', namespace);
      return { kind: 'TrafficExtension', plugins };
    }
  }
}

/** Our plugins of a namespace. @throws ApiError */
export async function listPlugins(client: Client, kind: PluginKind, namespace: string): Promise<readonly WasmPlugin[]> {
  const { items } = await client.list<WasmPlugin>(PLUGINS[kind], namespace, { labelSelector: OWNED_SELECTOR });
  return items.map((item) => fromStored({ ...item, kind }));
}

/** Brings a plugin to just what is wanted; see `applyExactly`. @throws ApiError */
export async function applyPlugin(
  client: Client,
  namespace: string,
  wanted: WasmPlugin,
  options: WriteOptions & { readonly force: boolean },
): Promise<Written<WasmPlugin>> {
  const { kind } = wanted;
  const { object, warnings } = await applyExactly(client, PLUGINS[kind], namespace, toStored(wanted), options);
  return { object: fromStored({ ...object, kind }), warnings };
}

/** Deletes a plugin as long as it is as it was observed. @throws ApiError */
export async function deletePlugin(
  client: Client,
  namespace: string,
  { kind, metadata: { name, uid, resourceVersion } }: WasmPlugin,
  options: WriteOptions,
): Promise<void> {
  const preconditions: Preconditions = {
    ...defined({ uid, resourceVersion }),
  };
  await client.delete(PLUGINS[kind], namespace, name, preconditions, options);
}
