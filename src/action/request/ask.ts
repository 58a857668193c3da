import type { ReadFile } from '../../base/files.ts';
import type { WorkspaceWriter } from '../../files/workspace-writer.ts';
import { readInputs } from '../inputs/inputs.ts';
import type { ReadInput } from '../inputs/reader.ts';
import type { FindFiles } from '../manifest/find-files.ts';
import { readFilters } from '../manifest/read.ts';
import { testsReader } from '../tests-file/read.ts';
import type { Environment } from './kubeconfig.ts';
import { chooseClusters } from './manifest-clusters.ts';
import type { Asked } from './request.ts';
import { clearResultFiles } from './result-files.ts';
import { readTargetLists } from './targets.ts';

/** What reading inputs and the files that they name needs of the world. */
export interface AskRuntime extends Pick<WorkspaceWriter, 'removeFile'> {
  readonly readInput: ReadInput;
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly findFiles: FindFiles;
}

/** Reads what a run is asked for: inputs, manifests, target lists and tests. */
export async function ask({ readInput, environment, readFile, findFiles, removeFile }: AskRuntime): Promise<Asked> {
  const read = await clearResultFiles(readInputs(readInput, environment), { removeFile });
  const { filters, clusters, isChoice, problems } = await readFilters(read, readInput, { readFile, findFiles });
  const readTests = testsReader({ readFile, findFiles });
  const asked = filters.map(async (filter) => ({
    ...filter,
    targets: await readTargetLists(filter, readFile),
    tests: await readTests(filter),
  }));
  return {
    read,
    filters: await Promise.all(asked),
    isChoice,
    problems,
    clusters: chooseClusters(clusters, read.inputs),
  };
}
