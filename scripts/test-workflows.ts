import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from './jest.ts';

// npm run test:workflows -- [--kubeconfig FILE] [--only TEXT]
// Runs the workflows of examples/ with act, on the embedded cluster or on the mesh of the kubeconfig. Needs Go, for act, and the
// programs of a runner: git, bash, curl, gh and jq.
const { values } = parseArgs({ options: { kubeconfig: { type: 'string' }, only: { type: 'string' } } });

const only = values.only === undefined ? [] : ['--testNamePattern', values.only];
const environment = values.kubeconfig === undefined ? {} : { TEST_KUBECONFIG: resolve(values.kubeconfig) };
// `npm test` leaves this suite out; here every path counts.
const flags = ['--verbose', '--testTimeout=180000', '--testPathIgnorePatterns=/node_modules/', ...only];
process.exitCode = await runJest(['test/workflows', ...flags], environment);
