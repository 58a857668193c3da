import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
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

const encode = (text: string): string => Buffer.from(text).toString('base64');

/** Has client-node make the TLS settings and headers of a user; adds what it does not know. */
export async function makeIdentity(parts: IdentityParts): Promise<Identity> {
  const { server, serverName, skipVerification, authority, keyPair, token, login, impersonation, expiresAt } = parts;
  // No credential is sent over plain HTTP, by kubectl neither.
  if (!server.startsWith('https:')) return { tls: {}, headers: impersonation };
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server,
      skipTLSVerify: skipVerification,
      ...defined({ tlsServerName: serverName }),
      ...(authority !== undefined && { caData: encode(authority.join('')) }),
    },
    {
      name: 'user',
      ...(keyPair !== undefined && { certData: encode(keyPair.certificate), keyData: encode(keyPair.key) }),
      ...(token !== undefined && { token: headerText(token) }),
      ...login,
    },
  );
  const options: RequestOptions = {};
  await config.applyToHTTPSOptions(options);
  const { ca, cert, key, rejectUnauthorized, servername, auth } = options;
  const given = Object.entries({ ca, cert, key, rejectUnauthorized, servername }).filter(
    ([, value]) => value !== undefined,
  );
  // As Go's clients, hence kubectl, do: every certificate that is given is trusted, an intermediate one, too.
  const tls = { ...Object.fromEntries(given), allowPartialTrustChain: true };
  const headers: Record<string, string | string[]> = { ...impersonation };
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value);
  if (auth) headers.Authorization = `Basic ${encode(auth)}`;
  return { tls, headers, ...defined({ expiresAt }) };
}
