import { isMissing, type ReadFile, readText } from '../../base/files.ts';
import type { Problem } from '../../base/problem.ts';
import { secretsInValue } from '../../base/redaction/configuration-secrets.ts';
import type { Warning } from '../../base/warning.ts';
import { MAX_YAML_BYTES, readYaml } from '../../base/yaml.ts';
import type { PatchedWorkloads, RenderedFile, RenderedFiles } from '../report/render-report.ts';
import {
  COMPONENT,
  COMPONENT_KUSTOMIZATION,
  type ComponentEntry,
  componentKustomization,
  filesOfOldLayout,
  isOfOthers,
  KUSTOMIZATION,
  listedFiles,
  namesComponent,
  OVERLAY,
} from './kustomization.ts';

/** The files of the workspace. */
export interface Workspace {
  readonly readFile: ReadFile;
  /** Writes a file, with its folders. */
  readonly writeFile: (path: string, text: string) => Promise<void>;
  /** Gives whether there was one. */
  readonly removeFile: (path: string) => Promise<boolean>;
}

/** A file of the Component before it is written. */
export interface RenderedContent extends ComponentEntry {
  readonly text: string;
  readonly content: string;
  /** Of a patch, the workload that it is for. */
  readonly patches?: PatchedWorkloads;
}

/** Why the folder's component cannot be ours: somebody else has written its kustomization. */
export async function takenComponent(root: string, workspace: Workspace): Promise<Problem | undefined> {
  const path = `${root}/${COMPONENT_KUSTOMIZATION}`;
  if (!isOfOthers(await readIfThere(path, workspace))) return undefined;
  return {
    kind: 'input',
    subject: 'input "render-to"',
    form: 'clause',
    message: `"${path}" already exists, and this action has not written it.`,
    remedy: 'Nothing was written. Name another folder, or move that file away.',
  };
}

/** What is new goes first, so that a run that is ended leaves files too many rather than too few. Throws what `signal` aborts with. */
export async function writeFolder(
  root: string,
  files: readonly RenderedContent[],
  workspace: Workspace,
  signal: AbortSignal,
): Promise<Pick<RenderedFiles, 'files' | 'removed'> & { readonly warnings: readonly Warning[] }> {
  const at = (name: string): string => `${root}/${name}`;
  const overlay = await readIfThere(at(KUSTOMIZATION), workspace);
  const component = await readIfThere(at(COMPONENT_KUSTOMIZATION), workspace);
  const oldLayout = filesOfOldLayout(overlay);
  const all = [
    ...files.map((file) => ({ ...file, name: `${COMPONENT}/${file.name}` })),
    {
      name: COMPONENT_KUSTOMIZATION,
      text: componentKustomization(files),
      content: 'Component with all of these files',
    },
    overlay === undefined || oldLayout !== undefined
      ? { name: KUSTOMIZATION, text: OVERLAY, content: 'overlay for kubectl apply --server-side -k, yours to edit' }
      : { name: KUSTOMIZATION, text: overlay, content: 'overlay, kept as it was', kept: true },
  ];
  const written: RenderedFile[] = [];
  for (const { name, text, content, ...more } of all) {
    signal.throwIfAborted();
    const kept = 'kept' in more;
    if (!kept) await workspace.writeFile(at(name), text);
    const patches = 'patches' in more ? more.patches : undefined;
    written.push({
      path: at(name),
      bytes: Buffer.byteLength(text),
      content,
      ...(kept && { kept }),
      ...(patches && { patches }),
    });
  }
  const now = new Set(files.map(({ name }) => name));
  const stale = [
    ...(oldLayout ?? []).map(at),
    ...listedFiles(component).flatMap((name) => (now.has(name) ? [] : [at(`${COMPONENT}/${name}`)])),
  ];
  const removed: string[] = [];
  for (const path of stale) {
    if (await workspace.removeFile(path)) removed.push(path);
  }
  const idle = overlay !== undefined && oldLayout === undefined && !namesComponent(overlay);
  const idleWarning = idle
    ? [
        {
          topic: 'Component not used',
          subject: at(KUSTOMIZATION),
          text: `"${at(KUSTOMIZATION)}" does not name "${COMPONENT}" under "components", so it does not include the filter: add it there, or name "${at(COMPONENT)}" in the kustomization that has the workloads.`,
        },
      ]
    : [];
  return { files: written, removed, warnings: [...idleWarning, ...secretWarnings(root, files)] };
}

/** Which files have something of a secret's name in plain text; they are meant to be committed. */
function secretWarnings(root: string, files: readonly RenderedContent[]): Warning[] {
  return files.flatMap(({ name, text }) => {
    const yaml = readYaml(text);
    if (!yaml.ok || secretsInValue(yaml.value).length === 0) return [];
    const path = `${root}/${COMPONENT}/${name}`;
    return [
      {
        topic: 'Secret in a file',
        subject: path,
        text: `"${path}" holds a value with a secret's name in plain text, from "configuration" or "environment": whoever can read the repository or the object can read the value. Commit it only if that is intended, or give the filter its secret in another way.`,
      },
    ];
  });
}

async function readIfThere(path: string, { readFile }: Workspace): Promise<string | undefined> {
  try {
    return await readText(readFile, path, MAX_YAML_BYTES);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
