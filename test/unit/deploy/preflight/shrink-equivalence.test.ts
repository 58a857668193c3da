import { describe, expect, test } from '@jest/globals';
import { silentLog } from '../../../../src/base/log.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { checkRevisions, type Preflight } from '../../../../src/deploy/preflight/revision-checks.ts';
import { checkModule, type FilterModule } from '../../../../src/filter/module/module.ts';
import { type Optimizer, shrinkModule } from '../../../../src/filter/shrink/shrink.ts';
import { wasmOpt } from '../../../../src/filter/shrink/wasm-opt.ts';
import { makeRevision } from '../../../../src/mesh/identity/revision.ts';
import { trial } from '../../../harness/trial.ts';
import { runWasmOpt } from '../../../harness/wasm-opt.ts';
import { must, settings } from '../../builders.ts';
import { callback, data, filter } from '../../filter/trial/modules.ts';

const HEAD = `(import "env" "proxy_log" (func $say (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)`;
const SAY = '(drop (call $say (i32.const 2) (i32.const 64) (i32.const 4)))';
/** What an optimiser can leave out without changing anything. */
const DEAD = '(func $dead (result i32) i32.const 1) (func $deader (result i32) i32.const 2)';

const create = callback('proxy_on_context_create', 'i32 i32', '');
const saying = (code: string): Promise<Uint8Array> =>
  filter({
    head: HEAD + data(64, 'said'),
    body: create + callback('proxy_on_configure', 'i32 i32', 'i32.const 1', code) + DEAD,
  });

/** A module, shrunk by an optimiser, through the whole check; with the lines of its log. */
async function check(bytes: Uint8Array, optimize: Optimizer): Promise<Preflight & { readonly log: readonly string[] }> {
  const module = must(checkModule(bytes, 'f'));
  const shrunk: FilterModule = must(await shrinkModule(module, { mode: 'optimize', origin: 'f', optimize }));
  expect(shrunk.original?.bytes).toBe(bytes);
  const log: string[] = [];
  const context = {
    trial,
    signal: new AbortController().signal,
    log: { ...silentLog, info: (line: string) => log.push(line) },
  };
  const found = await checkRevisions([makeRevision('f', shrunk, settings())], [], context);
  return { ...found, log };
}

describe('a filter whose code was rewritten', () => {
  test('passes when it does what it did before', async () => {
    const { problems, warnings, log } = await check(await saying(SAY + SAY), wasmOpt(runWasmOpt));
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual([]);
    expect(log).toContainEqual(
      'The shrunk f behaves in a trial run like the original: 2 calls of host functions, the headers and the log are equal.',
    );
  });

  test.each([
    ['says less', SAY, /logs "info: said", the shrunk one nothing more/],
    ['is refused', '(return (i32.const 0))', /ends its trial run "passed", the shrunk one "refused in configure"/],
    ['traps', 'unreachable', /"refused in configure"/],
  ])('is refused when it %s afterwards', async (_, code, what) => {
    const broken = await saying(code);
    // What the optimiser gives has to be smaller, or nobody takes it.
    const given = Buffer.concat([await saying(SAY + SAY), Uint8Array.of(0, 100, 1, 120), Buffer.alloc(98)]);
    const { problems } = await check(given, async () => broken);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({
      kind: 'filter',
      subject: 'filter "f"',
      message: expect.stringMatching(what),
      remedy: expect.stringContaining('shrink: auto'),
    });
  });

  test('is let through with a warning when it does something else each time anyway', async () => {
    const byChance = await saying(`(drop (call $random (i32.const 64) (i32.const 4))) ${SAY}`);
    const { problems, warnings } = await check(byChance, wasmOpt(runWasmOpt));
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual([
      expect.stringMatching(/could not show .*: it behaves differently from run to run\.$/),
    ]);
  });
});
