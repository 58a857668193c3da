import type { TrialRequest } from '../../../../src/filter/host/request.ts';
import { runTrial } from '../../../../src/filter/trial/trial.ts';
import type { TrialOutcome, TrialStep } from '../../../../src/filter/trial/verdict.ts';
import { type FilterText, filter, LOG_IMPORT, request } from './modules.ts';

export interface Seen {
  readonly outcome: TrialOutcome;
  readonly steps: readonly TrialStep[];
  readonly logs: readonly string[];
}

/** A trial in this thread, for filters that come back. */
export function tried(module: Uint8Array, changes: Partial<TrialRequest> = {}): Seen {
  const steps: TrialStep[] = [];
  const logs: string[] = [];
  const observer = {
    step: (step: TrialStep) => void steps.push(step),
    log: (line: string) => void logs.push(line),
    unsupported: () => undefined,
    call: () => undefined,
  };
  return { outcome: runTrial(request(module, changes), observer), steps, logs };
}

export const tryText = async (text: FilterText, changes?: Partial<TrialRequest>): Promise<Seen> =>
  tried(await filter(text), changes);

export const YES = 'i32.const 1';
export const NO = 'i32.const 0';
export const say = (level: number, pointer: number, size: number): string =>
  `(drop (call $say (i32.const ${level}) (i32.const ${pointer}) (i32.const ${size})))`;
export const HEAD = `${LOG_IMPORT} (memory (export "memory") 1)`;
export const withImports = (...imports: readonly string[]): string => `${imports.join(' ')} ${HEAD}`;
export const REPLACE =
  '(import "env" "proxy_replace_header_map_value" (func $replace (param i32 i32 i32 i32 i32) (result i32)))';
export const PROPERTY = '(import "env" "proxy_get_property" (func $property (param i32 i32 i32 i32) (result i32)))';
export const EXIT = '(import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))';
