import type { ApiObject } from '../../kubelet/client.ts';
import { resourceName } from './plugins.ts';

/** When the agent of a proxy is done with the images of plugins: it begins anew with each that is other than it was, or comes again. */
export class Pulls {
  readonly #ms: number;
  readonly #heard = new Map<string, { readonly spec: string; readonly at: number }>();

  /** @param ms how long a pull takes, in milliseconds */
  constructor(ms: number) {
    this.#ms = ms;
  }

  /**
   * Takes the plugins that the proxy knows at a time, and gives those whose image is there.
   * @param at the clock's time in milliseconds
   */
  done(plugins: readonly ApiObject[], at: number): ReadonlySet<ApiObject> {
    const names = new Set(plugins.map(resourceName));
    for (const name of this.#heard.keys()) if (!names.has(name)) this.#heard.delete(name);
    return new Set(plugins.filter((plugin) => this.#heardAt(plugin, at) + this.#ms <= at));
  }

  #heardAt(plugin: ApiObject, at: number): number {
    const [name, spec] = [resourceName(plugin), JSON.stringify(plugin.spec)];
    const known = this.#heard.get(name);
    if (known?.spec === spec) return known.at;
    this.#heard.set(name, { spec, at });
    return at;
  }
}
