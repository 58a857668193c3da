import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, relative, sep } from 'node:path';

/** The rooms of `src`, from the top: a room imports only rooms below it. */
export const ROOMS: readonly string[] = [
  'main.ts',
  'trial.ts',
  'watchdog.ts',
  'action',
  'deploy',
  'mesh',
  'targets',
  'provenance',
  'github',
  'registry',
  'filter',
  'http',
  'cluster',
  'files',
  'base',
];

/**
 * The rooms within a room, from the top: a room imports only from floors below its own. Rooms of one floor do not know each other;
 * `.` are the files that lie in the room itself.
 */
export const FLOORS: Readonly<Record<string, readonly (readonly string[])[]>> = {
  action: [
    ['.'],
    ['pull-request'],
    ['publish'],
    ['crash'],
    ['request', 'outputs', 'report-file', 'summary'],
    ['summary/parts'],
    ['tests-file'],
    ['verdict', 'manifest'],
    ['inputs'],
    ['runner'],
  ],
  base: [['redaction'], ['.']],
  cluster: [['.'], ['kubeconfig']],
  deploy: [
    ['commands'],
    ['rollout'],
    ['scout'],
    ['apply', 'soak', 'verify'],
    ['preflight', 'wait'],
    ['plan'],
    ['report'],
    ['observe'],
    ['kinds'],
    ['.'],
  ],
  filter: [['tests'], ['trial'], ['host'], ['shrink'], ['compatibility'], ['module'], ['.']],
  mesh: [['unmanaged'], ['proxy'], ['template'], ['gateway'], ['objects'], ['identity'], ['.']],
};

/** A file of `src`. */
export interface Source {
  /** Below src, with `/`: `mesh/identity/names.ts`. */
  readonly path: string;
  readonly room: string;
  readonly text: string;
  /** What it imports, as it is written there. */
  readonly imports: readonly string[];
}

/** Returns all sources of the package at `root`. */
export function readSources(root: string): Source[] {
  const folder = join(root, 'src');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((file) => {
      const path = relative(folder, file).split(sep).join('/');
      const text = readFileSync(file, 'utf8');
      const found = text.matchAll(/(?:\bfrom\s+|\bimport\s*\(\s*|^import\s+)'([^']+)'/gm);
      return { path, room: roomOf(path), text, imports: [...found].map(([, from]) => from ?? '') };
    });
}

/** Returns the files of `src` that a source imports. */
export function importedBy({ path, imports }: Source): string[] {
  return imports.filter((from) => from.startsWith('.')).map((from) => posix.join(posix.dirname(path), from));
}

/** Returns the room that a file lies in: `mesh` for `mesh/identity/names.ts`. */
export function roomOf(path: string): string {
  return path.split('/')[0] ?? '';
}

/** Returns the room within its room that a file lies in: `identity` for `mesh/identity/names.ts`, `.` for a file of `mesh` itself. */
export function innerRoomOf(path: string): string {
  const below = posix.relative(roomOf(path), posix.dirname(path));
  return below === '' ? '.' : below;
}
