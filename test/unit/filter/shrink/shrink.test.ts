import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import { checkModule, type FilterModule, MAX_CONFIG_MAP_BYTES } from '../../../../src/filter/module/module.ts';
import {
  describeShrinking,
  type Optimizer,
  requireFit,
  type ShrinkMode,
  shrinkModule,
} from '../../../../src/filter/shrink/shrink.ts';
import { must, problemsIn } from '../../builders.ts';
import { assemble, LEAST, producers, withCustom } from '../wat.ts';

const FILTER = assemble(LEAST);
const NAMES = [1, 4, 1, 0, 1, 97];
const moduleOf = (bytes: Uint8Array): FilterModule => must(checkModule(bytes, 'f'));
const sized = (bytes: Uint8Array, name: string, size: number): Uint8Array =>
  Buffer.concat([bytes, custom(name, Buffer.alloc(size))]);
/** Like `withCustom`, for much content. */
function custom(name: string, content: Uint8Array): Uint8Array {
  const body = Buffer.concat([Uint8Array.of(name.length), Buffer.from(name), content]);
  const size = [0, 7, 14, 21].map((shift, index) => ((body.length >> shift) & 0x7f) | (index < 3 ? 0x80 : 0));
  return Buffer.concat([Uint8Array.of(0, ...size), body]);
}
const BIG = sized(FILTER, '.debug_info', MAX_CONFIG_MAP_BYTES);
/** A module whose data alone is too much. */
const FULL = assemble(`${LEAST} (data (i32.const 0) "${randomBytes(550_000).toString('hex')}")`);

/** Stands for wasm-opt: this is about what is done with its answer. */
const giving =
  (bytes: Uint8Array): Optimizer =>
  async () =>
    bytes;
const shrink = async (bytes: Uint8Array, mode: ShrinkMode, optimize?: Optimizer) =>
  shrinkModule(moduleOf(bytes), { mode, origin: 'filter "f"', ...(optimize === undefined ? {} : { optimize }) });

describe('auto', () => {
  test('leaves a module alone that fits', async () => {
    const small = moduleOf(withCustom(FILTER, 'name', NAMES));
    expect(must(await shrinkModule(small, { mode: 'auto', origin: 'f' }))).toBe(small);
  });

  test('takes the custom sections from one that does not, and remembers what it was', async () => {
    const given = moduleOf(withCustom(BIG, 'producers', producers({ language: ['Rust'] })));
    const { bytes, digest, original } = must(await shrink(given.bytes, 'auto'));
    expect(Buffer.from(bytes).equals(FILTER)).toBe(true);
    expect(digest).toBe(moduleOf(FILTER).digest);
    expect(original).toEqual({
      bytes: given.bytes,
      digest: given.digest,
      dropped: ['.debug_info', 'producers'],
      optimized: false,
    });
  });

  test('keeps the names of functions where there is room for them, for the stack traces', async () => {
    const kept = must(await shrink(withCustom(BIG, 'name', NAMES), 'auto'));
    expect(kept.bytes).toEqual(Buffer.from(withCustom(FILTER, 'name', NAMES)));
    const without = must(await shrink(sized(FILTER, 'name', MAX_CONFIG_MAP_BYTES), 'auto'));
    expect(without.original?.dropped).toEqual(['name']);
  });

  test('a module of too much data stays what it is', async () => {
    expect(must(await shrink(FULL, 'auto')).original).toBeUndefined();
  });
});

test('off does nothing', async () => {
  expect(must(await shrink(BIG, 'off')).bytes).toBe(BIG);
});

describe('optimize', () => {
  test('takes what the optimiser gives, for small modules too, without custom sections', async () => {
    const given = withCustom(assemble(`${LEAST} (func (result i32) i32.const 7)`), 'name', NAMES);
    const { bytes, original } = must(
      await shrink(given, 'optimize', giving(withCustom(FILTER, 'target_features', [0]))),
    );
    expect(bytes).toEqual(Buffer.from(FILTER));
    expect(original).toMatchObject({ bytes: given, dropped: ['name'], optimized: true });
  });

  test('does without it where it gains nothing', async () => {
    const { bytes, original } = must(await shrink(withCustom(FILTER, 'name', NAMES), 'optimize', giving(FULL)));
    expect(bytes).toEqual(Buffer.from(FILTER));
    expect(original).toMatchObject({ optimized: false });
    expect(must(await shrink(FILTER, 'optimize', giving(FULL))).original).toBeUndefined();
  });

  test('says why the optimiser could not', async () => {
    const failing: Optimizer = () => Promise.reject(new Error('wasm-opt ended with exit code 1: Fatal: no'));
    expect(problemsIn(await shrink(FILTER, 'optimize', failing)).map(describeProblem)).toEqual([
      expect.stringMatching(/^filter "f" cannot be optimised: wasm-opt ended .*Fatal: no\. Set "shrink: auto"/),
    ]);
  });

  test('ends as a cancelled run does when it is cancelled', async () => {
    const cancelled: Optimizer = () => Promise.reject(new DOMException('aborted', 'AbortError'));
    expect(problemsIn(await shrink(FILTER, 'optimize', cancelled))).toMatchObject([{ kind: 'cancelled' }]);
  });
});

describe('a signed module', () => {
  const signed = withCustom(BIG, 'signature', new Uint8Array(68));

  test('is never changed', async () => {
    expect(must(await shrink(signed, 'auto')).bytes).toBe(signed);
    const [problem] = problemsIn(await shrink(signed, 'optimize', giving(FILTER)));
    expect(problem?.message).toMatch(/is signed/);
  });

  test('that is too big says that this is why', () => {
    const [problem] = problemsIn(requireFit(moduleOf(signed), { mode: 'auto', origin: 'f' }));
    expect(problem?.message).toMatch(/It is signed, so it was not shrunk\.$/);
    expect(problem?.remedy).toMatch(/Shrink it before it is signed\./);
  });
});

describe('a module that does not fit into a ConfigMap', () => {
  const messageOf = async (bytes: Uint8Array, mode: ShrinkMode, optimize?: Optimizer): Promise<string> => {
    const module = must(await shrink(bytes, mode, optimize));
    return problemsIn(requireFit(module, { mode, origin: 'filter "f"' }))
      .map(describeProblem)
      .join();
  };

  test('1048576 bytes do', () => {
    const module = moduleOf(sized(FILTER, 'x', MAX_CONFIG_MAP_BYTES - FILTER.length - 7));
    expect(module.bytes).toHaveLength(MAX_CONFIG_MAP_BYTES);
    expect(requireFit(module, { mode: 'off', origin: 'f' })).toEqual({ ok: true, value: module });
  });

  test('is told its size, and the ways out: an image first, but shrinking where it is off', async () => {
    expect(await messageOf(FULL, 'auto')).toMatch(
      /^filter "f" is 1\.05 MiB \(\d+ bytes\); a ConfigMap holds at most 1 MiB \(1048576 bytes\)\. Deliver it by image, .*"delivery: image" with "push-to: oci:.*"shrink: optimize"/,
    );
    expect(await messageOf(sized(FULL, 'name', 900_000), 'auto')).toMatch(
      /is 1\.91 MiB \(\d+ bytes\), and 1\.05 MiB after shrinking;/,
    );
    expect(await messageOf(FULL, 'optimize', giving(FULL))).not.toMatch(/"shrink: optimize"/);
    expect(await messageOf(BIG, 'off')).toMatch(
      /\. Set "shrink: auto", which drops its debug information; .* Deliver it by image/,
    );
  });

  test.each([
    ['Rust', 'rustc', /lto = true/],
    ['Go', 'Go cmd/compile', /-ldflags="-s -w"/],
    ['Go', 'TinyGo', /-no-debug/],
    ['C_plus_plus_17', 'clang', /-flto/],
    ['Zig', 'zig', /Compile for size/],
  ])('%s by %s is told its flags', async (language, tool, flags) => {
    const module = withCustom(FULL, 'producers', producers({ language: [language], 'processed-by': [tool] }));
    expect(await messageOf(module, 'auto')).toMatch(flags);
  });
});

test.each([
  [['name'], false, 'without its custom section name'],
  [['a', 'b'], true, 'without its custom sections a and b, rewritten by wasm-opt -Oz'],
  [['a', 'b', 'c', 'd', 'e', 'f'], false, 'without its custom sections a, b, c, d and 2 more'],
  [[], true, 'rewritten by wasm-opt -Oz'],
])('%j, optimised: %s, reads "%s"', (dropped, optimized, text) => {
  expect(describeShrinking({ bytes: FILTER, digest: '', dropped, optimized })).toBe(text);
});
