import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { gatewayResources, istioResources, kubernetesPrograms, rolloutsController } from '../../cluster/build.ts';
import { artefactId, CACHE_VARIABLE } from '../../cluster/cache.ts';
import { identityOf, isRunning } from '../../cluster/identity.ts';
import { down, up } from '../../cluster/lifecycle.ts';
import { Supervisor } from '../../cluster/processes.ts';
import { claimState, type Description, layoutOf, readDescription } from '../../cluster/state.ts';
import { versions } from '../../cluster/versions.ts';
import { scratchFolders } from './scratch.ts';

const scratch = scratchFolders();
let cacheBefore: string | undefined;
beforeEach(() => {
  cacheBefore = process.env[CACHE_VARIABLE];
});
afterEach(() => {
  if (cacheBefore === undefined) delete process.env[CACHE_VARIABLE];
  else process.env[CACHE_VARIABLE] = cacheBefore;
});

/** A cache that holds a shell script in the place of etcd and Kubernetes. */
function cacheWith(script: string): void {
  const cache = scratch();
  process.env[CACHE_VARIABLE] = cache;
  const kubernetes = join(cache, artefactId(kubernetesPrograms()));
  mkdirSync(kubernetes);
  writeFileSync(join(kubernetes, 'controlplane'), `#!/bin/sh\n${script}\n`);
  chmodSync(join(kubernetes, 'controlplane'), 0o755);
  for (const [artefact, file] of [
    [istioResources(), 'istio-crds.yaml'],
    [gatewayResources(), 'gateway-crds.yaml'],
    [rolloutsController(), 'rollouts-crds.yaml'],
  ] as const) {
    const crds = join(cache, artefactId(artefact));
    mkdirSync(crds);
    writeFileSync(join(crds, file), '');
  }
}

function description(changes: Partial<Description>): Description {
  return {
    level: 'control-plane',
    kubernetesVersion: versions.kubernetes.module,
    istioVersion: versions.istio.release,
    envoyVersion: versions.envoy,
    program: 'controlplane',
    owner: { ...identityOf(process.pid), startTime: 0 },
    ready: false,
    ...changes,
  };
}

describe('up', () => {
  test('that fails shows the log of what failed, and leaves nothing', async () => {
    cacheWith('echo "bind: address in use" >&2; exit 1');
    const state = join(scratch(), 'state');
    await expect(up('control-plane', { state })).rejects.toThrow(/etcd ended by itself.*\nbind: address in use/);
    expect(existsSync(state)).toBe(false);
  });

  test('that is aborted ends what it had started, and leaves nothing', async () => {
    cacheWith('exec sleep 60');
    const state = join(scratch(), 'state');
    const abort = new AbortController();
    const rising = up('control-plane', { state, signal: abort.signal });
    const outcome = expect(rising).rejects.toThrow('enough');
    const { records } = layoutOf(state);
    while (!existsSync(join(records, 'etcd.json'))) await new Promise((resolve) => setTimeout(resolve, 10));
    abort.abort(new Error('enough'));
    await outcome;
    expect(existsSync(state)).toBe(false);
  });

  test('refuses a folder that holds something else', async () => {
    cacheWith('exit 1');
    const state = scratch();
    writeFileSync(join(state, 'thesis.tex'), '');
    await expect(up('control-plane', { state })).rejects.toThrow('is not empty and holds no cluster');
    expect(readdirSync(state)).toEqual(['thesis.tex']);
  });

  test('refuses a folder where another process brings a cluster up', async () => {
    const state = scratch();
    const owner = identityOf(process.ppid);
    await claimState(state, description({ owner }));
    await expect(up('control-plane', { state })).rejects.toThrow(`process ${owner.pid} is bringing a cluster up`);
    expect(readDescription(state)?.owner).toEqual(owner);
  });
});

describe('down', () => {
  test('ends what an `up` that was killed has left', async () => {
    const state = scratch();
    await claimState(state, description({}));
    const { records, logs } = layoutOf(state);
    const left = new Supervisor({ records, logs, endWithParent: false }).start('etcd', ['sleep', '60']);
    await down(state);
    expect(isRunning(left.identity)).toBe(false);
    expect(existsSync(state)).toBe(false);
  });

  test('does nothing where no cluster is, and keeps its hands off a folder that is not its own', async () => {
    const lines: string[] = [];
    const state = scratch();
    writeFileSync(join(state, 'thesis.tex'), '');
    await down(state, (line) => lines.push(line));
    expect(lines).toEqual([`no cluster in ${state}`]);
    writeFileSync(layoutOf(state).description, '{"level":"other"}');
    await expect(down(state)).rejects.toThrow('does not describe a test cluster');
    expect(readdirSync(state).sort()).toEqual(['cluster.json', 'thesis.tex']);
  });
});
