import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { chosenCases, toolsOf } from '../../../bench/cases.ts';
import { commitOf, fileSizes } from '../../../bench/machine.ts';
import { readMeshOptions } from '../../../bench/mesh-options.ts';
import { checkFiles, readOptions } from '../../../bench/options.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
/** Outside of a checkout: a kubeconfig, and a built action that loads a second file at once. */
const folder = mkdtempSync(join(tmpdir(), 'bench-options-'));
const kubeconfig = join(folder, 'kubeconfig');
writeFileSync(kubeconfig, '');
writeFileSync(join(folder, 'index.js'), 'import{a}from"./a.js";');
writeFileSync(join(folder, 'trial.js'), '');
writeFileSync(join(folder, 'a.js'), 'export const a=1');
afterAll(() => rmSync(folder, { recursive: true }));

describe('of the benchmark', () => {
  test('a whole run keeps its figures, one of a part only where it is told', () => {
    const { dist } = readOptions([]);
    expect(dist).toMatch(/[\\/]dist$/);
    expect(readOptions([])).toEqual({ dist, output: 'bench/results.json' });
    expect(readOptions(['--rounds', '2', '--workloads', '1,10'])).toEqual({ dist, rounds: 2, workloads: [1, 10] });
    expect(readOptions(['--only', 'limit,helm', '--output', 'x.json'])).toEqual({
      ...{ dist, only: ['limit', 'helm'], output: 'x.json' },
    });
    expect(readOptions(['--timeline', 'after', '--kubeconfig', 'k'])).toEqual({
      dist,
      timeline: 'after',
      kubeconfig: 'k',
    });
    expect(readOptions(['--quick'])).toMatchObject({ workloads: [1, 10, 100], rounds: 2 });
    expect(readOptions(['--quick', '--rounds', '1'])).toMatchObject({ workloads: [1, 10, 100], rounds: 1 });
    expect(readOptions(['--dist', '/elsewhere/dist']).dist).toBe('/elsewhere/dist');
  });

  test.each([
    ['--only: not among the choices: kapp', '--only', 'kapp'],
    ['--rounds: not a number from 1 on: 0', '--rounds', '0'],
    ['--workloads: not a number from 1 on: many', '--workloads', '1,many'],
    ["Unknown option '--fast'", '--fast'],
  ])('refuses what is wrong: %s', (message, ...argv) => expect(() => readOptions(argv)).toThrow(message));

  test('refuses files and folders that are missing before anything is measured', () => {
    const check = (...argv: string[]) => checkFiles(readOptions(argv));
    expect(() => check('--output', 'bench/missing/x.json')).toThrow(
      `--output: there is no folder ${join(ROOT, 'bench/missing')}`,
    );
    expect(() => check('--kubeconfig', '/missing')).toThrow('--kubeconfig: there is no file /missing');
    expect(() => check('--dist', '/missing')).toThrow('the built action: there is no file /missing/index.js');
    expect(() => check('--dist', folder, '--kubeconfig', kubeconfig, '--output', 'bench/x.json')).not.toThrow();
  });

  test.each([
    ['action,limit,start,manifest,embedded', []],
    ['action,kubectl', ['kubectl']],
    ['helm', ['helm']],
    ['script,helm', ['helm', 'kubectl']],
  ])('with --only %s it needs %j', (only, tools) =>
    expect([...toolsOf(chosenCases({ only: only.split(',') }))].sort()).toEqual(tools),
  );

  test('those who belong to a subject come with it, and nobody who has no case of that size', () => {
    const whoOf = (only: string[], workloads: number[]): string[] =>
      chosenCases({ only, workloads }).flatMap(({ who }) => Object.keys(who));
    expect(whoOf(['limit', 'kubectl'], [1])).toEqual(['limit', 'kubectl', 'kubectl-wait']);
    expect(whoOf(['action'], [300])).toEqual(['no-op']);
    expect(chosenCases({ workloads: [7] })).toEqual([]);
  });
});

describe('of the benchmark on a mesh', () => {
  test('has rounds with and without scouts where nothing is said', () => {
    const given = ['--kubeconfig', kubeconfig, '--dist', folder];
    const usual = { kubeconfig, dist: folder, namespaces: 10, each: 5, rounds: 3, maxParallel: '100%' };
    expect(readMeshOptions(given)).toEqual({ ...usual, scouts: ['off', 'auto'] });
    expect(readMeshOptions([...given, '--scouts', 'off', '--each', '1'])).toEqual({
      ...usual,
      scouts: ['off'],
      each: 1,
    });
  });

  test.each([
    ['--kubeconfig must name the kubeconfig of a mesh'],
    ['--kubeconfig: there is no file /missing', '--kubeconfig', '/missing'],
    ['--rounds: not a number from 1 on: 0', '--kubeconfig', kubeconfig, '--rounds', '0'],
    ['--each: not a number from 1 on: x', '--kubeconfig', kubeconfig, '--each', 'x'],
    ['--namespaces: not a number from 1 on: 0.5', '--kubeconfig', kubeconfig, '--namespaces', '0.5'],
    ['--scouts: neither off nor auto: on', '--kubeconfig', kubeconfig, '--scouts', 'off,on'],
    ['the built action: there is no file /missing/index.js', '--kubeconfig', kubeconfig, '--dist', '/missing'],
  ])('refuses what is wrong: %s', (message, ...argv) => expect(() => readMeshOptions(argv)).toThrow(message));
});

describe.each([
  ['run', ['--rounds', '0'], '--rounds: not a number from 1 on: 0', 'bench'],
  ['run', ['--workloads', '7'], 'No case has such a number of workloads with these subjects.', 'bench'],
  ['mesh', [], '--kubeconfig must name the kubeconfig of a mesh', 'bench:mesh'],
  ['clusters', ['--clusters', '0'], '--clusters: not a number from 1 on: 0', 'bench:clusters'],
  ['manifest', ['--filters', 'x'], '--filters: not a number from 1 on: x', 'bench:manifest'],
  ['pages', ['x'], 'WORKLOADS: not a number from 1 on: x', 'bench:pages'],
])('bench/%s.ts %j', (program, argv, message, script) => {
  const call = (...given: string[]) =>
    spawnSync(process.execPath, [join(ROOT, 'bench', `${program}.ts`), ...given], { encoding: 'utf8' });

  test('says in a line what is wrong, and the usage', () => {
    const { status, stdout, stderr } = call(...argv);
    expect([status, stdout]).toEqual([2, '']);
    expect(stderr.startsWith(`${message}\nusage: npm run ${script} -- `)).toBe(true);
    expect(stderr).not.toMatch(/^ +at /m);
  });

  test('has a usage', () => {
    const { status, stdout } = call('--help');
    expect(status).toBe(0);
    expect(stdout.startsWith(`usage: npm run ${script} -- `)).toBe(true);
  });
});

describe('of a built action', () => {
  test('the commit is that of its folder, and none outside of a checkout', async () => {
    expect(await commitOf(join(ROOT, 'dist'))).toMatch(/^[0-9a-f]{7,}/);
    expect(await commitOf(folder)).toBeUndefined();
  });

  test('the bytes are those of all that is loaded at once', () =>
    expect(fileSizes(folder)).toEqual({ 'index.js': 22 + 16, 'trial.js': 0 }));
});
