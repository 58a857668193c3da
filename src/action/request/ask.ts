import type { ReadFile } from '../../base/files.ts';
import type { WorkspaceWriter } from '../../files/workspace-writer.ts';
import { readInputs } from '../inputs/inputs.ts';
import type { ReadInput } from '../inputs/reader.ts';
import type { FindFiles } from '../manifest/find-files.ts';
import { readFilters } from '../manifest/read.ts';
import type { Environment } from './kubeconfig.ts';
import { chooseClusters } from './manifest-clusters.ts';
import { clearReportFile } from './report-file.ts';
import type { Asked } from './request.ts';
import { readTargetLists } from './targets.ts';

/** What reading inputs and the files that they name needs of the world. */
export interface AskRuntime extends Pick<WorkspaceWriter, 'removeFile'> {
  readonly readInput: ReadInput;
  readonly environment: Environment;
  readonly readFile: ReadFile;
  readonly findFiles: FindFiles;
}

/** Reads what a run is asked for: inputs, manifests and target lists. */
export async function ask({ readInput, environment, readFile, findFiles, removeFile }: AskRuntime): Promise<Asked> {
  const read = await clearReportFile(readInputs(readInput, environment), { removeFile });
  const { filters, clusters, isChoice, problems } = await readFilters(read, readInput, { readFile, findFiles });
  const asked = filters.map(async (filter) => ({ ...filter, targets: await readTargetLists(filter, readFile) }));
  return {
    read,
    filters: await Promise.all(asked),
    isChoice,
    problems,
    clusters: chooseClusters(clusters, read.inputs),
  };
}
