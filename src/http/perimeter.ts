import type { LookupAddress } from 'node:dns';
import { type IpAddress, parseIpAddress } from '../base/ip-address.ts';
import { literalAddress, NETWORK_KINDS, type NetworkKind, networkKind } from '../base/ip-networks.ts';
import { type RefusedDestinationError, refusedAddress } from './errors.ts';

const OUTSIDE = NETWORK_KINDS.indexOf('public');

/** Addresses that may be connected to, one at least. */
export type Admitted = readonly [LookupAddress, ...LookupAddress[]];

/**
 * The addresses that may be connected to on behalf of one server, the home, which was named by the user and may lead elsewhere: by
 * redirects, to a server for tokens, to a place for uploads. It leads no further inside than where it is itself: a public one to
 * public addresses alone, one in a private network to private ones too, one on this machine anywhere on it. Nobody leads to a
 * link-local address.
 *
 * Where the home is follows from the addresses that its own name resolves to, the outermost of them, and never gets further inside:
 * a name server that gives other answers later widens nothing. A home whose name a proxy resolves counts as public.
 */
export class Perimeter {
  readonly #home: string;
  /** The innermost kind that it leads to, an index of NETWORK_KINDS; `undefined` until the home was looked at. */
  #depth: number | undefined;
  #throughProxy = false;

  /** @param home the host name of its URL */
  constructor(home: string) {
    this.#home = home;
  }

  /**
   * Judges a URL's host by what it says itself, before it is asked. Names are judged by `admit`, except those that a proxy resolves:
   * of these nothing can be known.
   * @throws RefusedDestinationError
   */
  enter(hostname: string, throughProxy: boolean): void {
    const literal = literalAddress(hostname);
    if (literal !== undefined) {
      const kind = networkKind(literal);
      if (hostname === this.#home) this.#settle([kind]);
      if (!this.#admits(kind, hostname)) throw this.#refusal(hostname, undefined, kind);
    } else if (throughProxy && hostname === this.#home) {
      this.#depth = OUTSIDE;
      this.#throughProxy = true;
    }
  }

  /**
   * Returns those of the addresses of a name that may be connected to.
   * @throws RefusedDestinationError where that is none
   */
  admit(hostname: string, addresses: readonly LookupAddress[]): Admitted {
    const judged = addresses.map((found) => ({ found, kind: kindOf(found.address) }));
    if (hostname === this.#home) this.#settle(judged.map(({ kind }) => kind));
    const [first, ...others] = judged.filter(({ kind }) => this.#admits(kind, hostname)).map(({ found }) => found);
    if (first !== undefined) return [first, ...others];
    const [{ found, kind } = { found: undefined, kind: 'reserved' as const }] = judged;
    throw this.#refusal(hostname, found?.address, kind);
  }

  #settle(kinds: readonly NetworkKind[]): void {
    for (const kind of kinds) {
      if (kind === 'link-local') continue;
      // Who names a server at a reserved address knows why, and gets nothing by it.
      const depth = kind === 'reserved' ? OUTSIDE : NETWORK_KINDS.indexOf(kind);
      if (depth < (this.#depth ?? Number.POSITIVE_INFINITY)) this.#depth = depth;
    }
  }

  #admits(kind: NetworkKind, hostname: string): boolean {
    if (kind === 'link-local') return false;
    if (kind === 'reserved') return hostname === this.#home;
    return NETWORK_KINDS.indexOf(kind) <= (this.#depth ?? OUTSIDE);
  }

  #refusal(hostname: string, address: string | undefined, kind: NetworkKind): RefusedDestinationError {
    return refusedAddress({ home: this.#home, throughProxy: this.#throughProxy, hostname, address, kind });
  }
}

/** A name server's answer may name the interface of a link-local address: `fe80::1%eth0`. */
function kindOf(text: string): NetworkKind {
  const address: IpAddress | undefined = parseIpAddress(text.split('%')[0] ?? '');
  return address === undefined ? 'reserved' : networkKind(address);
}
