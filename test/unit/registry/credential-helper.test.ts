import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { credentialHelperRunner } from '../../../src/registry/credential-helper.ts';

/** Helpers as programs of Node. */
const HELPERS: Readonly<Record<string, string>> = {
  echo: `let input = ''; process.stdin.on('data', (d) => { input += d; }).on('end', () =>
    console.log(JSON.stringify({ input, args: process.argv.slice(2), env: Object.keys(process.env) })));`,
  fail: `console.log('no such key'); console.error('not this'); process.exit(3);`,
  mute: 'process.exit(4);',
  // Chunks of an even length end within a character.
  long: `process.stdout.write('x' + 'é'.repeat(200_000));`,
  hang: 'setTimeout(() => undefined, 60_000);',
};
const signal = new AbortController().signal;

describe('a credential helper', () => {
  let folder: string;
  let environment: Record<string, string>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'helpers-'));
    for (const [name, script] of Object.entries(HELPERS)) {
      const file = join(folder, `docker-credential-${name}`);
      await writeFile(file, `#!${process.execPath}\n${script}\n`);
      await chmod(file, 0o755);
    }
    environment = {
      PATH: [folder, process.env.PATH ?? ''].join(delimiter),
      HOME: folder,
      AWS_PROFILE: 'x',
      GITHUB_TOKEN: 'secret',
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'secret',
      INPUT_KUBECONFIG: 'secret',
    };
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('gets the server on standard input and sees a small environment', async () => {
    const answer = JSON.parse(await credentialHelperRunner(environment, signal)('echo', 'ghcr.io'));
    expect(answer).toMatchObject({ input: 'ghcr.io', args: ['get'] });
    expect(answer.env).toEqual(expect.arrayContaining(['PATH', 'HOME', 'AWS_PROFILE']));
    expect(answer.env.filter((name: string) => /GITHUB|ACTIONS|INPUT/.test(name))).toEqual([]);
  });

  test('may answer at length, in any alphabet', async () => {
    const answer = await credentialHelperRunner(environment, signal)('long', 'x');
    expect(answer === `x${'é'.repeat(200_000)}`).toBe(true);
  });

  test.each([
    ['fail', 'no such key'],
    ['mute', 'it ended with code 4'],
    ['missing', 'there is no such program'],
  ])('%s: %s', async (helper, words) => {
    await expect(credentialHelperRunner(environment, signal)(helper, 'x')).rejects.toThrow(words);
  });

  test('is no program of the folder that the action runs in', async () => {
    for (const here of ['', '.', relative(process.cwd(), folder)]) {
      const path = [here, '/nonexistent'].join(delimiter);
      const run = credentialHelperRunner({ ...environment, PATH: path }, signal);
      await expect(run('mute', 'x')).rejects.toThrow('there is no such program');
    }
  });

  test('that does not answer is killed', async () => {
    await expect(credentialHelperRunner(environment, signal, 200)('hang', 'x')).rejects.toThrow(
      'it did not answer within 0.2 s',
    );
  });

  test('ends with the run', async () => {
    const abort = new AbortController();
    const asked = credentialHelperRunner(environment, abort.signal)('hang', 'x');
    abort.abort();
    await expect(asked).rejects.toThrow(/abort/i);
  });
});
