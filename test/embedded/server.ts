/** The HTTPS server: authentication, authorization, routing and answers. */
import { randomUUID } from 'node:crypto';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { REVIEWS, reviewAccess, reviewSelf, SELF_REVIEW } from './access-review.ts';
import { impersonated, type Tokens, type User } from './authn.ts';
import { mediaType, parseObject, readBody } from './body.ts';
import type { ServerCertificates } from './certs.ts';
import { discoveryDocument, VERSION } from './discovery.ts';
import { encodeList, encodeObject, representationOf } from './encode.ts';
import type { Incoming, Outgoing } from './exchange.ts';
import type { Serve } from './in-process.ts';
import type { Lister } from './list.ts';
import { connectPod, isPodConnect } from './pod-connect.ts';
import { podLog } from './pod-log.ts';
import type { Attributes, Rbac } from './rbac.ts';
import type { Registry } from './registry.ts';
import { attributesOf, parseRequest, type RequestInfo } from './request-info.ts';
import type { Resource } from './resources.ts';
import { forbidden, internalError, methodNotSupported, notFound, StatusError, unauthorized } from './status-error.ts';
import { serveWatch } from './watch.ts';
import { serveWrite } from './writes.ts';

export interface ServerParts {
  readonly certificates: ServerCertificates;
  readonly registry: Registry;
  readonly lister: Lister;
  readonly rbac: Rbac;
  readonly tokens: Tokens;
}

export interface RunningServer {
  readonly port: number;
  /** The same for requests from this process. */
  readonly serve: Serve;
  stop(): Promise<void>;
}

const KEEP_ALIVE_MS = 60_000;

/** Starts the server on 127.0.0.1 at a free port. */
export async function startServer(parts: ServerParts): Promise<RunningServer> {
  const { certPem, keyPem } = parts.certificates;
  const serve: Serve = (request, response) => {
    void handle(parts, request, response).catch((error: unknown) => {
      answerError(response, error);
    });
  };
  const server = createServer({ cert: certPem, key: keyPem, keepAliveTimeout: KEEP_ALIVE_MS }, serve);
  const port = await listen(server);
  return { port, serve, stop: () => stopServer(server) };
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return (server.address() as AddressInfo).port;
}

function stopServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

async function handle(parts: ServerParts, request: Incoming, response: Outgoing): Promise<void> {
  response.setHeader('audit-id', randomUUID());
  response.setHeader('cache-control', 'no-cache, private');
  const user = authenticate(parts, request);
  const info = parseRequest(request.method ?? 'GET', request.url ?? '/');
  authorize(parts, user, attributesOf(info));
  if (info.resource === '') serveDocument(parts, info, response);
  else await serveResource(parts, { request, response, info, user });
}

function authenticate(parts: ServerParts, request: Incoming): User {
  const caller = parts.tokens.authenticate(request.headers);
  if (caller === undefined) throw unauthorized();
  const wanted = impersonated(request.headers);
  if (wanted === undefined) return caller;
  if (!caller.groups.includes('system:masters')) {
    const why = `User ${JSON.stringify(caller.name)} cannot impersonate resource "users" in API group "" at the cluster scope`;
    throw forbidden({ group: '', plural: 'users' }, wanted.name, why);
  }
  return wanted;
}

/** @throws StatusError 403 with the server's wording */
function authorize(parts: ServerParts, user: User, attributes: Attributes): void {
  const decision = parts.rbac.authorize(user, attributes);
  if (decision.allowed) return;
  const suffix = decision.reason === '' ? '' : `: ${decision.reason}`;
  const who = `User ${JSON.stringify(user.name)} cannot ${attributes.verb}`;
  if (attributes.path !== undefined) {
    throw forbidden({ group: '', plural: '' }, '', `${who} path ${JSON.stringify(attributes.path)}${suffix}`);
  }
  const { group, resource, subresource, namespace, name } = attributes;
  const what = subresource === '' ? resource : `${resource}/${subresource}`;
  const where = namespace === '' ? 'at the cluster scope' : `in the namespace ${JSON.stringify(namespace)}`;
  const why = `${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)} ${where}${suffix}`;
  throw forbidden({ group, plural: resource }, name, why);
}

function serveDocument(parts: ServerParts, info: RequestInfo, response: Outgoing): void {
  if (['/healthz', '/livez', '/readyz'].includes(info.path)) {
    response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' });
    response.end('ok');
    return;
  }
  const document = info.path === '/version' ? VERSION : discoveryDocument(info.path, parts.registry.table.all);
  if (document === undefined) pageNotFound(response);
  else answerJson(response, 200, JSON.stringify(document));
}

/** The answer to a path nothing is served at: an absent CRD too. */
function pageNotFound(response: Outgoing): void {
  response.writeHead(404, { 'content-type': 'text/plain; charset=utf-8', 'x-content-type-options': 'nosniff' });
  response.end('404 page not found\n');
}

interface Exchange {
  readonly request: Incoming;
  readonly response: Outgoing;
  readonly info: RequestInfo;
  readonly user: User;
}

const SUBRESOURCES: Readonly<Record<string, readonly string[]>> = { pods: ['binding', 'log'] };

async function serveResource(parts: ServerParts, exchange: Exchange): Promise<void> {
  const { request, response, info, user } = exchange;
  const review = info.group === 'authorization.k8s.io' ? REVIEWS[info.resource] : undefined;
  if (review !== undefined) {
    if (info.verb !== 'create') throw methodNotSupported({ group: info.group, plural: info.resource }, info.method);
    const expected = { apiVersion: 'authorization.k8s.io/v1', kind: review };
    const body = parseObject(mediaType(request), await readBody(request), expected);
    answerJson(response, 201, JSON.stringify(reviewAccess(parts.rbac, review, user, body)));
    return;
  }
  if (info.group === 'authentication.k8s.io' && info.resource === SELF_REVIEW.plural && info.verb === 'create') {
    parseObject(mediaType(request), await readBody(request), {
      apiVersion: 'authentication.k8s.io/v1',
      kind: SELF_REVIEW.kind,
    });
    answerJson(response, 201, JSON.stringify(reviewSelf(user)));
    return;
  }
  if (isPodConnect(info)) connectPod(parts.registry, info);
  const resource = parts.registry.table.find(info.group, info.version, info.resource);
  const known =
    info.subresource === '' ||
    (info.subresource === 'status' && resource?.status === true) ||
    (SUBRESOURCES[info.resource] ?? []).includes(info.subresource);
  if (resource === undefined || !known) {
    pageNotFound(response);
    return;
  }
  if (info.verb === 'get' || info.verb === 'list' || info.verb === 'watch') serveRead(parts, resource, exchange);
  else await serveChange(parts, resource, exchange);
}

function serveRead(parts: ServerParts, resource: Resource, { request, response, info }: Exchange): void {
  const namespace = resource.namespaced ? info.namespace : '';
  const representation = representationOf(request.headers.accept);
  const { store } = parts.registry;
  if (info.verb === 'watch') {
    serveWatch(store, { resource, namespace, query: info.query, representation }, response);
    return;
  }
  if (info.verb === 'list') {
    const { items, metadata } = parts.lister.list(resource, namespace, info.query);
    answerJson(response, 200, encodeList(resource, items, metadata, representation));
    return;
  }
  const object = store.get(resource, namespace, info.name);
  if (object === undefined) throw notFound(resource, info.name);
  if (info.subresource === 'log') {
    const text = podLog(object, info.query);
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.end(text);
    return;
  }
  answerJson(response, 200, encodeObject(object, representation));
}

async function serveChange(
  parts: ServerParts,
  resource: Resource,
  { request, response, info, user }: Exchange,
): Promise<void> {
  const text = await readBody(request);
  const answer = serveWrite(parts.registry, {
    info,
    resource,
    text,
    mediaType: mediaType(request),
    userAgent: request.headers['user-agent'] ?? '',
    representation: representationOf(request.headers.accept),
    authorizeCreate: () => authorize(parts, user, { ...attributesOf(info), verb: 'create' }),
  });
  if (resource.writeWarning !== undefined && ['create', 'update', 'patch'].includes(info.verb)) {
    response.setHeader('warning', `299 - ${JSON.stringify(resource.writeWarning)}`);
  }
  answerJson(response, answer.code, answer.text);
}

function answerJson(response: Outgoing, code: number, text: string): void {
  response.writeHead(code, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) });
  response.end(text);
}

function answerError(response: Outgoing, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const status =
    error instanceof StatusError
      ? error
      : internalError(error instanceof Error ? (error.stack ?? error.message) : String(error));
  if (status.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(status.retryAfterSeconds));
  if (status.code === 413) response.setHeader('connection', 'close');
  answerJson(response, status.code, JSON.stringify(status.body));
}
