import { isDeepStrictEqual } from 'node:util';
import type { Dispatcher } from 'undici';
import { makeDispatcher } from './dispatcher.ts';
import type { Identity } from './identity.ts';
import type { ClusterAccess } from './kubeconfig.ts';

/** `pool` for short requests; `streams` for long ones, which must not starve the others. */
export type ConnectionKind = 'pool' | 'streams';

/** With a watch beside them, 8 connections: that keeps an API server busy, and a load balancer before it sees one client. */
const MAX_CONNECTIONS: Readonly<Record<ConnectionKind, number>> = { pool: 7, streams: 256 };
const CONNECT_TIMEOUT_MS = 10_000;

/** The connections to one API server and the credentials they are made with. Throws `CredentialsError` when those cannot be made. */
export class Connections {
  readonly #access: ClusterAccess;
  #identity: Promise<Identity> | undefined;
  #generation = 0;
  #renewal: Promise<void> = Promise.resolve();
  #open: Partial<Record<ConnectionKind, Dispatcher>> = {};

  constructor(access: ClusterAccess) {
    this.#access = access;
  }

  /** Changes whenever the credentials are made anew. */
  get generation(): number {
    return this.#generation;
  }

  /** The headers that carry the credentials. */
  async headers(): Promise<Identity['headers']> {
    return (await this.#current()).headers;
  }

  /** The dispatcher of a kind, made when it is asked for first. */
  async dispatcher(kind: ConnectionKind): Promise<Dispatcher> {
    const identity = await this.#current();
    this.#open[kind] ??= makeDispatcher(this.#access.proxy, identity, {
      connections: MAX_CONNECTIONS[kind],
      connectTimeoutMs: CONNECT_TIMEOUT_MS,
    });
    return this.#open[kind];
  }

  /**
   * Makes the credentials anew: an exec plugin runs again, files are read again. Many requests may ask for it at once, so `seen` is
   * the generation whose credentials were refused; where it has passed, the renewal that is there is awaited.
   */
  renew(seen: number): Promise<void> {
    if (seen === this.#generation) {
      this.#generation++;
      this.#renewal = this.#replace(this.#identity);
    }
    return this.#renewal;
  }

  /** Ends every connection; requests still open fail. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#open).map((dispatcher) => dispatcher.destroy()));
  }

  async #current(): Promise<Identity> {
    this.#identity ??= this.#access.identify();
    const { expiresAt } = await this.#identity;
    // Once, even if what comes has expired as well: the server says what it thinks of it.
    if (expiresAt !== undefined && expiresAt <= Date.now()) await this.renew(this.#generation);
    return this.#identity;
  }

  async #replace(former: Promise<Identity> | undefined): Promise<void> {
    const coming = this.#access.identify();
    this.#identity = coming;
    const [before, now] = await Promise.all([former?.catch(() => undefined), coming]);
    // Connections are made with a client certificate; a token is sent along with each request.
    if (before !== undefined && isDeepStrictEqual(before.tls, now.tls)) return;
    const { pool, streams } = this.#open;
    this.#open = {};
    // Watches would hold up a gentle close; they are opened anew.
    await Promise.all([pool?.close(), streams?.destroy()]);
  }
}
