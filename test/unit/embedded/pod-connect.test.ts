import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { SHOP, startBed, type TestBed } from './support.ts';

let bed: TestBed;
beforeAll(async () => {
  bed = await startBed();
  const containers = [
    { name: 'app', image: 'app:1' },
    { name: 'log', image: 'log:1' },
  ];
  const pod = (name: string, spec: object): object => ({ metadata: { name }, spec: { containers, ...spec } });
  await bed.admin.post(`${SHOP}/pods`, pod('bound', { nodeName: 'somewhere' }));
  await bed.admin.post(`${SHOP}/pods`, pod('waiting', {}));
  await bed.admin.merge(`${SHOP}/pods/bound/status`, { status: { podIP: '10.244.0.9' } });
});
afterAll(() => bed.stop());

test.each([
  ['bound/exec?container=app&command=ls', 400, 'Upgrade request required'],
  ['bound/exec?command=ls', 400, 'a container name must be specified for pod bound, choose one of: [app log]'],
  ['bound/exec?container=proxy&command=ls', 400, 'container proxy is not valid for pod bound'],
  ['waiting/exec?container=app&command=ls', 400, 'pod waiting does not have a host assigned'],
  ['absent/exec?container=app&command=ls', 404, 'pods "absent" not found'],
  ['waiting:9080/proxy/', 400, 'address not allowed'],
  ['absent:9080/proxy/', 404, 'pods "absent" not found'],
  ['bound:9080/proxy/x?y', 503, 'error trying to reach service: dial tcp 10.244.0.9:9080: connect: connection refused'],
])('GET %s answers %i', async (path, status, message) => {
  const answer = await bed.admin.get(`${SHOP}/pods/${path}`);
  expect([answer.status, answer.body.message]).toEqual([status, message]);
});

test('exec takes GET and POST, and is no write of the pod', async () => {
  const path = `${SHOP}/pods/bound/exec?container=app&command=ls`;
  expect((await bed.admin.call('POST', path, {})).body.message).toBe('Upgrade request required');
  expect((await bed.admin.call('PUT', path, {})).status).toBe(405);
});
