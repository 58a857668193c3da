import { rootMessage } from '../base/causes.ts';
import type { NetworkKind } from '../base/ip-networks.ts';

/** A server could not be reached, or stopped answering. */
export class UnreachableError extends Error {
  readonly host: string;

  constructor(host: string, cause: unknown) {
    super(`${host} does not answer: ${rootMessage(cause)}`, { cause });
    this.name = 'UnreachableError';
    this.host = host;
  }
}

/** What a server answers is not taken, because it is too long or leads nowhere; a sentence without a full stop. */
export class UnusableAnswerError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'UnusableAnswerError';
  }
}

/** An address without TLS, whose host is not among those that may be spoken to so. Nothing was sent there. */
export class PlainTextError extends Error {
  constructor({ protocol, host }: URL) {
    super(`${protocol}//${host} would be asked without TLS`);
    this.name = 'PlainTextError';
  }
}

/** A connection that is not made because of its address. */
export interface RefusedAddress {
  /** The host that was named by the user. */
  readonly home: string;
  /** The host that it leads to, or the same. */
  readonly hostname: string;
  /** What its name resolves to; undefined where it is an address itself. */
  readonly address: string | undefined;
  readonly kind: NetworkKind;
}

const KINDS: Readonly<Record<NetworkKind, string>> = {
  public: 'a public address',
  private: 'a private address',
  loopback: 'an address of the runner itself',
  reserved: 'a reserved address',
  'link-local': 'a link-local address or that of a metadata service',
};

/** A server leads to an address that is none of its business. Nothing was sent there. */
export class RefusedAddressError extends UnusableAnswerError {
  readonly remedy: string;

  constructor({ home, hostname, address, kind }: RefusedAddress) {
    const place = address === undefined ? hostname : `${hostname} (${address})`;
    super(`${hostname === home ? place : `${home} leads to ${place}, which`} is ${KINDS[kind]}`);
    this.name = 'RefusedAddressError';
    const rule =
      kind === 'link-local' || kind === 'reserved' || hostname === home
        ? ''
        : ' Only a server that is itself at such an address may lead there; one that is reached through a proxy counts as public unless NO_PROXY names it.';
    this.remedy = `Nothing was sent there.${rule} Check that this is the right server; if it is, ask who runs it.`;
  }
}
