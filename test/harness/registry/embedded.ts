import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RegistryLogin, type RegistryRequest, SERVICE, type TestRegistry, USER } from './index.ts';
import { type Claims, startTokenServer } from './token-server.ts';

/** What a request meets instead of its answer. */
export interface RegistryFault {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** A registry in this process that keeps what it is asked and makes faults on demand. */
export interface EmbeddedRegistry extends TestRegistry {
  readonly requests: readonly RegistryRequest[];
  /** The rule sees each request; undefined lets it pass. */
  inject(rule: (request: RegistryRequest) => RegistryFault | 'disconnect' | 'silence' | undefined): void;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

interface Kept {
  readonly bytes: Buffer;
  readonly contentType: string;
}

const REPOSITORY = /^\/v2\/(.+)\/(manifests|blobs)\/(.+)$/;

/**
 * The part of the distribution API (https://github.com/opencontainers/distribution-spec/blob/main/spec.md) that the action
 * uses. The suite in test/registry runs on it and on the real docker-registry; where they differ, this one is wrong.
 */
export async function startEmbeddedRegistry(login: RegistryLogin = 'none'): Promise<EmbeddedRegistry> {
  const requests: RegistryRequest[] = [];
  const blobs = new Map<string, Kept>();
  const manifests = new Map<string, Kept>();
  const sessions = new Set<string>();
  const tokens = new Map<string, Claims>();
  let rules: ((request: RegistryRequest) => RegistryFault | 'disconnect' | 'silence' | undefined)[] = [];
  const tokenServer =
    login === 'token'
      ? await startTokenServer((claims) => {
          const token = `token-${crypto.randomUUID()}`;
          tokens.set(token, claims);
          return token;
        })
      : undefined;

  const answer = (request: RegistryRequest, body: Buffer, contentType: string): Answer => {
    const { pathname, searchParams } = new URL(request.path, 'http://x');
    const [, repository = '', kind, name = ''] = REPOSITORY.exec(pathname) ?? [];
    if (kind === undefined) return { status: 404, body: '404 page not found' };
    const action = request.method === 'GET' || request.method === 'HEAD' ? 'pull' : 'push';
    const refusal = refuse(request, repository, action);
    if (refusal !== undefined) return refusal;
    return kind === 'manifests'
      ? answerManifest(request.method, repository, name, body, contentType)
      : answerBlob(request.method, repository, name, searchParams, body);
  };

  const refuse = ({ authorization = '' }: RegistryRequest, repository: string, action: string): Answer | undefined => {
    if (login === 'none') return undefined;
    const right = Buffer.from(`${USER.username}:${USER.password}`).toString('base64');
    const access = tokens.get(authorization.replace(/^Bearer /, ''))?.access ?? [];
    const allowed =
      login === 'basic'
        ? authorization === `Basic ${right}`
        : access.some(({ name, actions }) => name === repository && actions.includes(action));
    if (allowed) return undefined;
    const challenge =
      login === 'basic'
        ? 'Basic realm="test-registry"'
        : `Bearer realm="${tokenServer?.realm}",service="${SERVICE}",scope="repository:${repository}:${action}"`;
    return { ...failure(401, 'UNAUTHORIZED', 'authentication required'), headers: { 'www-authenticate': challenge } };
  };

  const answerManifest = (method: string, repository: string, name: string, body: Buffer, type: string): Answer => {
    if (method === 'PUT') {
      const digest = digestOf(body);
      if (name.startsWith('sha256:') && name !== digest)
        return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
      const missing = referredBy(body).filter(
        (one) => !blobs.has(`${repository}@${one}`) && !manifests.has(`${repository}@${one}`),
      );
      if (missing.length > 0) return failure(400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry');
      const kept = { bytes: body, contentType: type };
      manifests.set(`${repository}@${digest}`, kept);
      if (name !== digest) manifests.set(`${repository}@${name}`, kept);
      return { status: 201, headers: { 'docker-content-digest': digest } };
    }
    const kept = manifests.get(`${repository}@${name}`);
    if (kept === undefined) return failure(404, 'MANIFEST_UNKNOWN', 'manifest unknown');
    const headers = { 'content-type': kept.contentType, 'docker-content-digest': digestOf(kept.bytes) };
    return { status: 200, headers, body: kept.bytes };
  };

  const answerBlob = (
    method: string,
    repository: string,
    name: string,
    query: URLSearchParams,
    body: Buffer,
  ): Answer => {
    if (method === 'POST') {
      const session = crypto.randomUUID();
      sessions.add(session);
      return { status: 202, headers: { location: `/v2/${repository}/blobs/uploads/${session}?_state=x` } };
    }
    if (method === 'PUT') {
      if (!sessions.delete(name.replace('uploads/', '')))
        return failure(404, 'BLOB_UPLOAD_UNKNOWN', 'blob upload unknown to registry');
      if (query.get('digest') !== digestOf(body))
        return failure(400, 'DIGEST_INVALID', 'provided digest did not match uploaded content');
      blobs.set(`${repository}@${digestOf(body)}`, { bytes: body, contentType: 'application/octet-stream' });
      return { status: 201 };
    }
    const kept = blobs.get(`${repository}@${name}`);
    if (kept === undefined) return failure(404, 'BLOB_UNKNOWN', 'blob unknown to registry');
    return { status: 200, headers: { 'content-type': kept.contentType }, body: kept.bytes };
  };

  const handle = async (incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> => {
    const { method = '', url = '', headers } = incoming;
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = { method, path: url, authorization: headers.authorization };
    requests.push(request);
    // One after the other: a rule that counts sees only what those before it let pass.
    let fault: ReturnType<(typeof rules)[number]>;
    for (const rule of rules) fault ??= rule(request);
    if (fault === 'silence') return;
    if (fault === 'disconnect') return void outgoing.destroy();
    const {
      status,
      headers: sent = {},
      body = '',
    } = fault ?? answer(request, Buffer.concat(chunks), headers['content-type'] ?? '');
    outgoing.writeHead(status, { ...sent, 'content-length': String(Buffer.byteLength(body)) });
    outgoing.end(method === 'HEAD' ? undefined : body);
  };

  const server = createServer((incoming, outgoing) => {
    void handle(incoming, outgoing).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    inject: (rule) => {
      rules = [...rules, rule];
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await tokenServer?.stop();
    },
  };
}

function failure(status: number, code: string, message: string): Answer {
  return {
    status,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ errors: [{ code, message }] }),
  };
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** What a manifest needs to be there. */
function referredBy(manifest: Buffer): string[] {
  const {
    config,
    layers = [],
    manifests = [],
  } = JSON.parse(manifest.toString('utf8')) as {
    config?: { digest: string };
    layers?: { digest: string }[];
    manifests?: { digest: string }[];
  };
  return [...(config === undefined ? [] : [config]), ...layers, ...manifests].map(({ digest }) => digest);
}
