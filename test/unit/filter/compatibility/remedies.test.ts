import { describe, expect, test } from '@jest/globals';
import { warningTexts } from '../../../../src/base/warning.ts';
import { checkCompatibility } from '../../../../src/filter/compatibility/compatibility.ts';
import { readFacts } from '../../../../src/filter/module/facts.ts';
import { must } from '../../builders.ts';
import { assemble, CREATE, importing, LEAST, MALLOC, MEMORY, producers, withCustom } from '../wat.ts';

const proxy = (minor: number) => ({ istio: `1.${minor - 8}.0`, envoy: { major: 1, minor } });

describe('advice for the toolchain', () => {
  const build = (language: string, tool: string, fields: string): Uint8Array =>
    withCustom(assemble(fields), 'producers', producers({ language: [language], 'processed-by': [tool] }));

  test.each<[string, string, RegExp]>([
    ['Rust', 'rustc', /cdylib.*wasm32-wasip1/],
    ['Go', 'Go cmd/compile', /-buildmode=c-shared.*Envoy 1\.33/],
    ['Go', 'TinyGo', /tinygo build .*-scheduler=none -target=wasi/],
    ['C_plus_plus_17', 'clang', /em\+\+ --no-entry/],
    ['Zig', 'zig', /with a Proxy-Wasm SDK/],
  ])('%s by %s without a marker', (language, tool, remedy) => {
    const facts = must(readFacts(build(language, tool, MEMORY + MALLOC + CREATE)));
    const { problems } = checkCompatibility(facts, [proxy(39)]);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.remedy).toMatch(remedy);
  });

  const POLL = importing('wasi_snapshot_preview1', 'poll_oneoff', 'i32 i32 i32 i32');
  test.each<[string, string, number[], RegExp[]]>([
    ['a program instead of a library', `${LEAST}(func (export "_start"))`, [39], [/restricted_callback.*c-shared/]],
    ['a collector that needs poll_oneoff', POLL + LEAST, [38], [/older than 1\.39/]],
    ['where poll_oneoff works', POLL + LEAST, [39], []],
  ])('Go: %s', (_, fields, minors, wanted) => {
    const { problems, warnings } = checkCompatibility(
      must(readFacts(build('Go', 'Go cmd/compile', fields))),
      minors.map(proxy),
    );
    expect(problems).toEqual([]);
    expect(warningTexts(warnings)).toEqual(wanted.map((pattern) => expect.stringMatching(pattern)));
  });
});
