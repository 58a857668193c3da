import { randomUUID } from 'node:crypto';
import { join } from 'node:path';

/** The functions of `node:fs` that write to a file of the runner; synchronous, because a process that crashes has no later. */
export interface FileSystem {
  appendFileSync(path: string, text: string): void;
  statSync(path: string): { readonly size: number };
  truncateSync(path: string, length: number): void;
}

/** A file in which the runner takes something from a step. */
export interface CommandFile {
  /** Bytes that are in it; 0 where it is not there or cannot be looked at. */
  size(): number;
  /** Adds text, all of it or nothing; makes the file where it is missing. Throws what the file system says. */
  append(text: string): void;
}

/** A file of this step alone, for later steps of the job. */
export interface SharedFile extends CommandFile {
  readonly path: string;
}

/** Where the runner takes outputs and job summary, and where later steps find the page; `undefined` if it names no such place. */
export interface CommandFiles {
  readonly outputs: CommandFile | undefined;
  readonly summary: CommandFile | undefined;
  /** The page as Markdown: the runner takes the file of the job summary away after the step. */
  readonly page?: SharedFile | undefined;
}

/** The files that the runner names in the environment (https://docs.github.com/actions/reference/variables-reference). */
export function commandFiles(
  { GITHUB_OUTPUT, GITHUB_STEP_SUMMARY, RUNNER_TEMP }: Readonly<Record<string, string | undefined>>,
  fs: FileSystem,
): CommandFiles {
  const open = (path: string | undefined): CommandFile | undefined => (path ? commandFile(path, fs) : undefined);
  return {
    outputs: open(GITHUB_OUTPUT),
    summary: open(GITHUB_STEP_SUMMARY),
    page: RUNNER_TEMP ? sharedFile(join(RUNNER_TEMP, `deploy-wasm-filter-${randomUUID()}.md`), fs) : undefined,
  };
}

function sharedFile(path: string, fs: FileSystem): SharedFile {
  return { path, ...commandFile(path, fs) };
}

function commandFile(path: string, fs: FileSystem): CommandFile {
  const size = (): number => {
    try {
      return fs.statSync(path).size;
    } catch {
      return 0;
    }
  };
  return {
    size,
    append: (text) => {
      const before = size();
      try {
        fs.appendFileSync(path, text);
      } catch (error) {
        // The runner refuses a whole file of which it cannot read the end.
        if (size() > before) fs.truncateSync(path, before);
        throw error;
      }
    },
  };
}

/** Outputs as the runner reads them from its file: `name<<DELIMITER`, the value, `DELIMITER`; a later value of a name counts. */
export function outputLines(outputs: Readonly<Record<string, string>>): string {
  return Object.entries(outputs)
    .map(([name, value]) => {
      const delimiter = `ghadelimiter_${randomUUID()}`;
      return `${name}<<${delimiter}\n${value}\n${delimiter}\n`;
    })
    .join('');
}
