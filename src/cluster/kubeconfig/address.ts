import { fail, ok, type Result } from '../../base/problem.ts';
import {
  isLoopback,
  type ProxyEnvironment,
  type ProxyFault,
  type ProxyServer,
  proxyFor,
  readProxy,
} from '../../base/proxy.ts';
import { type ClusterFields, type FieldPlace, fieldProblem } from './fields.ts';

/** The address of the API server, without query, fragment and the slash at its end. */
export function readServer(fields: ClusterFields, place: FieldPlace): Result<URL> {
  const { server } = fields;
  const example = 'Write it like "https://cluster.example.com:6443".';
  if (server === undefined) return fail(fieldProblem(place, 'server', 'is missing', example));
  const url = URL.parse(server);
  if (url === null || !['http:', 'https:'].includes(url.protocol) || server.trim() !== server) {
    const fault = server.includes('://') ? 'is not a valid address' : 'has no scheme, "https://"';
    return fail(fieldProblem(place, 'server', fault, example));
  }
  if (url.username !== '' || url.password !== '') {
    const remedy = 'Leave them out of the address: a user has the fields "username" and "password".';
    return fail(fieldProblem(place, 'server', 'holds a user name or a password', remedy));
  }
  if (url.protocol === 'http:' && !isLoopback(url.hostname) && fields['insecure-skip-tls-verify'] !== true) {
    const fault = 'is an address over plain HTTP, where anybody could read and change what is sent';
    const remedy =
      'Use an address that starts with "https://". If plain HTTP is intended, set "insecure-skip-tls-verify: true" for the cluster; credentials are not sent.';
    return fail(fieldProblem(place, 'server', fault, remedy));
  }
  url.search = '';
  url.hash = '';
  return ok(url);
}

/** The proxy on the way to the server: the kubeconfig's, for which NO_PROXY does not count, else the environment's. */
export function findProxy(
  server: URL,
  fields: ClusterFields,
  place: FieldPlace,
  environment: ProxyEnvironment,
): Result<ProxyServer | undefined> {
  const given = fields['proxy-url'];
  const proxy = given === undefined ? proxyFor(server, environment) : readProxy(given, `"proxy-url" of ${place.entry}`);
  if (proxy.ok) return proxy;
  if (given !== undefined) return fail(proxyUrlProblem(given, proxy, place));
  return fail({
    kind: 'connection',
    subject: proxy.origin,
    message: `${proxy.fault}.`,
    remedy: 'Write it like "http://proxy.example:3128".',
  });
}

function proxyUrlProblem(given: string, { fault }: ProxyFault, place: FieldPlace): ReturnType<typeof fieldProblem> {
  const remedy =
    'Start it with "http://", "https://" or "socks5://", as kubectl requires, too, such as "http://proxy.example:3128".';
  return fieldProblem(place, 'proxy-url', given.includes('://') ? fault : 'has no scheme', remedy);
}
