import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, test } from '@jest/globals';
import { assemble } from '../../filter/wat.ts';

const source = new URL('../../../../src/action/runner/late-compilers.ts', import.meta.url).href;

/** Calls a function of each kind until V8 has compiled it once more, a bounded number of times; prints whether it has. */
const WORK = `
  const { setImmediate: turn } = require('node:timers/promises');
  const add = (value) => value.toString(36).length + 1;
  const { loop } = new WebAssembly.Instance(new WebAssembly.Module(Buffer.from(MODULE, 'base64'))).exports;
  (async () => {
    let [script, assembly] = [false, false];
    for (let call = 0; call < 3_000 && !(script && assembly); call++) {
      add(call);
      loop(2_000);
      if (call % 10 === 0) await turn();
      script ||= %ActiveTierIsMaglev(add) || %ActiveTierIsTurbofan(add);
      assembly ||= %IsTurboFanFunction(loop);
    }
    console.log(JSON.stringify({ script, assembly }));
  })();`;

async function compiledAfter(first: string): Promise<unknown> {
  const module = Buffer.from(
    assemble(`(func (export "loop") (param i32)
      (loop $again (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1))))))`),
  ).toString('base64');
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--disable-warning=ExperimentalWarning',
    '--allow-natives-syntax',
    '-e',
    `const MODULE = '${module}'; import(${JSON.stringify(source)}).then(({ compileLate }) => { ${first}; ${WORK} })`,
  ]);
  return JSON.parse(stdout);
}

test('V8 does not compile again what has not run very often', async () => {
  expect(await compiledAfter('compileLate()')).toEqual({ script: false, assembly: false });
  expect(await compiledAfter('')).toEqual({ script: true, assembly: true });
});
