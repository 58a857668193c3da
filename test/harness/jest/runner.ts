import { createRequire, registerHooks } from 'node:module';
import { pathToFileURL } from 'node:url';
import type { JestEnvironment } from '@jest/environment';
import type * as Globals from '@jest/globals';
import type { TestFileEvent, TestResult } from '@jest/test-result';
import type { Config } from '@jest/types';
import type JestRuntime from 'jest-runtime';
import { setGlobals } from './globals.ts';

type TestRunner = (
  globalConfig: Config.GlobalConfig,
  config: Config.ProjectConfig,
  environment: JestEnvironment,
  runtime: JestRuntime.default,
  testPath: string,
  send?: TestFileEvent,
) => Promise<TestResult>;

const require = createRequire(import.meta.url);
const circus: { readonly default: TestRunner } = require('jest-circus/runner');

const GLOBALS = new URL('globals.ts', import.meta.url).href;
registerHooks({
  resolve: (specifier, context, next) =>
    specifier === '@jest/globals' ? { url: GLOBALS, shortCircuit: true } : next(specifier, context),
});

/**
 * Runs a test file as Node itself does. Jest on its own gives each file a context with modules of its own: our sources, and jest,
 * were read, compiled and warmed up anew for each of some 400 files, which was more than half of the time of all tests. Here
 * the files that a process runs share the modules they import; only what jest-circus knows of a file is made anew.
 */
const runTestFile: TestRunner = (globalConfig, config, environment, runtime, testPath, send) => {
  if (globalConfig.watch || globalConfig.watchAll)
    throw new Error('Modules are loaded once, so there is no watch mode.');
  // As in Node. Jest sets 100, and many an error is made that nobody reads.
  Error.stackTraceLimit = 10;
  runtime.unstable_shouldLoadAsEsm = () => true;
  runtime.requireInternalModule = <T>(path: string): T => {
    forgetTests();
    delete require.cache[path];
    return require(path);
  };
  runtime.unstable_importModule = async (path: string) => {
    setGlobals(runtime.requireModuleOrMock(path, '@jest/globals') as typeof Globals);
    await import(pathToFileURL(path).href);
  };
  return circus.default(globalConfig, config, environment, runtime, testPath, send);
};

/** jest-circus keeps the tests of a file, and who is told of them, in the global object. */
function forgetTests(): void {
  const kept = ['JEST_STATE_SYMBOL', 'EVENT_HANDLERS'];
  for (const symbol of Object.getOwnPropertySymbols(globalThis)) {
    if (kept.includes(symbol.description ?? '')) Reflect.deleteProperty(globalThis, symbol);
  }
}

// What `require`, by which jest gets this, gives.
export { runTestFile as 'module.exports' };
