import { greatest } from '../../base/lists.ts';
import type { ModuleFacts } from '../module/facts.ts';
import { type ImportFact, importName, sameType } from '../module/wasm-types.ts';
import { findHostFunction, type HostFunction } from './host-functions.ts';
import { type IncompatibilityCause, remedyFor } from './remedies.ts';

/** An import that an Envoy does not satisfy. */
export interface RefusedImport {
  readonly cause: IncompatibilityCause;
  readonly import: ImportFact;
  /** The host function of the same name, where there is one. */
  readonly host?: HostFunction;
}

/** Modules that JavaScript in a browser would provide. */
const BROWSER = /^(go|gojs|js|wbg|__wbindgen\w*|\.\/.*\.js)$/;
/** What Emscripten's JavaScript provides; `a` is its short name for everything when it minifies. */
const EMSCRIPTEN = /^(a\.|(GOT\.|env\._?(emscripten|invoke|embind|_cxa|_syscall|llvm)_))/;
/** What AssemblyScript's JavaScript provides. */
const ABORT = /^(env\.(abort|trace|seed|console\.\w+|Date\.\w+)|(Date|Math|console|performance)\.)/;

/**
 * The imports that Envoy 1.`minor` does not satisfy, all of them, unlike Envoy itself, which stops at the first. Envoy
 * links functions by name and exact type, refuses globals, and makes whatever memory or table is imported
 * (proxy-wasm-cpp-host, src/v8/v8.cc, `link`).
 */
export function refusedImports({ imports, abi }: ModuleFacts, minor: number): RefusedImport[] {
  return imports.flatMap((entry) => {
    if (entry.kind === 'global') return [{ cause: 'globals' as const, import: entry }];
    if (entry.kind !== 'function') return [];
    const host = findHostFunction(entry.module, entry.name);
    if (host === undefined) return [{ cause: causeOfUnknown(entry), import: entry }];
    const cause = causeOfKnown(entry, host, abi, minor);
    return cause === undefined ? [] : [{ cause, import: entry, host }];
  });
}

function causeOfKnown(
  entry: ImportFact,
  host: HostFunction,
  abi: ModuleFacts['abi'],
  minor: number,
): IncompatibilityCause | undefined {
  if (abi !== undefined && !host.abis.includes(abi)) return 'other-abi';
  if (!sameType(entry, host)) return 'type';
  return host.since > minor ? 'newer' : undefined;
}

/**
 * Returns what to do about a function that an Envoy says it lacks, `wasi_snapshot_preview1.fd_tell`: what the check says of it, for a
 * module that nobody can look into.
 */
export function missingImportRemedy(name: string): string {
  const dot = name.indexOf('.');
  const entry = { module: name.slice(0, dot), name: name.slice(dot + 1) };
  const isKnown = findHostFunction(entry.module, entry.name) !== undefined;
  return remedyFor(isKnown ? 'newer' : causeOfUnknown(entry), 'unknown');
}

function causeOfUnknown(entry: Pick<ImportFact, 'module' | 'name'>): IncompatibilityCause {
  const name = importName(entry);
  if (BROWSER.test(entry.module) || entry.name.startsWith('syscall/js.')) return 'browser';
  if (ABORT.test(name)) return 'abort';
  if (EMSCRIPTEN.test(name)) return 'emscripten';
  if (entry.module.startsWith('wasi')) return 'wasi';
  return 'unknown';
}

/** The Envoy that has all these imports, by its minor version; `undefined` if none of them is a matter of the version. */
export function neededEnvoy(imports: readonly ImportFact[]): number | undefined {
  const needed = greatest(
    imports.map(({ module, name }) => findHostFunction(module, name)?.since ?? 0),
    0,
  );
  return needed === 0 ? undefined : needed;
}
