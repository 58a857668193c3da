import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from './jest.ts';

// npm run test:registry -- [--only TEXT]
// Runs the registry suite on the real docker-registry (CNCF distribution), which has to be installed.
const { values } = parseArgs({ options: { only: { type: 'string' } } });

const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/bin', '/usr/local/bin'];
const program = folders.map((folder) => join(folder, 'docker-registry')).find((path) => existsSync(path));
if (program === undefined) {
  console.error('There is no docker-registry. On Debian and Ubuntu: apt-get install docker-registry');
  process.exitCode = 2;
} else {
  const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
  // `npm test` leaves this suite out; here every path counts.
  process.exitCode = await runJest(['test/registry', '--verbose', '--testPathIgnorePatterns=/node_modules/', ...only], {
    TEST_DOCKER_REGISTRY: program,
  });
}
