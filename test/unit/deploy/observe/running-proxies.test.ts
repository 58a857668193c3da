import { afterEach, expect, test } from '@jest/globals';
import type { WebSocket } from 'ws';
import { RunningProxies } from '../../../../src/deploy/observe/running-proxies.ts';
import { refOf } from '../../builders.ts';
import {
  type ApiServer,
  type Outcome,
  type Reply,
  refusal,
  type Seen,
  startApiServer,
} from '../../cluster/api-server.ts';
import { exited, frame, SUCCESS, saying } from '../../cluster/exec-messages.ts';

let server: ApiServer | undefined;
afterEach(() => server?.close());

const FORBIDDEN = refusal(403, 'Forbidden', 'no');

interface PodParts {
  readonly of?: string;
  readonly proxy?: boolean;
  readonly ready?: boolean;
  readonly at?: string;
  readonly ending?: boolean;
}

const pod = (
  name: string,
  { of = 'reviews', proxy = true, ready = true, at = '1', ending = false }: PodParts = {},
) => ({
  metadata: {
    name,
    creationTimestamp: at,
    labels: { 'pod-template-hash': '7f' },
    ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${of}-7f`, controller: true }],
    ...(ending ? { deletionTimestamp: '2' } : {}),
  },
  spec: { containers: [{ name: proxy ? 'istio-proxy' : 'app' }] },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});
const listOf = (...items: readonly object[]): Reply => ({ status: 200, body: JSON.stringify({ metadata: {}, items }) });

const chain = (httpFilter: object): object => ({
  filters: [{ typed_config: { '@type': 'x.HttpConnectionManager', http_filters: [httpFilter] } }],
});
const listeners = (httpFilter: object): string =>
  JSON.stringify({
    configs: [{ name: 'virtualInbound', active_state: { listener: { filter_chains: [chain(httpFilter)] } } }],
  });
const PLAIN = listeners({ name: 'envoy.filters.http.router' });
const PULLING = listeners({ name: 'shop.add-header', config_discovery: {} });

/** Looks with an API server that lists these pods and whose proxies say this to each question. */
async function looking(
  pods: Outcome,
  says: (part: string, pod: string) => Outcome | ((socket: WebSocket) => void),
  signal = new AbortController().signal,
): Promise<RunningProxies> {
  const partOf = ({ path }: Seen): string => /config_dump%3Fresource%3D(\w+)/.exec(path)?.[1] ?? path;
  const podOf = ({ path }: Seen): string => /\/pods\/([^/]+)\//.exec(path)?.[1] ?? '';
  server = await startApiServer({
    answer: () => pods,
    connect: (request) => says(partOf(request), podOf(request)),
  });
  return new RunningProxies({ client: server.client(), log: QUIET, signal });
}
const QUIET = {
  info: () => {},
  debug: () => {},
  warn: () => {},
  group: (_: string, work: () => unknown) => work(),
} as never;
const answers = (text: string) => saying(frame(1, text), SUCCESS);
const asked = (): string[] =>
  (server?.seen ?? []).map(({ path }) => /\/pods\/([^/?]+)\/exec/.exec(path)?.[1] ?? 'list');
const REVIEWS = refOf('shop/deployment/reviews');

test('one look at the newest pod that is ready and stays, however often it is asked for', async () => {
  const pods = [
    pod('old', { at: '1' }),
    pod('new', { at: '3' }),
    pod('unready', { at: '4', ready: false }),
    pod('ending', { at: '5', ending: true }),
    pod('other', { at: '6', of: 'ratings' }),
  ];
  const proxies = await looking(listOf(...pods), () => answers(PLAIN));
  const looks = await Promise.all([proxies.look(REVIEWS), proxies.look(REVIEWS)]);
  for (const look of looks) {
    expect(look).toMatchObject({ state: 'seen', pod: { metadata: { name: 'new' } }, extensions: '{}' });
  }
  expect(await proxies.look(refOf('shop/deployment/ratings'))).toMatchObject({ state: 'seen' });
  expect(asked()).toEqual(['list', 'new', 'other']);
  await proxies.lookAgain(REVIEWS);
  expect(asked()).toEqual(['list', 'new', 'other', 'new']);
});

test('what a listener asks for apart from itself is looked at, too', async () => {
  const proxies = await looking(listOf(pod('one')), (part) =>
    answers(part === 'dynamic_listeners' ? PULLING : '{"configs":[]}'),
  );
  expect(await proxies.look(REVIEWS)).toMatchObject({ state: 'seen', extensions: '{"configs":[]}' });
});

test.each<[string, Outcome, Outcome | ((socket: WebSocket) => void), object]>([
  ['pods may not be listed', FORBIDDEN, 'reset', { state: 'unknown', why: 'the kubeconfig user cannot list pods' }],
  ['no pod', listOf(), 'reset', { state: 'unknown', why: 'no pod of it is ready' }],
  ['a pod without a proxy', listOf(pod('a', { proxy: false })), 'reset', { state: 'without-proxy' }],
  [
    'no permission to exec',
    listOf(pod('a')),
    FORBIDDEN,
    { state: 'unseen', why: 'the kubeconfig user is not allowed to exec into pods' },
  ],
  [
    'an agent that fails',
    listOf(pod('a')),
    saying(frame(2, 'Error: refused\n'), exited(255)),
    { state: 'unseen', why: 'Envoy does not answer (Error: refused)' },
  ],
  [
    'an answer that is none',
    listOf(pod('a')),
    answers('<html>'),
    { state: 'unseen', why: expect.stringContaining('not valid JSON') },
  ],
])('what cannot be known is said, not thrown: %s', async (_case, pods, proxy, expected) => {
  const proxies = await looking(pods, () => proxy);
  expect(await proxies.look(REVIEWS)).toMatchObject(expected);
  expect(await proxies.lookAgain(REVIEWS)).toMatchObject(expected);
});

test('a permission that is missing is not asked for by each workload', async () => {
  const proxies = await looking(listOf(pod('a'), pod('b', { of: 'ratings' })), () => FORBIDDEN);
  await proxies.look(REVIEWS);
  expect(await proxies.look(refOf('shop/deployment/ratings'))).toMatchObject({ state: 'unseen' });
  expect(asked()).toEqual(['list', 'a']);
});

test('a run that is cancelled waits for no list', async () => {
  const proxies = await looking('silence', () => 'reset', AbortSignal.abort());
  expect(await proxies.look(REVIEWS)).toEqual({ state: 'unknown', why: 'the run was cancelled' });
});
