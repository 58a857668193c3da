import type { Dispatcher } from 'undici';
import type { ProxyEnvironment } from '../base/proxy.ts';
import { type Identity, makeDispatcher, resolveIdentity } from './dispatcher.ts';
import { CredentialsError } from './errors.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** `pool` for short requests; `streams` for long ones, which must not starve the others. */
export type ConnectionKind = 'pool' | 'streams';

/** 8 connections keep the API server busy without opening one per request, which client-node would do. */
const MOST_CONNECTIONS: Readonly<Record<ConnectionKind, number>> = { pool: 8, streams: 256 };
const CONNECT_TIMEOUT_MS = 10_000;

/** The connections to one API server and the credentials they are made with. Throws `CredentialsError` when those cannot be made. */
export class Connections {
  readonly #access: ClusterAccess;
  readonly #environment: ProxyEnvironment;
  #identity: Promise<Identity> | undefined;
  #open: Partial<Record<ConnectionKind, Promise<Dispatcher>>> = {};

  constructor(access: ClusterAccess, environment: ProxyEnvironment) {
    this.#access = access;
    this.#environment = environment;
  }

  /** The headers that carry the credentials. */
  async headers(): Promise<Readonly<Record<string, string>>> {
    return (await this.#resolveIdentity()).headers;
  }

  /** The dispatcher of a kind, made when it is asked for first. */
  dispatcher(kind: ConnectionKind): Promise<Dispatcher> {
    this.#open[kind] ??= this.#make(MOST_CONNECTIONS[kind]);
    return this.#open[kind];
  }

  /** A new configuration has no cached credential, so an exec plugin runs again and a token file is read again. */
  async renew(): Promise<void> {
    this.#identity = undefined;
    const old = this.#open;
    this.#open = {};
    await this.#resolveIdentity();
    const [pool, streams] = await Promise.all([old.pool, old.streams]);
    // Watches would hold up a gentle close; they are opened anew.
    await Promise.all([pool?.close(), streams?.destroy()]);
  }

  /** Ends every connection; requests still open fail. */
  async close(): Promise<void> {
    const open = await Promise.allSettled(Object.values(this.#open));
    await Promise.all(open.map((made) => (made.status === 'fulfilled' ? made.value.destroy() : undefined)));
  }

  async #make(connections: number): Promise<Dispatcher> {
    const { server, proxyUrl } = this.#access;
    const limits = { connections, connectTimeoutMs: CONNECT_TIMEOUT_MS };
    return makeDispatcher(server, proxyUrl, await this.#resolveIdentity(), limits, this.#environment);
  }

  #resolveIdentity(): Promise<Identity> {
    this.#identity ??= resolveIdentity(this.#access.newConfig()).catch((error: unknown) => {
      throw new CredentialsError(error);
    });
    return this.#identity;
  }
}
