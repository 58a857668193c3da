import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Artefact, digestOf } from './cache.ts';
import { ctr, startContainerd } from './containerd.ts';
import { type ImagePrograms, imageNames, writeImageArchive } from './images.ts';
import { endComponents, readRecords, Supervisor } from './processes.ts';
import { findBaseFiles, writeBase } from './rootfs.ts';
import { createSandbox } from './sandbox.ts';

export interface ImageStoreOptions {
  readonly programs: ImagePrograms;
  /** The `controlplane` program. */
  readonly controlPlane: string;
  readonly signal?: AbortSignal | undefined;
}

const SOURCES = ['images.ts', 'rootfs.ts', 'image-store.ts'];

/** `containerd/`: containerd's folder with all images imported and unpacked. Building it needs root. */
export async function imageStore(options: ImageStoreOptions): Promise<Artefact> {
  const { programs, signal } = options;
  const base = await findBaseFiles();
  return {
    name: 'images',
    inputs: {
      // The programs' folders are named after what they were built from, the machine's files are known by content only.
      programs: [basename(programs.istio), basename(programs.envoy)],
      images: imageNames,
      machineFiles: [...base.files.keys()],
      content: digestOf([...base.files.values()]),
      sources: digestOf(SOURCES.map((file) => fileURLToPath(new URL(file, import.meta.url)))),
    },
    build: async (folder) => {
      const scratch = join(folder, 'scratch');
      const root = join(scratch, 'base');
      const archive = join(scratch, 'images.tar');
      await mkdir(root, { recursive: true });
      await writeBase(root, base);
      await writeImageArchive(scratch, archive, root, programs);

      const records = join(scratch, 'records');
      const supervisor = new Supervisor({ records, logs: join(scratch, 'logs'), endWithParent: true });
      try {
        const sandbox = await createSandbox({
          supervisor,
          program: options.controlPlane,
          privateFolders: [],
          signal,
        });
        const cniFolder = join(scratch, 'cni');
        await mkdir(cniFolder);
        const containerdRoot = join(folder, 'containerd');
        await startContainerd({ supervisor, sandbox, root: containerdRoot, folder: scratch, cniFolder, signal });
        await ctr(sandbox, ['images', 'import', archive], signal);
      } finally {
        await endComponents(readRecords(records));
      }
      await rm(scratch, { recursive: true });
    },
  };
}
