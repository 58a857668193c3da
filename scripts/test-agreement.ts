import { join } from 'node:path';
import { envoyProgram } from '../test/cluster/build.ts';
import { cacheFolder, obtain } from '../test/cluster/cache.ts';
import { versions } from '../test/cluster/versions.ts';
import { runJest } from './jest.ts';

// npm run test:agreement -- [PATTERN…]
// Compares the check and the trial run with real Envoys of two versions. Needs pip for them, and Go and Debian's Rust for filters.
const patterns = process.argv.length > 2 ? process.argv.slice(2) : ['test/agreement'];

async function envoy(version: string): Promise<string> {
  return `${version}=${join(await obtain(cacheFolder(), envoyProgram(undefined, version)), 'envoy')}`;
}

// One file after the other: each keeps all processors busy. `npm test` leaves the suite out; here every path counts.
process.exitCode = await runJest([...patterns, '--runInBand', '--verbose', '--testPathIgnorePatterns=/node_modules/'], {
  TEST_ENVOY: await envoy(versions.envoy),
  TEST_OLDER_ENVOY: await envoy(versions.olderEnvoy),
});
