import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapLimited } from '../../src/base/concurrency.ts';
import { tried } from '../unit/filter/trial/in-thread.ts';
import { assemble } from '../unit/filter/wat.ts';
import { minorOf, requestOf } from './compare.ts';
import { runInEnvoy } from './envoy.ts';
import { check } from './ours.ts';
import { givenProxies } from './proxies.ts';
import { moduleFields } from './random-modules.ts';

const SEED = 20_261_125;
const RUNS = 60;
const PARALLEL = 3;
/** No request is sent on. */
const NO_UPSTREAM = 1;
const proxies = givenProxies(NO_UPSTREAM);

test.each(['newest', 'older'] as const)(
  'random modules are refused where the %s Envoy rejects them, and nowhere else',
  async (which) => {
    const program = proxies[which];
    const verdicts = await mapLimited(
      fc.sample(moduleFields, { seed: SEED, numRuns: RUNS }),
      PARALLEL,
      async (fields) => {
        const request = requestOf({ name: 'random', module: assemble(fields) });
        const { problems } = check(request.module, minorOf(program));
        const { outcome: trial } = tried(request.module, { envoy: minorOf(program) });
        const envoy = await runInEnvoy(program, NO_UPSTREAM, request);
        const refused = problems.length > 0 || trial.state === 'refused' || trial.state === 'crashed';
        return { fields, problems, trial, refused, envoy: envoy.state, log: envoy.log.slice(-500) };
      },
    );
    const taken = verdicts.filter(({ envoy }) => envoy === 'serves').length;
    // Neither nothing nor everything is a filter, or the generator is of no use.
    expect(taken).toBeGreaterThan(RUNS / 5);
    expect(taken).toBeLessThan((RUNS * 4) / 5);
    expect(verdicts.filter(({ refused, envoy }) => refused === (envoy === 'serves'))).toEqual([]);
  },
  300_000,
);
