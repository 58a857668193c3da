import { writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { writeFiles } from '../scripts/docs/generated-file.ts';
import { withCluster } from '../test/cluster/index.ts';
import { type Case, chosenCases, prepare, toolsOf } from './cases.ts';
import { readOrExit } from './command-line.ts';
import { type Lab, withLab } from './lab.ts';
import { fileSizes, machine, versions } from './machine.ts';
import { checkFiles, outputFile, RESULTS, readOptions, USAGE } from './options.ts';
import { benchPrograms } from './programs.ts';
import { benchPages } from './report/pictures.ts';
import { summary } from './report/summary.ts';
import { type Results, resultsText } from './results.ts';
import { type Kept, playRounds } from './rounds.ts';
import { drawTimeline } from './timeline.ts';

/**
 * npm run bench: measures the built action beside everything that a user would take instead, and beside the least that the same writes
 * cost, on a real control plane. `options.ts` has its options.
 */
const { options, chosen } = readOrExit(USAGE, (argv) => {
  const options = readOptions(argv);
  const chosen = chosenCases(options);
  if (chosen.length === 0) throw new Error('No case has such a number of workloads with these subjects.');
  checkFiles(options);
  return { options, chosen };
});
const log = (line: string): void => console.log(line);
const programs = await benchPrograms(options.timeline === undefined ? toolsOf(chosen) : new Set(), log);
if (options.kubeconfig !== undefined) await bench(options.kubeconfig);
else await withCluster('control-plane', ({ kubeconfig }) => bench(kubeconfig), { log });

async function bench(kubeconfig: string): Promise<void> {
  if (options.timeline !== undefined) {
    await withLab(kubeconfig, { programs, dist: options.dist, log }, (lab) =>
      drawTimeline(lab, options.timeline ?? ''),
    );
    return;
  }
  const results = await measureAll(kubeconfig);
  log(summary(results));
  if (options.output === RESULTS) await writeFiles(benchPages());
  if (results.failures.length > 0) process.exitCode = 1;
}

async function measureAll(kubeconfig: string): Promise<Results> {
  const began = performance.now();
  const minutes = (): number => Math.round((performance.now() - began) / 6_000) / 10;
  const kept: Kept = { samples: [], counts: [], failures: [] };
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  const takenAt = new Date().toISOString().slice(0, 10);
  let known: Results['versions'] = {};
  const soFar = (): Results => ({
    ...{ command, takenAt, minutes: Math.round(minutes()) },
    ...{ machine: machine(), versions: known, files: fileSizes(options.dist) },
    ...kept,
  });
  const play = async (lab: Lab, one: Case): Promise<void> => {
    log(`${one.workloads} Deployments in ${one.namespaces} namespaces (after ${minutes()} min)`);
    const everyone = await prepare(lab, one);
    const rounds = everyone.map(([each, usual]) => [each, Math.min(usual, options.rounds ?? usual)] as const);
    await playRounds(lab, one, rounds, one.counted ?? false, kept);
    for (const [each] of everyone) await each.end();
    // After each case, so that what was measured is not lost with what could not be.
    if (options.output !== undefined) {
      await writeFile(outputFile(options.output), resultsText(soFar()));
    }
  };
  await withLab(kubeconfig, { programs, dist: options.dist, log }, async (lab) => {
    known = await versions(lab);
    for (const one of chosen.filter(({ who }) => who.embedded === undefined)) await play(lab, one);
  });
  for (const one of chosen.filter(({ who }) => who.embedded !== undefined)) {
    await withLab(undefined, { programs, dist: options.dist, log }, (lab) => play(lab, one));
  }
  return soFar();
}
