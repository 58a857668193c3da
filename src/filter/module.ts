import { createHash } from 'node:crypto';
import { bad, type Checked, good, type Problem } from '../base/problem.ts';
import { formatBytes } from '../base/text.ts';

/** Where a module came from; `given` is what the input said. */
export type ModuleSource =
  | { readonly kind: 'file' | 'https'; readonly given: string }
  | {
      readonly kind: 'image';
      readonly given: string;
      /** What it was resolved to: `registry.example/filters/add-header@sha256:…`, the digest of the manifest. */
      readonly pinned: string;
    };

/** A compiled filter, as it will be put into the cluster. */
export interface FilterModule {
  readonly bytes: Uint8Array;
  /** `sha256:` and 64 hex digits over the bytes. */
  readonly digest: string;
  /** Absent where nobody needs to know. */
  readonly source?: ModuleSource;
}

/**
 * The most bytes that all values of one ConfigMap may have together
 * (https://kubernetes.io/docs/concepts/configuration/configmap/).
 */
export const MOST_CONFIG_MAP_BYTES = 1_048_576;

/** `\0asm`, which every WebAssembly binary starts with (https://webassembly.github.io/spec/core/binary/modules.html). */
const MAGIC = [0x00, 0x61, 0x73, 0x6d] as const;

/** Checks that bytes are a WebAssembly core module that fits into a ConfigMap; `origin` is how messages call the file. */
export function checkModule(bytes: Uint8Array, origin: string): Checked<FilterModule> {
  const wrong = notAModule(bytes);
  if (wrong !== undefined) {
    return bad(problem(origin, wrong, 'Pass the .wasm file that the compiler wrote.'));
  }
  if (bytes.length > MOST_CONFIG_MAP_BYTES) {
    return bad(
      problem(
        origin,
        `is ${formatBytes(bytes.length)} (${bytes.length} bytes); a ConfigMap holds at most 1 MiB (${MOST_CONFIG_MAP_BYTES} bytes).`,
        'Make it smaller: compile for size with link-time optimisation (Rust: opt-level="s", lto=true, strip=true; TinyGo instead of Go), drop debug sections (wasm-strip), or run wasm-opt -Oz.',
      ),
    );
  }
  return good({ bytes, digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}` });
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

function problem(subject: string, message: string, remedy: string): Problem {
  return { kind: 'filter', subject, message, remedy };
}
