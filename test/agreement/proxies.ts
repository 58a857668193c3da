import type { Proxies } from './compare.ts';

/** Envoys by version, as `npm run test:agreement` hands them over; rejects without them. */
export function givenProxies(upstream: number): Proxies {
  const { TEST_ENVOY: newest, TEST_OLDER_ENVOY: older } = process.env;
  if (!newest || !older)
    throw new Error('TEST_ENVOY and TEST_OLDER_ENVOY must be "VERSION=PATH"; run "npm run test:agreement".');
  return { newest: parse(newest), older: parse(older), upstream };
}

function parse(text: string): Proxies['newest'] {
  const [version = '', path = ''] = text.split('=');
  return { version, path };
}
