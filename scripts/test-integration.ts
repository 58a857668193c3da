import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

// Runs the integration suite on the embedded cluster, or, with --kubeconfig FILE, on a real one.
const { values, positionals } = parseArgs({ options: { kubeconfig: { type: 'string' } }, allowPositionals: true });
const environment = values.kubeconfig === undefined ? {} : { TEST_KUBECONFIG: resolve(values.kubeconfig) };
const jest = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning', 'node_modules/jest/bin/jest.js'];
// One after the other on a real cluster: there the files share the simulated node.
const patterns = positionals.length > 0 ? positionals : ['test/integration'];
const child = spawn(
  process.execPath,
  [...jest, ...(values.kubeconfig === undefined ? [] : ['--runInBand']), ...patterns],
  {
    cwd: resolve(import.meta.dirname, '..'),
    env: { ...process.env, ...environment },
    stdio: 'inherit',
  },
);
child.on('close', (code) => {
  process.exitCode = code ?? 1;
});
