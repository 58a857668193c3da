/** A filter that somebody has put in by hand, by the four steps that the documentation of Wasm filters in Istio shows. */
import type { KubernetesObject } from '../../src/cluster/objects.ts';
import { ENVOY_FILTER } from '../../src/cluster/resources.ts';
import { specByHand } from '../harness/by-hand.ts';
import { FILTER } from './site.ts';

const FILE = 'add-header.wasm';
const CONFIGURATION = 'x-test: 1';
/** Where the files are mounted in the proxy. */
export const FOLDER = '/var/local/lib/wasm-filters';

/** What somebody has put in by hand. */
export interface Manual {
  /** The name of the HTTP filter and of the plugin. */
  readonly filter?: string;
  readonly rootId?: string;
  readonly file?: string;
  readonly selector?: Readonly<Record<string, string>>;
}

/** The ConfigMap with the module. */
export function manualConfigMap(name: string, { file = FILE }: Manual): KubernetesObject {
  const binaryData = { [file]: Buffer.from('\0asm\x01\0\0\0').toString('base64') };
  return { metadata: { name }, binaryData } as KubernetesObject;
}

/** The EnvoyFilter that inserts it before the router, for incoming requests. */
export function manualEnvoyFilter(
  name: string,
  { filter = FILTER, rootId = 'add_header', file = FILE, selector = { app: 'reviews' } }: Manual,
): KubernetesObject {
  const { apiVersion, kind } = ENVOY_FILTER;
  return {
    apiVersion,
    kind,
    metadata: { name },
    spec: specByHand({ filter, rootId, file: `${FOLDER}/${file}`, labels: selector, configuration: CONFIGURATION }),
  } as KubernetesObject;
}

interface Dump {
  readonly configs: readonly {
    readonly name?: string;
    readonly active_state?: { readonly listener: { readonly filter_chains?: readonly unknown[] } };
  }[];
}

/** The files of the Wasm filters of each HTTP filter chain of the inbound listener. */
export function chainsOf({ configs }: Dump): string[][] {
  const inbound = configs.filter(({ name }) => name === 'virtualInbound');
  const chains = inbound.flatMap(({ active_state }) => active_state?.listener.filter_chains ?? []);
  return chains
    .map((chain) => JSON.stringify(chain))
    .filter((text) => text.includes('"envoy.filters.http.router"'))
    .map((text) => [...text.matchAll(/"filename":"([^"]+)"/g)].map(([, file = '']) => file));
}
