import type { KubernetesObject } from '../../cluster/objects.ts';
import type { FilterModule } from '../../filter/module/module.ts';
import { SOURCE_ANNOTATION } from './names.ts';

/** The image that a revision's module came from. */
export interface RecordedSource {
  /** `oci://registry.example/filters/add-header:v1`, as the input said. */
  readonly given: string;
  /** `registry.example/filters/add-header@sha256:…`, what that was when the revision was made. */
  readonly pinned: string;
  /** Digest of the module in it, which may have been shrunk before it was delivered. */
  readonly content: string;
}

/** What is recorded of a module; `undefined` for one that came from no registry. */
export function sourceOf({ source, digest, original }: FilterModule): RecordedSource | undefined {
  if (source?.kind !== 'image') return undefined;
  return { given: source.given, pinned: source.pinned, content: original?.digest ?? digest };
}

/** The annotation's text. */
export function formatSource({ given, pinned, content }: RecordedSource): string {
  return `${given} ${pinned} ${content}`;
}

/** What a revision's ConfigMap says of its source; `undefined` if it says nothing. */
export function parseSource({ metadata }: KubernetesObject): RecordedSource | undefined {
  return parseSourceText(metadata.annotations?.[SOURCE_ANNOTATION]);
}

/** Reads what `formatSource` wrote; `undefined` for anything else. */
export function parseSourceText(text: unknown): RecordedSource | undefined {
  const [given, pinned, content, ...more] = typeof text === 'string' ? text.split(' ') : [];
  return given && pinned && content && more.length === 0 ? { given, pinned, content } : undefined;
}
