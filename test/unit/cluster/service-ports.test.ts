import { expect, test } from '@jest/globals';
import type { Pod } from '../../../src/cluster/objects.ts';
import { type Service, servicePortsTo } from '../../../src/cluster/service-ports.ts';

const pod: Pod = {
  metadata: { name: 'a-1', labels: { app: 'a', version: 'v1' } },
  spec: { containers: [{ name: 'app', ports: [{ name: 'db', containerPort: 3306 }] }] },
};
const service = (spec: Service['spec']): Service => ({ metadata: { name: 'tcpsvc' }, ...(spec && { spec }) });

test.each<[string, Service['spec'], string[]]>([
  ['by number', { selector: { app: 'a' }, ports: [{ name: 'tcp-app', port: 80, targetPort: 3306 }] }, ['tcp-app']],
  ['by the name of the container port', { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'db' }] }, ['80']],
  ['by its own number', { selector: { app: 'a' }, ports: [{ port: 3306 }] }, ['3306']],
  ['to another port', { selector: { app: 'a' }, ports: [{ port: 80, targetPort: 'other' }, { port: 81 }] }, []],
  ['to other pods', { selector: { app: 'a', version: 'v2' }, ports: [{ port: 3306 }] }, []],
  ['to nothing', { ports: [{ port: 3306 }] }, []],
  ['without a spec', undefined, []],
])('a Service leads there %s', (_, spec, ports) => {
  expect(servicePortsTo(pod, [3306], [service(spec)])).toEqual(ports.map((port) => `Service tcpsvc, port ${port}`));
});
