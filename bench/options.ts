import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { needBuilt, needFile, needFolder, positive } from './command-line.ts';
import { PEERS, type Subject } from './results.ts';

const ROOT = join(import.meta.dirname, '..');

/** What a run of the benchmark is to do. */
export interface Options {
  /** The cluster; one that the run brings up itself when absent. */
  readonly kubeconfig?: string;
  /** Only cases with these numbers of workloads. */
  readonly workloads?: readonly number[];
  /** Only these subjects. */
  readonly only?: readonly string[];
  /** How many rounds there are at most; some cases have fewer. */
  readonly rounds?: number;
  /** The folder of the built action, absolute. */
  readonly dist: string;
  /** Where the raw figures are written; nowhere when absent. */
  readonly output?: string;
  /** Draws the time line of one run under this name, and measures nothing. */
  readonly timeline?: string;
}

/** What can be chosen with `--only`. */
export const CHOICES: readonly (Subject | 'start')[] = ['limit', 'action', ...PEERS, 'manifest', 'embedded', 'start'];

export const USAGE = `usage: npm run bench -- [OPTION…]
  --quick               some 5 minutes: up to 100 workloads, 2 rounds, without the slowest
  --workloads 10,100    only cases with these numbers of workloads
  --only limit,action   only these: ${CHOICES.join(', ')}
  --rounds 5            at most so many rounds
  --kubeconfig FILE     on this cluster, in place of a control plane of its own
  --dist FOLDER         the built action of another checkout, in place of dist
  --output FILE         write the raw figures there; a whole run writes bench/results.json and bench/README.md
  --timeline NAME       draw the requests of one deployment to 100 workloads, in bench/timelines and bench/images`;

/** Where the figures of a whole run are kept. */
export const RESULTS = 'bench/results.json';

/** Reads the command line. Throws an error that says what is wrong. */
export function readOptions(argv: readonly string[]): Options {
  const options = {
    quick: { type: 'boolean', default: false },
    workloads: { type: 'string' },
    only: { type: 'string' },
    rounds: { type: 'string' },
    kubeconfig: { type: 'string' },
    output: { type: 'string' },
    timeline: { type: 'string' },
    dist: { type: 'string', default: join(ROOT, 'dist') },
  } as const;
  const { values } = parseArgs({ args: [...argv], options });
  const quick = values.quick ? { workloads: '1,10,100', rounds: '2', only: CHOICES.filter(isQuick).join(',') } : {};
  const { workloads, only, rounds, kubeconfig, timeline, dist, ...given } = { ...quick, ...values };
  const whole = workloads === undefined && only === undefined && rounds === undefined;
  const output = given.output ?? (whole && timeline === undefined ? RESULTS : undefined);
  const unknown = only?.split(',').filter((one) => !(CHOICES as readonly string[]).includes(one)) ?? [];
  if (unknown.length > 0) throw new Error(`--only: not among the choices: ${unknown.join(', ')}`);
  return {
    dist: resolve(dist),
    ...(kubeconfig !== undefined && { kubeconfig }),
    ...(workloads !== undefined && { workloads: workloads.split(',').map((one) => positive(one, '--workloads')) }),
    ...(only !== undefined && { only: only.split(',') }),
    ...(rounds !== undefined && { rounds: positive(rounds, '--rounds') }),
    ...(output !== undefined && { output }),
    ...(timeline !== undefined && { timeline }),
  };
}

/** Throws where what a run reads, or the folder that it writes to, is missing: before anything is built or measured. */
export function checkFiles({ kubeconfig, dist, output }: Options): void {
  if (kubeconfig !== undefined) needFile(kubeconfig, '--kubeconfig');
  needBuilt(dist);
  if (output !== undefined) needFolder(dirname(outputFile(output)), '--output');
}

/** Returns where the raw figures are written. */
export function outputFile(output: string): string {
  return resolve(ROOT, output);
}

const isQuick = (choice: string): boolean => !['helm', 'script', 'embedded'].includes(choice);
