import { describe, expect, test } from '@jest/globals';
import { CAUSES, TRAP_REMEDY } from '../../../../src/mesh/proxy/envoy-causes.ts';
import {
  describeReason,
  findEnvoyReason,
  findPluginReason,
  findReasonFor,
  logSince,
} from '../../../../src/mesh/proxy/envoy-log.ts';
import type { LogIds, OwnFilter } from '../../../../src/mesh/proxy/refused-filter.ts';

/** Lines as a proxy of Istio 1.31 (Envoy 1.40) wrote them. */
const line = (text: string): string =>
  `2026-01-02T03:04:05.678901Z\tcritical\tenvoy wasm external/x.cc:1\t${text}\tthread=20`;
const refused = (cause: string): string =>
  [
    'Wasm VM failed ',
    'Failed to load Wasm code',
    'Plugin example-filter failed to load',
    'Plugin configured to fail closed failed to load',
    "lds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin example-filter",
    'Envoy proxy is NOT ready: config received from XDS server, but was rejected: cds updates: 1 successful, 0 rejected; lds updates: 0 successful, 1 rejected',
  ]
    .map((text, at) => line(at === 0 ? text + cause : text))
    .join('\n');

test.each([
  ['a corrupt module', 'Failed to parse corrupted Wasm module', 'Failed to parse corrupted Wasm module', /damaged/],
  ['no ABI marker', 'Missing or unknown Proxy-Wasm ABI version', 'Missing or unknown Proxy-Wasm ABI version', /SDK/],
  [
    'a missing import',
    'Failed to load Wasm module due to a missing import: wasi_snapshot_preview1.poll_oneoff',
    'Failed to load Wasm module due to a missing import: wasi_snapshot_preview1.poll_oneoff',
    /^Upgrade Istio, or remove what calls these functions/,
  ],
  [
    'an import that no Envoy has',
    'Failed to load Wasm module due to a missing import: env.no_such_function',
    'Failed to load Wasm module due to a missing import: env.no_such_function',
    /leave it out, or link it into the module: Envoy has no such function/,
  ],
  [
    'an import of another type',
    'Failed to load Wasm module due to an import type mismatch: env.proxy_log, want: i32 -> i32, but host exports: i32',
    /^Failed to load Wasm module due to an import type mismatch: env\.proxy_log, want/,
    /another version of the Proxy-Wasm ABI/,
  ],
  ['no allocator', 'Wasm module is missing malloc function.', 'Wasm module is missing malloc function.', /allocator/],
  ['a refused start', 'Failed to start base Wasm', 'Failed to start base Wasm', /"root-id" and "vm-id"/],
  [
    'a refused configuration',
    'Failed to configure base Wasm plugin',
    'Failed to configure base Wasm plugin',
    /"configuration" and "root-id"/,
  ],
])('%s: the first cause, not what follows from it', (_, cause, reason, remedy) => {
  expect(findEnvoyReason(refused(cause))).toEqual({
    reason: typeof reason === 'string' ? reason : expect.stringMatching(reason),
    remedy: expect.stringMatching(remedy),
  });
});

test('what helps names the place of the settings, where it is known which filter is refused', () => {
  const written = (filter: string, line: number) => ({
    filter,
    places: { 'root-id': { subject: 'm', at: { file: 'm.yaml', line, column: 1 } } },
  });
  const auth = { name: 'auth', folder: '/auth', written: written('auth', 7) };
  const limits = { name: 'limits', folder: '/limits', written: written('limits', 9) };
  const log = line('Wasm VM failed Failed to start base Wasm');
  expect(findReasonFor(log, [auth])?.remedy).toContain(
    'Check "root-id" (m.yaml:7) of filter "auth" and the input "vm-id":',
  );
  expect(findReasonFor(log, [auth, limits])?.remedy).toContain('Check "root-id" and "vm-id":');
  const named = refused('Failed to start base Wasm').replaceAll('example-filter', 'limits');
  expect(findReasonFor(named, [auth, limits])).toMatchObject({
    rejected: 'limits',
    remedy: expect.stringContaining('Check "root-id" (m.yaml:9) of filter "limits"'),
  });
});

describe('other causes', () => {
  test('a file that is not mounted', () => {
    const log =
      'gRPC config for type.googleapis.com/envoy.config.listener.v3.Listener rejected: Error adding/updating listener(s) virtualInbound: Invalid path: /var/local/lib/wasm-filters/f/f-0123456789.wasm\n';
    expect(findEnvoyReason(log)).toEqual({
      reason: 'Invalid path: /var/local/lib/wasm-filters/f/f-0123456789.wasm',
      remedy: expect.stringMatching(/annotations of the pod template/),
    });
  });

  test('a crash at run time, without the rest of its line', () => {
    const log = `${line('ready')}\nFunction: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable\nProxy-Wasm plugin in-VM backtrace:\n`;
    expect(findEnvoyReason(log)?.reason).toBe(
      'Function: proxy_on_request_headers failed: Uncaught RuntimeError: unreachable',
    );
  });

  test.each(['Unable to create Wasm HTTP filter f', 'Unable to create Wasm plugin f'])(
    'Envoy before and since 1.33 when it says no more than: %s',
    (text) => {
      expect(findEnvoyReason(text)).toEqual({ reason: text, remedy: expect.stringContaining('istio-proxy') });
    },
  );

  test.each(['', 'Envoy proxy is ready', 'Envoy proxy is NOT ready: lds updates: 0 successful, 1 rejected'])(
    'none in: %j',
    (log) => {
      expect(findEnvoyReason(log)).toBeUndefined();
    },
  );
});

test('what the filter itself said is kept, and the thread is cut off', () => {
  const log = [
    '2026-11-23T19:13:46.741163Z\tcritical\tenvoy wasm source/extensions/common/wasm/context.cc:1160\twasm log nobody add-header: Missing root context factory for root id: nobody at: ~lib/runtime.ts(991:5)\tthread=13',
    '2026-11-23T19:13:46.741300Z\terror\tenvoy wasm source/extensions/common/wasm/wasm_vm.cc:38\tFunction: proxy_on_context_create failed: Uncaught RuntimeError: unreachable\tthread=13',
    '2026-11-23T19:13:46.741444Z\terror\tenvoy wasm source/extensions/common/wasm/wasm.cc:104\tWasm VM failed Failed to start base Wasm\tthread=13',
  ].join('\n');
  expect(findEnvoyReason(log)).toMatchObject({
    reason: 'Failed to start base Wasm',
    filterSaid: 'Missing root context factory for root id: nobody at: ~lib/runtime.ts(991:5)',
  });
});

describe('a filter that fails as it starts', () => {
  /** As a proxy of Istio 1.31 (Envoy 1.40) logs a filter whose code fails, with a name section. */
  const trapped = (callback: string): string =>
    `2026-12-01T13:25:30.835000Z\terror\tenvoy wasm source/extensions/common/wasm/wasm_vm.cc:38\tFunction: ${callback} failed: Uncaught RuntimeError: unreachable\nProxy-Wasm plugin in-VM backtrace:\n  0:  0x6b - boom\n  1:  0x70 - ${callback}\tthread=13`;
  const FAILED = refused('Failed to configure base Wasm plugin');

  test.each([
    ['proxy_on_configure', 'Failed to configure base Wasm plugin'],
    ['proxy_on_vm_start', 'Failed to start base Wasm'],
    ['proxy_on_context_create', 'Failed to start base Wasm'],
    ['malloc', 'Failed to configure base Wasm plugin'],
    ['_initialize', 'Failed to initialize Wasm code'],
    ['_start', 'Failed to initialize Wasm code'],
  ])('%s trapped: that is the cause, not what Envoy says after it: %s', (callback, consequence) => {
    const found = findEnvoyReason(`${line('ready')}\n${trapped(callback)}\n${refused(consequence)}`);
    expect(found?.reason).toMatch(
      new RegExp(`^Function: ${callback} failed: Uncaught RuntimeError: unreachable(?:, in boom < ${callback})?$`),
    );
    expect(found?.remedy).toMatch(/^Reproduce it with "command: check" or a test .* it crashed\.$/);
  });

  test('what its code said before it trapped is told with it', () => {
    const panic = line('wasm log root example-filter: panicked at src/lib.rs:9:5: no rule');
    expect(findEnvoyReason([panic, trapped('proxy_on_configure'), FAILED].join('\n'))).toMatchObject({
      filterSaid: 'panicked at src/lib.rs:9:5: no rule',
      reason: expect.stringMatching(/^Function: proxy_on_configure failed/),
    });
  });

  test.each([
    ['a trap under traffic', `${trapped('proxy_on_request_headers')}\n${FAILED}`],
    [
      'a trap of another start',
      `${trapped('proxy_on_vm_start')}\n${line('Wasm VM failed Failed to start')}\n${FAILED}`,
    ],
    ['a trap that came later', `${FAILED}\n${trapped('proxy_on_configure')}`],
    ['what a client says', `"GET / HTTP/1.1" "Function: proxy_on_configure failed: no"\n${FAILED}`],
  ])('%s is not the cause of a refused configuration', (_, log) => {
    expect(findEnvoyReason(log)).toMatchObject({
      reason: 'Failed to configure base Wasm plugin',
      remedy: expect.stringMatching(/rejected its configuration/),
    });
  });

  test.each<[string, string[], string | undefined]>([
    ['the last of it', ['root example-filter: reads', 'root example-filter: not a number: x'], 'not a number: x'],
    ['none of another filter', ['root auth: ready'], undefined],
    ['none of a request', ['example-filter root example-filter: GET /'], undefined],
    ['nothing where the proxy does not log it', [], undefined],
  ])('what it logged below level error before it refused its configuration is quoted: %s', (_, said, expected) => {
    const lines = said.map((words) => line(`wasm log ${words}`).replace('critical', 'info'));
    expect(findEnvoyReason([...lines, FAILED].join('\n'))?.filterSaid).toBe(expected);
  });

  test.each([
    ['an access log', '[2026-01-02T03:04:05.678Z] "GET / HTTP/1.1" 200 "wasm log root example-filter: hi"'],
    ['an access log that names a level', '"GET /" "error\tenvoy wasm\twasm log root example-filter: hi"'],
    ['a line that only holds it', line('Plugin says wasm log root example-filter: hi')],
    ['a dump at level debug', line('wasm log root example-filter: hi').replace('critical', 'debug')],
    ['a dump at level trace', line('wasm log root example-filter: hi').replace('critical', 'trace')],
  ])('%s is not what it said', (_, words) => {
    expect(findEnvoyReason(`${words}\n${FAILED}`)?.filterSaid).toBeUndefined();
    const own = line('wasm log root example-filter: no key').replace('critical', 'info');
    expect(findEnvoyReason(`${own}\n${words}\n${FAILED}`)?.filterSaid).toBe('no key');
  });

  test('what it logged at level error tells more than the lines behind it', () => {
    const error = line('wasm log root example-filter: no such key').replace('critical', 'error');
    const info = line('wasm log root example-filter: gives up').replace('critical', 'info');
    expect(findEnvoyReason([error, info, FAILED].join('\n'))?.filterSaid).toBe('no such key');
    expect(findEnvoyReason([info, ...Array(30).fill(line('other')), FAILED].join('\n'))?.filterSaid).toBeUndefined();
  });
});

describe('several starts of which one is ours', () => {
  const AGAIN = 'Failed to configure base Wasm plugin';
  const trap = line('Function: proxy_on_configure failed: Uncaught RuntimeError: unreachable');
  const rejected = (name: string): string =>
    line(`lds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin ${name}`);
  const failed = (name: string, ...why: string[]): string =>
    [...why, line(`Wasm VM failed ${AGAIN}`), line('Failed to load Wasm code'), rejected(name)].join('\n');
  const said = (name: string, words: string): string =>
    line(`wasm log root ${name}: ${words}`).replace('critical', 'info');
  const crashes = (name: string): string => failed(name, trap);
  const refuses = (name: string): string => failed(name, said(name, `${name} has no rule`));
  const REFUSED = {
    reason: AGAIN,
    filterSaid: 'f has no rule',
    remedy: expect.stringMatching(/^Check "configuration"/),
  };
  const CRASHED = { reason: expect.stringMatching(/^Function: proxy_on_configure failed/), remedy: TRAP_REMEDY };

  test.each<[string, string[], object]>([
    ['a foreign one that crashed first', [crashes('waf'), refuses('f')], REFUSED],
    ['a foreign one that crashed later', [refuses('f'), crashes('waf')], REFUSED],
    ['a foreign one that refused first', [refuses('waf'), crashes('f')], CRASHED],
    ['a foreign one that refused later', [crashes('f'), refuses('waf')], CRASHED],
    ['one of its own before it', [crashes('f'), refuses('f')], REFUSED],
    [
      'a foreign one whose module misses an import',
      [line('Wasm VM failed Failed to load Wasm module due to a missing import: env.x'), rejected('waf'), refuses('f')],
      REFUSED,
    ],
    [
      'a foreign one without which the listener goes on',
      [trap, line(`Wasm VM failed ${AGAIN}`), line('Plugin waf failed to load'), refuses('f')],
      REFUSED,
    ],
    [
      'Envoy names both at once, behind both',
      [
        crashes('waf'),
        refuses('f'),
        `${rejected('waf').replace('\tthread=20', '')}\noutbound: Unable to create Wasm plugin f\tthread=20`,
      ],
      REFUSED,
    ],
  ])('%s', (_, starts, expected) => {
    const log = starts.join('\n');
    for (const found of [findReasonFor(log, [{ name: 'f' }]), findPluginReason(log, { plugin: 'f' })]) {
      expect(found).toMatchObject(expected);
      expect(found?.foreign).toBeUndefined();
    }
  });

  test('where none is named, the last one counts', () => {
    const log = [trap, line(`Wasm VM failed ${AGAIN}`), line(`Wasm VM failed ${AGAIN}`)].join('\n');
    expect(findReasonFor(log, [{ name: 'f' }])?.reason).toBe(AGAIN);
  });

  test('of several that are asked for, the one that is named has what it did, not what the others did', () => {
    const log = [refuses('f'), crashes('g')].join('\n');
    expect(findReasonFor(log, [{ name: 'f' }, { name: 'g' }])).toMatchObject({ ...REFUSED, rejected: 'f' });
  });

  test('what one of several said as it started well is not why another one was refused', () => {
    const log = [said('f', 'ready'), line(`Wasm VM failed ${AGAIN}`)].join('\n');
    expect(findReasonFor(log, [{ name: 'f' }, { name: 'g' }])).toEqual({
      reason: AGAIN,
      remedy: expect.anything(),
    });
    expect(findReasonFor(log, [{ name: 'f' }])?.filterSaid).toBe('ready');
  });

  test('the words that are quoted name which of several has said them, though another one says the same', () => {
    const log = [
      line('wasm log root g: no rule'),
      line('wasm log root f: no rule'),
      line(`Wasm VM failed ${AGAIN}`),
    ].join('\n');
    const found = findReasonFor(log, [{ name: 'f' }, { name: 'g' }]);
    expect(found).toMatchObject({ filterSaid: 'no rule', rejected: 'g' });
    expect(found && describeReason(found)).toBe(`Envoy rejects g: the filter said: no rule (${AGAIN})`);
    const shared = { rootId: 'root', vmId: 'f' };
    const unsure = findReasonFor(log.replace('root g', 'root f'), [
      { name: 'a', ids: shared },
      { name: 'b', ids: shared },
    ]);
    expect(unsure).toMatchObject({ filterSaid: 'no rule' });
    expect(unsure?.rejected).toBeUndefined();
  });
});

describe('whose words are quoted', () => {
  const said = (prefix: string, words: string): string => line(`wasm log ${prefix}: ${words}`);
  const CONFIGURE = 'Wasm VM failed Failed to configure base Wasm plugin';
  const REFUSED = line("lds: listener 'virtualInbound' config rejected: Unable to create Wasm plugin add-header");

  test.each<[string, string, string[], readonly OwnFilter[], string | undefined]>([
    ['its own, by its VM id', CONFIGURE, [said('root add-header', 'no'), REFUSED], [], 'no'],
    ['its own, as it serves a request', CONFIGURE, [said('add-header root', 'no'), REFUSED], [], 'no'],
    [
      'its own, not those of one before it',
      CONFIGURE,
      [said('root auth', 'oops'), said('root add-header', 'no'), REFUSED],
      [],
      'no',
    ],
    ['none of another filter', CONFIGURE, [said('root auth', 'oops'), REFUSED], [], undefined],
    [
      'none of a filter whose name begins alike',
      CONFIGURE,
      [said('root add-header-2', 'oops'), REFUSED],
      [],
      undefined,
    ],
    ['none of a message that names it', CONFIGURE, [said('root auth', 'not add-header: oops'), REFUSED], [], undefined],
    [
      'those of the filter asked for, where Envoy names none',
      CONFIGURE,
      [said('r auth', 'oops'), said('r add-header', 'no')],
      [{ name: 'add-header' }],
      'no',
    ],
    [
      'its own, by ids of its own',
      CONFIGURE,
      [said('root auth', 'oops'), said('root shared', 'no'), REFUSED],
      [{ name: 'add-header', ids: { rootId: 'root', vmId: 'shared' } }],
      'no',
    ],
    [
      'none of another filter in the same VM',
      CONFIGURE,
      [said('other shared', 'oops'), REFUSED],
      [{ name: 'add-header', ids: { rootId: 'root', vmId: 'shared' } }],
      undefined,
    ],
    [
      'its own, by ids of its own, where Envoy names none',
      CONFIGURE,
      [said('r auth', 'oops'), said('shared', 'no')],
      [{ name: 'add-header', ids: { rootId: '', vmId: 'shared' } }],
      'no',
    ],
    [
      'none of those without ids, which are not known to be its own',
      CONFIGURE,
      [line('wasm log: oops'), REFUSED],
      [{ name: 'add-header' }],
      undefined,
    ],
    [
      'none where Envoy never loaded the code',
      'Failed to load Wasm bytecode',
      [said('root add-header', 'old'), REFUSED],
      [],
      undefined,
    ],
    [
      'none where an import is missing',
      'Failed to load Wasm module due to a missing import: env.x',
      [said('r add-header', 'old')],
      [],
      undefined,
    ],
  ])('%s', (_, cause, lines, names, expected) => {
    const reason = findEnvoyReason([...lines, line(cause)].join('\n'), names);
    expect(reason).toBeDefined();
    expect(reason?.filterSaid).toBe(expected);
  });
});

describe('a log from a time on', () => {
  const LOG = [
    '2026-11-25T18:54:36.123456Z\terror\tenvoy wasm\tfirst',
    'goes on',
    '2026-11-25T18:54:37Z\terror\twasm\tsecond',
    'of the second',
  ].join('\n');

  test.each([
    [undefined, LOG],
    ['2026-11-25T18:54:36.123Z', LOG],
    ['2026-11-25T18:54:36.124Z', '2026-11-25T18:54:37Z\terror\twasm\tsecond\nof the second'],
    ['2026-11-25T18:54:37.001Z', ''],
  ])('from %s', (since, rest) => {
    expect(logSince(LOG, since === undefined ? undefined : new Date(since))).toBe(rest);
  });
});

describe('why a WasmPlugin does not run', () => {
  const IMAGE = `registry.example/filters/f@sha256:${'a'.repeat(64)}`;
  const NAMES = { plugin: 'shop.f-0123456789', image: IMAGE };
  const agent = (what: string, why: string, filter = 'deny'): string =>
    `2026-11-25T10:00:00.000001Z\terror\twasm\terror in converting the wasm config to local: cannot fetch Wasm module ${what}: ${why}. applying ${filter} RBAC filter\n`;
  const fetchError = (why: string): string => `could not fetch Wasm OCI image: could not fetch image: ${why}`;

  test.each<[string, string, RegExp]>([
    [
      'no credentials',
      fetchError('GET https://registry.example/token: UNAUTHORIZED: authentication required'),
      /"pull-secret"/,
    ],
    [
      'the wrong ones',
      fetchError('GET https://registry.example/v2/: DENIED: requested access to the resource is denied'),
      /"pull-secret"/,
    ],
    [
      'an image that is gone',
      fetchError('GET https://registry.example/v2/: MANIFEST_UNKNOWN: manifest unknown'),
      /still has the image/,
    ],
    [
      'a name that nobody knows',
      fetchError('Get "https://registry.example/v2/": dial tcp: lookup registry.example: no such host'),
      /can reach the registry/,
    ],
    [
      'a registry that listens to plain HTTP',
      fetchError('Get "https://registry.example/v2/": http: server gave HTTP response to HTTPS client'),
      /WASM_INSECURE_REGISTRIES/,
    ],
    [
      'a certificate of an unknown authority',
      fetchError('tls: failed to verify certificate: x509: certificate signed by unknown authority'),
      /trust its certificate/,
    ],
    ['an image of another form', 'could not fetch Wasm binary: could not parse as compat variant: x', /plugin\.wasm/],
    ['anything else', 'a new trouble', /istio-proxy/],
  ])('%s', (_, why, remedy) => {
    const reason = findPluginReason(agent(`oci://${IMAGE}`, why), NAMES);
    expect(reason?.by).toBe('istio-agent');
    expect(reason?.reason.startsWith(`Pull of ${IMAGE} failed: `)).toBe(true);
    expect(reason?.reason).not.toMatch(/RBAC|Wasm OCI image/);
    expect(reason?.remedy).toMatch(remedy);
  });

  test.each(['shop.f-0123456789~istio-translated-wasmplugin', 'shop.f-0123456789'])(
    'a Secret that is missing: the agent names the plugin then, %s',
    (name) => {
      const log = agent(name, 'missing image pulling secret');
      expect(findPluginReason(log, NAMES)?.remedy).toMatch(/kubernetes\.io\/dockerconfigjson/);
    },
  );

  test.each(['deny', 'allow'])('whatever takes its place: %s', (filter) => {
    expect(findPluginReason(agent(`oci://${IMAGE}`, 'x', filter), NAMES)).toBeDefined();
  });

  test('the trouble of another WasmPlugin is not ours', () => {
    const others = [
      agent('oci://registry.example/other@sha256:b', 'x'),
      agent('shop.g-0123456789', 'missing image pulling secret'),
      'Unable to create Wasm plugin shop.g-0123456789\n',
      line('Failed to configure base Wasm plugin'),
    ];
    expect(findPluginReason(others.join('\n'), NAMES)).toBeUndefined();
  });

  test.each<[string, string, LogIds | undefined, string | undefined]>([
    ['by its root id, as it has no other', 'wasm log my-root: no', { rootId: 'my-root', vmId: '' }, 'no'],
    ['without a root id', 'wasm log: no', { rootId: '', vmId: '' }, 'no'],
    ['by its name', 'wasm log shop.f-0123456789~istio-translated-wasmplugin my-root: no', undefined, 'no'],
    ['those of another one', 'wasm log other: oops', { rootId: 'my-root', vmId: '' }, undefined],
    ['where nothing is known of it', 'wasm log my-root: oops', undefined, undefined],
  ])('the words of a filter from an image are quoted, %s', (_, words, ids, expected) => {
    const plugin = 'shop.f-0123456789';
    const log = [
      words,
      'Wasm VM failed Failed to configure base Wasm plugin',
      `Unable to create Wasm plugin ${plugin}`,
    ];
    const reason = findPluginReason(log.map(line).join('\n'), { plugin, ...(ids !== undefined && { ids }) });
    expect(reason?.filterSaid).toBe(expected);
  });

  test("words without ids are nobody's where Envoy rejects another plugin, too", () => {
    const rejects = (plugin: string): string => line(`Unable to create Wasm plugin ${plugin}`);
    const log = [
      line('wasm log: oops'),
      line('Failed to configure base Wasm plugin'),
      rejects('shop.g'),
      rejects('shop.f'),
    ];
    const found = findPluginReason(log.join('\n'), { plugin: 'shop.f', ids: { rootId: '', vmId: '' } });
    expect(found).toBeDefined();
    expect(found?.filterSaid).toBeUndefined();
  });

  test('a pull that failed once does not matter when a later one went well', () => {
    expect(findPluginReason(agent(`oci://${IMAGE}`, 'x'), { plugin: NAMES.plugin })).toBeUndefined();
  });

  test.each([
    'Unable to create Wasm plugin shop.f-0123456789~istio-translated-wasmplugin',
    'Unable to create Wasm plugin shop.f-0123456789',
    'Unable to create Wasm HTTP filter shop.f-0123456789',
  ])('Envoy rejects the module: %s', (text) => {
    const log = `${line('Failed to configure base Wasm plugin')}\n${line(text)}`;
    expect(findPluginReason(log, NAMES)?.reason).toBe('Failed to configure base Wasm plugin');
  });
});

describe('which of several filters Envoy rejects', () => {
  const asked = [
    { name: 'auth', folder: '/f/auth' },
    { name: 'limits', folder: '/f/limits' },
    { name: 'shop.limits-0123456789' },
  ];
  const line = (words: string): string =>
    `2026-01-01T00:00:00Z\twarning\tenvoy config\tgRPC config for listener rejected: ${words}\tthread=7`;

  test.each([
    ['by its name', 'Unable to create Wasm HTTP filter limits', 'limits'],
    ['by its plugin', 'Unable to create Wasm plugin shop.limits-0123456789', 'limits'],
    ['by its file', 'Invalid path: /f/auth/auth-1.wasm', 'auth'],
  ])('is told %s', (_, words, expected) => {
    expect(findReasonFor(line(words), asked)?.rejected).toBe(expected);
    expect(findReasonFor(line(words), asked.slice(0, 1))?.rejected).toBeUndefined();
  });
});

test.each(CAUSES)('what the documentation quotes is found as that cause: $says', ({ says, pattern, remedy }) => {
  const found = findEnvoyReason(says);
  expect(found?.reason).toBe(pattern.exec(says)?.[0]);
  if (typeof remedy === 'string') expect(found?.remedy).toBe(remedy);
});
