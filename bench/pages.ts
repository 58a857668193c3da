import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { outputsOf } from '../src/action/outputs/outputs.ts';
import { reportFile } from '../src/action/report-file/report-file.ts';
import { renderSummary } from '../src/action/summary/summary.ts';
import { bigRun } from '../test/unit/action/scenarios-waves.ts';
import { positive, readOrExit } from './command-line.ts';

/** npm run bench:pages: what the page and the files of a run over many workloads cost. One number in a process, for its memory. */
const USAGE = `usage: npm run bench:pages -- [WORKLOADS]
  WORKLOADS   of a run over so many workloads; 5000 by default`;
const size = readOrExit(USAGE, (argv) => {
  const { positionals } = parseArgs({ args: [...argv], allowPositionals: true });
  if (positionals.length > 1) throw new Error('more than one number of workloads');
  return positive(positionals[0] ?? '5000', 'WORKLOADS');
});

const before = process.memoryUsage().rss;
const report = bigRun(size);
const made = process.memoryUsage().rss;

function measured(what: string, make: () => string): string {
  const started = performance.now();
  const bytes = Buffer.byteLength(make());
  return `${what}: ${(bytes / 1024).toFixed(0)} KiB in ${(performance.now() - started).toFixed(0)} ms`;
}

const lines = [
  measured('page', () => renderSummary(report)),
  measured('outputs', () => Object.values(outputsOf(report)).join('')),
  measured('report file', () => JSON.stringify(reportFile(report, ''), null, 2)),
];
const peak = process.resourceUsage().maxRSS * 1024;
const mib = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(0)} MiB`;
process.stdout.write(
  `${size} workloads\n${lines.map((line) => `  ${line}\n`).join('')}  memory: ${mib(made - before)} for the report, ${mib(peak - made)} more for all of these, ${mib(peak)} in all\n`,
);
