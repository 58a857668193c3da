import { parseArgs } from 'node:util';
import { runJest } from './jest.ts';

// npm run test:registry -- [--only TEXT]
// Runs the registry suite on the real docker-registry (CNCF distribution), which has to be installed.
const { values } = parseArgs({ options: { only: { type: 'string' } } });

const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
// `npm test` leaves this suite out; here every path counts.
const flags = ['--verbose', '--testPathIgnorePatterns=/node_modules/', ...only];
process.exitCode = await runJest(['test/registry', ...flags]);
