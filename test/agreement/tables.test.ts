import { describe, expect, test } from '@jest/globals';
import { mapLimited } from '../../src/base/concurrency.ts';
import { HOST_FUNCTIONS, type HostFunction } from '../../src/filter/compatibility/host-functions.ts';
import { ABI_VERSIONS } from '../../src/filter/module/facts.ts';
import type { TrialOutcome } from '../../src/filter/trial/verdict.ts';
import { tried } from '../unit/filter/trial/in-thread.ts';
import { callback } from '../unit/filter/trial/modules.ts';
import { assemble, MALLOC, MEMORY } from '../unit/filter/wat.ts';
import { minorOf, requestOf } from './compare.ts';
import { type EnvoyProgram, runInEnvoy } from './envoy.ts';
import { check } from './ours.ts';
import { givenProxies } from './proxies.ts';

const PARALLEL = 3;
/** No request is sent on. */
const NO_UPSTREAM = 1;
const proxies = givenProxies(NO_UPSTREAM);

/** A module that imports these, and whose `_initialize` runs `code`. */
function importing(hosts: readonly HostFunction[], abi: string, code = '', more = ''): Uint8Array {
  const imports = hosts.flatMap(({ name, modules, params, results }) =>
    modules.map(
      (module, index) =>
        `(import "${module}" "${name}" (func ${index === 0 ? `$${name}` : ''} (param ${params.join(' ')}) (result ${results.join(' ')})))`,
    ),
  );
  return assemble(
    `${imports.join('')}${MEMORY}${MALLOC}(func (export "proxy_abi_version_${abi.replaceAll('.', '_')}"))${callback('_initialize', '', '', code)}${more}`,
  );
}

const takes = async (program: EnvoyProgram, module: Uint8Array): Promise<boolean> => {
  const { state } = await runInEnvoy(program, NO_UPSTREAM, requestOf({ name: 'imports', module }));
  return state === 'serves';
};

describe.each([proxies.newest, proxies.older])(
  'host functions of Envoy $version',
  (program) => {
    const minor = minorOf(program);
    const offered = (abi: (typeof ABI_VERSIONS)[number]): HostFunction[] =>
      HOST_FUNCTIONS.filter(({ since, abis }) => since <= minor && abis.includes(abi));

    test.each(ABI_VERSIONS)('ABI %s: it has all that the tables say, with these types', async (abi) => {
      const module = importing(offered(abi), abi);
      expect(check(module, minor).problems).toEqual([]);
      expect(await takes(program, module)).toBe(true);
    });

    test.each(ABI_VERSIONS)('ABI %s: it has nothing else of what they list', async (abi) => {
      const missing = HOST_FUNCTIONS.filter((host) => !offered(abi).includes(host));
      const verdicts = await mapLimited(missing, PARALLEL, async (host) => {
        const module = importing([host], abi);
        return {
          name: host.name,
          refused: check(module, minor).problems.length > 0,
          takes: await takes(program, module),
        };
      });
      expect(verdicts).toEqual(missing.map(({ name }) => ({ name, refused: true, takes: false })));
    });
  },
  120_000,
);

/** Calls a host function with zeros. */
function callOf({ name, params, results }: HostFunction): string {
  const call = `(call $${name} ${params.map((type) => `(${type}.const 0)`).join(' ')})`;
  return results.length === 0 ? call : `(drop ${call})`;
}

const programs = [proxies.newest, proxies.older];

/** What the trial run and the Envoy say otherwise of modules that call one host function, for each Envoy that has it. */
async function wrongly(
  moduleOf: (host: HostFunction) => Uint8Array,
  passes: (trial: TrialOutcome) => boolean,
): Promise<string[]> {
  const cases = programs.flatMap((program) =>
    HOST_FUNCTIONS.filter(({ since }) => since <= minorOf(program)).map((host) => ({ program, host })),
  );
  const found = await mapLimited(cases, PARALLEL, async ({ program, host }) => {
    const module = moduleOf(host);
    const { outcome } = tried(module, { envoy: minorOf(program) });
    return (await takes(program, module)) === passes(outcome) ? [] : [`${host.name}, Envoy ${program.version}`];
  });
  return found.flat();
}

test('what may be called while a module starts', async () => {
  const starting = (host: HostFunction): Uint8Array => importing([host], host.abis.at(-1) ?? '', callOf(host));
  expect(await wrongly(starting, ({ state }) => state !== 'refused')).toEqual([]);
}, 300_000);

test("what a module's own start function may call", async () => {
  const starting = (host: HostFunction): Uint8Array =>
    importing([host], host.abis.at(-1) ?? '', '', `(func $go ${callOf(host)}) (start $go)`);
  expect(await wrongly(starting, ({ state }) => state === 'passed')).toEqual([]);
}, 300_000);
