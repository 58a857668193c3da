import type { ReadFile } from '../../base/files.ts';
import { fail, ok, type Problem, type Result } from '../../base/problem.ts';
import { loadFilter } from '../../filter/module/load.ts';
import { checkModule, digestOf, type FilterModule, type ModuleSource } from '../../filter/module/module.ts';
import { publicAddress } from '../../registry/download.ts';
import { formatReference } from '../../registry/reference.ts';
import type { Registries } from '../../registry/registries.ts';
import type { OriginInputs } from '../inputs/origin.ts';

/** Gets modules from registries and web servers. */
export type ModuleFetcher = Pick<Registries, 'pull' | 'download'>;

/** A module that says where it came from. */
export type SourcedModule = FilterModule & Required<Pick<FilterModule, 'source'>>;

/** Gets the filter from where the inputs say; `undefined` if none is named, or none that could be read. */
export async function loadOrigin(
  { origin, sha256 }: OriginInputs,
  readFile: ReadFile,
  fetcher: ModuleFetcher,
): Promise<Result<SourcedModule | undefined>> {
  switch (origin?.kind) {
    case undefined:
      return ok(undefined);
    case 'file': {
      const loaded = await loadFilter(origin.path, readFile);
      if (!loaded.ok) return loaded;
      const source = { kind: 'file', given: origin.path } as const;
      const other = digestProblem(loaded.value.digest, source, sha256);
      return other === undefined ? ok({ ...loaded.value, source }) : fail(other);
    }
    case 'image': {
      const pulled = await fetcher.pull(origin.reference);
      if (!pulled.ok) return pulled;
      const { bytes, ...resolved } = pulled.value;
      return check(bytes, { kind: 'image', given: formatReference(origin.reference), ...resolved }, sha256);
    }
    case 'https': {
      const bytes = await fetcher.download(origin.address);
      return bytes.ok ? check(bytes.value, { kind: 'https', given: publicAddress(origin.address) }, sha256) : bytes;
    }
  }
}

/** Bytes that are not the wanted ones are looked at no further: what else is wrong with them tells nothing. */
function check(bytes: Uint8Array, source: ModuleSource, wanted: string | undefined): Result<SourcedModule> {
  const other = digestProblem(digestOf(bytes), source, wanted);
  if (other !== undefined) return fail(other);
  const module = checkModule(bytes, subjectOf(source));
  if (module.ok) return ok({ ...module.value, source });
  return source.kind === 'https' && isPacked(bytes) ? fail(packed(source)) : module;
}

/** Returns what is wrong with a digest that is not the wanted one; `undefined` if it is, or none is wanted. */
export function digestProblem(digest: string, source: ModuleSource, wanted: string | undefined): Problem | undefined {
  if (wanted === undefined || digest === wanted) return undefined;
  return {
    kind: 'filter',
    subject: subjectOf(source),
    message: `has the digest ${digest}, but "sha256" requires ${wanted}.`,
    remedy: 'If the filter was changed on purpose, change "sha256", too; if not, find out who changed it.',
  };
}

function packed(source: ModuleSource): Problem {
  return {
    kind: 'filter',
    subject: subjectOf(source),
    message: 'is packed (gzip, zip or tar), but files from web servers are not unpacked.',
    remedy: 'Give the address of the .wasm file itself, or unpack it in an earlier step and give its path.',
  };
}

/** By the first bytes; a tar archive has its mark at byte 257 (POSIX.1-1988, ustar). */
function isPacked(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes.subarray(0, 512)).toString('latin1');
  return text.startsWith('\x1f\x8b') || text.startsWith('PK') || text.slice(257, 262) === 'ustar';
}

/** How messages call a module. */
export function subjectOf({ given }: Pick<ModuleSource, 'given'>): string {
  return `filter "${given}"`;
}
