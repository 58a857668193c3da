import { performance } from 'node:perf_hooks';
import { outputsOf } from '../src/action/outputs/outputs.ts';
import { reportFile } from '../src/action/report-file/report-file.ts';
import { renderSummary } from '../src/action/summary/summary.ts';
import { bigRun } from '../test/unit/action/scenarios-waves.ts';

/**
 * What the page and the files of a run over many workloads cost: `npm run bench:pages -- 5000`. Without a number, of 1,000, 5,000 and
 * 20,000 workloads, each in a process of its own for its memory.
 */
const [given] = process.argv.slice(2);
const size = Number(given ?? 5_000);

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
