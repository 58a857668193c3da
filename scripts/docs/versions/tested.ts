import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { load } from 'js-yaml';

const ROOT = join(import.meta.dirname, '..', '..', '..');

type Matrix = Readonly<Record<string, readonly string[]>>;

interface Workflow {
  readonly jobs: Readonly<Record<string, { readonly strategy?: { readonly matrix?: Matrix } }>>;
}

/** Returns what the jobs of a workflow of this repository run with. */
export function matrixOf(workflow: string): Matrix {
  const { jobs } = load(readFileSync(join(ROOT, '.github/workflows', workflow), 'utf8')) as Workflow;
  return Object.assign({}, ...Object.values(jobs).map(({ strategy }) => strategy?.matrix ?? {}));
}

/** Returns what the runner runs the action with: `24` of `node24`. */
export function nodeOfAction(): string {
  const { runs } = load(readFileSync(join(ROOT, 'action.yml'), 'utf8')) as { runs: { using: string } };
  return runs.using.replace('node', '');
}
