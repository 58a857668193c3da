/** What a request is about: verb, resource, namespace, name (apiserver: pkg/endpoints/request/requestinfo.go). */
import type { Attributes } from './rbac.ts';

export interface RequestInfo {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  /** Empty for a path that names no resource. */
  readonly resource: string;
  readonly group: string;
  readonly version: string;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  readonly verb: string;
}

const NAMESPACE_SUBRESOURCES = ['status', 'finalize'];

/** Reads the request line. The path is decoded once, segment by segment. */
export function parseRequest(method: string, url: string): RequestInfo {
  const parsed = new URL(url, 'https://server');
  const query = parsed.searchParams;
  const parts = parsed.pathname
    .split('/')
    .slice(1)
    .map((part) => decodeURIComponent(part));
  const none = {
    method,
    path: parsed.pathname,
    query,
    resource: '',
    group: '',
    version: '',
    subresource: '',
    namespace: '',
    name: '',
  };
  const base = parts[0] === 'api' ? 2 : parts[0] === 'apis' ? 3 : undefined;
  if (base === undefined || parts.length <= base || parts[base] === '') return { ...none, verb: method.toLowerCase() };
  const group = base === 3 ? (parts[1] ?? '') : '';
  const version = parts[base - 1] ?? '';
  let rest = parts.slice(base);
  let namespace = '';
  if (rest[0] === 'namespaces' && rest.length > 1) {
    namespace = rest[1] ?? '';
    if (rest.length > 2 && !NAMESPACE_SUBRESOURCES.includes(rest[2] ?? '')) rest = rest.slice(2);
  }
  const [resource = '', pathName = '', subresource = ''] = rest;
  const verb = verbOf(method, pathName, query);
  const name =
    pathName === '' && (verb === 'list' || verb === 'watch' || verb === 'deletecollection')
      ? selectedName(query)
      : pathName;
  return { method, path: parsed.pathname, query, resource, group, version, subresource, namespace, name, verb };
}

function verbOf(method: string, name: string, query: URLSearchParams): string {
  const watching = ['true', '1'].includes(query.get('watch') ?? '');
  switch (method) {
    case 'GET':
    case 'HEAD':
      if (name !== '') return 'get';
      return watching ? 'watch' : 'list';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return name === '' ? 'deletecollection' : 'delete';
    default:
      // OPTIONS among them: only a rule for every verb allows it.
      return '';
  }
}

/** A list that selects one name is authorized for that name. */
function selectedName(query: URLSearchParams): string {
  for (const term of (query.get('fieldSelector') ?? '').split(',')) {
    const match = /^metadata\.name==?(.+)$/.exec(term);
    if (match?.[1] !== undefined) return match[1];
  }
  return '';
}

export function attributesOf(info: RequestInfo): Attributes {
  const { verb, group, resource, subresource, namespace, name } = info;
  return resource === ''
    ? { verb, group, resource, subresource, namespace, name, path: info.path }
    : { verb, group, resource, subresource, namespace, name };
}
