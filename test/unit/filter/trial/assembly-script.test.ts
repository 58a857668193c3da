import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { TrialRequest } from '../../../../src/filter/host/request.ts';
import type { TrialVerdict } from '../../../../src/filter/trial/verdict.ts';
import { trial } from '../../../harness/trial.ts';
import { buildMeshFilters, type MeshFilters } from '../../../mesh/filters.ts';
import { request } from './modules.ts';

let folder: string;
let filters: MeshFilters;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trial-'));
  filters = await buildMeshFilters(folder);
}, 300_000); // compiles, where nobody has
afterAll(() => rm(folder, { recursive: true }));

const run = async (filter: keyof MeshFilters, changes: Partial<TrialRequest> = {}): Promise<TrialVerdict> =>
  trial(request(await readFile(filters[filter]), { rootId: 'add_header', ...changes }));

describe('the example, ABI 0.2.1', () => {
  test('passes with a good configuration, and its header is in the answer', async () => {
    const verdict = await run('abi021');
    expect(verdict).toMatchObject({ state: 'passed' });
    const headers = verdict.state === 'passed' ? verdict.headers : undefined;
    expect(headers?.response).toContainEqual(['x-greeting', 'hello']);
    expect(headers?.request).not.toContainEqual(['x-greeting', 'hello']);
  });

  test('is refused with a bad one, in its own words', async () => {
    const verdict = await run('abi021', { configuration: 'nonsense' });
    expect(verdict).toMatchObject({ state: 'refused', step: 'configure', reason: 'proxy_on_configure returned false' });
    // Its SDK writes the log to stdout, which Envoy takes for level info.
    expect(verdict.logs).toContain(
      'info: [CRITICAL]: add-header: the configuration must be "name: value", not "nonsense"',
    );
  });

  test('does not mind the root id, as in a real Envoy', async () => {
    expect(await run('abi021', { rootId: 'nobody' })).toMatchObject({ state: 'passed' });
  });

  test('reads a configuration that is not ASCII', async () => {
    const verdict = await run('abi021', { configuration: 'x-greeting: grüß dich 👋' });
    expect(verdict).toMatchObject({
      state: 'passed',
      headers: { response: expect.arrayContaining([['x-greeting', 'grüß dich 👋']]) },
    });
  });
});

describe('the older SDK, ABI 0.2.0', () => {
  test('passes with its root id', async () => {
    const verdict = await run('abi020', { configuration: 'old' });
    expect(verdict).toMatchObject({
      state: 'passed',
      headers: { response: expect.arrayContaining([['x-abi-0-2-0', 'old']]) },
    });
  });

  test('aborts with another one, and says so', async () => {
    const verdict = await run('abi020', { rootId: 'nobody' });
    expect(verdict).toMatchObject({
      state: 'refused',
      step: 'vm-start',
      reason: expect.stringContaining('Missing root context factory for root id: nobody'),
    });
    expect(verdict.logs).toContainEqual(expect.stringMatching(/^critical: .*Missing root context factory/));
  });
});

test('a corrupt module is refused by the compiler', async () => {
  expect(await run('corrupt')).toMatchObject({ state: 'refused', step: 'compile' });
});

test('a host function that nobody knows is no verdict: a newer Envoy may have it', async () => {
  expect(await run('missingImport')).toMatchObject({
    state: 'inconclusive',
    why: expect.stringContaining('env.proxy_does_not_exist'),
  });
});
