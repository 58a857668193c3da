import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mapLimited } from '../../src/base/concurrency.ts';
import { minorOf, type Proxies, requestOf } from './compare.ts';
import { type EnvoyProgram, runInEnvoy } from './envoy.ts';
import { answersIn, callingFilter, type HostCalls, hostCalls } from './host-calls.ts';
import { startUpstream, type Upstream } from './http.ts';
import { judge } from './ours.ts';
import { givenProxies } from './proxies.ts';

const SEED = 20_261_125;
const RUNS = 60;
const PARALLEL = 3;

let upstream: Upstream;
let proxies: Proxies;

beforeAll(async () => {
  upstream = await startUpstream();
  proxies = givenProxies(upstream.port);
});
afterAll(() => upstream?.stop());

/** What the trial's host functions answer otherwise than Envoy's: `0.2.1 configure: proxy_log(7, 64, 5) = 0, Envoy 2`. */
async function differences({ abi, calls }: HostCalls, program: EnvoyProgram): Promise<string[]> {
  const request = requestOf({ name: 'random', module: callingFilter({ abi, calls }), rootId: 'root' });
  const [ours, envoy] = [await judge(request, minorOf(program)), await runInEnvoy(program, proxies.upstream, request)];
  const [trial, real] = [answersIn(ours.trial.logs.join('\n')), answersIn(envoy.log)];
  const states =
    `${ours.trial.state} ${envoy.state}` === 'passed serves' ? [] : [`${ours.trial.state}, Envoy ${envoy.state}`];
  const answers = calls.flatMap(({ phase, name, args }, index) =>
    trial.get(index) === real.get(index)
      ? []
      : [`${abi} ${phase}: ${name}(${args.join(', ')}) = ${trial.get(index)}, Envoy ${real.get(index)}`],
  );
  return [...states, ...answers];
}

test.each(['newest', 'older'] as const)(
  'host functions of the trial run answer random filters as those of the %s Envoy',
  async (which) => {
    const samples = fc.sample(hostCalls, { seed: SEED, numRuns: RUNS });
    const found = await mapLimited(samples, PARALLEL, (calls) => differences(calls, proxies[which]));
    expect(found.flat()).toEqual([]);
  },
  300_000,
);
