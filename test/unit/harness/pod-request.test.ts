import { expect, test } from '@jest/globals';
import { parsePodRequest, verbsOf } from '../../harness/pod-request.ts';

const PODS = '/api/v1/namespaces/shop/pods';

test('exec: its command is decoded word by word', () => {
  const query =
    'container=istio-proxy&command=pilot-agent&command=request&command=GET&command=config_dump%3Fresource%3Dx&stdout=true';
  expect(parsePodRequest(`${PODS}/reviews-0/exec?${query}`)).toEqual({
    kind: 'exec',
    namespace: 'shop',
    pod: 'reviews-0',
    container: 'istio-proxy',
    command: ['pilot-agent', 'request', 'GET', 'config_dump?resource=x'],
  });
});

test.each([
  ['reviews-0:15090/proxy/stats/prometheus', 'reviews-0', 15090, '/stats/prometheus'],
  ['reviews-0:9080/proxy/a%20b?c=d', 'reviews-0', 9080, '/a%20b?c=d'],
  ['reviews-0%3A9080/proxy', 'reviews-0', 9080, '/'],
  ['http:reviews-0:9080/proxy/', 'reviews-0', 9080, '/'],
  ['reviews-0/proxy/', 'reviews-0', undefined, '/'],
])('proxy: %s', (rest, pod, port, path) => {
  expect(parsePodRequest(`${PODS}/${rest}`)).toMatchObject({ kind: 'proxy', namespace: 'shop', pod, port, path });
});

test.each([`${PODS}/reviews-0`, `${PODS}/reviews-0/log?container=exec`, '/api/v1/namespaces/shop/services/x/proxy/'])(
  '%s goes to no pod',
  (path) => {
    expect(parsePodRequest(path)).toBeUndefined();
  },
);

test.each([
  ['exec', 'GET', ['get', 'create']],
  ['proxy', 'GET', ['get']],
  ['proxy', 'HEAD', ['get']],
  ['proxy', 'POST', ['create']],
  ['proxy', 'PUT', ['update']],
  ['proxy', 'DELETE', ['delete']],
] as const)('%s by %s needs %j', (kind, method, verbs) => {
  const request = parsePodRequest(`${PODS}/reviews-0/${kind}/`) ?? parsePodRequest(`${PODS}/reviews-0/${kind}`);
  expect(request && verbsOf(request, method)).toEqual(verbs);
});
