import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { runJest } from './jest.ts';

// npm run test:integration -- [--kubeconfig FILE] [PATTERN…]
// Runs the integration suite on the embedded cluster, or, with --kubeconfig, on a real one.
const { values, positionals } = parseArgs({ options: { kubeconfig: { type: 'string' } }, allowPositionals: true });
const patterns = positionals.length > 0 ? positionals : ['test/integration'];
process.exitCode =
  values.kubeconfig === undefined
    ? await runJest(patterns)
    : // One after the other on a real cluster: there the files share the simulated node.
      await runJest(['--runInBand', ...patterns], { TEST_KUBECONFIG: resolve(values.kubeconfig) });
