import type { Client } from '../../cluster/client.ts';
import type { KubernetesObject } from '../../cluster/objects.ts';
import { NAMESPACE } from '../../cluster/resources.ts';
import type { LabelledNamespace } from '../../mesh/template/injection.ts';

/** The labels of namespaces, each read once. */
export class NamespaceLabels {
  readonly #client: Client;
  readonly #known = new Map<string, Promise<Readonly<Record<string, string>> | undefined>>();

  constructor(client: Client) {
    this.#client = client;
  }

  /** One with those that it has. */
  async in(name: string): Promise<LabelledNamespace> {
    return { name, labels: await this.#of(name) };
  }

  /** Those of one; `undefined` if they may not be read, as that is a permission which a deployer need not have. */
  #of(namespace: string): Promise<Readonly<Record<string, string>> | undefined> {
    const known = this.#known.get(namespace);
    if (known !== undefined) return known;
    const asked = this.#client
      .get<KubernetesObject>(NAMESPACE, undefined, namespace)
      .then(({ metadata }) => metadata.labels ?? {})
      .catch(() => undefined);
    this.#known.set(namespace, asked);
    return asked;
  }
}
