import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { needBuilt, needFile, positive } from './command-line.ts';

/** What a run on a mesh is to do. */
export interface MeshOptions {
  readonly kubeconfig: string;
  readonly namespaces: number;
  /** Workloads in each of them. */
  readonly each: number;
  readonly rounds: number;
  readonly maxParallel: string;
  readonly scouts: readonly string[];
  /** The folder of the built action, absolute. */
  readonly dist: string;
}

export const MESH_USAGE = `usage: npm run bench:mesh -- --kubeconfig FILE [OPTION…]
  --kubeconfig FILE     the mesh; "npm run cluster -- up --level mesh" brings one up
  --namespaces 10       in so many namespaces, which are taken away at the end
  --each 5              so many workloads in each, of one pod
  --rounds 3            so many deployments, mounted and by image
  --max-parallel 100%   how many workloads roll at once
  --scouts off,auto     each round without scouts, with them, or both
  --dist FOLDER         the built action of another checkout, in place of dist`;

/** Reads the command line of `npm run bench:mesh`. Throws an error that says what is wrong. */
export function readMeshOptions(argv: readonly string[]): MeshOptions {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      kubeconfig: { type: 'string' },
      namespaces: { type: 'string', default: '10' },
      each: { type: 'string', default: '5' },
      rounds: { type: 'string', default: '3' },
      'max-parallel': { type: 'string', default: '100%' },
      scouts: { type: 'string', default: 'off,auto' },
      dist: { type: 'string', default: join(import.meta.dirname, '..', 'dist') },
    },
  });
  const { kubeconfig } = values;
  if (kubeconfig === undefined) throw new Error('--kubeconfig must name the kubeconfig of a mesh');
  const scouts = values.scouts.split(',');
  const unknown = scouts.filter((one) => one !== 'off' && one !== 'auto');
  if (unknown.length > 0) throw new Error(`--scouts: neither off nor auto: ${unknown.join(', ')}`);
  const options = {
    kubeconfig,
    namespaces: positive(values.namespaces, '--namespaces'),
    each: positive(values.each, '--each'),
    rounds: positive(values.rounds, '--rounds'),
    maxParallel: values['max-parallel'],
    scouts,
    dist: resolve(values.dist),
  };
  needFile(kubeconfig, '--kubeconfig');
  needBuilt(options.dist);
  return options;
}
