import { fail, messageOf, ok, type Problem, type Result } from '../../base/problem.ts';
import { formatBytes, listWords, someOf, truncate } from '../../base/text.ts';
import { remedyFor } from '../compatibility/remedies.ts';
import { dropCustomSections, isSigned, type Stripped } from '../module/custom-sections.ts';
import {
  digestOf,
  type FilterModule,
  fitsConfigMap,
  MAX_CONFIG_MAP_BYTES,
  type OriginalModule,
} from '../module/module.ts';
import { toolchainOf } from '../module/toolchain.ts';

/**
 * `auto`: a module that is too big loses its custom sections; `optimize`: every module loses them, and its code is
 * rewritten for size; `off`: nothing is done.
 */
export const SHRINK_MODES = ['auto', 'optimize', 'off'] as const;
export type ShrinkMode = (typeof SHRINK_MODES)[number];

/** Rewrites a module so that it does the same in fewer bytes; rejects with the reason why it cannot. */
export type Optimizer = (bytes: Uint8Array) => Promise<Uint8Array>;

export interface ShrinkOptions {
  readonly mode: ShrinkMode;
  /** How messages call the file. */
  readonly origin: string;
  /** Absent where nothing may be run. */
  readonly optimize?: Optimizer;
}

/**
 * Makes a module smaller. The one that comes back remembers what it was made of, so that both can be tried and compared; it
 * is the same one when nothing could be gained. A signed module is never changed.
 */
export async function shrinkModule(
  module: FilterModule,
  { mode, origin, optimize }: ShrinkOptions,
): Promise<Result<FilterModule>> {
  if (mode === 'off' || (mode === 'auto' && (fitsConfigMap(module) || isSigned(module.bytes)))) return ok(module);
  if (mode === 'auto') return ok(shrunk(module, dropUntilItFits(module.bytes), false));
  const refuse = (message: string, remedy: string, cause?: unknown): Result<never> =>
    fail({ kind: 'filter', subject: origin, message, remedy, cause });
  if (isSigned(module.bytes)) {
    return refuse(
      'is signed (custom section "signature"), and "shrink: optimize" would break the signature.',
      'Run wasm-opt in the build, before the module is signed, and set "shrink: off".',
    );
  }
  if (optimize === undefined) return refuse('cannot be optimised here.', 'Set "shrink: auto".');
  const bare = dropCustomSections(module.bytes);
  try {
    const bytes = dropCustomSections(await optimize(bare.bytes)).bytes;
    const better = bytes.length < bare.bytes.length;
    return ok(shrunk(module, better ? { ...bare, bytes } : bare, better));
  } catch (error) {
    if (Error.isError(error) && error.name === 'AbortError') return fail(CANCELLED);
    return refuse(
      `cannot be optimised: ${messageOf(error)}.`,
      'Set "shrink: auto" to deploy without it; the check then rejects a module that is damaged.',
      error,
    );
  }
}

const CANCELLED: Problem = {
  kind: 'cancelled',
  message: 'The run was cancelled while the filter was optimised; nothing was written.',
  remedy: 'Re-run the job.',
};

/**
 * Envoy names functions by the section `name` in the stack traces of filters that crash, so that one goes last. What was
 * compiled in advance (`precompiled_…`) it reads only with `allow_precompiled`, and compiles the code itself where it is missing
 * (proxy-wasm-cpp-host, src/wasm.cc, `WasmBase::load`).
 */
function dropUntilItFits(bytes: Uint8Array): Stripped {
  const named = dropCustomSections(bytes, (name) => name === 'name');
  return fitsConfigMap(named) ? named : dropCustomSections(bytes);
}

function shrunk(module: FilterModule, { bytes, dropped }: Stripped, optimized: boolean): FilterModule {
  if (bytes.length >= module.bytes.length) return module;
  const original = { bytes: module.bytes, digest: module.digest, dropped, optimized };
  return { ...module, bytes, digest: digestOf(bytes), original };
}

/** Checks that a module that is to be delivered in a ConfigMap fits into one; says what to do when it does not. */
export function requireFit(module: FilterModule, { mode, origin }: ShrinkOptions): Result<FilterModule> {
  if (fitsConfigMap(module)) return ok(module);
  const { bytes, original } = module;
  const given = original?.bytes ?? bytes;
  const shrunkTo = original === undefined ? '' : `, and ${formatBytes(bytes.length)} after shrinking`;
  const signed = mode !== 'off' && isSigned(given) ? ' It is signed, so it was not shrunk.' : '';
  return fail({
    kind: 'filter',
    subject: origin,
    message:
      `is ${formatBytes(given.length)} (${given.length} bytes)${shrunkTo}; ` +
      `a ConfigMap holds at most 1 MiB (${MAX_CONFIG_MAP_BYTES} bytes).${signed}`,
    remedy: [
      ...(mode === 'off' ? [SHRINK] : []),
      'Deliver it by image, which has no such limit ("delivery: image" with "push-to: oci://…"), or make it smaller where it is built.',
      ...furtherShrinking(mode, signed !== ''),
      remedyFor('size', toolchainOf(module)),
    ].join(' '),
  });
}

/** The simplest of all where nothing was tried. */
const SHRINK =
  'Set "shrink: auto", which drops its debug information; "shrink: optimize" also rewrites its code for size.';

function furtherShrinking(mode: ShrinkMode, signed: boolean): string[] {
  if (signed) return ['Shrink it before it is signed.'];
  return mode === 'auto' ? ['"shrink: optimize" rewrites its code for size.'] : [];
}

const MAX_SECTIONS = 4;

/** What was done to a module: `without its custom sections .debug_info and name`. */
export function describeShrinking({ dropped, optimized }: OriginalModule): string {
  const left = dropped.length - MAX_SECTIONS;
  const shown = dropped.slice(0, MAX_SECTIONS).map((name) => truncate(name, 40));
  const names = listWords([...shown, ...(left > 0 ? [`${left} more`] : [])], 'and');
  const how = [
    ...(names === '' ? [] : [`without its custom ${dropped.length === 1 ? 'section' : 'sections'} ${names}`]),
    ...(optimized ? ['rewritten by wasm-opt -Oz'] : []),
  ];
  return someOf(how);
}
