// Runs where this machine has public and private addresses and a hosts file of its own (networks.test.ts): asks a registry on one
// of them, which names a server for tokens on another one. Prints what came of it and who was asked with what, as JSON.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describeProblem } from '../../src/base/problem.ts';
import { parseReference } from '../../src/registry/reference.ts';
import { Registries } from '../../src/registry/registries.ts';
import { USER } from '../harness/registry/index.ts';
import { registriesOptions } from '../harness/registry/options.ts';

const [, , ...pairs] = process.argv;
const hosts = [...new Set(pairs.flatMap((pair) => pair.split('>')))];
const asked: string[] = [];
let realm = '';
const server = createServer(({ url = '', socket, headers }, response) => {
  const login = headers.authorization?.split(' ')[0] ?? 'nothing';
  asked.push(`${socket.localAddress?.replace('::ffff:', '')} ${login}`);
  if (url.startsWith('/token')) response.end('{"token":"a-token"}');
  else if (login === 'Bearer') response.writeHead(404).end('{}');
  else response.writeHead(401, { 'www-authenticate': `Bearer realm="${realm}",service="x"` }).end('{}');
}).listen(80, '::');
await once(server, 'listening');

const outcomes: { said: string; asked: string[] }[] = [];
for (const [registry = '', tokens = ''] of pairs.map((pair) => pair.split('>'))) {
  asked.length = 0;
  realm = `http://${tokens}/token`;
  const registries = new Registries(registriesOptions({ insecureHosts: hosts, given: { host: registry, ...USER } }));
  const reference = parseReference(`oci://${registry}/filter:v1`, 'test');
  const pulled = reference.ok ? await registries.pull(reference.value) : reference;
  outcomes.push({ said: pulled.ok ? '' : pulled.problems.map(describeProblem).join(), asked: [...asked] });
  await registries.close();
}
server.closeAllConnections();
server.close();
console.log(JSON.stringify(outcomes));
