import { describe, expect, test } from '@jest/globals';
import { mapLimited } from '../../src/base/concurrency.ts';
import { ABI_VERSIONS } from '../../src/filter/facts.ts';
import { HOST_FUNCTIONS, type HostFunction } from '../../src/filter/host-functions.ts';
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

/** The older Envoy forbids these and the newer one does not; the trial run does not know which it is for. */
const LET_THROUGH = ['emscripten_notify_memory_growth', 'poll_oneoff'];

/** These are, or behave, so in newer Envoys only. */
const LET_THROUGH_IN_A_SECTION = [
  ...['clock_res_get', 'fd_readdir', 'path_readlink', 'poll_oneoff'],
  ...['sock_accept', 'sock_recv', 'sock_send'],
];

test('what may be called while a module starts', async () => {
  const programs = [proxies.newest, proxies.older];
  const found = await mapLimited(HOST_FUNCTIONS, PARALLEL, async (host) => {
    const { name, since, abis } = host;
    const module = importing([host], abis.at(-1) ?? '', callOf(host));
    const { outcome: trial } = tried(module);
    const having = programs.filter((program) => since <= minorOf(program));
    const taken = await Promise.all(having.map((program) => takes(program, module)));
    return { name, trial: trial.state !== 'refused', envoys: [...new Set(taken)] };
  });
  const wrong = found.filter(({ trial, envoys }) => envoys.length !== 1 || envoys[0] !== trial);
  expect(wrong.map(({ name }) => name).sort()).toEqual(LET_THROUGH);
}, 300_000);

test("what a module's own start function may call", async () => {
  const found = await mapLimited(HOST_FUNCTIONS, PARALLEL, async (host) => {
    const { name, abis } = host;
    const module = importing([host], abis.at(-1) ?? '', '', `(func $go ${callOf(host)}) (start $go)`);
    const { outcome: trial } = tried(module);
    return { name, trial: trial.state === 'passed', envoy: await takes(proxies.newest, module) };
  });
  const wrong = found.filter(({ trial, envoy }) => envoy !== trial);
  expect(wrong.map(({ name }) => name).sort()).toEqual(LET_THROUGH_IN_A_SECTION);
}, 300_000);
