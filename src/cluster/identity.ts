import { defined } from '../base/defined.ts';
import { headerText } from './kubeconfig/headers.ts';
import type { KeyPair } from './kubeconfig/pem.ts';

/** What one user needs to call one cluster. */
export interface Identity {
  /** TLS settings: authority, client certificate and key, server name. */
  readonly tls: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string | string[]>>;
  /** When it has to be made anew, in milliseconds since the epoch; omitted when it lasts. */
  readonly expiresAt?: number;
}

/** What an identity is made of, read and checked. */
export interface IdentityParts {
  readonly server: string;
  readonly serverName?: string | undefined;
  readonly skipVerification: boolean;
  readonly authority?: readonly string[] | undefined;
  readonly keyPair?: KeyPair | undefined;
  readonly token?: string | undefined;
  readonly login?: { readonly username: string; readonly password: string } | undefined;
  readonly impersonation: Readonly<Record<string, string | string[]>>;
  readonly expiresAt?: number | undefined;
}

/** Returns the TLS settings and the headers of a user of a cluster, as kubectl would call it. */
export function makeIdentity(parts: IdentityParts): Identity {
  const { server, serverName, skipVerification, authority, keyPair, token, login, impersonation, expiresAt } = parts;
  // No credential is sent over plain HTTP, by kubectl neither.
  if (!server.startsWith('https:')) return { tls: {}, headers: impersonation };
  const authorization = authorizationOf(token, login);
  return {
    tls: {
      ...defined({ ca: authority?.join(''), cert: keyPair?.certificate, key: keyPair?.key, servername: serverName }),
      ...(skipVerification && { rejectUnauthorized: false }),
      // As Go's clients, hence kubectl, do: every certificate that is given is trusted, an intermediate one, too.
      allowPartialTrustChain: true,
    },
    headers: { ...impersonation, ...(authorization !== undefined && { Authorization: authorization }) },
    ...defined({ expiresAt }),
  };
}

/** A user has one of the two: the reader of kubeconfigs refuses both, and asks no plugin where there is one. */
function authorizationOf(token: IdentityParts['token'], login: IdentityParts['login']): string | undefined {
  if (login !== undefined) return `Basic ${Buffer.from(`${login.username}:${login.password}`).toString('base64')}`;
  return token === undefined ? undefined : `Bearer ${headerText(token)}`;
}
