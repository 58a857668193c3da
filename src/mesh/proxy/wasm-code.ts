import { createHash } from 'node:crypto';
import { isObject, pick } from '../../base/json.ts';
import { configurationText } from '../objects/settings-difference.ts';
import { field } from '../objects/wasm-settings.ts';

/**
 * Where somebody's Wasm filter has its module from (envoy.config.core.v3.AsyncDataSource); `elsewhere` where its configuration does
 * not say it. A digest is `sha256:` and 64 hex digits.
 */
export type WasmCode =
  | { readonly kind: 'file'; readonly file: string }
  | { readonly kind: 'remote'; readonly uri: string; readonly digest?: string }
  | { readonly kind: 'inline'; readonly digest?: string }
  | { readonly kind: 'elsewhere' };

/** What the configuration of somebody's Wasm filter says about it. */
export interface WasmConfig {
  /** The name of the plugin; empty for none. */
  readonly name: string;
  readonly rootId: string;
  /** The id of its VM; omitted when it has none, or has a configuration of the VM itself, which sets it apart as an id does. */
  readonly vmId?: string;
  /** As the filter gets it. */
  readonly configuration: string;
  readonly code: WasmCode;
}

/**
 * Reads an HTTP filter's `typed_config`: an envoy.extensions.filters.http.wasm.v3.Wasm, as it is or wrapped into the TypedStruct
 * of udpa or xds. `undefined` for any other filter.
 */
export function readWasmConfig(typedConfig: unknown): WasmConfig | undefined {
  if (!isObject(typedConfig)) return undefined;
  const type = String(typedConfig['@type']);
  const wrapped = type.endsWith('.TypedStruct');
  const message = wrapped ? typedConfig.value : typedConfig;
  const inner = wrapped ? String(field(typedConfig, 'type_url')) : type;
  const config = pick(message, 'config');
  const vm = field(config, 'vm_config');
  if (!/\.http\.wasm\./.test(inner) && !isObject(vm)) return undefined;
  const [name, rootId, vmId] = [pick(config, 'name'), field(config, 'root_id'), field(vm, 'vm_id')];
  const hasVmId = typeof vmId === 'string' && vmId !== '' && pick(vm, 'configuration') === undefined;
  return {
    name: typeof name === 'string' ? name : '',
    rootId: typeof rootId === 'string' ? rootId : '',
    ...(hasVmId && { vmId }),
    configuration: configurationText(pick(config, 'configuration')),
    code: readCode(pick(vm, 'code')),
  };
}

function readCode(code: unknown): WasmCode {
  const file = pick(code, 'local', 'filename');
  if (typeof file === 'string') return { kind: 'file', file };
  const uri = field(code, 'remote', 'http_uri', 'uri');
  if (typeof uri === 'string') {
    const sha256 = pick(code, 'remote', 'sha256');
    return {
      kind: 'remote',
      uri,
      ...(typeof sha256 === 'string' && sha256 !== '' && { digest: asDigest(sha256) }),
    };
  }
  const bytes = field(code, 'local', 'inline_bytes');
  if (typeof bytes === 'string') {
    return {
      kind: 'inline',
      digest: asDigest(createHash('sha256').update(Buffer.from(bytes, 'base64')).digest('hex')),
    };
  }
  return isObject(pick(code, 'local')) ? { kind: 'inline' } : { kind: 'elsewhere' };
}

function asDigest(hex: string): string {
  return `sha256:${hex.toLowerCase().replace(/^sha256:/, '')}`;
}

/** The name of a module's file without its ending, of a path or an address; empty for none. */
export function baseOf(location: string): string {
  const [path = ''] = location.split(/[?#]/);
  return path.replace(/^.*\//, '').replace(/\.wasm$/, '');
}

/** The name of the file that a module lies in; empty where it lies in none. */
export function fileBaseOf(code: WasmCode): string {
  if (code.kind === 'file') return baseOf(code.file);
  return code.kind === 'remote' ? baseOf(code.uri) : '';
}

/** The digest that a module's place states: a field of its own, or 64 hex digits in its path. */
export function statedDigest(code: WasmCode): string | undefined {
  if (code.kind === 'remote' || code.kind === 'inline') {
    if (code.digest !== undefined) return code.digest;
  }
  const location = code.kind === 'file' ? code.file : code.kind === 'remote' ? code.uri : '';
  const hex = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/i.exec(location)?.[0];
  return hex === undefined ? undefined : asDigest(hex);
}

/** Where a module comes from, for a reader. An address is shown without what may be secret in it. */
export function describeCode(code: WasmCode): string {
  if (code.kind === 'file') return code.file;
  if (code.kind === 'remote') return withoutSecrets(code.uri);
  return code.kind === 'inline' ? 'a module inside the EnvoyFilter' : 'a module that it does not name';
}

function withoutSecrets(uri: string): string {
  return uri.replace(/[?#].*/s, '').replace(/\/\/[^/@]*@/, '//');
}
