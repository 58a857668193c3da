/** What every namespace gets: the service account `default` and the ConfigMap `kube-root-ca.crt`. */
import { toObject } from '../objects.ts';
import type { Registry } from '../registry.ts';
import type { StoreEvent } from '../store.ts';
import { MANAGER } from './pods.ts';
import type { Controller, Key } from './runner.ts';

export class NamespaceContentController implements Controller {
  readonly #registry: Registry;
  readonly #caPem: string;

  constructor(registry: Registry, caPem: string) {
    this.#registry = registry;
    this.#caPem = caPem;
  }

  keysFor(event: StoreEvent): readonly Key[] {
    const { kind } = event.resource;
    if (kind === 'Namespace' && event.type === 'ADDED') return [{ namespace: '', name: event.object.metadata.name }];
    const isOurs =
      kind === 'ServiceAccount' || (kind === 'ConfigMap' && event.object.metadata.name === 'kube-root-ca.crt');
    return isOurs && event.type === 'DELETED' ? [{ namespace: '', name: event.object.metadata.namespace ?? '' }] : [];
  }

  reconcile(key: Key): undefined {
    const { store, table } = this.#registry;
    const namespace = store.get(table.get('namespaces'), '', key.name);
    if (namespace === undefined || namespace.metadata.deletionTimestamp !== undefined) return undefined;
    const accounts = table.get('serviceaccounts');
    if (store.get(accounts, key.name, 'default') === undefined) {
      this.#registry.create(
        accounts,
        key.name,
        toObject({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } }),
        { manager: MANAGER },
      );
    }
    const configMaps = table.get('configmaps');
    if (store.get(configMaps, key.name, 'kube-root-ca.crt') === undefined) {
      const metadata = {
        name: 'kube-root-ca.crt',
        annotations: {
          'kubernetes.io/description':
            'Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters.',
        },
      };
      const object = toObject({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { 'ca.crt': this.#caPem } });
      this.#registry.create(configMaps, key.name, object, { manager: MANAGER });
    }
    return undefined;
  }
}
