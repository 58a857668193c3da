import { describe, expect, test } from '@jest/globals';
import { describeProblem } from '../../../../src/base/problem.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import type { Compatibility } from '../../../../src/filter/compatibility/compatibility.ts';
import { NEWEST_KNOWN_ENVOY, OLDEST_KNOWN_ENVOY } from '../../../../src/filter/compatibility/host-functions.ts';
import { proxyVersionOfImage } from '../../../../src/filter/compatibility/proxy-version.ts';
import { checkSettings, refusesSettings } from '../../../../src/filter/compatibility/settings-checks.ts';
import { WASM_FIELDS } from '../../../../src/filter/compatibility/wasm-fields.ts';
import { readFacts } from '../../../../src/filter/module/facts.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { must, settings } from '../../builders.ts';
import { assemble, factsOf, importing, LEAST, withCustom } from '../wat.ts';

const ENVIRON = importing('wasi_snapshot_preview1', 'environ_get', 'i32 i32');
const READER = factsOf(ENVIRON + LEAST);

function check(over: Partial<FilterSettings>, tags: readonly string[] = ['1.31.0'], facts = READER): Compatibility {
  const proxies = tags.flatMap((tag) => proxyVersionOfImage(`istio/proxyv2:${tag}`) ?? []);
  return checkSettings(facts, proxies, settings(over), { filter: 'add-header' });
}
const problems = (...of: Parameters<typeof check>): string[] => check(...of).problems.map(describeProblem);

const EVERYTHING = ['proxy_on_context_create', 'environ_get'];
const USES: Readonly<Record<string, Partial<FilterSettings>>> = {
  environment: { environment: { MODE: 'x' } },
  capabilities: { capabilities: EVERYTHING },
  'fail-policy: reload': { failPolicy: 'reload', reloadBackoffMs: 5_000 },
  'allow-on-headers-stop-iteration': { allowOnHeadersStopIteration: true },
};

test('the table has every setting that not every Envoy knows', () => {
  expect(WASM_FIELDS.map(({ input }) => input).sort()).toEqual(Object.keys(USES).sort());
  for (const { input, since, isUsed } of WASM_FIELDS) {
    expect(since).toBeGreaterThan(OLDEST_KNOWN_ENVOY);
    expect(since).toBeLessThan(NEWEST_KNOWN_ENVOY);
    expect([input, isUsed(settings(USES[input])), isUsed(settings())]).toEqual([input, true, false]);
  }
});

test.each([...Object.entries(USES), ['an unknown capability', { capabilities: ['teleport'] }] as const])(
  'a proxy refuses settings exactly where the check of it alone has a problem: %s',
  (_, over) => {
    for (const tag of ['1.9.0', '1.20.0', '1.24.3', '1.28.0', '1.31.0', '1.32.0', '1.99.0']) {
      const proxy = proxyVersionOfImage(`istio/proxyv2:${tag}`);
      expect([tag, proxy && refusesSettings(proxy, settings(over))]).toEqual([tag, problems(over, [tag]).length > 0]);
    }
  },
);

test.each<[string[]]>([[[]], [['1.7.0']], [['1.24.3', '1.31.0']], [['1.99.0']]])('usual settings suit %j', (tags) => {
  for (const failPolicy of ['closed', 'open'] as const) {
    expect(check({ failPolicy }, tags)).toEqual({ problems: [], warnings: [] });
  }
});

describe.each(WASM_FIELDS)('$input', ({ input, since }) => {
  const over = USES[input] ?? {};
  const istio = since - 8;

  test('is refused where a proxy is too old for it, with the version that has it', () => {
    expect(problems(over, [`1.${istio - 1}.2`, '1.31.0'])).toEqual([
      expect.stringContaining(
        `"${input}" needs Envoy 1.${since} (Istio 1.${istio}) or newer. Older than that: Istio 1.${istio - 1}.2 (Envoy 1.${since - 1}), which would ignore it.`,
      ),
    ]);
    expect(check(over, [`1.${istio - 1}.2`]).problems[0]).toMatchObject({
      kind: 'input',
      subject: `input "${input.replace(': reload', '')}"`,
    });
  });

  test('suits the first that has it, and the newest that is known', () => {
    expect(check(over, [`1.${istio}.0`, `1.${NEWEST_KNOWN_ENVOY - 8}.0`])).toEqual({ problems: [], warnings: [] });
  });
});

describe('a proxy that nobody knows', () => {
  test.each([
    ['fail-policy: reload', '"fail-policy: reload" needs Envoy 1.33 (Istio 1.25) or newer; the version of the proxies'],
    ['allow-on-headers-stop-iteration', 'needs Envoy 1.35 (Istio 1.27) or newer; the version of the proxies'],
  ])('%s: a warning', (input, words) => {
    expect(check(USES[input] ?? {}, [])).toMatchObject({
      problems: [],
      warnings: [{ text: expect.stringContaining(words) }],
    });
  });

  test.each(['environment', 'capabilities'])('%s: nothing, every one that still runs has it', (input) => {
    expect(check(USES[input] ?? {}, [])).toEqual({ problems: [], warnings: [] });
  });

  test('because it is newer: a warning about what is deprecated', () => {
    expect(warningTexts(check({ capabilities: EVERYTHING }, ['1.40.0']).warnings)).toEqual([
      '"capabilities" uses a field that is deprecated since Envoy 1.40; Istio 1.40.0 (Envoy 1.48) may reject it.',
    ]);
    expect(check({ ...USES.environment, failPolicy: 'reload' }, ['1.40.0'])).toEqual({ problems: [], warnings: [] });
  });
});

describe('capabilities', () => {
  test('that no Envoy knows are refused, with those that were probably meant', () => {
    expect(problems({ capabilities: [...EVERYTHING, 'proxy_on_request_header', 'proxy_logs'] })).toEqual([
      'input "capabilities" names proxy_on_request_header and proxy_logs, which no known Envoy (up to 1.40) gives to a filter. Did you mean proxy_on_request_headers and proxy_log?',
    ]);
    expect(problems({ capabilities: [...EVERYTHING, 'teleport_everything'] })).toEqual([
      expect.stringMatching(/names teleport_everything, .*Names are those of host functions \(proxy_log/),
    ]);
  });

  test('that no Envoy knows may be those of a newer one', () => {
    const { problems: none, warnings } = check({ capabilities: [...EVERYTHING, 'proxy_new'] }, ['1.31.0', '1.40.0']);
    expect(none).toEqual([]);
    expect(warningTexts(warnings)).toContainEqual(
      expect.stringMatching(/^The input "capabilities" names proxy_new, which no known/),
    );
  });

  test('that the module lacks are told', () => {
    const { problems, warnings } = check({ capabilities: ['proxy_log'] });
    expect([problems, warningTexts(warnings)]).toEqual([
      [],
      [
        'The filter imports environ_get, which the input "capabilities" does not name: every such call will fail, and Envoy will log it.',
        'The filter exports proxy_on_context_create, which the input "capabilities" does not name: Envoy will never call it.',
      ],
    ]);
  });
});

test('a configuration that etcd may not take is told', () => {
  expect(warningTexts(check({ configuration: 'é'.repeat(750_000) }).warnings)).toEqual([
    expect.stringMatching(/^The configuration has 1\.43 MiB\. .* etcd, which takes up to 1\.5 MiB/),
  ]);
  expect(check({ configuration: 'é'.repeat(600_000) }).warnings).toEqual([]);
});

describe('a setting that the module makes no use of is told', () => {
  test('variables', () => {
    expect(warningTexts(check({ environment: { MODE: 'x' } }, ['1.31.0'], factsOf(LEAST)).warnings)).toEqual([
      'The filter imports no environ_get, so it cannot read what the input "environment" says.',
    ]);
  });

  test('machine code', () => {
    const compiled = must(readFacts(withCustom(assemble(LEAST), 'precompiled_wee8_v12_linux_x86_64', [1])));
    expect(warningTexts(check({ allowPrecompiled: true }).warnings)).toEqual([
      'The filter brings no machine code along (a custom section "precompiled_…", which shrinking leaves out), so the input "allow-precompiled" changes nothing.',
    ]);
    expect(warningTexts(check({ allowPrecompiled: true }, ['1.31.0'], compiled).warnings)).toEqual([]);
  });
});
