import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Artefact, artefactId, cacheFolder, digestOf, locate, obtain } from '../../cluster/cache.ts';
import { formatIdentity, identityOf } from '../../cluster/identity.ts';
import { scratchFolders } from './scratch.ts';

const scratch = scratchFolders();

function artefact(build: Artefact['build']): Artefact {
  return { name: 'thing-1.0', inputs: { version: '1.0' }, build };
}

/** Writes one file, and counts how often. */
function counted(): { readonly artefact: Artefact; readonly builds: () => number } {
  let builds = 0;
  return {
    artefact: artefact(async (folder) => {
      builds += 1;
      writeFileSync(join(folder, 'program'), 'content');
    }),
    builds: () => builds,
  };
}

describe('obtain', () => {
  test('builds once, then takes it from the cache', async () => {
    const cache = join(scratch(), 'not', 'yet', 'there');
    const { artefact: thing, builds } = counted();
    expect(locate(cache, thing).present).toBe(false);
    const folder = await obtain(cache, thing);
    expect(await obtain(cache, thing)).toBe(folder);
    expect(builds()).toBe(1);
    expect(readFileSync(join(folder, 'program'), 'utf8')).toBe('content');
    expect(readdirSync(cache)).toEqual([artefactId(thing)]);
  });

  test('leaves nothing of a build that fails', async () => {
    const cache = scratch();
    const broken = artefact(async (folder) => {
      writeFileSync(join(folder, 'half'), '');
      throw new Error('no disk space');
    });
    await expect(obtain(cache, broken)).rejects.toThrow('no disk space');
    expect(readdirSync(cache)).toEqual([]);
  });

  test('takes the result of another process that was faster', async () => {
    const cache = scratch();
    const thing: Artefact = artefact(async (folder) => {
      writeFileSync(join(folder, 'program'), 'ours');
      const other = locate(cache, thing).folder;
      mkdirSync(other);
      writeFileSync(join(other, 'program'), 'theirs');
    });
    const folder = await obtain(cache, thing);
    expect(readFileSync(join(folder, 'program'), 'utf8')).toBe('theirs');
    expect(readdirSync(cache)).toEqual([artefactId(thing)]);
  });

  test('sweeps builds of processes that have ended, and no others', async () => {
    const cache = scratch();
    const child = spawn('sleep', ['60']);
    const ended = identityOf(child.pid ?? 0);
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
    const dead = `unfinished-other-1@${formatIdentity(ended)}`;
    const alive = `unfinished-other-2@${formatIdentity(identityOf(process.ppid))}`;
    mkdirSync(join(cache, dead));
    mkdirSync(join(cache, alive));
    await obtain(cache, counted().artefact);
    expect(existsSync(join(cache, dead))).toBe(false);
    expect(existsSync(join(cache, alive))).toBe(true);
  });
});

describe('artefactId', () => {
  test('does not depend on the order of the inputs, but on each of them', () => {
    const values = fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.array(fc.string())), { minKeys: 1 });
    fc.assert(
      fc.property(values, (inputs) => {
        const reversed = Object.fromEntries(Object.entries(inputs).reverse());
        expect(artefactId({ name: 'a', inputs: reversed })).toBe(artefactId({ name: 'a', inputs }));
        const [first] = Object.keys(inputs);
        const changed = { ...inputs, [first ?? '']: { changed: true } };
        expect(artefactId({ name: 'a', inputs: changed })).not.toBe(artefactId({ name: 'a', inputs }));
      }),
    );
  });
});

test('digestOf depends on the content and on where one file ends', () => {
  const folder = scratch();
  const file = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  const digest = digestOf([file('a', 'ab'), file('b', 'c')]);
  expect(digestOf([file('c', 'ab'), file('d', 'c')])).toBe(digest);
  expect(digestOf([file('e', 'a'), file('f', 'bc')])).not.toBe(digest);
});

test.each([
  [{ DEPLOY_WASM_FILTER_CLUSTER_CACHE: '/a', XDG_CACHE_HOME: '/b' }, '/a'],
  [{ XDG_CACHE_HOME: '/b' }, '/b/deploy-wasm-filter/cluster'],
])('cacheFolder of %j is %s', (env, expected) => {
  expect(cacheFolder(env)).toBe(expected);
});
