import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapLimited } from '../../src/base/concurrency.ts';
import { BEFORE_ROUTER } from '../../src/filter/insertion.ts';
import type { FilterSettings } from '../../src/filter/settings.ts';
import { mountedRevision } from '../../src/mesh/identity/revision.ts';
import { filePath } from '../../src/mesh/objects/envoy-filter.ts';
import { inspectListeners } from '../../src/mesh/proxy/listeners.ts';
import { assemble, LEAST } from '../unit/filter/wat.ts';
import { minorOf } from './compare.ts';
import { dumpOfEnvoy, type EnvoyProgram } from './envoy.ts';
import { givenProxies } from './proxies.ts';

const SEED = 20_261_125;
const RUNS = 20;
const PARALLEL = 3;
/** No request is sent on. */
const NO_UPSTREAM = 1;
const proxies = givenProxies(NO_UPSTREAM);
const MODULE = assemble(LEAST);

const name = fc.constantFrom('A', 'MODE', 'a_b', 'HOME', 'PATH');
const text = fc.string({ unit: 'grapheme' }).filter((value) => value.isWellFormed());

/** Every setting that Envoy's own configuration of a filter can hold. */
const settings: fc.Arbitrary<Omit<FilterSettings, 'mountPath'>> = fc
  .record(
    {
      rootId: text,
      vmId: text,
      configuration: fc.oneof(text, fc.json()),
      failPolicy: fc.constantFrom('closed' as const, 'open' as const, 'reload' as const),
      reloadBackoffMs: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 86_400_000 })),
      allowOnHeadersStopIteration: fc.constant<true>(true),
      allowPrecompiled: fc.constant<true>(true),
      environment: fc.dictionary(name, fc.oneof(text, fc.constant({ from: 'proxy' as const })), { minKeys: 1 }),
      capabilities: fc
        .uniqueArray(fc.constantFrom('proxy_log', 'fd_write', 'proxy_on_context_create'), { minLength: 1 })
        .map((names) => names.sort()),
    },
    { requiredKeys: ['rootId', 'vmId', 'configuration', 'failPolicy'] },
  )
  .map(({ reloadBackoffMs, ...rest }) => ({
    ...rest,
    ...(rest.failPolicy !== 'reload' || reloadBackoffMs === undefined ? {} : { reloadBackoffMs }),
    direction: 'inbound',
    insert: BEFORE_ROUTER,
    order: 0,
  }));

/** What the verification says of a proxy that has exactly what is wanted. */
async function verified(program: EnvoyProgram, given: Omit<FilterSettings, 'mountPath'>): Promise<object> {
  const { listeners, revision } = await dumpOfEnvoy(program, MODULE, given);
  const dump = JSON.stringify({ configs: listeners.map((listener) => ({ active_state: { listener } })) });
  return inspectListeners(dump, {
    filter: revision.filter,
    file: filePath(mountedRevision(revision)),
    settings: revision.settings,
    envoy: minorOf(program),
    direction: 'inbound',
    insert: given.insert,
  });
}

test.each(['newest', 'older'] as const)(
  'settings of any kind are recognised in the configuration dump of the %s Envoy',
  async (which) => {
    const samples = fc.sample(settings, { seed: SEED, numRuns: RUNS });
    const verdicts = await mapLimited(samples, PARALLEL, async (given) => ({
      given,
      verdict: await verified(proxies[which], given),
    }));
    expect(verdicts.filter(({ verdict }) => !('state' in verdict && verdict.state === 'present'))).toEqual([]);
  },
  300_000,
);
