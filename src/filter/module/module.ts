import { createHash } from 'node:crypto';
import { fail, ok, type Result } from '../../base/problem.ts';

/** Where a module came from; `given` is what the input said. */
export type ModuleSource =
  | { readonly kind: 'file' | 'https'; readonly given: string }
  | {
      readonly kind: 'image';
      readonly given: string;
      /** What it was resolved to: `registry.example/filters/add-header@sha256:…`, the digest of the manifest. */
      readonly pinned: string;
      /** Whether Istio's own fetcher takes the module from there, too. */
      readonly istioCanPull: boolean;
      /** Whether it is an image that can be mounted as a volume, with the module as its file plugin.wasm; artifacts cannot. */
      readonly isImage: boolean;
    };

/** A module as it came, before it was shrunk, and how it was shrunk. */
export interface OriginalModule {
  readonly bytes: Uint8Array;
  readonly digest: string;
  /** The custom sections that are left out, by name, each once. */
  readonly dropped: readonly string[];
  /** Whether its code was rewritten, too. */
  readonly optimized: boolean;
}

/** A compiled filter, as it will be put into the cluster. */
export interface FilterModule {
  readonly bytes: Uint8Array;
  /** `sha256:` and 64 hex digits over the bytes. */
  readonly digest: string;
  /** What it was made of; omitted when it is what the compiler wrote. */
  readonly original?: OriginalModule;
  /** Absent where nobody needs to know. */
  readonly source?: ModuleSource;
}

/**
 * The most bytes that all values of one ConfigMap may have together
 * (https://kubernetes.io/docs/concepts/configuration/configmap/).
 */
export const MAX_CONFIG_MAP_BYTES = 1_048_576;

/** `\0asm`, which every WebAssembly binary starts with (https://webassembly.github.io/spec/core/binary/modules.html). */
const MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;

/** Checks that bytes are a WebAssembly core module, of any size; `origin` is how messages call the file. */
export function checkModule(bytes: Uint8Array, origin: string): Result<FilterModule> {
  const message = notAModule(bytes);
  if (message === undefined) return ok({ bytes, digest: digestOf(bytes) });
  return fail({ kind: 'filter', subject: origin, message, remedy: 'Pass the .wasm file that the compiler wrote.' });
}

/** Whether a module can be delivered in a ConfigMap. */
export function fitsConfigMap({ bytes }: Pick<FilterModule, 'bytes'>): boolean {
  return bytes.length <= MAX_CONFIG_MAP_BYTES;
}

/** `sha256:` and 64 hex digits. */
export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function notAModule(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return 'is empty.';
  if (MAGIC.every((byte, index) => bytes[index] === byte)) {
    const [version, layer] = [bytes[4], bytes[6]];
    if (bytes.length >= 8 && version === 1 && layer === 0) return undefined;
    if (layer === 1) return 'is a WebAssembly component; Proxy-Wasm needs a core module.';
    return bytes.length < 8
      ? 'is cut off after its first bytes.'
      : `has WebAssembly version ${version}; Envoy reads version 1.`;
  }
  return `is not a WebAssembly module${guess(bytes)}.`;
}

/** What the file probably is instead, from its first bytes. */
function guess(bytes: Uint8Array): string {
  const start = Buffer.from(bytes.subarray(0, 64)).toString('latin1');
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return '; it is gzip-compressed';
  if (start.startsWith('PK')) return '; it is a zip archive';
  if (start.startsWith('version https://git-lfs')) return '; it is a Git LFS pointer (check out with "lfs: true")';
  if (/^\s*(\(module|;;)/.test(start)) return '; it is WebAssembly text, which has to be compiled first';
  if (/^\s*<(!doctype|html)/i.test(start)) return '; it is an HTML page, often a failed download';
  if (start.startsWith('\x7fELF')) return '; it is a native program, compiled for another target';
  return '';
}
