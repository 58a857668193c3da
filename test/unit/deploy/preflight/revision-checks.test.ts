import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { silentLog } from '../../../../src/base/log.ts';
import { warningTexts } from '../../../../src/base/warning.ts';
import { checkRevisions } from '../../../../src/deploy/preflight/revision-checks.ts';
import { HOST_FUNCTIONS, NEWEST_KNOWN_ENVOY } from '../../../../src/filter/compatibility/host-functions.ts';
import { isKnownProxy, KNOWN_PROXIES } from '../../../../src/filter/compatibility/known-proxies.ts';
import { firstIstioWith } from '../../../../src/filter/compatibility/proxy-version.ts';
import { checkModule, digestOf, type FilterModule } from '../../../../src/filter/module/module.ts';
import type { FilterSettings } from '../../../../src/filter/settings.ts';
import type { Trial, TrialVerdict } from '../../../../src/filter/trial/verdict.ts';
import { makeRevision, type Revision } from '../../../../src/mesh/identity/revision.ts';
import { filterRequest, must, settings } from '../../builders.ts';
import { assemble, CREATE, importing, LEAST, MALLOC, MARKER, MEMORY } from '../../filter/wat.ts';

const context = { log: silentLog, signal: new AbortController().signal };

function revision(name: string, fields: string, changes: Partial<FilterSettings> = {}): Revision {
  return makeRevision(name, must(checkModule(assemble(fields), name)), { ...settings(), ...changes });
}

const wasi = (name: string, params: string): string => importing('wasi_snapshot_preview1', name, params);
const FD_SYNC = wasi('fd_sync', 'i32') + LEAST;

/** Whatever some versions refuse: imports of each age, memory, callbacks, settings. */
const MODULES: readonly string[] = [
  LEAST,
  FD_SYNC,
  wasi('sched_yield', '') + LEAST,
  importing('env', 'nobody_has_it', '') + LEAST,
  MEMORY + MARKER + CREATE,
  `(memory (export "memory") 16385)${MARKER}${MALLOC}${CREATE}`,
  `${LEAST}(func (export "proxy_on_tick"))`,
  `${LEAST}(func (export "proxy_on_request_headers") (param i32) (result i32) i32.const 0)`,
];
const SETTINGS: readonly Partial<FilterSettings>[] = [
  {},
  { failPolicy: 'reload' },
  { allowOnHeadersStopIteration: true },
  { capabilities: ['proxy_lgo'] },
  { environment: { A: 'b' } },
];

test('revisions are refused exactly where a check fails for one of the proxies', async () => {
  const minors = fc.uniqueArray(fc.integer({ min: 14, max: NEWEST_KNOWN_ENVOY + 3 }), { minLength: 1, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...MODULES),
      fc.constantFrom(...SETTINGS),
      minors,
      async (fields, more, envoys) => {
        const proxies = envoys.map(firstIstioWith);
        const { problems, judgements } = await checkRevisions([revision('f', fields, more)], proxies, context);
        const failed = judgements.filter(({ result }) => result === 'failed');
        expect(problems.length > 0).toBe(failed.length > 0);
        // What one proxy alone refuses is refused together with others, and is that proxy's.
        for (const proxy of proxies) {
          const alone = await checkRevisions([revision('f', fields, more)], [proxy], context);
          if (alone.problems.length === 0) expect(failed.flatMap((one) => one.proxies)).not.toContain(proxy);
          else if (!failed.some((one) => one.proxies.includes(proxy))) expect(proxies.every(isKnownProxy)).toBe(false);
        }
      },
    ),
  );
});

test('a host function is missed by the versions that lack it, and by no other', async () => {
  const since = HOST_FUNCTIONS.find(({ name }) => name === 'fd_sync')?.since ?? 0;
  const { judgements } = await checkRevisions([revision('f', FD_SYNC)], KNOWN_PROXIES, context);
  const missed = judgements.filter(({ check, result }) => check === 'host-functions' && result === 'failed');
  expect(missed.flatMap(({ proxies }) => proxies)).toEqual(KNOWN_PROXIES.filter(({ envoy }) => envoy.minor < since));
  expect(judgements.filter(({ check }) => check === 'module').map(({ result }) => result)).not.toContain('failed');
});

describe('trials', () => {
  const recording = (verdict: TrialVerdict): { trial: Trial; tried: (number | undefined)[] } => {
    const tried: (number | undefined)[] = [];
    const trial: Trial = async ({ envoy }) => {
      tried.push(envoy);
      return verdict;
    };
    return { trial, tried };
  };

  test('are made once for each kind of the proxies that take the module', async () => {
    const { trial, tried } = recording({ state: 'passed', logs: [] });
    const { judgements } = await checkRevisions([revision('f', FD_SYNC)], KNOWN_PROXIES, { ...context, trial });
    expect(tried).toEqual([39]);
    const passed = judgements.filter(({ check }) => check === 'trial').flatMap(({ proxies }) => proxies);
    expect(passed.map(({ envoy }) => envoy.minor)).toEqual([39, 40]);
  });

  test('are made of each filter, however many others there are, and at most of 32 of its settings', async () => {
    const { trial, tried } = recording({ state: 'passed', logs: [] });
    const many = Array.from({ length: 40 }, (_, index) => revision(`f${index}`, LEAST));
    const configured = Array.from({ length: 40 }, (_, index) => revision('g', LEAST, { configuration: `${index}` }));
    const { warnings } = await checkRevisions([...many, ...configured], [], { ...context, trial });
    expect(tried).toHaveLength(40 + 32);
    expect(warningTexts(warnings)).toEqual([
      'The targets have 40 different settings of the filter "g"; the first 32 were tried.',
    ]);
  });

  test.each<[string, TrialVerdict, string]>([
    ['passed', { state: 'passed', logs: [] }, 'passed'],
    ['refused', { state: 'refused', step: 'configure', reason: 'no', logs: [] }, 'failed'],
    ['crashed', { state: 'crashed', step: 'start', reason: 'no', logs: [] }, 'failed'],
    ['trapped', { state: 'trapped', step: 'request-headers', reason: 'no', logs: [] }, 'warned'],
    ['timeout', { state: 'timeout', step: 'request-headers', logs: [] }, 'warned'],
    ['inconclusive', { state: 'inconclusive', why: 'who knows', logs: [] }, 'undecided'],
    ['broken off', { state: 'inconclusive', why: 'memory', brokeOff: true, logs: [] }, 'warned'],
  ])('that end as %s', async (_case, verdict, expected) => {
    const { trial } = recording(verdict);
    const { judgements } = await checkRevisions([revision('f', LEAST)], [firstIstioWith(36)], { ...context, trial });
    expect(judgements.filter(({ check }) => check === 'trial').map(({ result }) => result)).toEqual([expected]);
  });
});

test('what is wrong is told with the place of a manifest that says it, also where only the subject is shown', async () => {
  const at = (line: number) => ({ file: 'm.yaml', line, column: 5 });
  const place = (line: number, key: string) => ({ subject: `m.yaml:${line}:5: filters[0].${key}`, at: at(line) });
  const [target] = filterRequest('- deployment/reviews').targets;
  if (target === undefined) throw new Error('No target');
  const requests = [
    {
      ...filterRequest('- deployment/reviews'),
      name: 'f',
      places: {
        filter: place(2, 'filter'),
        configuration: place(3, 'configuration'),
        'fail-policy': place(4, 'fail-policy'),
      },
      targets: [
        { ...target, origin: 'm.yaml:9:5: filters[0].targets[0]', at: at(9), override: { configuration: 'own' } },
      ],
    },
  ];
  const [{ places }] = requests as [(typeof requests)[number]];
  const trial: Trial = async () => ({ state: 'refused', step: 'configure', reason: 'no', logs: [] });
  const found = async (fields: string, more: Partial<FilterSettings> = {}) => {
    const checked = await checkRevisions(
      [{ ...revision('f', fields, more), places }],
      [firstIstioWith(30)],
      { ...context, trial },
      requests,
    );
    remedies.push(...checked.problems.map(({ remedy = '' }) => remedy));
    return checked.problems.map(({ subject, at: where }) => `${where?.line} ${subject}`);
  };
  const remedies: string[] = [];
  expect(await found(FD_SYNC)).toEqual(['2 filter "f" (m.yaml:2:5)']);
  expect(await found(LEAST, { failPolicy: 'reload' })).toEqual(['4 m.yaml:4:5: filters[0].fail-policy']);
  expect(await found(LEAST)).toEqual(['3 filter "f" (m.yaml:3:5)']);
  expect(remedies.at(-1)).toMatch(
    /^Check "configuration" \(m\.yaml:3\) of filter "f" and the input "root-id", and what/,
  );
  expect(await found(LEAST, { configuration: 'own' })).toEqual(['9 filter "f" (m.yaml:9:5: filters[0].targets[0])']);
});

test('warnings say which of several filters they are about, also where one of them alone is checked', async () => {
  const [auth, waf, log] = [
    revision('auth', FD_SYNC, { failPolicy: 'open' }),
    revision('waf', LEAST, { environment: { A: 'b' } }),
    revision('log', LEAST),
  ];
  const told = async (revisions: readonly Revision[], names: readonly string[]): Promise<string[]> => {
    const filters = names.map((name) => ({ ...filterRequest('- deployment/reviews'), name }));
    return warningTexts((await checkRevisions(revisions, [firstIstioWith(30)], context, filters)).warnings);
  };
  const policy = expect.stringMatching(/^Filter "auth": The fail policy does not help here/);
  const environment = expect.stringMatching(/^Filter "waf": The filter imports no environ_get/);
  expect(await told([auth, waf, log], ['auth', 'waf', 'log'])).toEqual([policy, environment]);
  expect(await told([waf], ['auth', 'waf', 'log'])).toEqual([environment]);
  expect(await told([waf], ['waf'])).toEqual([expect.stringMatching(/^The filter imports no environ_get/)]);
});

test('what compiled a module is known from the module as it came, before it was shrunk', async () => {
  const { module: bare, ...rest } = revision('f', FD_SYNC);
  // A custom section of the name that only Go's own compiler writes.
  const buildId = Uint8Array.from([0, 12, 10, ...Buffer.from('go:buildid'), 0]);
  const bytes = Buffer.concat([bare.bytes, buildId]);
  const original = { bytes, digest: digestOf(bytes), dropped: ['go:buildid'], optimized: false };
  const told = async (module: FilterModule): Promise<(string | undefined)[]> =>
    (await checkRevisions([{ ...rest, module }], KNOWN_PROXIES, context)).problems.map(({ remedy }) => remedy);
  const whole = await told({ ...bare, bytes });
  expect(await told({ ...bare, original })).toEqual(whole);
  expect(await told(bare)).not.toEqual(whole);
});
