import { bad, type Checked, good, type Problem } from '../base/problem.ts';
import { Http, type HttpOptions } from '../http/http.ts';
import { Auth } from './auth.ts';
import { download, shownAddress } from './download.ts';
import { downloadProblem, registryProblem } from './errors.ts';
import { findLogin, type LoginSources } from './logins.ts';
import type { PackedImage } from './pack.ts';
import { type PulledModule, pullModule } from './pull.ts';
import { type PushedImage, pushImage } from './push.ts';
import { formatReference, type ImageReference } from './reference.ts';
import { Repository } from './repository.ts';

export type RegistriesOptions = Omit<HttpOptions, 'environment'> & LoginSources;

/**
 * The registries and web servers that filters come from and go to. Knows OCI registries, their logins and formats. Every failure
 * is a problem that says what to do; nothing throws, and no credential is in any message.
 */
export class Registries {
  readonly #options: RegistriesOptions;
  readonly #http: Http;
  readonly #auths = new Map<string, Auth>();

  constructor(options: RegistriesOptions) {
    this.#options = options;
    this.#http = new Http(options);
  }

  /** Gets the module that a reference names. */
  pull(reference: ImageReference): Promise<Checked<PulledModule>> {
    return this.#try(reference, 'pull', (repository) => pullModule(reference, repository));
  }

  /** Puts an image where a reference says. */
  push(image: PackedImage, reference: ImageReference): Promise<Checked<PushedImage>> {
    return this.#try(reference, 'pull,push', (repository) => pushImage(image, reference, repository));
  }

  /** Gets a file from a web server; no login is ever sent there. */
  async download(address: string): Promise<Checked<Uint8Array>> {
    try {
      return good(await download(address, this.#http));
    } catch (error) {
      return bad(this.#problem(shownAddress(address), (subject) => downloadProblem(error, subject)));
    }
  }

  /** Ends every connection. */
  close(): Promise<void> {
    return this.#http.close();
  }

  async #try<T>(
    reference: ImageReference,
    actions: 'pull' | 'pull,push',
    work: (repository: Repository) => Promise<T>,
  ): Promise<Checked<T>> {
    const auth = this.#auth(reference.host);
    try {
      return good(await work(new Repository(reference, actions, this.#http, auth)));
    } catch (error) {
      return bad(this.#problem(formatReference(reference), (subject) => registryProblem(error, subject, auth.asker)));
    }
  }

  /** Whatever went wrong in a run that was cancelled, that is why. */
  #problem(subject: string, why: (subject: string) => Problem): Problem {
    if (this.#options.signal.aborted) {
      return {
        kind: 'cancelled',
        subject,
        message: 'the run was cancelled while it asked for it.',
        remedy: 'Run it again.',
      };
    }
    return why(subject);
  }

  #auth(host: string): Auth {
    const known = this.#auths.get(host);
    if (known !== undefined) return known;
    const findCredentials = () => findLogin(host, this.#options);
    const auth = new Auth({ http: this.#http, findCredentials, mask: this.#options.mask });
    this.#auths.set(host, auth);
    return auth;
  }
}
