import { fail, ok, type Problem, type Result } from '../base/problem.ts';
import { Http, type HttpOptions, originOf } from '../http/http.ts';
import { Auth } from './auth.ts';
import { download, parseAddress, publicAddress } from './download.ts';
import { downloadProblem, registryProblem } from './errors.ts';
import { findLogin, type LoginSources } from './logins.ts';
import type { PackedImage } from './pack.ts';
import { type PulledModule, pullModule } from './pull.ts';
import { type PushedImage, pushImage } from './push.ts';
import { apiHost, formatReference, type ImageReference } from './reference.ts';
import { Repository } from './repository.ts';

export type RegistriesOptions = Omit<HttpOptions, 'environment'> & LoginSources;

/**
 * The registries and web servers that filters come from and go to. Knows OCI registries, their logins and formats. Every failure
 * is a problem that says what to do; nothing throws, and no credential is in any message.
 */
export class Registries {
  readonly #options: RegistriesOptions;
  /** By origin: what one leads to is none of the others' business. */
  readonly #https = new Map<string, Http>();
  readonly #auths = new Map<string, Auth>();

  constructor(options: RegistriesOptions) {
    this.#options = options;
  }

  /** Gets the module that a reference names. */
  pull(reference: ImageReference): Promise<Result<PulledModule>> {
    return this.#try(reference, 'pull', (repository) => pullModule(reference, repository));
  }

  /** Puts an image where a reference says. */
  push(image: PackedImage, reference: ImageReference): Promise<Result<PushedImage>> {
    return this.#try(reference, 'pull,push', (repository) => pushImage(image, reference, repository));
  }

  /** Gets a file from a web server; no login is ever sent there. */
  async download(address: string): Promise<Result<Uint8Array>> {
    try {
      const url = parseAddress(address);
      return ok(await download(url, this.#http(url)));
    } catch (error) {
      return fail(this.#problem(publicAddress(address), (subject) => downloadProblem(error, subject)));
    }
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#https.values()].map((http) => http.close()));
  }

  async #try<T>(
    reference: ImageReference,
    actions: 'pull' | 'pull,push',
    work: (repository: Repository) => Promise<T>,
  ): Promise<Result<T>> {
    const http = this.#http(originOf(apiHost(reference.host), this.#options.insecureHosts));
    const auth = this.#auth(reference.host, http);
    try {
      return ok(await work(new Repository(reference, actions, http, auth)));
    } catch (error) {
      return fail(
        this.#problem(formatReference(reference), (subject) => registryProblem(error, subject, auth.identity)),
      );
    }
  }

  /** Whatever went wrong in a run that was cancelled, that is why. */
  #problem(subject: string, why: (subject: string) => Problem): Problem {
    if (this.#options.signal.aborted) {
      return {
        kind: 'cancelled',
        subject,
        form: 'clause',
        message: 'the run was cancelled during the request.',
        remedy: 'Re-run the job.',
      };
    }
    return why(subject);
  }

  #http({ origin }: URL): Http {
    const http = this.#https.get(origin) ?? new Http(new URL(origin), this.#options);
    this.#https.set(origin, http);
    return http;
  }

  #auth(host: string, http: Http): Auth {
    const known = this.#auths.get(host);
    if (known !== undefined) return known;
    const findCredentials = () => findLogin(host, this.#options);
    const auth = new Auth({ http, findCredentials, mask: this.#options.mask });
    this.#auths.set(host, auth);
    return auth;
  }
}
