import { pick, readJson } from '../base/json.ts';
import type { Mask } from '../base/redaction/redactor.ts';
import type { Http } from '../http/http.ts';
import type { HttpAnswer } from '../http/messages.ts';
import { answerError } from './answers.ts';
import { type Challenge, parseChallenges } from './challenge.ts';
import { encodeBasic, type RegistryCredentials } from './credentials.ts';
import { ANONYMOUS, LoginError, type RegistryIdentity } from './errors.ts';

/** Finds the credentials for a registry; `undefined` for none. May throw `LoginError`. */
export type FindCredentials = () => Promise<RegistryCredentials | undefined>;

export interface AuthOptions {
  readonly http: Http;
  readonly findCredentials: FindCredentials;
  /** Keeps a value out of every log. */
  readonly mask: Mask;
}

const MAX_TOKEN_BYTES = 1024 * 1024;
const CLIENT_ID = 'deploy-wasm-filter';

/**
 * Logs in to one registry: anonymously, with Basic, or with tokens of the server that the registry names
 * (https://distribution.github.io/distribution/spec/auth/token/). What works for a scope is kept for the next request.
 */
export class Auth {
  readonly #options: AuthOptions;
  readonly #headers = new Map<string, string>();
  #credentials: Promise<RegistryCredentials | undefined> | undefined;
  #identity: RegistryIdentity = ANONYMOUS;

  constructor(options: AuthOptions) {
    this.#options = options;
  }

  /** Who the registry was last told is asking. */
  get identity(): RegistryIdentity {
    return this.#identity;
  }

  /** The header for requests of a scope, as far as one is known. */
  headers(scope: string): Readonly<Record<string, string>> {
    const authorization = this.#headers.get(scope);
    return authorization === undefined ? {} : { authorization };
  }

  /** Answers a 401. Gives whether it is worth asking again. */
  async logIn(refusal: HttpAnswer, scope: string): Promise<boolean> {
    const challenges = parseChallenges(refusal.headers['www-authenticate']);
    this.#credentials ??= this.#options.findCredentials();
    const credentials = await this.#credentials;
    if (credentials !== undefined) this.#identity = credentials.from;
    const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
    const basic = challenges.find(({ scheme }) => scheme === 'basic');
    const header =
      bearer !== undefined
        ? `Bearer ${await this.#fetchToken(bearer, scope, credentials)}`
        : basic !== undefined && credentials !== undefined
          ? this.#basic(credentials)
          : undefined;
    if (header === undefined || header === this.#headers.get(scope)) return false;
    this.#headers.set(scope, header);
    return true;
  }

  #basic(credentials: RegistryCredentials): string {
    if ('identityToken' in credentials) {
      throw new LoginError(
        `the registry requires a user name and a password, but ${credentials.from} has an identity token`,
      );
    }
    return `Basic ${encodeBasic(credentials.username, credentials.password)}`;
  }

  async #fetchToken(
    { parameters }: Challenge,
    scope: string,
    credentials: RegistryCredentials | undefined,
  ): Promise<string> {
    const realm = URL.parse(parameters.realm ?? '');
    if (realm === null) throw new LoginError('the registry does not say where to get a token');
    const { service = '' } = parameters;
    const answer =
      credentials !== undefined && 'identityToken' in credentials
        ? await this.#exchange(realm, { service, scope }, credentials.identityToken)
        : await this.#ask(realm, { service, scope }, credentials);
    if (answer.status !== 200) throw answerError(answer);
    const token = readToken(answer.body);
    if (token === undefined) throw new LoginError(`${realm.host} returned no token`);
    this.#options.mask(token);
    return token;
  }

  #ask(
    realm: URL,
    query: Readonly<Record<string, string>>,
    credentials: RegistryCredentials | undefined,
  ): Promise<HttpAnswer> {
    const url = new URL(realm);
    for (const [key, value] of Object.entries(query)) if (value !== '') url.searchParams.append(key, value);
    if (credentials !== undefined && 'username' in credentials)
      url.searchParams.append('account', credentials.username);
    const headers = credentials === undefined ? {} : { authorization: this.#basic(credentials) };
    return this.#options.http.send({ method: 'GET', url, headers, maxBytes: MAX_TOKEN_BYTES });
  }

  #exchange(realm: URL, query: Readonly<Record<string, string>>, identityToken: string): Promise<HttpAnswer> {
    const form = new URLSearchParams({
      grant_type: 'refresh_token',
      client_id: CLIENT_ID,
      refresh_token: identityToken,
      ...query,
    });
    return this.#options.http.send({
      method: 'POST',
      url: realm,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: form.toString(),
      maxBytes: MAX_TOKEN_BYTES,
    });
  }
}

function readToken(body: Uint8Array): string | undefined {
  const value = readJson(body);
  const token = pick(value, 'token') ?? pick(value, 'access_token');
  return typeof token === 'string' && /^[\x21-\x7e]+$/.test(token) ? token : undefined;
}
