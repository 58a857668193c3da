import { describe, expect, test } from '@jest/globals';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import { renderWasm } from '../../../../src/mesh/objects/wasm-config.ts';
import { differsFrom, readWasm } from '../../../../src/mesh/objects/wasm-settings.ts';
import { revision, settings } from '../../builders.ts';

const WASM = { '@type': 'type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm' };
const TEXT = 'type.googleapis.com/google.protobuf.StringValue';
/** What Envoy 1.36.2 to 1.40.0 make of `vm_config`. */
const vm = (more: object = {}): object => ({
  vm_id: 'add-header',
  runtime: 'envoy.wasm.runtime.v8',
  code: { local: { filename: '/f.wasm' } },
  ...more,
});
const shown = (config: object): object => ({ ...WASM, config: { name: 'add-header', root_id: 'root', ...config } });

const NEWEST = 40;

/** Settings, and what `/config_dump` of Envoy 1.36.2 to 1.40.0 shows of them. */
const DUMPED: readonly [string, Partial<FilterSettings>, object][] = [
  [
    'nothing but what has a default',
    { rootId: '', vmId: '', configuration: '' },
    {
      ...WASM,
      config: {
        name: 'add-header',
        vm_config: { runtime: 'envoy.wasm.runtime.v8', code: { local: { filename: '/f.wasm' } } },
      },
    },
  ],
  [
    'a text as configuration',
    { configuration: '{"a":  1}\n ünï' },
    shown({ vm_config: vm(), configuration: { '@type': TEXT, value: '{"a":  1}\n ünï' } }),
  ],
  ['an open fail policy', { configuration: '', failPolicy: 'open' }, shown({ vm_config: vm(), fail_open: true })],
  [
    'a filter that is started anew',
    { configuration: '', failPolicy: 'reload' },
    shown({ vm_config: vm(), failure_policy: 'FAIL_RELOAD' }),
  ],
  ...(
    [
      [250, '0.250s'],
      [1500, '1.500s'],
      [5000, '5s'],
      [86_400_000, '86400s'],
    ] as const
  ).map(([reloadBackoffMs, base_interval]): [string, Partial<FilterSettings>, object] => [
    `a pause of ${reloadBackoffMs} ms before it is`,
    { configuration: '', failPolicy: 'reload', reloadBackoffMs },
    shown({ vm_config: vm(), failure_policy: 'FAIL_RELOAD', reload_config: { backoff: { base_interval } } }),
  ]),
  [
    'all that Envoy reads when it starts a filter',
    {
      configuration: '',
      allowOnHeadersStopIteration: true,
      allowPrecompiled: true,
      capabilities: ['fd_write', 'proxy_log', 'proxy_on_context_create'],
      environment: { A: '1', B: '', Z: { from: 'proxy' }, HOME: { from: 'proxy' } },
    },
    shown({
      vm_config: vm({
        allow_precompiled: true,
        environment_variables: { host_env_keys: ['HOME', 'Z'], key_values: { A: '1', B: '' } },
      }),
      capability_restriction_config: {
        allowed_capabilities: { fd_write: {}, proxy_log: {}, proxy_on_context_create: {} },
      },
      allow_on_headers_stop_iteration: true,
    }),
  ],
];

describe('what a proxy shows of settings', () => {
  test.each(DUMPED)('%s', (_case, over, dumped) => {
    const wanted = settings(over);
    expect(differsFrom(readWasm(dumped), wanted, NEWEST)).toEqual([]);
    // And what is written reads as what is shown of it.
    expect(readWasm(renderWasm(revision('add-header', over), '/f.wasm'))).toEqual(readWasm(dumped));
  });

  const changes: readonly [string, Partial<FilterSettings>][] = [
    ['root-id', { rootId: 'other' }],
    ['vm-id', { vmId: 'other' }],
    ['configuration', { configuration: 'other' }],
    ['fail-policy', { failPolicy: 'open' }],
    ['fail-policy', { failPolicy: 'reload' }],
    ['allow-on-headers-stop-iteration', { allowOnHeadersStopIteration: true }],
    ['environment', { environment: { A: '' } }],
    ['capabilities', { capabilities: ['proxy_log'] }],
    ['allow-precompiled', { allowPrecompiled: true }],
  ];

  test.each(changes)('%s: another one is told, whichever was there before', (input, over) => {
    const [before, after] = [settings(), settings(over)].map((one) =>
      readWasm(renderWasm(revision('add-header', one), '/f.wasm')),
    );
    if (before === undefined || after === undefined) throw new Error('two are read');
    expect(differsFrom(before, settings(over), NEWEST)).toEqual([input]);
    expect(differsFrom(after, settings(), NEWEST)).toEqual([input]);
  });

  test('the pause before it is started anew is told', () => {
    const shownWith = readWasm(DUMPED.find(([name]) => name.includes('250'))?.[2]);
    const wanted = settings({ configuration: '', failPolicy: 'reload', reloadBackoffMs: 251 });
    expect(differsFrom(shownWith, wanted, NEWEST)).toEqual(['reload-backoff']);
  });

  test.each<[string, number | undefined, Partial<FilterSettings>]>([
    ['an Envoy that cannot start filters anew', 32, { failPolicy: 'reload', reloadBackoffMs: 250 }],
    ['an Envoy that never heard of stopping at the headers', 34, { allowOnHeadersStopIteration: true }],
    ['a very old Envoy', 17, { environment: { A: '1' }, capabilities: ['proxy_log'] }],
    [
      'an Envoy of which nothing is known',
      undefined,
      { failPolicy: 'reload', environment: { A: '1' }, capabilities: ['proxy_log'], allowOnHeadersStopIteration: true },
    ],
  ])('%s may have left out what is not there', (_case, envoy, over) => {
    const without = readWasm(renderWasm(revision('add-header'), '/f.wasm'));
    expect(differsFrom(without, settings(over), envoy)).toEqual([]);
    expect(differsFrom(without, settings(over), NEWEST)).not.toEqual([]);
  });

  test('a configuration that is no text is another one', () => {
    const struct = shown({ vm_config: vm(), configuration: { '@type': 'x/google.protobuf.Struct', value: {} } });
    expect(differsFrom(readWasm(struct), settings({ configuration: '{}' }), NEWEST)).toEqual(['configuration']);
  });

  test("both spellings of Protobuf's JSON are read", () => {
    const config = {
      rootId: 'r',
      failOpen: true,
      vmConfig: { vmId: 'v', environmentVariables: { hostEnvKeys: ['A'] } },
    };
    expect(readWasm({ config })).toEqual({
      ...{ rootId: 'r', vmId: 'v', configuration: '', failPolicy: 'open' },
      environment: { A: { from: 'proxy' } },
    });
  });
});
