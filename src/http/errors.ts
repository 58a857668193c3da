import { rootMessage } from '../base/causes.ts';
import type { NetworkKind } from '../base/ip-networks.ts';
import { shownAddress } from '../base/proxy.ts';

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
    super(`${protocol}//${host} would be called without TLS`);
    this.name = 'PlainTextError';
  }
}

/** A connection that is not made because of its address. */
export interface RefusedAddress {
  /** The host that was named by the user. */
  readonly home: string;
  /** Whether its name is resolved by a proxy, so that nothing is known of its address. */
  readonly throughProxy: boolean;
  /** The host that it leads to, or the same. */
  readonly hostname: string;
  /** What its name resolves to; `undefined` if it is an address itself. */
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

const CHECK_SERVER = 'Check that this is the right server; if so, contact its operator.';

/** A server leads to where nothing is sent. */
export class RefusedDestinationError extends UnusableAnswerError {
  readonly remedy: string;

  constructor(message: string, remedy: string) {
    super(message);
    this.name = 'RefusedDestinationError';
    this.remedy = `Nothing was sent there. ${remedy}`;
  }
}

/** For an address that is none of a server's business. */
export function refusedAddress(refused: RefusedAddress): RefusedDestinationError {
  const { home, throughProxy, hostname, address, kind } = refused;
  const own = hostname === home;
  const place = address === undefined ? hostname : `${hostname} (${address})`;
  const inside = kind === 'private' || kind === 'loopback';
  const rule = inside && !own ? 'Only a server that is itself at such an address may lead there. ' : '';
  const proxied =
    inside && throughProxy ? `If ${home} is internal, add it to NO_PROXY: behind a proxy it counts as public. ` : '';
  return new RefusedDestinationError(
    `${own ? place : `${home} leads to ${place}, which`} is ${KINDS[kind]}`,
    `${rule}${proxied}${CHECK_SERVER}`,
  );
}

/** For an address without TLS, where one with TLS leads. */
export function refusedDowngrade(from: URL, to: URL): RefusedDestinationError {
  return new RefusedDestinationError(
    `${from.host} leads to ${shownAddress(to)}, which is not encrypted`,
    // Seen often: https://github.com/distribution/distribution/issues/996, https://github.com/moby/moby/issues/43158
    from.hostname === to.hostname
      ? 'The server does not know that it is behind TLS. Configure the proxy in front of it to send "X-Forwarded-Proto: https", or set the server\'s own address to one that starts with "https://".'
      : CHECK_SERVER,
  );
}
