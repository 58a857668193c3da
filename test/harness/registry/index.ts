/** How a registry wants its clients to log in; `token`: with tokens of a server that it names. */
export type RegistryLogin = 'none' | 'basic' | 'token';

/** A request as the registry got it. */
export interface RegistryRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A registry under test, on a port of this machine, without TLS. */
export interface TestRegistry {
  /** Address and port: `127.0.0.1:34567`. */
  readonly host: string;
  stop(): Promise<void>;
}

export type StartRegistry = (login: RegistryLogin) => Promise<TestRegistry>;

/** The one user of every registry under test. */
export const USER = { username: 'tester', password: 'only-for-tests' } as const;
/** What that user's client may keep instead of the password. */
export const IDENTITY_TOKEN = 'identity-token-only-for-tests';
/** Whoever is not logged in may read what is below this, where logins are by token. */
export const PUBLIC = 'public/';

export const SERVICE = 'test-registry';
export const ISSUER = 'test-issuer';
